//! The least rights per purpose: what `rbac` prints and `doctor` asks about.

use std::collections::BTreeSet;

use cofferdam_cluster::Right;
use cofferdam_compiler::{GuardNames, guard_names};
use cofferdam_model::Model;
use cofferdam_model::names::PoolName;
use cofferdam_model::zone::NamespaceChoice;
use cofferdam_objects::entrance_kind::{GATEWAY_API, GATEWAY_KINDS};
use cofferdam_objects::keys::{CONTROLLER_LEASE, PROBE_NAMESPACE, RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_pass::examined::Examined;

use crate::args::Profile;

/// A rule of a Role or `ClusterRole`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// Plurals of kinds.
    pub(crate) resources: Vec<&'static str>,
    /// The only objects meant; any where empty.
    pub(crate) names: Vec<String>,
    /// What may be done.
    pub(crate) verbs: &'static [&'static str],
}

impl Rule {
    /// What may be done by whoever follows what is read: to watch what may be listed, and what is read by name.
    pub(crate) fn following(&self) -> Vec<&'static str> {
        let mut verbs = self.verbs.to_vec();
        if self.resources == ["configmaps"] && !self.names.is_empty() {
            verbs.push("list");
        }
        if verbs.contains(&"list") {
            verbs.push("watch");
        }
        verbs
    }
}

pub(crate) const ADMISSION: &str = "admissionregistration.k8s.io";

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
            Self::Detach => "detach",
        }
    }
}

/// Rights on the whole cluster: everything is read, because what was not read is unknown; what is
/// written goes by profile.
pub(crate) fn cluster_rules(profile: Profile, names: &Names) -> Vec<Rule> {
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
            &[
                "ingressclasses",
                "ingresses",
                "networkpolicies",
                "servicecidrs",
            ],
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
        rule(GATEWAY_API, &GATEWAY_KINDS.map(|(_, plural)| plural), READ),
        rule("apiregistration.k8s.io", &["apiservices"], READ),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"], READ),
        Rule {
            names: owned(&["amazon-vpc-cni", "cilium-config", "coredns"]),
            ..rule("", &["configmaps"], &["get"])
        },
    ];
    for group in POLICY_KINDS.chunk_by(|a, b| a.group() == b.group()) {
        let plurals: Vec<&'static str> = group.iter().map(|kind| kind.plural).collect();
        rules.extend(group.first().map(|kind| rule(kind.group(), &plurals, READ)));
    }
    rules.extend(writes(profile, names));
    rules
}

/// What rights by name are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// Guard rails.
    pub(crate) guards: GuardNames,
    /// Namespaces that zones ask to be created.
    pub(crate) created: BTreeSet<String>,
}

impl Names {
    /// The names that a fleet may come to need, in whichever of its clusters, beside those of pools that were in it.
    pub(crate) fn of(model: &Model, former: &[PoolName]) -> Self {
        let rules = model.zones.values().flat_map(|zone| &zone.namespaces);
        let created = rules
            .filter(|rule| rule.create)
            .filter_map(|rule| match &rule.choice {
                NamespaceChoice::Name(name) => Some(name.to_string()),
                NamespaceChoice::Selector(_) => None,
            });
        Self {
            guards: guard_names(model.node_pools.keys().chain(former)),
            created: created.collect(),
        }
    }
}

/// What a profile may write on the whole cluster.
fn writes(profile: Profile, names: &Names) -> Vec<Rule> {
    let only = |rule: Rule, objects: &BTreeSet<String>| Rule {
        names: objects.iter().cloned().collect(),
        ..rule
    };
    match profile {
        Profile::Observe => Vec::new(),
        Profile::Policies => {
            let own = [SYSTEM_NAMESPACE.to_owned()];
            let created = names.created.iter().cloned().chain(own).collect();
            vec![
                only(rule("", &["namespaces"], &["create"]), &created),
                rule("", &["namespaces"], &["patch"]),
                rule(
                    "networking.k8s.io",
                    &["networkpolicies"],
                    &["create", "patch", "delete"],
                ),
            ]
        }
        Profile::Nodes => vec![rule("", &["nodes"], &["patch"])],
        Profile::Guards => {
            let verbs = &["create", "patch", "update", "delete"];
            let [changing @ .., _, _] = ADMISSION_KINDS;
            let [_, _, refusing @ ..] = ADMISSION_KINDS;
            let mut rules = vec![
                only(rule(ADMISSION, &refusing, verbs), &names.guards.refusing),
                Rule {
                    names: owned(&[PROBE_NAMESPACE]),
                    ..rule("", &["namespaces"], &["create", "patch"])
                },
            ];
            // A rule without names would be one about every object.
            if !names.guards.changing.is_empty() {
                let changing = rule(ADMISSION, &changing, verbs);
                rules.push(only(changing, &names.guards.changing));
            }
            rules
        }
        Profile::Detach => {
            let own = [PROBE_NAMESPACE.to_owned(), SYSTEM_NAMESPACE.to_owned()];
            let verbs = &["create", "patch", "delete"];
            let [changing @ .., _, _] = ADMISSION_KINDS;
            let [_, _, refusing @ ..] = ADMISSION_KINDS;
            let mut rules = vec![
                rule("", &["namespaces", "nodes"], &["patch"]),
                only(rule("", &["namespaces"], &["delete"]), &own.into()),
                rule("networking.k8s.io", &["networkpolicies"], verbs),
                only(
                    rule(ADMISSION, &refusing, &["delete"]),
                    &names.guards.refusing,
                ),
            ];
            if !names.guards.changing.is_empty() {
                let changing = rule(ADMISSION, &changing, &["delete"]);
                rules.push(only(changing, &names.guards.changing));
            }
            rules
        }
    }
}

/// That everything in a namespace of our own may be listed: it is deleted only where nobody else keeps anything
/// there.
fn everything() -> Rule {
    rule("*", &["*"], &["list"])
}

/// Rights in our own namespace: record and lease, by name.
pub(crate) fn own_rules(profile: Profile) -> Vec<Rule> {
    let verbs: &[&str] = match profile {
        Profile::Observe => &["get"],
        Profile::Policies | Profile::Nodes | Profile::Guards => {
            &["get", "create", "patch", "update"]
        }
        Profile::Detach => &["get", "create", "patch", "update", "delete"],
    };
    let by_name = |group, resource| Rule {
        names: owned(&[RECORD_NAME]),
        ..rule(group, &[resource], verbs)
    };
    let record_and_lease = [
        by_name("", "configmaps"),
        by_name("coordination.k8s.io", "leases"),
    ];
    let listed = (profile == Profile::Detach).then(everything);
    record_and_lease.into_iter().chain(listed).collect()
}

/// The right to be elected the active one of several controllers, in our own namespace.
pub(crate) fn election_rule() -> Rule {
    Rule {
        names: owned(&[CONTROLLER_LEASE]),
        ..rule(
            "coordination.k8s.io",
            &["leases"],
            &["get", "create", "patch", "update", "delete"],
        )
    }
}

/// Rights in the namespace of probes: to try out guard rails by dry runs.
pub(crate) fn probe_rules(profile: Profile) -> Vec<Rule> {
    let pods = rule("", &["pods"], &["create"]);
    match profile {
        Profile::Observe | Profile::Policies => Vec::new(),
        Profile::Nodes => vec![pods],
        Profile::Detach => vec![everything()],
        Profile::Guards => vec![
            pods,
            rule("apps", &["daemonsets"], &["create"]),
            rule("networking.k8s.io", &["networkpolicies"], &["create"]),
        ],
    }
}

/// Everything that a profile may write, as questions for the server.
pub(crate) fn write_rights(profile: Profile, names: &Names) -> Vec<Right> {
    let ask = |rules: Vec<Rule>, namespace: Option<&'static str>| {
        rules.into_iter().flat_map(move |rule| {
            let name = rule.names.first().cloned();
            let verbs = rule.verbs.iter().filter(|verb| !READ.contains(verb));
            let all: Vec<Right> = verbs
                .flat_map(|verb| {
                    let name = name.clone();
                    rule.resources.iter().map(move |resource| Right {
                        verb,
                        group: rule.group,
                        resource,
                        namespace: namespace.map(ToOwned::to_owned),
                        name: name.clone(),
                    })
                })
                .collect();
            all
        })
    };
    ask(writes(profile, names), None)
        .chain(ask(own_rules(profile), Some(SYSTEM_NAMESPACE)))
        .chain(ask(probe_rules(profile), Some(PROBE_NAMESPACE)))
        .collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn rule(group: &'static str, resources: &[&'static str], verbs: &'static [&'static str]) -> Rule {
    Rule {
        group,
        resources: resources.to_vec(),
        names: Vec::new(),
        verbs,
    }
}

/// The command that grants the rights of a profile to who we are in a cluster.
pub(crate) fn grant(one: &Examined<'_>, profile: Profile) -> String {
    let profile = profile.as_str();
    let who = one.observed.identity.known();
    let subject = who.map(|who| format!(" --subject '{}'", subject_of(&who.user)));
    let subject = subject.unwrap_or_default();
    let context = one.cluster.access.context.as_ref();
    let context = context.map_or_else(String::new, |context| format!(" --context '{context}'"));
    format!("cofferdam rbac --profile {profile}{subject} | kubectl{context} apply -f -")
}

/// A user of an API server as a subject of `rbac`.
fn subject_of(user: &str) -> String {
    let account = user.strip_prefix("system:serviceaccount:");
    match account.and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => format!("serviceaccount:{namespace}/{name}"),
        None => format!("user:{user}"),
    }
}

#[cfg(test)]
mod tests {
    use super::subject_of;

    #[test]
    fn the_subject_of_missing_rights_is_who_lacks_them() {
        for (user, want) in [
            ("cofferdam", "user:cofferdam"),
            ("system:serviceaccount:ci:bot", "serviceaccount:ci/bot"),
            ("system:admin", "user:system:admin"),
        ] {
            assert_eq!(subject_of(user), want);
        }
    }
}
