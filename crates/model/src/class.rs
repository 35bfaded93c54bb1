//! The classes of findings, which are also the words of waivers.

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// The classes of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Class {
            $($(#[$doc])* $variant,)*
        }

        impl Class {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of reports and waivers.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

classes! {
    /// Something of the bundle is not there.
    Missing = "missing",
    /// Something of ours is not as it was written.
    Changed = "changed",
    /// A policy that we do not own selects pods of a zone.
    ForeignPolicy = "foreign-policy",
    /// Something of ours that the model no longer mentions.
    Orphan = "orphan",
    /// A name of the bundle is held by an object that is not ours.
    NameTaken = "name-taken",
    /// Another manager holds a key of the bundle with another value.
    Conflict = "conflict",
    /// A namespace that no zone holds.
    UnassignedNamespace = "unassigned-namespace",
    /// A namespace with our zone label that the model does not put there.
    ImpostorNamespace = "impostor-namespace",
    /// An object in our name that we did not write.
    ImpostorObject = "impostor-object",
    /// A namespace of a zone that does not exist and that we do not create.
    MissingNamespace = "missing-namespace",
    /// A node pool that is not as the fleet says.
    NodePool = "node-pool",
    /// Pods of a pool's zones on other nodes, or others on nodes of a pool.
    MisplacedPod = "misplaced-pod",
    /// A guard rail that is not in force as compiled.
    GuardMissing = "guard-missing",
    /// Pods run that the Pod Security level of their zone refuses: once replaced, they stay away.
    PodSecurityWouldBreak = "pod-security-would-break",
    /// The network plugin does not enforce, or that is unknown.
    NotEnforced = "not-enforced",
    /// The cluster is not as its stored capabilities say.
    CapabilitiesChanged = "capabilities-changed",
    /// The record's bundle is not the one compiled now.
    BundleSkew = "bundle-skew",
    /// Clusters of one trust domain that should agree do not.
    CrossCluster = "cross-cluster",
    /// A cluster whose document was deleted, and of which stored capabilities are left.
    Abandoned = "abandoned",
    /// The cluster is not the one that the fleet means.
    WrongCluster = "wrong-cluster",
    /// Something could not be read.
    Unknown = "unknown",
}

impl Class {
    /// Whether a waiver may cover it: not what is unknown, nor that it is another cluster, for nothing
    /// else is looked at there.
    pub fn is_waivable(self) -> bool {
        !matches!(self, Self::Unknown | Self::WrongCluster)
    }
}
