//! The least rights per purpose: what `rbac` prints and `doctor` asks about.

use cofferdam_cluster::Right;
use cofferdam_objects::keys::{PROBE_NAMESPACE, RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_objects::policy_kind::POLICY_KINDS;

use crate::args::Profile;

/// A rule of a Role or `ClusterRole`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// Plurals of kinds.
    pub(crate) resources: Vec<&'static str>,
    /// The only objects meant; any where empty.
    pub(crate) names: Vec<&'static str>,
    /// What may be done.
    pub(crate) verbs: &'static [&'static str],
}

const ADMISSION: &str = "admissionregistration.k8s.io";

/// What guard rails are made of.
const ADMISSION_KINDS: [&str; 4] = [
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
];

const READ: &[&str] = &["get", "list"];

impl Profile {
    /// The word of the command line and of the roles' names.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Policies => "policies",
            Self::Nodes => "nodes",
            Self::Guards => "guards",
        }
    }
}

/// Rights on the whole cluster: everything is read, because what was not read is unknown; what is
/// written goes by profile.
pub(crate) fn cluster_rules(profile: Profile) -> Vec<Rule> {
    let mut rules = vec![
        rule(
            "",
            &[
                "namespaces",
                "nodes",
                "pods",
                "replicationcontrollers",
                "services",
            ],
            READ,
        ),
        rule("discovery.k8s.io", &["endpointslices"], READ),
        rule(
            "apps",
            &["daemonsets", "deployments", "replicasets", "statefulsets"],
            READ,
        ),
        rule("batch", &["cronjobs", "jobs"], READ),
        rule(
            "networking.k8s.io",
            &["ingresses", "networkpolicies", "servicecidrs"],
            READ,
        ),
        rule(
            ADMISSION,
            &[
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
            ],
            READ,
        ),
        rule(ADMISSION, &ADMISSION_KINDS, READ),
        rule("apiregistration.k8s.io", &["apiservices"], READ),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"], READ),
        Rule {
            names: vec!["amazon-vpc-cni", "cilium-config", "coredns"],
            ..rule("", &["configmaps"], &["get"])
        },
    ];
    for group in POLICY_KINDS.chunk_by(|a, b| a.group() == b.group()) {
        let plurals: Vec<&'static str> = group.iter().map(|kind| kind.plural).collect();
        rules.extend(group.first().map(|kind| rule(kind.group(), &plurals, READ)));
    }
    rules.extend(writes(profile));
    rules
}

/// What a profile may write on the whole cluster.
pub(crate) fn writes(profile: Profile) -> Vec<Rule> {
    match profile {
        Profile::Observe => Vec::new(),
        Profile::Policies => vec![
            rule("", &["namespaces"], &["create", "patch"]),
            rule(
                "networking.k8s.io",
                &["networkpolicies"],
                &["create", "patch", "delete"],
            ),
        ],
        Profile::Nodes => vec![rule("", &["nodes"], &["patch"])],
        Profile::Guards => vec![
            rule(
                ADMISSION,
                &ADMISSION_KINDS,
                &["create", "patch", "update", "delete"],
            ),
            Rule {
                names: vec![PROBE_NAMESPACE],
                ..rule("", &["namespaces"], &["create", "patch"])
            },
        ],
    }
}

/// Rights in our own namespace: record and lease, by name.
pub(crate) fn own_rules(profile: Profile) -> Vec<Rule> {
    let verbs: &[&str] = match profile {
        Profile::Observe => &["get"],
        Profile::Policies | Profile::Nodes | Profile::Guards => {
            &["get", "create", "patch", "update"]
        }
    };
    let by_name = |group, resource| Rule {
        names: vec![RECORD_NAME],
        ..rule(group, &[resource], verbs)
    };
    vec![
        by_name("", "configmaps"),
        by_name("coordination.k8s.io", "leases"),
    ]
}

/// Rights in the namespace of probes: to try out guard rails by dry runs.
pub(crate) fn probe_rules(profile: Profile) -> Vec<Rule> {
    let pods = rule("", &["pods"], &["create"]);
    match profile {
        Profile::Observe | Profile::Policies => Vec::new(),
        Profile::Nodes => vec![pods],
        Profile::Guards => vec![
            pods,
            rule("apps", &["daemonsets"], &["create"]),
            rule("networking.k8s.io", &["networkpolicies"], &["create"]),
        ],
    }
}

/// Everything that a profile may write, as questions for the server.
pub(crate) fn write_rights(profile: Profile) -> Vec<Right> {
    let ask = |rules: Vec<Rule>, namespace: Option<&'static str>| {
        rules.into_iter().flat_map(move |rule| {
            let name = rule.names.first().copied();
            let verbs = rule.verbs.iter().filter(|verb| !READ.contains(verb));
            let all: Vec<Right> = verbs
                .flat_map(|verb| {
                    rule.resources.iter().map(move |resource| Right {
                        verb,
                        group: rule.group,
                        resource,
                        namespace,
                        name,
                    })
                })
                .collect();
            all
        })
    };
    ask(writes(profile), None)
        .chain(ask(own_rules(profile), Some(SYSTEM_NAMESPACE)))
        .chain(ask(probe_rules(profile), Some(PROBE_NAMESPACE)))
        .collect()
}

fn rule(group: &'static str, resources: &[&'static str], verbs: &'static [&'static str]) -> Rule {
    Rule {
        group,
        resources: resources.to_vec(),
        names: Vec::new(),
        verbs,
    }
}
