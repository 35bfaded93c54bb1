//! One type per class of name, checked by length and charset.

use std::fmt;

/// Why a text is not a name of the wanted class; the text reads after "is not a valid name: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName(pub &'static str);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidName {}

/// RFC 1123 label: at most 63 of `[a-z0-9-]`, beginning and ending with a letter or digit.
fn check_label(text: &str) -> Result<(), InvalidName> {
    if text.len() > 63 {
        return Err(InvalidName("it has more than 63 characters"));
    }
    check_edges(text)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(allowed) {
        Ok(())
    } else {
        Err(InvalidName(
            "only lower case letters, digits and `-` are allowed",
        ))
    }
}

/// RFC 1123 subdomain: at most 253 characters, labels joined by dots.
fn check_subdomain(text: &str) -> Result<(), InvalidName> {
    if text.len() > 253 {
        return Err(InvalidName("it has more than 253 characters"));
    }
    text.split('.').try_for_each(check_label)
}

fn check_edges(text: &str) -> Result<(), InvalidName> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.starts_with(good) && text.ends_with(good) {
        Ok(())
    } else if text.is_empty() {
        Err(InvalidName("it is empty"))
    } else {
        Err(InvalidName(
            "it must begin and end with a lower case letter or a digit",
        ))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks length and characters.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of the zone model: the instance label on every object that is ours.
    InstanceName,
    check_label
);
name!(
    /// A cluster of the fleet.
    ClusterName,
    check_label
);
name!(
    /// A trust domain.
    TrustDomainName,
    check_label
);
name!(
    /// A security zone.
    ZoneName,
    check_label
);
name!(
    /// A tier between the internet and the data.
    TierName,
    check_label
);
name!(
    /// A flow; names longer than an object name allows are shortened by the compiler.
    FlowName,
    check_subdomain
);
name!(
    /// An external network.
    ExternalNetworkName,
    check_subdomain
);
name!(
    /// A guarantee.
    GuaranteeName,
    check_subdomain
);
name!(
    /// A waiver.
    WaiverName,
    check_subdomain
);
name!(
    /// A node pool.
    PoolName,
    check_label
);
name!(
    /// A Kubernetes namespace.
    NamespaceName,
    check_label
);
