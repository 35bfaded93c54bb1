//! What lints look at: policies with the places of their parts, and who is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::count;
use cofferdam_model::diagnostic::Severity;
use cofferdam_model::dialect::Dialect;
use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use super::Fault;
use crate::classes::{ClassKind, Classes};
use crate::facts::{Facts, Pod};
use crate::policy::{Peer, Policy, PolicyKind, Rule, Slip};

/// What was read, as lints ask about it.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) classes: &'a Arc<Classes>,
    pub(super) dialects: &'a [Dialect],
    /// The classes that each policy governs, in the order of policies.
    subjects: Vec<RoaringBitmap>,
    /// Namespaces of which a pod was read.
    inhabited: BTreeSet<Arc<str>>,
}

/// A rule with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) policy: &'a Policy,
    /// The place of the policy among all.
    pub(super) number: usize,
    pub(super) direction: Direction,
    /// The place of the rule among those of its direction.
    pub(super) place: usize,
    pub(super) rule: &'a Rule,
}

impl<'a> Scene<'a> {
    pub(super) fn of(classes: &'a Arc<Classes>, dialects: &'a [Dialect]) -> Self {
        let facts = classes.facts();
        let policies = facts.policies.iter();
        let pods = facts.pods.iter().filter(|pod| !pod.place.host_network);
        Self {
            classes,
            dialects,
            subjects: policies
                .map(|policy| classes.chosen(&policy.subject))
                .collect(),
            inhabited: pods.map(|pod| Arc::clone(&pod.namespace)).collect(),
        }
    }

    pub(super) fn facts(&self) -> &'a Facts {
        self.classes.facts()
    }

    /// The policies, each with its number.
    pub(super) fn policies(&self) -> impl Iterator<Item = (usize, &'a Policy)> + use<'a> {
        self.facts().policies.iter().enumerate()
    }

    /// The policies of namespaces, each with its number.
    pub(super) fn namespaced(&self) -> impl Iterator<Item = (usize, &'a Policy)> + use<'a> {
        self.policies()
            .filter(|(_, policy)| policy.id.kind == PolicyKind::NetworkPolicy)
    }

    /// The rules of all policies, with their places.
    pub(super) fn rules(&self) -> impl Iterator<Item = Placed<'a>> + use<'a> {
        self.policies()
            .flat_map(|(number, policy)| rules_of(number, policy))
    }

    /// The rules of the policies of namespaces, with their places.
    pub(super) fn namespaced_rules(&self) -> impl Iterator<Item = Placed<'a>> + use<'a> {
        self.namespaced()
            .flat_map(|(number, policy)| rules_of(number, policy))
    }

    /// The classes that a policy governs.
    pub(super) fn subject(&self, number: usize) -> RoaringBitmap {
        self.subjects.get(number).cloned().unwrap_or_default()
    }

    /// Whether a policy governs a class.
    pub(super) fn governs(&self, number: usize, class: u32) -> bool {
        let subject = self.subjects.get(number);
        subject.is_some_and(|subject| subject.contains(class))
    }

    /// Whether a policy governs some of these classes.
    pub(super) fn governs_some(&self, number: usize, classes: &RoaringBitmap) -> bool {
        let subject = self.subjects.get(number);
        subject.is_some_and(|subject| !subject.is_disjoint(classes))
    }

    /// Whether pods of a namespace were read, so that one that is missing is missed.
    pub(super) fn is_inhabited(&self, namespace: &str) -> bool {
        self.inhabited.contains(namespace)
    }

    /// Whether what was read is a whole cluster and not a part of it: manifests of one application name others
    /// that are not among them.
    pub(super) fn is_whole_cluster(&self) -> bool {
        let system = self.facts().namespaces.get("kube-system");
        !self.facts().nodes.is_empty() || system.is_some_and(|one| one.source.is_some())
    }

    /// The pods of some classes, those in the network of their node aside, with their places in the facts.
    pub(super) fn pods(
        &self,
        classes: &RoaringBitmap,
    ) -> impl Iterator<Item = (usize, &'a Pod)> + use<'a, '_> {
        let classes = classes.clone();
        let pods = self.facts().pods.iter().enumerate();
        pods.filter(move |(place, pod)| {
            let own = self.classes.of_pod(*place);
            !pod.place.host_network && own.iter().any(|class| classes.contains(*class))
        })
    }

    /// Names of the workloads of some classes.
    pub(super) fn names(&self, classes: &RoaringBitmap) -> String {
        let pods = self.pods(classes);
        let names: BTreeSet<String> = pods.map(|(_, pod)| pod.owner()).collect();
        listed(&names)
    }

    /// Every class of pods.
    pub(super) fn pod_classes(&self) -> impl Iterator<Item = u32> {
        let pods = self
            .classes
            .iter()
            .filter(|(_, class)| matches!(class.kind, ClassKind::Pods { .. }));
        pods.map(|(id, _)| id)
    }

    /// What policies say that does not count as it is written.
    pub(super) fn slips(&self) -> impl Iterator<Item = (&'a Policy, &'a Slip)> + use<'a> {
        let policies = self.facts().policies.iter();
        policies.flat_map(|policy| policy.slips.iter().map(move |slip| (policy, slip)))
    }

    /// The pods that accept what a rule is about; none where others may be meant.
    pub(super) fn destinations(&self, rule: &Placed<'_>) -> RoaringBitmap {
        if rule.direction == Direction::Ingress {
            return self.subject(rule.number);
        }
        let mut all = RoaringBitmap::new();
        for peer in rule.peers() {
            let Peer::Pods(choice) = peer else {
                return RoaringBitmap::new();
            };
            all |= self.classes.chosen(choice);
        }
        all
    }

    /// The policy of a number.
    pub(super) fn policy(&self, number: usize) -> Option<&'a Policy> {
        self.facts().policies.get(number)
    }
}

impl<'a> Placed<'a> {
    /// Its path, such as `spec.ingress[0]`.
    pub(super) fn path(&self) -> String {
        format!("spec.{}[{}]", self.direction.field(), self.place)
    }

    /// The peers that it lists; none where it is about everything.
    pub(super) fn peers(&self) -> &'a [Peer] {
        self.rule.peers()
    }

    /// The path of a peer, such as `spec.egress[0].to[1]`.
    pub(super) fn peer_path(&self, peer: usize) -> String {
        let field = match self.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        format!("{}.{field}[{peer}]", self.path())
    }

    /// The path of an entry of its ports, such as `spec.ingress[0].ports[1]`.
    pub(super) fn port_path(&self, port: usize) -> String {
        let field = match self.policy.id.kind {
            PolicyKind::ClusterNetworkPolicy => "protocols",
            PolicyKind::NetworkPolicy
            | PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy => "ports",
        };
        format!("{}.{field}[{port}]", self.path())
    }
}

/// The rules of a policy, with their places.
pub(super) fn rules_of(number: usize, policy: &Policy) -> impl Iterator<Item = Placed<'_>> {
    Direction::BOTH.into_iter().flat_map(move |direction| {
        let rules = policy.rules(direction).unwrap_or_default();
        rules.iter().enumerate().map(move |(place, rule)| Placed {
            policy,
            number,
            direction,
            place,
            rule,
        })
    })
}

/// A fault of a policy, as a warning without a hint.
pub(super) fn warning(lint: Lint, policy: &Policy, path: String, message: String) -> Fault {
    Fault {
        source: Some(policy.source),
        path,
        lint,
        object: policy.id.to_string(),
        severity: Severity::Warning,
        message,
        hint: None,
    }
}

impl Fault {
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        Self { hint, ..self }
    }

    /// The same, worth knowing only.
    pub(super) fn notice(self) -> Self {
        let severity = Severity::Notice;
        Self { severity, ..self }
    }
}

/// The first names, and how many more there are.
pub(super) fn listed(names: &BTreeSet<String>) -> String {
    count::listed(names.iter().map(String::as_str))
}
