//! What stands for addresses that are not known.

use ipnet::IpNet;

use super::build::Face;
use super::vocabulary::Vocabulary;
use crate::addresses::Family;
use crate::facts::{Facts, Pod, UnknownAddresses};

/// The faces of addresses that are not known: one of each family that they may have.
#[derive(Debug, Clone, Default)]
pub(super) struct Unaddressed {
    pods: Vec<Face>,
    hosts: Vec<Face>,
}

impl Unaddressed {
    pub(super) fn of(facts: &Facts, vocabulary: &mut Vocabulary) -> Self {
        let pods = match &facts.unknown_addresses {
            UnknownAddresses::Anywhere => within(&everywhere(facts), vocabulary),
            UnknownAddresses::Within(networks) => within(networks, vocabulary),
            UnknownAddresses::InNoBlock => in_no_block(facts, vocabulary),
        };
        let nodes = facts.nodes.values().flat_map(|node| &node.addresses);
        let nodes: Vec<IpNet> = nodes.map(|address| IpNet::from(*address)).collect();
        let hosts = if facts.has_every_node && !nodes.is_empty() {
            within(&nodes, vocabulary)
        } else if facts.unknown_addresses == UnknownAddresses::InNoBlock {
            in_no_block(facts, vocabulary)
        } else {
            within(&everywhere(facts), vocabulary)
        };
        Self { pods, hosts }
    }

    /// The faces of a pod of which no address is known.
    pub(super) fn of_pod(&self, pod: &Pod) -> &[Face] {
        if pod.place.host_network {
            &self.hosts
        } else {
            &self.pods
        }
    }
}

fn within(networks: &[IpNet], vocabulary: &mut Vocabulary) -> Vec<Face> {
    let Vocabulary { atoms, blocks, .. } = vocabulary;
    let families = Family::BOTH.into_iter();
    let faces =
        families.filter_map(|family| Some((family, atoms.within(networks, family, blocks)?)));
    faces.collect()
}

fn in_no_block(facts: &Facts, vocabulary: &mut Vocabulary) -> Vec<Face> {
    let Vocabulary { atoms, blocks, .. } = vocabulary;
    let unknown = families(facts).map(|family| (family, atoms.in_no_block(family, blocks)));
    unknown.collect()
}

/// All addresses of each family that is in use.
fn everywhere(facts: &Facts) -> Vec<IpNet> {
    families(facts).map(Family::network).collect()
}

fn families(facts: &Facts) -> impl Iterator<Item = Family> {
    let families = Family::BOTH.into_iter();
    families.filter(|family| *family == Family::V4 || facts.has_ipv6)
}
