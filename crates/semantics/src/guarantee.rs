//! Guarantees: proved of what is in force in a cluster, or refuted by a witness.
//!
//! What is proved holds of every pod that is there and of every pod that could be made in the namespaces that are.

mod sides;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::dialect::Dialect;
use cofferdam_model::flow::{End, PortNumber, Ports};
use cofferdam_model::guarantee::{Claim, Guarantee, Hops};
use cofferdam_model::labels::Selector;
use cofferdam_model::names::{GuaranteeName, NamespaceName, ZoneName};
use ipnet::IpNet;

use crate::classes::Classes;
use crate::connectivity::{Block, Connectivity, Endpoint};
use crate::facts::{Facts, Pod};
use crate::future::{Future, TooMany};
use crate::ports::PortSet;
use crate::prove::{Chain, Step, gap, way};
use sides::{Place, side};

/// What became of a guarantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The guarantee.
    pub guarantee: GuaranteeName,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a guarantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds, of all pods that are and could be, as every dialect reads the policies.
    Proved,
    /// It does not.
    Broken {
        /// The dialect under which it does not.
        dialect: &'static str,
        /// Of a claim that something is never possible, the shortest way; else the connection that is missing.
        witness: Vec<Hop>,
    },
    /// That cannot be told.
    Unknown {
        /// Why, one line each.
        because: Vec<String>,
    },
}

/// A connection of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Who opens it.
    pub from: String,
    /// Who accepts it.
    pub to: String,
    /// On which ports.
    pub ports: String,
}

/// A way in words.
pub fn told(witness: &[Hop]) -> String {
    let hops = witness
        .iter()
        .map(|Hop { from, to, ports }| format!("{from} -> {to} on {ports}"));
    hops.collect::<Vec<_>>().join(", then ")
}

/// A cluster of which guarantees are to be proved.
#[derive(Debug)]
pub struct Ground<'a> {
    /// The model.
    pub model: &'a Model,
    /// Which namespaces are in which zones.
    pub zones: &'a BTreeMap<NamespaceName, ZoneName>,
    /// What is in force: of a live cluster what was observed, of the model what the bundle promises.
    pub facts: Facts,
    /// The dialects of which each may be in force.
    pub dialects: &'a [Dialect],
    /// The networks of pods; empty where they are not known.
    pub pod_networks: Vec<IpNet>,
}

/// Every guarantee, in the order of names.
pub fn prove(ground: Ground<'_>) -> Vec<Proof> {
    let Ground {
        model,
        zones,
        mut facts,
        dialects,
        pod_networks,
    } = ground;
    let gaps: Vec<String> = facts.gaps.iter().map(ToString::to_string).collect();
    let missing = add_future_pods(model, &mut facts, &pod_networks);
    let classes = Arc::new(Classes::of(&Arc::new(facts)));
    let under = dialects.iter().map(|dialect| {
        let mut connectivity = Connectivity::solve(Arc::clone(&classes), *dialect);
        let blocks = connectivity.blocks();
        (connectivity, blocks)
    });
    let under: Vec<(Connectivity, Vec<Block>)> = under.collect();
    let place = Place {
        model,
        zones,
        facts: classes.facts(),
    };
    let proofs = model.guarantees.values().map(|guarantee| {
        let mut outcome = outcome(guarantee, &place, &under);
        if outcome == Outcome::Proved {
            let mut because = gaps.clone();
            because.extend(missing.iter().map(ToString::to_string));
            because.extend(unfollowed(guarantee, model));
            because.extend(through_nodes(guarantee, classes.facts()));
            if !because.is_empty() {
                outcome = Outcome::Unknown { because };
            }
        }
        Proof {
            guarantee: guarantee.name.clone(),
            outcome,
        }
    });
    proofs.collect()
}

/// Adds the pods that could be made in every namespace; the namespaces of which not all could be told.
fn add_future_pods(model: &Model, facts: &mut Facts, networks: &[IpNet]) -> Vec<TooMany> {
    let also: BTreeSet<Selector> = model.guarantees.values().flat_map(workloads).collect();
    let also: Vec<&Selector> = also.iter().collect();
    let (pods, missing) = Future::of(facts, networks, &also).everywhere();
    facts.pods.extend(pods);
    missing
}

/// The selectors of workloads that a guarantee names.
fn workloads(guarantee: &Guarantee) -> Vec<Selector> {
    let (Claim::Never { from, to, ports: _ } | Claim::Always { from, to, ports: _ }) =
        &guarantee.claim;
    let of = |end: &End| match end {
        End::Pods(pods) => pods.workload.clone(),
        End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => None,
    };
    [of(from), of(to)].into_iter().flatten().collect()
}

fn outcome(
    guarantee: &Guarantee,
    place: &Place<'_>,
    under: &[(Connectivity, Vec<Block>)],
) -> Outcome {
    let (Claim::Never { from, to, ports } | Claim::Always { from, to, ports }) = &guarantee.claim;
    let sides = side(from, place).and_then(|from| Ok((from, side(to, place)?)));
    let (from, to) = match sides {
        Ok(sides) => sides,
        Err(reason) => {
            return Outcome::Unknown {
                because: vec![reason],
            };
        }
    };
    let ports = match port_set(ports) {
        Ok(ports) => ports,
        Err(reason) => {
            return Outcome::Unknown {
                because: vec![reason],
            };
        }
    };
    let chain = match guarantee.hops {
        Hops::Direct => Chain::Direct,
        Hops::Any => Chain::Any,
    };
    for (connectivity, blocks) in under {
        let steps = match &guarantee.claim {
            Claim::Never { .. } => {
                way(connectivity, blocks, (&from, &to), &ports, chain).map(|one| one.steps)
            }
            Claim::Always { .. } => gap(connectivity, (&from, &to), &ports).map(|one| vec![one]),
        };
        if let Some(steps) = steps {
            let witness = steps.iter().map(|step| hop(step, place.facts));
            return Outcome::Broken {
                dialect: connectivity.dialect().name,
                witness: witness.collect(),
            };
        }
    }
    Outcome::Proved
}

fn port_set(ports: &Ports) -> Result<PortSet, String> {
    let Ports::Some(ports) = ports else {
        return Ok(PortSet::all());
    };
    let mut all = PortSet::none();
    for port in ports {
        all = all.or(&match &port.port {
            PortNumber::Number(number) => PortSet::one(port.protocol, *number),
            PortNumber::Range(first, last) => PortSet::range(port.protocol, *first..=*last),
            PortNumber::Name(name) => {
                return Err(format!(
                    "port `{name}` is named, and means another number on each pod"
                ));
            }
        });
    }
    Ok(all)
}

fn hop(step: &Step, facts: &Facts) -> Hop {
    let told = |end: Endpoint| match end {
        Endpoint::Address(address) => address.to_string(),
        Endpoint::Pod(pod) => facts.pods.get(pod).map_or_else(String::new, |pod| {
            format!("{}/{}", pod.namespace, pod.workload)
        }),
    };
    Hop {
        from: told(step.from),
        to: told(step.to),
        ports: step.ports.to_string(),
    }
}

/// That chains through nodes are not followed, where there is a pod in the network of its node beside others: it reaches
/// every pod there, whatever policies say.
fn through_nodes(guarantee: &Guarantee, facts: &Facts) -> Option<String> {
    let (hosts, others): (Vec<&Pod>, Vec<&Pod>) =
        (facts.pods.iter()).partition(|pod| pod.place.host_network);
    let nodes: BTreeSet<&Arc<str>> = hosts.iter().flat_map(|pod| &pod.place.node).collect();
    let mut others = others.iter().filter_map(|pod| pod.place.node.as_ref());
    let shared = others.any(|node| nodes.contains(node));
    (guarantee.hops == Hops::Any && shared).then(|| {
        "chains through pods in the network of a node to the other pods there are not followed"
            .to_owned()
    })
}

/// That chains are followed within a cluster only, where the model has flows that leave it.
fn unfollowed(guarantee: &Guarantee, model: &Model) -> Option<String> {
    use cofferdam_model::flow::Across;
    let crosses = model
        .flows
        .values()
        .any(|flow| flow.across != Across::SameCluster);
    (guarantee.hops == Hops::Any && crosses)
        .then(|| "chains through other clusters are not followed".to_owned())
}
