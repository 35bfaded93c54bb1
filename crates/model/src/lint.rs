//! Lints: faults that raw policies often have.

/// A kind of fault of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lint {
    /// An API server refuses the policy.
    InvalidPolicy,
    /// A part of a policy is not understood.
    NotUnderstood,
    /// The kind of a policy is not modelled.
    NotModelled,
    /// The namespace of a policy is not there.
    NoSuchNamespace,
    /// A selector matches nothing.
    SelectsNothing,
    /// A selector matches pods in the network of their node alone.
    HostNetwork,
    /// Two peers where one with both selectors was meant.
    OrForAnd,
    /// Every pod of every namespace.
    EveryNamespace,
    /// Addresses or ports by the thousand.
    OverBroad,
    /// A network with bits beyond its prefix.
    HostBits,
    /// A default deny beside a policy that allows everything.
    UndoneDeny,
    /// A policy that changes nothing.
    NoEffect,
    /// A rule that changes nothing.
    ShadowedRule,
    /// Rules that `policyTypes` leaves out.
    DeadRules,
    /// Pods that may send, but look up no name.
    EgressWithoutDns,
    /// Names are looked up over UDP alone.
    DnsWithoutTcp,
    /// One side allows what the other denies.
    UnpairedFlow,
    /// A named port that no pod has.
    NoSuchPort,
    /// The port of a Service where that of its pods counts.
    ServicePort,
    /// Addresses of pods or nodes in an `ipBlock`.
    AddressOfPod,
    /// What the network plugin does not do.
    IgnoredByPlugin,
}

impl Lint {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 21] = [
        Self::InvalidPolicy,
        Self::NotUnderstood,
        Self::NotModelled,
        Self::NoSuchNamespace,
        Self::SelectsNothing,
        Self::HostNetwork,
        Self::OrForAnd,
        Self::EveryNamespace,
        Self::OverBroad,
        Self::HostBits,
        Self::UndoneDeny,
        Self::NoEffect,
        Self::ShadowedRule,
        Self::DeadRules,
        Self::EgressWithoutDns,
        Self::DnsWithoutTcp,
        Self::UnpairedFlow,
        Self::NoSuchPort,
        Self::ServicePort,
        Self::AddressOfPod,
        Self::IgnoredByPlugin,
    ];

    /// Its name, which stays the same.
    pub fn id(self) -> &'static str {
        match self {
            Self::InvalidPolicy => "invalid-policy",
            Self::NotUnderstood => "not-understood",
            Self::NotModelled => "not-modelled",
            Self::NoSuchNamespace => "no-such-namespace",
            Self::SelectsNothing => "selects-nothing",
            Self::HostNetwork => "host-network",
            Self::OrForAnd => "or-for-and",
            Self::EveryNamespace => "every-namespace",
            Self::OverBroad => "over-broad",
            Self::HostBits => "host-bits",
            Self::UndoneDeny => "undone-deny",
            Self::NoEffect => "no-effect",
            Self::ShadowedRule => "shadowed-rule",
            Self::DeadRules => "dead-rules",
            Self::EgressWithoutDns => "egress-without-dns",
            Self::DnsWithoutTcp => "dns-without-tcp",
            Self::UnpairedFlow => "unpaired-flow",
            Self::NoSuchPort => "no-such-port",
            Self::ServicePort => "service-port",
            Self::AddressOfPod => "address-of-pod",
            Self::IgnoredByPlugin => "ignored-by-plugin",
        }
    }

    /// What it finds, in one line.
    pub fn title(self) -> &'static str {
        match self {
            Self::InvalidPolicy => "an API server refuses the policy",
            Self::NotUnderstood => "a field of the policy is not known",
            Self::NotModelled => "the policy is of a kind that is not modelled",
            Self::NoSuchNamespace => "the namespace of the policy does not exist",
            Self::SelectsNothing => "a selector matches nothing that is there",
            Self::HostNetwork => {
                "a selector matches only pods in the host network, which are seen as nodes"
            }
            Self::OrForAnd => "two peers, OR, where one peer with both selectors, AND, was meant",
            Self::EveryNamespace => "`namespaceSelector: {}` is every pod of every namespace",
            Self::OverBroad => "addresses or ports by the thousand",
            Self::HostBits => "a network has bits beyond its prefix",
            Self::UndoneDeny => "a default deny is undone by a policy that allows everything",
            Self::NoEffect => "the policy changes nothing",
            Self::ShadowedRule => "other rules decide everything before or beside this one",
            Self::DeadRules => "`policyTypes` leaves out a direction that the policy has rules for",
            Self::EgressWithoutDns => "pods may send, but look up no name",
            Self::DnsWithoutTcp => "DNS is allowed over UDP, and not over TCP",
            Self::UnpairedFlow => "one side allows what the other side never lets through",
            Self::NoSuchPort => "a port has a name that none of the pods declares",
            Self::ServicePort => "the port of a Service stands where that of its pods counts",
            Self::AddressOfPod => "an `ipBlock` holds addresses of pods or nodes",
            Self::IgnoredByPlugin => "the network plugin does not do what the rule says",
        }
    }
}
