//! Namespaces, pods and nodes among the objects.

use std::net::IpAddr;

use cofferdam_objects::keys;
use ipnet::IpNet;
use serde_json::Value;

use crate::address::{addresses, names_ipv6};
use crate::connection::Side;
use crate::fields::{field, items, text};
use crate::kind::{self, Kind};
use crate::oracle::Peer;
use crate::selector::{Labels, labels, selects};

/// The objects of one cluster.
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    pub objects: Vec<&'a Value>,
    /// Where the addresses of pods lie that are not known; anywhere where it is empty.
    pub pod_networks: &'a [IpNet],
}

impl<'a> Cluster<'a> {
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &'a Value> {
        let objects = self.objects.iter().copied();
        objects.filter(move |object| kind::is(object, kind))
    }

    /// The pods that can be an end of a connection. Those that finished cannot.
    pub(crate) fn pods(&self) -> impl Iterator<Item = &'a Value> {
        self.of(kind::POD)
            .filter(|pod| !["Succeeded", "Failed"].contains(&text(pod, "/status/phase")))
    }

    /// A peer as one side for each of its addresses; none where there is no such pod.
    pub(crate) fn sides(&self, peer: &Peer) -> Vec<Side<'a>> {
        let (namespace, name) = match peer {
            Peer::Pod { namespace, name } => (namespace, name),
            Peer::Address(address) => {
                return vec![Side::at(None, *address)];
            }
        };
        let pod = self.pods().find(|pod| {
            text(pod, "/metadata/namespace") == namespace && text(pod, "/metadata/name") == name
        });
        let Some(pod) = pod else { return Vec::new() };
        let known = self.addresses(pod);
        if known.is_empty() {
            let within = if is_host_network(pod) {
                &[]
            } else {
                self.pod_networks
            };
            let families = [true, false].into_iter();
            let families = families.filter(|is_ipv4| self.may_be_of_family(*is_ipv4, within));
            let unknown = families.map(|is_ipv4| Side {
                pod: Some(pod),
                address: None,
                is_ipv4,
                within,
            });
            return unknown.collect();
        }
        let pod = Some(pod);
        let sides = known.into_iter().map(|address| Side::at(pod, address));
        sides.collect()
    }

    /// Whether an address that is not known may be of a family: one of those networks, or else one that is in use.
    fn may_be_of_family(&self, is_ipv4: bool, within: &[IpNet]) -> bool {
        if within.is_empty() {
            return is_ipv4 || self.has_ipv6();
        }
        let mut within = within.iter();
        within.any(|network| network.addr().is_ipv4() == is_ipv4)
    }

    /// Whether a policy, pod or node has an IPv6 address or block.
    fn has_ipv6(&self) -> bool {
        let of_pods = self.pods().flat_map(|pod| {
            [
                addresses(items(pod, "/status/podIPs"), "/ip"),
                self.addresses(pod),
                host_addresses(pod),
            ]
            .concat()
        });
        let of_nodes = self.of(kind::NODE).flat_map(node_addresses);
        let mut addresses = of_pods.chain(of_nodes);
        addresses.any(|address| address.is_ipv6())
            || kind::POLICIES
                .into_iter()
                .any(|kind| self.of(kind).any(names_ipv6))
    }

    /// The addresses of a pod. In the host network they are those of its node.
    pub(crate) fn addresses(&self, pod: &Value) -> Vec<IpAddr> {
        let mut own = addresses(items(pod, "/status/podIPs"), "/ip");
        if own.is_empty() {
            own.extend(text(pod, "/status/podIP").parse::<IpAddr>());
        }
        if !is_host_network(pod) {
            return own;
        }
        own.extend(host_addresses(pod));
        if own.is_empty()
            && let Some(node) = self.node_of(pod)
        {
            let listed = items(node, "/status/addresses")
                .iter()
                .filter(|address| ["InternalIP", "ExternalIP"].contains(&text(address, "/type")));
            own.extend(
                listed.filter_map(|address| text(address, "/address").parse::<IpAddr>().ok()),
            );
        }
        own
    }

    /// The Node object of the node that a pod runs on.
    pub(crate) fn node_of(&self, pod: &Value) -> Option<&'a Value> {
        let named = text(pod, "/spec/nodeName");
        let mut nodes = self.of(kind::NODE);
        nodes.find(|node| !named.is_empty() && text(node, "/metadata/name") == named)
    }

    /// Whether the side is a node: a pod in the host network, or an address of either.
    pub(crate) fn is_node(&self, side: Side) -> bool {
        match (side.pod, side.address) {
            (Some(pod), _) => is_host_network(pod),
            (None, Some(address)) => {
                let mut nodes = self.of(kind::NODE);
                let mut pods = self.pods().filter(|pod| is_host_network(pod));
                nodes.any(|node| node_addresses(node).contains(&address))
                    || pods.any(|pod| self.addresses(pod).contains(&address))
            }
            (None, None) => false,
        }
    }

    /// Whether the side is a pod, or an address of one, outside the host network.
    pub(crate) fn is_pod(&self, side: Side) -> bool {
        match (side.pod, side.address) {
            (Some(pod), _) => !is_host_network(pod),
            (None, Some(address)) => {
                let mut pods = self.pods().filter(|pod| !is_host_network(pod));
                pods.any(|pod| self.addresses(pod).contains(&address))
            }
            (None, None) => false,
        }
    }

    /// Whether the side is the node that a pod runs on; `supposed` where that is not known.
    pub(crate) fn is_own_node(&self, pod: &Value, side: Side, supposed: bool) -> bool {
        let mut own = host_addresses(pod);
        own.extend(self.node_of(pod).map(node_addresses).unwrap_or_default());
        let (its, node) = match (side.pod, side.address) {
            (Some(other), _) if !is_host_network(other) => return false,
            (Some(other), _) => (self.addresses(other), text(other, "/spec/nodeName")),
            (None, address) => (address.into_iter().collect(), ""),
        };
        let named = text(pod, "/spec/nodeName");
        let has_names = !named.is_empty() && !node.is_empty();
        if has_names && named == node || its.iter().any(|one| own.contains(one)) {
            return true;
        }
        let is_known = has_names || !own.is_empty() && !its.is_empty();
        supposed && !is_known && self.is_node(side)
    }

    /// Whether selectors of namespace and pod select a pod. Nothing selects one in the host network.
    pub(crate) fn selects_pod(
        &self,
        namespace_selector: Option<&Value>,
        pod_selector: Option<&Value>,
        pod: &Value,
    ) -> bool {
        !is_host_network(pod)
            && selects(pod_selector, &labels(pod))
            && selects(
                namespace_selector,
                &self.namespace_labels(text(pod, "/metadata/namespace")),
            )
    }

    /// The labels of a namespace. Its name is always one of them, also where the object is missing.
    fn namespace_labels<'n>(&self, name: &'n str) -> Labels<'n>
    where
        'a: 'n,
    {
        let namespace = self
            .of(kind::NAMESPACE)
            .find(|namespace| text(namespace, "/metadata/name") == name);
        let mut all: Labels<'n> = namespace.map(labels).unwrap_or_default();
        all.insert(keys::NAMESPACE_NAME, name);
        all
    }
}

/// The addresses of a Node object.
pub(crate) fn node_addresses(node: &Value) -> Vec<IpAddr> {
    addresses(items(node, "/status/addresses"), "/address")
}

pub(crate) fn is_host_network(pod: &Value) -> bool {
    field(pod, "/spec/hostNetwork") == Some(&Value::Bool(true))
}

/// The addresses of its node that the status of a pod tells.
fn host_addresses(pod: &Value) -> Vec<IpAddr> {
    let mut all = addresses(items(pod, "/status/hostIPs"), "/ip");
    all.extend(text(pod, "/status/hostIP").parse::<IpAddr>());
    all
}
