//! The ends of a claim in a cluster.

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::{Cluster, IngressSource, Network};
use cofferdam_model::external_network::ExternalNetwork;
use cofferdam_model::flow::{End, PodEnd};
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::networks::not_public;
use ipnet::IpNet;

use super::services;
use crate::addresses::Family;
use crate::facts::{Facts, Pod};
use crate::prove::Side;

/// Where the ends of claims are looked up.
pub(super) struct Place<'a> {
    pub(super) model: &'a Model,
    pub(super) cluster: &'a Cluster,
    pub(super) capabilities: Option<&'a Capabilities>,
    pub(super) zones: &'a BTreeMap<NamespaceName, ZoneName>,
    pub(super) facts: &'a Facts,
}

/// The pods and addresses of an end; why these cannot be told.
pub(super) fn side(end: &End, place: &Place<'_>) -> Result<Side, String> {
    match end {
        End::Pods(pods) => Ok(Side {
            pods: of_zones(pods, place).collect(),
            ..Side::default()
        }),
        End::Internet => Ok(Side::at(public(place.model))),
        End::ExternalNetwork(name) => {
            let network = place.model.external_networks.get(name);
            let network =
                network.ok_or_else(|| format!("there is no external network `{name}`"))?;
            let inside = network.networks().into_iter();
            Ok(Side::at(
                inside
                    .flat_map(|one| without(one, &network.except))
                    .collect(),
            ))
        }
        End::ClusterService(service) => services::side(*service, place),
    }
}

/// The same where it opens connections: what comes from outside may be seen as coming from somebody else.
pub(super) fn source(end: &End, place: &Place<'_>) -> Result<Side, String> {
    let mut all = side(end, place)?;
    let (End::Internet | End::ExternalNetwork(_)) = end else {
        return Ok(all);
    };
    let network = &place.cluster.network;
    let Some(declared) = network.seen_in_place_of_clients() else {
        return Ok(all);
    };
    let mut seen = declared.to_vec();
    let (nobody, field) = match network.ingress_source {
        IngressSource::Client => return Ok(all),
        IngressSource::Node => {
            if seen.is_empty() {
                let known = place.capabilities.into_iter();
                let known = known.flat_map(|known| &known.node_addresses);
                seen.extend(known.copied().map(IpNet::from));
            }
            ("no address of a node is known", "nodeCidrs")
        }
        IngressSource::LoadBalancer => (
            "it is not declared from where load balancers connect",
            "loadBalancerCidrs",
        ),
    };
    if seen.is_empty() {
        return Err(format!(
            "{nobody} (`network.{field}`), as which pods see connections from outside"
        ));
    }
    all.networks.extend(seen);
    Ok(all)
}

/// The pods of zones. Service accounts narrow nothing here: no policy that is modelled enforces them.
fn of_zones<'a>(end: &'a PodEnd, place: &'a Place<'_>) -> impl Iterator<Item = usize> + 'a {
    let belongs = |pod: &Pod| {
        let of = place.zones.get_key_value(&*pod.namespace);
        of.is_some_and(|(name, zone)| {
            end.zones.contains(zone) && (end.namespaces.is_empty() || end.namespaces.contains(name))
        }) && end
            .workload
            .as_ref()
            .is_none_or(|workload| workload.matches(&pod.labels))
    };
    let pods = place.facts.pods.iter().enumerate();
    pods.filter(move |(_, pod)| belongs(pod))
        .map(|(number, _)| number)
}

/// Every public address that the model does not know as something else: an external network, or a cluster's own.
fn public(model: &Model) -> Vec<IpNet> {
    let external = model.external_networks.values();
    let external = external.flat_map(ExternalNetwork::networks);
    let own = model.clusters.values().flat_map(|cluster| {
        let Network {
            pod_cidrs,
            node_cidrs,
            load_balancer_cidrs,
            egress_cidrs,
            exposed_cidrs,
            pod_addresses_routed: _,
            ingress_source: _,
            control_plane_cidrs,
        } = &cluster.network;
        let all = [
            pod_cidrs,
            node_cidrs,
            load_balancer_cidrs,
            egress_cidrs,
            exposed_cidrs,
            control_plane_cidrs,
        ];
        all.into_iter().flatten().copied()
    });
    let reserved: Vec<IpNet> = not_public().chain(external).chain(own).collect();
    let all = Family::BOTH.map(Family::network);
    all.into_iter()
        .flat_map(|all| without(all, &reserved))
        .collect()
}

/// The networks that remain of one where others are taken out.
fn without(network: IpNet, out: &[IpNet]) -> Vec<IpNet> {
    let inside: Vec<IpNet> = out
        .iter()
        .filter(|one| network.contains(*one))
        .copied()
        .collect();
    if out.iter().any(|one| one.contains(&network)) {
        return Vec::new();
    }
    if inside.is_empty() {
        return vec![network];
    }
    let halves = network.subnets(network.prefix_len().saturating_add(1));
    let halves = halves.into_iter().flatten();
    halves.flat_map(|half| without(half, &inside)).collect()
}
