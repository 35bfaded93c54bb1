//! Ends of connections as they are named on the command line.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::parties::Party;
use ipnet::IpNet;

/// Which ends are asked for; without any, all are.
#[derive(Debug)]
pub(crate) struct Ends(Vec<End>);

#[derive(Debug)]
enum End {
    Namespace(String),
    Workload { namespace: String, name: String },
    Network(IpNet),
}

impl Ends {
    /// Reads `namespace`, `namespace/workload`, `namespace/workload[Kind]`, addresses and CIDRs.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        words
            .iter()
            .map(|word| parse(word))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether an end is among those asked for.
    pub(crate) fn include(&self, party: &Party) -> bool {
        self.0.is_empty() || self.0.iter().any(|end| end.is(party))
    }

    /// That namespaces and workloads of these names exist.
    pub(crate) fn check(&self, option: &str, facts: &Facts) -> Result<()> {
        for end in &self.0 {
            let (asked, known): (String, BTreeSet<String>) = match end {
                End::Network(_) => continue,
                End::Namespace(name) => (
                    name.clone(),
                    facts.namespaces.keys().map(ToString::to_string).collect(),
                ),
                End::Workload { namespace, name } => {
                    let pods = facts.pods.iter();
                    let names = pods.flat_map(|pod| {
                        let namespace = &pod.namespace;
                        [
                            format!("{namespace}/{}", pod.workload.name),
                            format!("{namespace}/{}", pod.workload),
                            format!("{namespace}/{}[Pod]", pod.name),
                            format!("{namespace}/{}", pod.name),
                        ]
                    });
                    (format!("{namespace}/{name}"), names.collect())
                }
            };
            if !known.contains(&asked) {
                let hint = did_you_mean(&asked, known.iter().map(String::as_str));
                let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                bail!("`{option} {asked}` names nothing that is there{hint}");
            }
        }
        Ok(())
    }
}

fn parse(word: &str) -> Result<End> {
    if let Ok(network) = word.parse::<IpNet>() {
        return Ok(End::Network(network.trunc()));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(End::Network(address.into()));
    }
    match word.split_once('/') {
        _ if word.is_empty() => bail!("an end without a name"),
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(End::Workload {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }),
        Some(_) => {
            bail!("`{word}` is none of `namespace`, `namespace/workload`, an address and a CIDR")
        }
        None => Ok(End::Namespace(word.to_owned())),
    }
}

impl End {
    fn is(&self, party: &Party) -> bool {
        match (self, party) {
            (Self::Namespace(name), Party::Workload { namespace, .. }) => **namespace == **name,
            (
                Self::Workload {
                    namespace: of,
                    name,
                },
                Party::Workload {
                    namespace,
                    workload,
                },
            ) => **namespace == **of && (*workload.name == **name || workload.to_string() == *name),
            (Self::Network(network), Party::Addresses(first, last)) => {
                *first <= network.broadcast()
                    && network.network() <= *last
                    && first.is_ipv4() == network.addr().is_ipv4()
            }
            (Self::Namespace(_) | Self::Workload { .. }, Party::Addresses(..))
            | (Self::Network(_), Party::Workload { .. }) => false,
        }
    }
}
