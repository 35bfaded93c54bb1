//! Questions about NetworkPolicies as the server returns them.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize as _;
use serde_json::Value;

use crate::selector;

/// A direction of traffic, seen from the pod that a policy selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The word of `policyTypes`.
    pub fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    /// The field of a policy that holds its rules, which is also the word of object names.
    pub fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// Every peer that a policy names, of both directions.
pub fn peers(policy: &NetworkPolicy) -> impl Iterator<Item = &NetworkPolicyPeer> {
    policy.spec.iter().flat_map(|spec| {
        let ingress = spec.ingress.iter().flatten();
        let egress = spec.egress.iter().flatten();
        let from = ingress.flat_map(|rule| rule.from.iter().flatten());
        from.chain(egress.flat_map(|rule| rule.to.iter().flatten()))
    })
}

/// Whether a policy with this `spec` isolates the pods it selects in a direction: named in
/// `policyTypes`, or, where these are left out, always for ingress and for egress when it has rules.
pub fn isolates(spec: &Value, direction: Direction) -> bool {
    match spec.get("policyTypes").and_then(Value::as_array) {
        Some(types) if !types.is_empty() => types
            .iter()
            .any(|word| word.as_str() == Some(direction.policy_type())),
        _ => {
            direction == Direction::Ingress
                || spec
                    .get("egress")
                    .and_then(Value::as_array)
                    .is_some_and(|rules| !rules.is_empty())
        }
    }
}

/// Whether the policy selects a pod with `labels`; where its selector cannot be read, it is taken to.
pub fn selects_pod(spec: &Value, labels: &BTreeMap<String, String>) -> bool {
    let Some(selector) = spec.get("podSelector") else {
        return true;
    };
    LabelSelector::deserialize(selector)
        .ok()
        .and_then(|selector| selector::selects(&selector, labels))
        .unwrap_or(true)
}

/// Whether the policy selects every pod of its namespace; where its selector cannot be read, it is not
/// taken to.
pub fn selects_every_pod(spec: &Value) -> bool {
    spec.get("podSelector").is_none_or(|selector| {
        LabelSelector::deserialize(selector).is_ok_and(|selector| selector::is_empty(&selector))
    })
}

/// Whether the policy lets the pods it selects connect with anything in a direction: it isolates them
/// there, and has a rule that lets something through.
pub fn allows_anything(spec: &Value, direction: Direction) -> bool {
    let rules = spec.get(direction.field()).and_then(Value::as_array);
    isolates(spec, direction) && rules.is_some_and(|rules| !rules.is_empty())
}

/// Whether the policy allows everything in a direction: one of its rules is empty.
pub fn allows_everything(spec: &Value, direction: Direction) -> bool {
    let peers = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let empty = |rule: &Value, field| {
        rule.get(field)
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty)
    };
    isolates(spec, direction)
        && spec
            .get(direction.field())
            .and_then(Value::as_array)
            .is_some_and(|rules| {
                rules
                    .iter()
                    .any(|rule| empty(rule, peers) && empty(rule, "ports"))
            })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn omitted_policy_types_follow_the_rules_present() {
        for (spec, want) in [
            (json!({}), [true, false]),
            (json!({"egress": []}), [true, false]),
            (json!({"egress": [{}]}), [true, true]),
            (json!({"policyTypes": ["Egress"]}), [false, true]),
            (json!({"policyTypes": ["Ingress", "Egress"]}), [true, true]),
        ] {
            assert_eq!(Direction::BOTH.map(|d| isolates(&spec, d)), want, "{spec}");
        }
    }

    #[test]
    fn a_selector_that_says_nothing_selects_every_pod() {
        for (spec, want) in [
            (json!({}), true),
            (json!({"podSelector": {}}), true),
            (json!({"podSelector": {"matchLabels": {}}}), true),
            (json!({"podSelector": {"matchExpressions": []}}), true),
            (json!({"podSelector": {"matchLabels": {"a": "b"}}}), false),
            (json!({"podSelector": {"matchLabels": "b"}}), false),
        ] {
            assert_eq!(selects_every_pod(&spec), want, "{spec}");
        }
    }

    #[test]
    fn rules_of_a_direction_that_is_not_isolated_allow_nothing() {
        for (spec, want) in [
            (json!({"podSelector": {}}), [false, false]),
            (json!({"ingress": [], "egress": [{}]}), [false, true]),
            (
                json!({"policyTypes": ["Ingress"], "ingress": [{}], "egress": [{}]}),
                [true, false],
            ),
        ] {
            let allowed = Direction::BOTH.map(|d| allows_anything(&spec, d));
            assert_eq!(allowed, want, "{spec}");
        }
    }

    #[test]
    fn one_empty_rule_allows_everything() {
        for (spec, want) in [
            (
                json!({"policyTypes": ["Ingress"], "ingress": [{}]}),
                [true, false],
            ),
            (
                json!({"policyTypes": ["Ingress"], "ingress": []}),
                [false, false],
            ),
            (
                json!({"policyTypes": ["Egress"], "egress": [{"ports": [{"port": 1}]}]}),
                [false, false],
            ),
            (
                json!({"policyTypes": ["Egress"], "egress": [{"to": []}]}),
                [false, true],
            ),
        ] {
            assert_eq!(
                Direction::BOTH.map(|d| allows_everything(&spec, d)),
                want,
                "{spec}"
            );
        }
    }
}
