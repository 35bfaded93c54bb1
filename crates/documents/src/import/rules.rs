//! What the policies of the drafted namespaces allow, rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::Selector;
use cofferdam_objects::policy::{Direction, isolates};
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use serde::Deserialize as _;

use super::notes::Notes;
use super::ports::{self, Ports};
use super::zones::Zones;
use super::{Scene, selectors};

/// One rule of a policy.
#[derive(Debug, Clone)]
pub(super) struct Allow {
    /// The policy, as `NetworkPolicy/namespace/name`.
    pub(super) policy: String,
    /// The place in it, such as `spec.ingress[0]`.
    pub(super) place: String,
    /// The pods that the policy selects.
    pub(super) pods: Selector,
    /// Whether the other end may be anything.
    pub(super) anything: bool,
    /// Other ends: pods with these labels, in these live namespaces.
    pub(super) peers: Vec<(BTreeSet<String>, Selector)>,
    /// Other ends: addresses.
    pub(super) blocks: Vec<Block>,
    /// The ports.
    pub(super) ports: Ports,
}

/// Addresses, less some of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) cidr: IpNet,
    pub(super) except: BTreeSet<IpNet>,
}

/// One direction of a namespace.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Whether nothing denies anything to any of its pods.
    pub(super) open: bool,
    /// The pods that are isolated, by policy.
    pub(super) isolated: Vec<Selector>,
    /// What these are allowed.
    pub(super) allows: Vec<Allow>,
}

/// Both directions of the drafted namespaces.
pub(super) type Sides = BTreeMap<(String, Direction), Side>;

impl Side {
    /// Whether every pod of it is isolated.
    pub(super) fn isolates_all(&self) -> bool {
        self.isolated.iter().any(Selector::is_empty)
    }

    /// Whether it isolates none of these pods.
    pub(super) fn leaves_open(&self, pods: &Selector) -> bool {
        self.open
            || self
                .isolated
                .iter()
                .all(|one| selectors::disjoint(one, pods))
    }

    /// Whether every pod may connect with every pod of a namespace, on every port.
    pub(super) fn opens_to(&self, namespace: &str) -> bool {
        self.open
            || self.allows.iter().any(|allow| {
                let mut peers = allow.peers.iter();
                let covered =
                    peers.any(|(names, pods)| pods.is_empty() && names.contains(namespace));
                allow.pods.is_empty() && allow.ports == Ports::All && (allow.anything || covered)
            })
    }
}

/// Reads every policy; tells those that are in no drafted namespace, and what cannot be read.
pub(super) fn sides(scene: &Scene<'_>, zones: &Zones, notes: &mut Notes) -> Sides {
    let places = zones.of.keys().flat_map(|name| {
        let of = |direction| ((name.clone(), direction), Side::default());
        Direction::BOTH.map(of)
    });
    let mut sides: Sides = places.collect();
    for ((namespace, name), policy) in scene.live.policies.iter().flatten() {
        if policy.ours {
            continue;
        }
        let object = format!("NetworkPolicy/{namespace}/{name}");
        if !zones.of.contains_key(namespace) {
            let reason = zones.left_out.get(namespace);
            let reason = reason.map_or("it was not listed", String::as_str);
            notes.unmapped(
                object,
                format!("namespace `{namespace}` is not drafted: {reason}"),
            );
            continue;
        }
        let read = NetworkPolicySpec::deserialize(&*policy.spec).ok();
        let spec = read.as_ref();
        let pods = spec.map(|spec| spec.pod_selector.clone().unwrap_or_default());
        let pods = pods.and_then(|pods| selectors::read(&pods));
        if pods.is_none() {
            notes.unmapped(
                object.clone(),
                "its spec or `podSelector` cannot be read: taken to isolate every pod",
            );
        }
        for direction in Direction::BOTH {
            let Some(side) = sides.get_mut(&(namespace.clone(), direction)) else {
                continue;
            };
            if pods.is_some() && !isolates(&policy.spec, direction) {
                continue;
            }
            side.isolated.push(pods.clone().unwrap_or_default());
            let (Some(spec), Some(pods)) = (spec, &pods) else {
                continue;
            };
            let from = (object.as_str(), namespace.as_str(), pods);
            let rules = rules_of(spec, direction).into_iter().enumerate();
            let rules =
                rules.map(|(number, rule)| allow(scene, from, (direction, number), rule, notes));
            side.allows.extend(rules);
        }
    }
    for side in sides.values_mut() {
        let everything =
            |allow: &Allow| allow.anything && allow.pods.is_empty() && allow.ports == Ports::All;
        side.open = side.isolated.is_empty() || side.allows.iter().any(everything);
    }
    sides
}

type RawRule<'a> = (
    Option<&'a Vec<NetworkPolicyPeer>>,
    Option<&'a Vec<NetworkPolicyPort>>,
);

fn rules_of(spec: &NetworkPolicySpec, direction: Direction) -> Vec<RawRule<'_>> {
    match direction {
        Direction::Ingress => {
            let rules = spec.ingress.iter().flatten();
            rules
                .map(|rule| (rule.from.as_ref(), rule.ports.as_ref()))
                .collect()
        }
        Direction::Egress => {
            let rules = spec.egress.iter().flatten();
            rules
                .map(|rule| (rule.to.as_ref(), rule.ports.as_ref()))
                .collect()
        }
    }
}

fn allow(
    scene: &Scene<'_>,
    (object, namespace, pods): (&str, &str, &Selector),
    (direction, number): (Direction, usize),
    (peers, raw_ports): RawRule<'_>,
    notes: &mut Notes,
) -> Allow {
    let place = format!("spec.{}[{number}]", direction.field());
    let (ports, faults) = ports::read(raw_ports);
    for fault in faults {
        notes.unmapped(object, format!("{place}: port {fault} cannot be read"));
    }
    let mut allow = Allow {
        policy: object.to_owned(),
        place,
        pods: pods.clone(),
        anything: peers.is_none_or(Vec::is_empty),
        peers: Vec::new(),
        blocks: Vec::new(),
        ports,
    };
    for raw in peers.into_iter().flatten() {
        if let Err(reason) = add_peer(scene, namespace, raw, &mut allow) {
            notes.unmapped(object, format!("{}: a peer {reason}", allow.place));
        }
    }
    allow
}

fn add_peer(
    scene: &Scene<'_>,
    namespace: &str,
    raw: &NetworkPolicyPeer,
    allow: &mut Allow,
) -> Result<(), String> {
    let NetworkPolicyPeer {
        ip_block,
        namespace_selector,
        pod_selector,
    } = raw;
    if let Some(raw) = ip_block {
        allow.blocks.push(block(raw)?);
        return Ok(());
    }
    let unread = || "has a selector that cannot be read".to_owned();
    let pods = pod_selector.clone().unwrap_or_default();
    let pods = selectors::read(&pods).ok_or_else(unread)?;
    let namespaces = match namespace_selector {
        Some(raw) => {
            let selector = selectors::read(raw).ok_or_else(unread)?;
            let live = scene.live.namespaces.iter();
            let selected = live.filter(|(_, seen)| selector.matches(&seen.labels));
            selected.map(|(name, _)| name.clone()).collect()
        }
        None if pod_selector.is_some() => [namespace.to_owned()].into(),
        None => return Err("selects nothing that we know of".to_owned()),
    };
    if BTreeSet::is_empty(&namespaces) {
        return Err("selects no namespace that is there".to_owned());
    }
    allow.peers.push((namespaces, pods));
    Ok(())
}

fn block(raw: &IPBlock) -> Result<Block, String> {
    let parse = |text: &String| {
        let parsed = text.parse::<IpNet>().map(|net| net.trunc());
        parsed.map_err(|_| format!("has `{text}`, which is no network"))
    };
    let except = raw.except.iter().flatten().map(parse);
    Ok(Block {
        cidr: parse(&raw.cidr)?,
        except: except.collect::<Result<_, _>>()?,
    })
}
