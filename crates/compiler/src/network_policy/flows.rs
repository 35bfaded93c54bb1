//! Both sides of every flow.

use cofferdam_model::diagnostic::Severity;
use cofferdam_model::flow::{Across, ClusterService, End, Flow, PodEnd, Ports};
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::name::object_name;
use cofferdam_objects::policy::Direction;
use cofferdam_state::digest::digest;
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort};

use super::across::add_across;
use super::addresses::external_peers;
use super::builder::{Builder, Draft, Rule};
use super::peers::{members_of_end, peers_of_end, policy_ports};
use super::{internet, mesh, services, unenforced};
use crate::backend::flow_remark;

/// One side of a flow: the direction seen from its pods, and the rules there.
#[derive(Debug)]
pub(super) struct Side {
    direction: Direction,
    rules: Vec<Rule>,
    cluster_granular: bool,
}

impl Side {
    /// What comes in.
    pub(super) fn ingress(rules: Vec<Rule>) -> Self {
        Self {
            direction: Direction::Ingress,
            rules,
            cluster_granular: false,
        }
    }

    /// What goes out.
    pub(super) fn egress(rules: Vec<Rule>) -> Self {
        Self {
            direction: Direction::Egress,
            rules,
            cluster_granular: false,
        }
    }

    /// Marks that it admits a whole cluster's addresses.
    pub(super) fn granular(self) -> Self {
        Self {
            cluster_granular: true,
            ..self
        }
    }
}

/// Adds the policies of a flow, and says where it has none.
pub(super) fn add_flow(builder: &mut Builder<'_>, flow: &Flow) {
    for remark in unenforced::remarks(flow) {
        builder.remark(remark);
    }
    match &flow.across {
        Across::Clusters { .. } => add_across(builder, flow),
        Across::SameCluster => {
            if !exists_here(builder, &flow.from) || !exists_here(builder, &flow.to) {
                return;
            }
            if let End::Pods(destination) = &flow.to {
                match ingress_rules(builder, flow) {
                    Ok(rules) => add_ends(builder, flow, destination, &Side::ingress(rules)),
                    Err(reason) => refuse(builder, flow, &reason),
                }
            }
            if let End::Pods(source) = &flow.from {
                match egress_rules(builder, flow) {
                    Ok(rules) => add_ends(builder, flow, source, &Side::egress(rules)),
                    Err(reason) => refuse(builder, flow, &reason),
                }
            }
        }
    }
}

/// Adds one side of a flow to every namespace of its end that is at least staged.
pub(super) fn add_ends(builder: &mut Builder<'_>, flow: &Flow, end: &PodEnd, side: &Side) {
    if side.rules.is_empty() {
        return;
    }
    let word = match side.direction {
        Direction::Ingress => "-in",
        Direction::Egress => "-out",
    };
    let name = flow.name.as_str();
    let name = object_name("cofferdam-flow-", name, word, &digest(name));
    for (namespace, member) in members_of_end(end, builder.scope.members) {
        if member.enforcement == Enforcement::Observe {
            continue;
        }
        let into_high =
            side.direction == Direction::Ingress && member.zone.sensitivity == Sensitivity::High;
        let rules = with_tunnel(builder, flow, namespace, side);
        let note = note(&rules, side);
        let draft = Draft::one_way(name.clone(), side.direction, rules);
        let draft = Draft {
            pods: end.workload.clone().unwrap_or_default(),
            source: format!("Flow/{}", flow.name),
            note,
            unapproved: flow.approval.is_none() && into_high,
            cluster_granular: side.cluster_granular,
            ..draft
        };
        builder.add(namespace, draft);
    }
}

/// The rules with the mesh's own port added, where both ends are enrolled.
fn with_tunnel(
    builder: &Builder<'_>,
    flow: &Flow,
    namespace: &cofferdam_model::names::NamespaceName,
    side: &Side,
) -> Vec<Rule> {
    let other = match side.direction {
        Direction::Ingress => &flow.from,
        Direction::Egress => &flow.to,
    };
    let (End::Pods(other), Across::SameCluster) = (other, &flow.across) else {
        return side.rules.clone();
    };
    let peers = members_of_end(other, builder.scope.members).map(|(peer, _)| peer);
    let tunnel = mesh::tunnel_ports(builder, namespace, peers);
    let extended = |rule: &Rule| {
        let all = rule.ports.is_empty();
        let added: &[NetworkPolicyPort] = if all { &[] } else { &tunnel };
        Rule {
            peers: rule.peers.clone(),
            ports: rule.ports.iter().chain(added).cloned().collect(),
        }
    };
    side.rules.iter().map(extended).collect()
}

fn note(rules: &[Rule], side: &Side) -> Option<String> {
    let tunnelled = rules
        .iter()
        .zip(&side.rules)
        .any(|(new, old)| new.ports != old.ports);
    let notes = [
        (
            side.cluster_granular,
            "cluster-granular: admits every address of the other cluster",
        ),
        (
            tunnelled,
            "port-by-mesh: inside the mesh only the mesh can tell the port",
        ),
    ];
    let notes: Vec<&str> = notes
        .iter()
        .filter(|(said, _)| *said)
        .map(|(_, note)| *note)
        .collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn ingress_rules(builder: &mut Builder<'_>, flow: &Flow) -> Result<Vec<Rule>, String> {
    let peers: Vec<NetworkPolicyPeer> = match &flow.from {
        End::Pods(end) => peers_of_end(end, builder.scope.members),
        End::ExternalNetwork(name) => external(builder, name),
        End::Internet => {
            let (peers, notice) = internet::ingress_peers(builder)?;
            if let Some(notice) = notice {
                let message = format!("cluster `{}`: {notice}", builder.scope.cluster.name);
                let code = "client-not-filtered";
                builder.remark(flow_remark(flow, Severity::Notice, code, message));
            }
            peers
        }
        End::ClusterService(service) => services::ingress_peers(builder, *service)?,
    };
    let ports = policy_ports(&flow.ports);
    Ok(if peers.is_empty() {
        Vec::new()
    } else {
        vec![Rule { peers, ports }]
    })
}

fn egress_rules(builder: &Builder<'_>, flow: &Flow) -> Result<Vec<Rule>, String> {
    let ports = policy_ports(&flow.ports);
    let peers = match &flow.to {
        End::Pods(end) => peers_of_end(end, builder.scope.members),
        End::ExternalNetwork(name) => external(builder, name),
        End::Internet => internet::egress_peers(builder),
        End::ClusterService(service) => return services::egress_rules(builder, *service, &ports),
    };
    Ok(if peers.is_empty() {
        Vec::new()
    } else {
        vec![Rule { peers, ports }]
    })
}

fn external(
    builder: &Builder<'_>,
    name: &cofferdam_model::names::ExternalNetworkName,
) -> Vec<NetworkPolicyPeer> {
    builder
        .scope
        .model
        .external_networks
        .get(name)
        .map(external_peers)
        .unwrap_or_default()
}

fn exists_here(builder: &Builder<'_>, end: &End) -> bool {
    match end {
        End::Pods(end) => members_of_end(end, builder.scope.members).next().is_some(),
        End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => true,
    }
}

fn refuse(builder: &mut Builder<'_>, flow: &Flow, reason: &str) {
    let code = match (&flow.from, &flow.to, &flow.ports) {
        (End::ClusterService(ClusterService::ControlPlane), _, _) => "caller-unknown",
        (_, _, Ports::Known | Ports::Some(_) | Ports::All) => "address-unknown",
    };
    let message = format!("cluster `{}`: {reason}", builder.scope.cluster.name);
    builder.remark(flow_remark(flow, Severity::Error, code, message));
}
