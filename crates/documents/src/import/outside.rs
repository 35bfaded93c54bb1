//! Connections with what is in no namespace: the internet, the API server, and other addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::cluster::IngressSource;
use cofferdam_model::flow::ClusterService;
use cofferdam_model::labels::Selector;
use cofferdam_model::networks::{cover, not_public, outermost};
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use super::Scene;
use super::edges::By;
use super::notes::Notes;
use super::ports::Ports;
use super::rules::{Allow, Block, Side};
use super::services::{self, Words};

/// The other end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// Every public address.
    Internet,
    /// What the cluster itself provides or needs.
    Service(ClusterService),
    /// These networks.
    Network {
        cidrs: BTreeSet<IpNet>,
        except: BTreeSet<IpNet>,
    },
}

/// Pods of some namespaces and what they are connected with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outside {
    pub(super) direction: Direction,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) pods: Selector,
    pub(super) target: Target,
    pub(super) ports: Ports,
}

/// Connections with the outside, each pair of ends once.
#[derive(Debug, Default)]
pub(super) struct Outsides(BTreeMap<(Direction, String, Selector, Target), (Ports, By)>);

impl Allow {
    /// Whether it names an address.
    pub(super) fn reaches_address(&self, address: IpAddr) -> bool {
        let covers = |block: &Block| {
            block.cidr.contains(&address) && !block.except.iter().any(|net| net.contains(&address))
        };
        self.anything || self.blocks.iter().any(covers)
    }
}

impl Outsides {
    pub(super) fn add(
        &mut self,
        key: (Direction, String, Selector, Target),
        ports: &Ports,
        by: By,
    ) {
        let (all, rules) = self
            .0
            .entry(key)
            .or_insert_with(|| (Ports::These(BTreeSet::new()), By::new()));
        all.add(ports);
        rules.extend(by);
    }

    /// Those of several namespaces that are otherwise the same are put together.
    pub(super) fn merged(self) -> BTreeMap<Outside, By> {
        let mut groups: BTreeMap<_, (BTreeSet<String>, By)> = BTreeMap::new();
        for ((direction, namespace, pods, target), (ports, by)) in self.0 {
            let entry = groups.entry((direction, pods, target, ports));
            let (names, rules) = entry.or_default();
            names.insert(namespace);
            rules.extend(by);
        }
        let merged = groups.into_iter();
        let merged = merged.map(|((direction, pods, target, ports), (namespaces, by))| {
            let one = Outside {
                direction,
                namespaces,
                pods,
                target,
                ports,
            };
            (one, by)
        });
        merged.collect()
    }
}

/// Adds what one direction of a namespace says about addresses; `skip` are rules that need no flow.
pub(super) fn add(
    scene: &Scene<'_>,
    (namespace, direction, side): (&str, Direction, &Side),
    skip: &BTreeSet<(String, String)>,
    outsides: &mut Outsides,
    notes: &mut Notes,
) {
    if side.open {
        return;
    }
    let served = match direction {
        Direction::Egress => services::add_api_server(scene, namespace, side, outsides),
        Direction::Ingress => BTreeSet::new(),
    };
    let own = Own::of(scene);
    let allows = side.allows.iter();
    for allow in allows.filter(|allow| allow.anything || !allow.blocks.is_empty()) {
        let by = (allow.policy.clone(), allow.place.clone());
        if skip.contains(&by) {
            continue;
        }
        let (ports, named) = match direction {
            Direction::Ingress => (allow.ports.clone(), false),
            Direction::Egress => allow.ports.numbered(),
        };
        if named {
            let reason = format!(
                "{}: named ports towards addresses, which have no containers",
                allow.place
            );
            notes.unmapped(&allow.policy, reason);
        }
        if ports.is_empty() {
            continue;
        }
        let key = |target| (direction, namespace.to_owned(), allow.pods.clone(), target);
        if own.internet(scene, direction, allow, notes) {
            outsides.add(key(Target::Internet), &ports, [by.clone()].into());
        }
        let is_served = served.contains(&allow.pods) || served.iter().any(Selector::is_empty);
        for target in own.networks((direction, allow, is_served), notes) {
            outsides.add(key(target), &ports, [by.clone()].into());
        }
    }
}

/// Addresses of the cluster itself.
struct Own {
    /// Pods and services, which `check` wants named by zones.
    inside: BTreeSet<IpNet>,
    /// Every address that is not of the internet, seen from a pod.
    not_internet: BTreeSet<IpNet>,
    four: bool,
    six: bool,
    api_server: BTreeSet<(IpAddr, u16)>,
    words: Words,
}

impl Own {
    fn of(scene: &Scene<'_>) -> Self {
        let live = &scene.live.capabilities;
        let stored = scene.model.capabilities.get(&scene.cluster.name);
        let known = || [live].into_iter().chain(stored);
        let network = &scene.cluster.network;
        let seen = known().flat_map(|one| one.pod_cidrs.iter().chain(&one.service_cidrs));
        let inside = outermost(seen.chain(&network.pod_cidrs).copied());
        let api_server = services::api_server_of(live);
        let nodes = live.node_addresses.iter().copied().map(IpNet::from);
        let excluded = not_public()
            .chain(inside.iter().copied())
            .chain(network.node_cidrs.iter().copied())
            .chain(nodes.clone())
            .chain(
                live.api_server
                    .endpoints
                    .iter()
                    .map(|(address, _)| IpNet::from(*address)),
            );
        let not_internet = outermost(excluded);
        let mut families = inside
            .iter()
            .copied()
            .chain(nodes)
            .chain(api_server.iter().map(|(address, _)| IpNet::from(*address)));
        let (mut four, mut six) = (false, false);
        for net in families.by_ref() {
            match net {
                IpNet::V4(_) => four = true,
                IpNet::V6(_) => six = true,
            }
        }
        let unknown = !four && !six;
        Self {
            inside,
            not_internet,
            four: four || unknown,
            six: six || unknown,
            api_server,
            words: Words::of(scene),
        }
    }

    /// Whether a rule surely allows every public address.
    fn internet(
        &self,
        scene: &Scene<'_>,
        direction: Direction,
        allow: &Allow,
        notes: &mut Notes,
    ) -> bool {
        let whole: Vec<&Block> = allow
            .blocks
            .iter()
            .filter(|one| one.cidr.prefix_len() == 0)
            .collect();
        if !allow.anything && whole.is_empty() {
            return false;
        }
        let has = |four: bool| {
            allow.anything
                || whole
                    .iter()
                    .any(|one| matches!(one.cidr, IpNet::V4(_)) == four)
        };
        let mut say =
            |what: &str| notes.unmapped(&allow.policy, format!("{}: {what}", allow.place));
        if (self.four && !has(true)) || (self.six && !has(false)) {
            say(
                "every address of one family only; `internet` means those of both, and would be wider",
            );
            return false;
        }
        if direction == Direction::Ingress
            && scene.cluster.network.ingress_source != IngressSource::Client
        {
            say(
                "from every address, and pods of this cluster see a node or load balancer instead of the client: write that flow by hand",
            );
            return false;
        }
        let public = outermost(not_public());
        let left = match direction {
            Direction::Ingress => &public,
            Direction::Egress => &self.not_internet,
        };
        let mut excepted = whole.iter().flat_map(|one| &one.except);
        if let Some(net) = excepted.find(|net| !cover(left, net)) {
            say(&format!(
                "every address but some public ones, such as {net}; `internet` would be wider"
            ));
            return false;
        }
        say(
            "of every address only the public ones are drafted: what it says of private ones and of nodes is not",
        );
        true
    }

    /// The networks of a rule that are outside of the cluster: those without exceptions together, the others
    /// one by one, since an exception holds for all networks of a document. Where a flow to the API server was
    /// drafted for its pods (`is_served`), its addresses need no other.
    fn networks(
        &self,
        (direction, allow, is_served): (Direction, &Allow, bool),
        notes: &mut Notes,
    ) -> Vec<Target> {
        let mut plain = BTreeSet::new();
        let mut targets = BTreeSet::new();
        for block in allow.blocks.iter().filter(|one| one.cidr.prefix_len() > 0) {
            if is_served && services::is_of(&self.api_server, block, allow, notes) {
                continue;
            }
            match self.outer(block) {
                Ok((except, left_out)) => {
                    if left_out {
                        let reason = format!(
                            "{}: {} holds addresses of the cluster's own pods or services, which are left out",
                            allow.place, block.cidr
                        );
                        notes.unmapped(&allow.policy, reason);
                    }
                    if except.is_empty() {
                        plain.insert(block.cidr);
                    } else {
                        targets.insert(Target::Network {
                            cidrs: [block.cidr].into(),
                            except,
                        });
                    }
                }
                Err(reason) => notes.unmapped(
                    &allow.policy,
                    format!("{}: {} {reason}", allow.place, block.cidr),
                ),
            }
        }
        targets.extend(self.words.take(direction, &mut plain));
        if !plain.is_empty() {
            targets.insert(Target::Network {
                cidrs: plain,
                except: BTreeSet::new(),
            });
        }
        targets.into_iter().collect()
    }

    /// What is to be excepted of a block, and whether more than the policy excepts.
    fn outer(&self, block: &Block) -> Result<(BTreeSet<IpNet>, bool), String> {
        let Block { cidr, except } = block;
        if cidr.prefix_len() <= 2 {
            return Err(
                "is a good part of the internet: `internet` or smaller networks say what is meant"
                    .to_owned(),
            );
        }
        if let IpNet::V6(net) = cidr
            && net.addr().to_ipv4_mapped().is_some()
        {
            return Err("is IPv4 written as IPv6".to_owned());
        }
        if except.contains(cidr) || except.iter().any(|net| net.contains(cidr)) {
            return Err("is excepted altogether".to_owned());
        }
        let alone = cidr.prefix_len() == cidr.max_prefix_len();
        if self.inside.iter().any(|own| own.contains(cidr)) {
            let mut known = self.api_server.iter();
            let server = alone && known.any(|(address, _)| *address == cidr.addr());
            return Err(if server {
                "is an address of the API server: only a rule with every address and port of it is a flow to `apiServer`".to_owned()
            } else {
                "is an address of the cluster's own pods or services, which flows name by their zones".to_owned()
            });
        }
        let own: BTreeSet<IpNet> = self
            .inside
            .iter()
            .copied()
            .filter(|own| cidr.contains(own))
            .collect();
        let given = except.iter().copied().filter(|net| cidr.contains(net));
        let given = outermost(given);
        let left_out = own.iter().any(|net| !cover(&given, net));
        let all = outermost(given.into_iter().chain(own));
        Ok((all, left_out))
    }
}
