//! What is allowed from one to another.

use std::fmt;

use cofferdam_model::flow::Protocol;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::ports::PortSet;
use crate::sets::Table;

/// What is allowed, as far as the API says it.
///
/// The order of some policies is undefined (equal priorities, policies of two generations of the API): what is allowed
/// in one order and denied in another is possible, and not certain. So is what only a node is exempt from, where it is
/// not known whether it is the node of the pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Allowed {
    /// Allowed under some reading.
    pub possible: PortSet,
    /// Allowed under every reading.
    pub certain: PortSet,
}

impl Allowed {
    /// Nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// These ports, in every order.
    pub fn certainly(ports: PortSet) -> Self {
        Self {
            possible: ports.clone(),
            certain: ports,
        }
    }

    /// Whether nothing is possible.
    pub fn is_nothing(&self) -> bool {
        self.possible.is_empty()
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            possible: self.possible.and(&other.possible),
            certain: self.certain.and(&other.certain),
        }
    }

    /// What either allows.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            possible: self.possible.or(&other.possible),
            certain: self.certain.or(&other.certain),
        }
    }

    /// What one or the other allows, where it is not known which of them counts.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        Self {
            possible: self.possible.or(&other.possible),
            certain: self.certain.and(&other.certain),
        }
    }

    /// What is said of one port.
    pub fn at(&self, protocol: Protocol, port: u16) -> Verdict {
        match (
            self.certain.contains(protocol, port),
            self.possible.contains(protocol, port),
        ) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::Undecided,
            (false, false) => Verdict::Denied,
        }
    }
}

/// What is said of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is allowed.
    Allowed,
    /// The API leaves it open.
    Undecided,
    /// It is denied.
    Denied,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Undecided => "undecided",
            Self::Denied => "denied",
        })
    }
}

/// Every different answer, with the answers that they make together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    table: Table<Allowed>,
    both: IndexMap<(u32, u32), u32, FxBuildHasher>,
}

impl Answers {
    /// The number of an answer.
    pub(crate) fn id(&mut self, allowed: Allowed) -> u32 {
        self.table.id(allowed)
    }

    /// The answer of a number.
    pub(crate) fn get(&self, id: u32) -> Allowed {
        self.table.get(id).cloned().unwrap_or_default()
    }

    /// Whether the answer of a number is that nothing is possible.
    pub(crate) fn is_nothing(&self, id: u32) -> bool {
        self.table.get(id).is_none_or(Allowed::is_nothing)
    }

    /// The number of what two answers allow both.
    pub(crate) fn both(&mut self, one: u32, other: u32) -> u32 {
        if one == other {
            return one;
        }
        let pair = (one.min(other), one.max(other));
        if let Some(known) = self.both.get(&pair) {
            return *known;
        }
        let both = self.get(one).and(&self.get(other));
        let both = self.table.id(both);
        self.both.insert(pair, both);
        both
    }
}
