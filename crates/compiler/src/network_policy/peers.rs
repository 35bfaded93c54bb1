//! Peers and ports.

use std::collections::BTreeSet;

use cofferdam_model::flow::{PodEnd, Port, PortNumber, Ports, Protocol, ZoneChoice};
use cofferdam_model::labels::{Labels, Selector};
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{Enforcement, NamespaceChoice};
use cofferdam_objects::keys;
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::builder::label_selector;
use crate::members::{Member, Members};

/// The members that an end stands for; none where it does not exist in this cluster.
pub(super) fn members_of_end<'a>(
    end: &'a PodEnd,
    members: &'a Members<'_>,
) -> impl Iterator<Item = (&'a NamespaceName, &'a Member<'a>)> {
    let in_zone = |member: &Member<'_>| match &end.zones {
        ZoneChoice::Named(named) => named.contains(&member.zone.name),
        ZoneChoice::All => true,
    };
    let only = &end.namespaces;
    members
        .iter()
        .filter(move |(name, _)| only.is_empty() || only.contains(*name))
        .filter(move |(_, member)| in_zone(member))
}

/// The peers that stand for an end; none where it does not exist in this cluster.
///
/// Namespaces that the model names are matched by their name, which nobody can forge. The zone label
/// is a peer only for what the model selects by labels, and for "all zones", so that a namespace made
/// later is matched; those that are known are matched by name as well, because a label may be missing
/// yet, or held by somebody else.
pub(super) fn peers_of_end(end: &PodEnd, members: &Members<'_>) -> Vec<NetworkPolicyPeer> {
    let narrowed = !end.namespaces.is_empty();
    let all = matches!(end.zones, ZoneChoice::All);
    let mut names = BTreeSet::new();
    let mut labelled = BTreeSet::new();
    for (name, member) in members_of_end(end, members) {
        let by_label = all || matches!(member.rule.choice, NamespaceChoice::Selector(_));
        if by_label && !narrowed && member.enforcement > Enforcement::Observe {
            labelled.insert(member.zone.name.to_string());
        }
        names.insert(name.clone());
    }
    let pods = label_selector(&end.workload.clone().unwrap_or_default());
    let by_name = (!names.is_empty()).then(|| peer(namespaces_named(&names), pods.clone()));
    let by_label = (!labelled.is_empty()).then(|| {
        peer(
            one_of(keys::ZONE, labelled.into_iter().collect()),
            pods.clone(),
        )
    });
    by_name.into_iter().chain(by_label).collect()
}

/// The pods with `labels` in one namespace.
pub(super) fn pods_peer(namespace: &NamespaceName, labels: &Labels) -> NetworkPolicyPeer {
    let namespaces = namespaces_named(&[namespace.clone()].into());
    peer(
        namespaces,
        label_selector(&Selector::labels(labels.clone())),
    )
}

/// Every pod of these namespaces.
pub(super) fn namespaces_peer(names: &BTreeSet<NamespaceName>) -> NetworkPolicyPeer {
    peer(namespaces_named(names), LabelSelector::default())
}

/// Addresses, less some of them.
pub(super) fn block_peer(cidr: IpNet, except: &[IpNet]) -> NetworkPolicyPeer {
    let except: Vec<String> = except.iter().map(ToString::to_string).collect();
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_string(),
            except: (!except.is_empty()).then_some(except),
        }),
        ..NetworkPolicyPeer::default()
    }
}

/// The ports of a flow; empty for all.
pub(super) fn policy_ports(ports: &Ports) -> Vec<NetworkPolicyPort> {
    match ports {
        Ports::Some(ports) => ports.iter().map(policy_port).collect(),
        Ports::All | Ports::Known => Vec::new(),
    }
}

/// One port.
pub(super) fn policy_port(port: &Port) -> NetworkPolicyPort {
    let (number, end) = match &port.port {
        PortNumber::Number(number) => (IntOrString::Int(i32::from(*number)), None),
        PortNumber::Name(name) => (IntOrString::String(name.clone()), None),
        PortNumber::Range(first, last) => {
            (IntOrString::Int(i32::from(*first)), Some(i32::from(*last)))
        }
    };
    NetworkPolicyPort {
        protocol: Some(port.protocol.as_str().to_owned()),
        port: Some(number),
        end_port: end,
    }
}

/// A port by its number.
pub(super) fn numbered(protocol: Protocol, number: u16) -> NetworkPolicyPort {
    policy_port(&Port {
        protocol,
        port: PortNumber::Number(number),
    })
}

fn peer(namespaces: LabelSelector, pods: LabelSelector) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(namespaces),
        pod_selector: Some(pods),
        ip_block: None,
    }
}

fn namespaces_named(names: &BTreeSet<NamespaceName>) -> LabelSelector {
    one_of(
        keys::NAMESPACE_NAME,
        names.iter().map(ToString::to_string).collect(),
    )
}

fn one_of(key: &str, values: Vec<String>) -> LabelSelector {
    LabelSelector {
        match_labels: None,
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: key.to_owned(),
            operator: "In".to_owned(),
            values: Some(values),
        }]),
    }
}
