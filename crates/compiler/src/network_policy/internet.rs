//! The internet: every public address, in both directions.

use cofferdam_model::cluster::IngressSource;
use cofferdam_model::networks::not_public;
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::NetworkPolicyPeer;

use super::addresses::{less, network_peers};
use super::builder::Builder;
use super::services::node_peers;

/// Where traffic to the internet goes: everywhere but to pods, services, nodes and whatever is not
/// public.
pub(super) fn egress_peers(builder: &Builder<'_>) -> Vec<NetworkPolicyPeer> {
    let network = &builder.scope.cluster.network;
    let capabilities = builder.scope.capabilities;
    let discovered = capabilities.into_iter().flat_map(|known| {
        let nodes = known.node_addresses.iter().copied().map(IpNet::from);
        let api = known
            .api_server
            .endpoints
            .iter()
            .map(|(address, _)| IpNet::from(*address));
        let networks = known.pod_cidrs.iter().chain(&known.service_cidrs).copied();
        networks.chain(nodes).chain(api)
    });
    let declared = network.pod_cidrs.iter().chain(&network.node_cidrs).copied();
    let except: Vec<IpNet> = not_public().chain(declared).chain(discovered).collect();
    less(everywhere(), &except)
}

/// Where traffic from the internet seems to come from, with a notice where the client cannot be told;
/// the reason where the source cannot be known.
pub(super) fn ingress_peers(
    builder: &Builder<'_>,
) -> Result<(Vec<NetworkPolicyPeer>, Option<&'static str>), String> {
    let network = &builder.scope.cluster.network;
    match network.ingress_source {
        IngressSource::Client => Ok((less(everywhere(), &not_public().collect::<Vec<_>>()), None)),
        IngressSource::Node => Ok((node_peers(builder)?, Some(NOT_FILTERED))),
        IngressSource::LoadBalancer if network.load_balancer_cidrs.is_empty() => {
            Err("`ingressSource: loadBalancer` needs `network.loadBalancerCidrs`".to_owned())
        }
        IngressSource::LoadBalancer => Ok((
            network_peers(&network.load_balancer_cidrs),
            Some(NOT_FILTERED),
        )),
    }
}

const NOT_FILTERED: &str =
    "the client cannot be filtered here: pods see the address of a node or load balancer";

fn everywhere() -> Vec<IpNet> {
    ["0.0.0.0/0", "::/0"]
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reserved_network_is_one_that_an_api_server_refuses() {
        let mapped = |network: IpNet| match network {
            IpNet::V4(_) => false,
            IpNet::V6(network) => network.addr().to_ipv4_mapped().is_some(),
        };
        assert!(!not_public().any(mapped));
    }
}
