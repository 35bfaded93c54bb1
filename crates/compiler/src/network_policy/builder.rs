//! Policies as they are put together: metadata, provenance and defaults in one place.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::diagnostic::Remark;
use cofferdam_model::labels::{Operator, Selector};
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::keys;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::{DesiredPolicy, role_of};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};

use crate::backend::{Policies, Scope};

/// Collects policies and remarks.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    /// What is compiled.
    pub(super) scope: &'a Scope<'a>,
    out: Policies,
}

/// A policy before it has its metadata.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The object's name.
    pub(super) name: String,
    /// The pods that it selects; empty for all.
    pub(super) pods: Selector,
    /// Its rules; a direction that is absent is not isolated by it.
    pub(super) ingress: Option<Vec<Rule>>,
    /// Its rules; a direction that is absent is not isolated by it.
    pub(super) egress: Option<Vec<Rule>>,
    /// The documents it comes from.
    pub(super) source: String,
    /// What this back end cannot express or enforce of it.
    pub(super) note: Option<String>,
    /// Whether the flow behind it lacks an approval.
    pub(super) unapproved: bool,
    /// Whether it admits a whole cluster's addresses.
    pub(super) cluster_granular: bool,
}

/// A rule of either direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    /// Any of these; empty for everybody.
    pub(super) peers: Vec<NetworkPolicyPeer>,
    /// On any of these; empty for every port.
    pub(super) ports: Vec<NetworkPolicyPort>,
}

impl Draft {
    /// A policy with rules in one direction only.
    pub(super) fn one_way(name: String, direction: Direction, rules: Vec<Rule>) -> Self {
        let draft = Self {
            name,
            ..Self::default()
        };
        match direction {
            Direction::Ingress => Self {
                ingress: Some(rules),
                ..draft
            },
            Direction::Egress => Self {
                egress: Some(rules),
                ..draft
            },
        }
    }
}

impl<'a> Builder<'a> {
    /// An empty collection.
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            out: Policies::default(),
        }
    }

    /// Adds a policy to a namespace.
    pub(super) fn add(&mut self, namespace: &NamespaceName, draft: Draft) {
        let zone = self
            .scope
            .members
            .get(namespace)
            .map(|member| member.zone.name.clone());
        let role = role_of(&draft.name);
        let name = draft.name.clone();
        let (unapproved, cluster_granular) = (draft.unapproved, draft.cluster_granular);
        let object = Arc::new(self.object(namespace, draft));
        let policy = DesiredPolicy {
            object,
            role,
            zone,
            unapproved,
            cluster_granular,
        };
        self.out.policies.insert((namespace.clone(), name), policy);
    }

    /// Adds a remark.
    pub(super) fn remark(&mut self, remark: Remark) {
        self.out.remarks.push(remark);
    }

    /// Says that ingress of an enforced namespace stays open.
    pub(super) fn hold_open(&mut self, namespace: &NamespaceName, reason: &str) {
        self.out
            .held_open
            .insert(namespace.clone(), reason.to_owned());
    }

    /// Everything that was added.
    pub(super) fn finish(self) -> Policies {
        self.out
    }

    fn object(&self, namespace: &NamespaceName, draft: Draft) -> NetworkPolicy {
        let labels = [
            (
                keys::MANAGED_BY.to_owned(),
                keys::MANAGED_BY_VALUE.to_owned(),
            ),
            (
                keys::INSTANCE.to_owned(),
                self.scope.model.instance.to_string(),
            ),
        ];
        let source = (keys::SOURCE.to_owned(), draft.source);
        let note = draft.note.map(|note| (keys::NOTE.to_owned(), note));
        let annotations: BTreeMap<String, String> = [source].into_iter().chain(note).collect();
        let types = Direction::BOTH
            .into_iter()
            .filter(|direction| match direction {
                Direction::Ingress => draft.ingress.is_some(),
                Direction::Egress => draft.egress.is_some(),
            });
        let types = types
            .map(|direction| direction.policy_type().to_owned())
            .collect();
        NetworkPolicy {
            metadata: ObjectMeta {
                name: Some(draft.name),
                namespace: Some(namespace.to_string()),
                labels: Some(labels.into()),
                annotations: Some(annotations),
                ..ObjectMeta::default()
            },
            spec: Some(NetworkPolicySpec {
                pod_selector: Some(label_selector(&draft.pods)),
                policy_types: Some(types),
                // Both lists are always explicit, so that a rule that somebody adds to the direction
                // that we leave empty is in a field that we own.
                ingress: Some(
                    draft
                        .ingress
                        .into_iter()
                        .flatten()
                        .map(ingress_rule)
                        .collect(),
                ),
                egress: Some(
                    draft
                        .egress
                        .into_iter()
                        .flatten()
                        .map(egress_rule)
                        .collect(),
                ),
            }),
        }
    }
}

fn ingress_rule(rule: Rule) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from: non_empty(rule.peers),
        ports: non_empty(rule.ports),
    }
}

fn egress_rule(rule: Rule) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: non_empty(rule.peers),
        ports: non_empty(rule.ports),
    }
}

fn non_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// The Kubernetes form of a selector.
pub(super) fn label_selector(selector: &Selector) -> LabelSelector {
    let requirement = |expression: &cofferdam_model::labels::Expression| {
        let (operator, values) = match &expression.operator {
            Operator::In(values) => ("In", Some(values.clone())),
            Operator::NotIn(values) => ("NotIn", Some(values.clone())),
            Operator::Exists => ("Exists", None),
            Operator::DoesNotExist => ("DoesNotExist", None),
        };
        LabelSelectorRequirement {
            key: expression.key.clone(),
            operator: operator.to_owned(),
            values,
        }
    };
    let expressions: Vec<_> = selector.match_expressions.iter().map(requirement).collect();
    LabelSelector {
        match_labels: (!selector.match_labels.is_empty()).then(|| selector.match_labels.clone()),
        match_expressions: non_empty(expressions),
    }
}
