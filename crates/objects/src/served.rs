//! The text in which an API server returns the spec of a policy as it was written.
//!
//! Go writes the fields of a type in the order of their declaration, here that of
//! `k8s.io/api/networking/v1`, and leaves out what is empty. Equal texts mean the same; texts that
//! differ need not differ in meaning.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;

/// Whether the text is what a server makes of the spec. Where it is not, nothing follows.
pub fn is_served_as(spec: &NetworkPolicySpec, text: &str) -> bool {
    let mut served = Vec::with_capacity(text.len());
    serde_json::to_writer(&mut served, &Spec::of(spec)).is_ok() && served == text.as_bytes()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    pod_selector: Selector<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ingress: Vec<Ingress<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    egress: Vec<Egress<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    policy_types: &'a [String],
}

#[derive(Serialize)]
struct Ingress<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<PolicyPort<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from: Vec<Peer<'a>>,
}

#[derive(Serialize)]
struct Egress<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<PolicyPort<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<Peer<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyPort<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<&'a IntOrString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_port: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Peer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_selector: Option<Selector<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_selector: Option<Selector<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_block: Option<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    cidr: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    except: &'a [String],
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    match_labels: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    match_expressions: Vec<Requirement<'a>>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    key: &'a str,
    operator: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    values: &'a [String],
}

impl<'a> Spec<'a> {
    fn of(spec: &'a NetworkPolicySpec) -> Self {
        let ingress = spec.ingress.iter().flatten().map(|rule| Ingress {
            ports: each(rule.ports.as_ref(), PolicyPort::of),
            from: each(rule.from.as_ref(), Peer::of),
        });
        let egress = spec.egress.iter().flatten().map(|rule| Egress {
            ports: each(rule.ports.as_ref(), PolicyPort::of),
            to: each(rule.to.as_ref(), Peer::of),
        });
        Self {
            pod_selector: spec
                .pod_selector
                .as_ref()
                .map(Selector::of)
                .unwrap_or_default(),
            ingress: ingress.collect(),
            egress: egress.collect(),
            policy_types: spec.policy_types.as_deref().unwrap_or_default(),
        }
    }
}

impl<'a> PolicyPort<'a> {
    fn of(port: &'a NetworkPolicyPort) -> Self {
        Self {
            protocol: port.protocol.as_deref(),
            port: port.port.as_ref(),
            end_port: port.end_port,
        }
    }
}

impl<'a> Peer<'a> {
    fn of(peer: &'a NetworkPolicyPeer) -> Self {
        Self {
            pod_selector: peer.pod_selector.as_ref().map(Selector::of),
            namespace_selector: peer.namespace_selector.as_ref().map(Selector::of),
            ip_block: peer.ip_block.as_ref().map(Block::of),
        }
    }
}

impl<'a> Block<'a> {
    fn of(block: &'a IPBlock) -> Self {
        Self {
            cidr: &block.cidr,
            except: block.except.as_deref().unwrap_or_default(),
        }
    }
}

impl<'a> Selector<'a> {
    fn of(selector: &'a LabelSelector) -> Self {
        let labels = selector.match_labels.as_ref();
        Self {
            match_labels: labels.filter(|labels| !labels.is_empty()),
            match_expressions: each(selector.match_expressions.as_ref(), Requirement::of),
        }
    }
}

impl<'a> Requirement<'a> {
    fn of(requirement: &'a LabelSelectorRequirement) -> Self {
        Self {
            key: &requirement.key,
            operator: &requirement.operator,
            values: requirement.values.as_deref().unwrap_or_default(),
        }
    }
}

fn each<'a, T, U>(all: Option<&'a Vec<T>>, of: impl Fn(&'a T) -> U) -> Vec<U> {
    all.into_iter().flatten().map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(spec: serde_json::Value, text: &str, want: bool) {
        let spec: NetworkPolicySpec = serde_json::from_value(spec).unwrap();
        assert_eq!(is_served_as(&spec, text), want, "{text}");
    }

    #[test]
    fn fields_come_in_the_order_of_their_declaration_and_empty_ones_are_left_out() {
        check(
            json!({
                "egress": [{
                    "ports": [{"endPort": 99, "port": 90, "protocol": "TCP"}, {"port": "web"}],
                    "to": [
                        {"namespaceSelector": {}, "podSelector": {"matchLabels": {"b": "2", "a": "1"}}},
                        {"ipBlock": {"cidr": "10.0.0.0/8", "except": []}},
                    ],
                }],
                "ingress": [],
                "podSelector": {
                    "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}],
                    "matchLabels": {},
                },
                "policyTypes": ["Egress"],
            }),
            concat!(
                r#"{"podSelector":{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},"#,
                r#""egress":[{"ports":[{"protocol":"TCP","port":90,"endPort":99},{"port":"web"}],"#,
                r#""to":[{"podSelector":{"matchLabels":{"a":"1","b":"2"}},"namespaceSelector":{}},"#,
                r#"{"ipBlock":{"cidr":"10.0.0.0/8"}}]}],"policyTypes":["Egress"]}"#,
            ),
            true,
        );
        check(json!({}), r#"{"podSelector":{}}"#, true);
    }

    #[test]
    fn a_rule_for_everything_is_not_the_absence_of_rules() {
        check(json!({"ingress": [{}]}), r#"{"podSelector":{}}"#, false);
        check(
            json!({"ingress": [{}]}),
            r#"{"podSelector":{},"ingress":[{}]}"#,
            true,
        );
        check(
            json!({"ingress": []}),
            r#"{"podSelector":{},"ingress":[{}]}"#,
            false,
        );
    }
}
