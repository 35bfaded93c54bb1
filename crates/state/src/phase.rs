//! When the steps of a plan are due.

/// The phases of an apply, in order. Every step of a phase is acknowledged before the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Guard rails, noting and warning only; those in force get their newest text.
    Guard,
    /// Namespaces, labels of namespaces and nodes.
    Labels,
    /// Open policies, so that nothing is isolated by what follows.
    Open,
    /// Policies that allow.
    Allow,
    /// Policies that give up what another one gained meanwhile; begins when that has settled.
    Narrow,
    /// Policies that deny.
    Deny,
    /// Policies that left the bundle; begins when the phases before have settled.
    Prune,
    /// Open policies that are no longer needed; begins when the phases before have settled.
    Close,
    /// Guard rails that change pods and nodes, once the labels they rest on are there.
    Pin,
    /// Taints on nodes; begins when the pin of the pool is in force.
    Taint,
    /// Guard rails begin to refuse, and those that are asked for no more go.
    Protect,
    /// Labels that go when nothing of ours rests on them any more.
    Unlabel,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 12] = [
        Self::Guard,
        Self::Labels,
        Self::Open,
        Self::Allow,
        Self::Narrow,
        Self::Deny,
        Self::Prune,
        Self::Close,
        Self::Pin,
        Self::Taint,
        Self::Protect,
        Self::Unlabel,
    ];

    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Labels => "labels",
            Self::Open => "open",
            Self::Allow => "allow",
            Self::Narrow => "narrow",
            Self::Deny => "deny",
            Self::Prune => "prune",
            Self::Close => "close",
            Self::Pin => "pin",
            Self::Taint => "taint",
            Self::Protect => "protect",
            Self::Unlabel => "unlabel",
        }
    }

    /// Whether what came before must have settled first.
    pub fn waits_for_settling(self) -> bool {
        matches!(self, Self::Narrow | Self::Prune | Self::Close)
    }
}
