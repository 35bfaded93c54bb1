//! Guarantees: proved of what is in force in a cluster, or refuted by a witness.
//!
//! What is proved holds of every pod that is there and of every pod that could be made in the namespaces that are.

mod chains;
mod sides;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::dialect::Dialect;
use cofferdam_model::flow::{End, PortNumber, Ports};
use cofferdam_model::guarantee::{Claim, Guarantee, Hops};
use cofferdam_model::labels::Selector;
use cofferdam_model::names::{GuaranteeName, NamespaceName, ZoneName};
use ipnet::IpNet;

use crate::connectivity::Endpoint;
use crate::facts::Facts;
use crate::future::{Future, TooMany};
use crate::ports::PortSet;
use crate::prove::{Chain, Side, Step, gap, way};
use crate::solver::{self, Solver};
use chains::{Chains, Claimed, Found};
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
    pub from: Stop,
    /// Who accepts it.
    pub to: Stop,
    /// On which ports.
    pub ports: String,
}

/// An end of a connection of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Its cluster, where that is another than the one of which something is proved.
    pub cluster: Option<String>,
    /// `namespace/workload`, or an address.
    pub name: String,
}

/// `namespace/workload`, and `cluster:namespace/workload` elsewhere.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(cluster) => write!(f, "{cluster}:{}", self.name),
            None => f.write_str(&self.name),
        }
    }
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
    /// Its document.
    pub cluster: &'a Cluster,
    /// Which namespaces are in which zones.
    pub zones: BTreeMap<NamespaceName, ZoneName>,
    /// What is in force: of a live cluster what was observed, of the model what the bundle promises.
    pub facts: Facts,
    /// Whether the facts tell which pods are exposed: those of a live cluster do.
    pub tells_exposed: bool,
    /// The dialects of which each may be in force.
    pub dialects: Vec<Dialect>,
    /// The networks of pods; empty where they are not known.
    pub pod_networks: Vec<IpNet>,
}

/// Every guarantee of each cluster, in the order of names: of ways that begin there, and of those into the other
/// clusters that are looked at.
pub fn prove(model: &Model, grounds: Vec<Ground<'_>>) -> Vec<Vec<Proof>> {
    let mut shared = Solver::default();
    let grounds = grounds.into_iter();
    let solved = grounds.map(|one| Solved::new(model, one, &mut shared));
    let solved: Vec<Solved<'_>> = solved.collect();
    let chains = Chains::new(model, &solved);
    let numbered = solved.iter().enumerate();
    let proofs = numbered.map(|(number, one)| {
        let guarantees = model.guarantees.values();
        let proofs = guarantees.map(|guarantee| Proof {
            guarantee: guarantee.name.clone(),
            outcome: outcome(guarantee, (number, one), &chains),
        });
        proofs.collect()
    });
    proofs.collect()
}

/// A cluster that is solved under each dialect.
struct Solved<'a> {
    model: &'a Model,
    ground: Ground<'a>,
    solution: solver::Solved,
    /// Why nothing is certain of it, one line each.
    gaps: Vec<String>,
}

impl<'a> Solved<'a> {
    fn new(model: &'a Model, mut ground: Ground<'a>, solver: &mut Solver) -> Self {
        let mut facts = std::mem::take(&mut ground.facts);
        let mut gaps: Vec<String> = facts.gaps.iter().map(ToString::to_string).collect();
        let missing = add_future_pods(model, &mut facts, &ground.pod_networks);
        gaps.extend(missing.iter().map(ToString::to_string));
        Self {
            model,
            solution: solver.solve(&Arc::new(facts), &ground.dialects),
            ground,
            gaps,
        }
    }

    fn facts(&self) -> &Facts {
        self.solution.classes.facts()
    }

    fn side(&self, end: &End) -> Result<Side, String> {
        let place = Place {
            model: self.model,
            zones: &self.ground.zones,
            facts: self.facts(),
        };
        side(end, &place)
    }

    /// The only dialect, or that it holds under any of them.
    fn dialect(&self) -> &'static str {
        match self.ground.dialects.as_slice() {
            [one] => one.name,
            _ => "any",
        }
    }
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
    (number, solved): (usize, &Solved<'_>),
    chains: &Chains<'_>,
) -> Outcome {
    let (Claim::Never { from, to, ports } | Claim::Always { from, to, ports }) = &guarantee.claim;
    let sides = || Ok((solved.side(from)?, solved.side(to)?, port_set(ports)?));
    let (from, to, ports) = match sides() {
        Ok(claimed) => claimed,
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
    for (connectivity, blocks) in &*solved.solution.under {
        let steps = match &guarantee.claim {
            Claim::Never { .. } => {
                way(connectivity, blocks, (&from, &to), &ports, chain).map(|one| one.steps)
            }
            Claim::Always { .. } => gap(connectivity, (&from, &to), &ports).map(|one| vec![one]),
        };
        if let Some(steps) = steps {
            let witness = steps.iter().map(|step| hop(step, solved.facts()));
            return Outcome::Broken {
                dialect: connectivity.dialect().name,
                witness: witness.collect(),
            };
        }
    }
    let mut because = solved.gaps.clone();
    if let Claim::Never {
        from: source, to, ..
    } = &guarantee.claim
    {
        let claim = Claimed {
            from: source,
            to,
            ports: &ports,
            chain,
        };
        match chains.follow(number, &from, &claim) {
            Found::Way(witness) => {
                return Outcome::Broken {
                    dialect: solved.dialect(),
                    witness,
                };
            }
            Found::Nothing { unless } => because.extend(unless),
        }
    }
    if because.is_empty() {
        Outcome::Proved
    } else {
        Outcome::Unknown { because }
    }
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
    let here = |end| Stop {
        cluster: None,
        name: told(end),
    };
    Hop {
        from: here(step.from),
        to: here(step.to),
        ports: step.ports.to_string(),
    }
}
