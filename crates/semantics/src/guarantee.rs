//! Guarantees: proved of what is in force in a cluster, or refuted by a witness.
//!
//! What is proved holds of every pod that is there and of every pod that could be made in the namespaces that are.

mod chains;
mod doubts;
mod elsewhere;
mod fences;
mod services;
mod sides;
mod targets;
mod translated;
mod unaddressed;
mod witness;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::dialect::Dialect;
use cofferdam_model::flow::{End, Ports};
use cofferdam_model::guarantee::{Claim, Guarantee, Hops};
use cofferdam_model::labels::Selector;
use cofferdam_model::names::{GuaranteeName, NamespaceName, ZoneName};
use ipnet::IpNet;

use crate::connectivity::{Block, Connectivity};
use crate::facts::{Facts, Pod};
use crate::future::{Future, TooMany};
use crate::ports::PortSet;
use crate::prove::{Chain, Side, Step, gap, way};
use crate::solver::{self, Solver};
use chains::{Chains, Claimed, Found};
use doubts::Never;
use sides::{Place, side, source};
use targets::{Targets, targets};
use unaddressed::{Unaddressed, as_today};
use witness::hop;
pub use witness::{Hop, Reason, Stop, told, told_reasons};

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
        /// Why.
        because: Vec<Reason>,
        /// What would settle it, where something is known that would.
        hint: Option<String>,
    },
}

/// A cluster of which guarantees are to be proved.
#[derive(Debug, Clone)]
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
    /// What is known of where its cluster services are.
    pub capabilities: Option<&'a Capabilities>,
    /// Namespaces in which nobody can make a pod: only those that hold some already count.
    pub closed: BTreeSet<&'a str>,
}

impl Ground<'_> {
    /// Whether a pod could be made in a namespace.
    fn is_open(&self, namespace: &str) -> bool {
        let mut pods = self.facts.pods.iter();
        !self.closed.contains(namespace) || pods.any(|pod| *pod.namespace == *namespace)
    }

    /// The pods that could be made, and the namespaces of which not all could be told.
    fn future_pods(&self, model: &Model) -> (Vec<Pod>, Vec<TooMany>) {
        let also: BTreeSet<Selector> = model.guarantees.values().flat_map(workloads).collect();
        let also: Vec<&Selector> = also.iter().collect();
        let future = Future::of(&self.facts, &also);
        let (mut pods, mut missing) = future.everywhere();
        let names = self.closed.iter().copied();
        let closed: BTreeSet<&str> = names.filter(|name| !self.is_open(name)).collect();
        pods.retain(|pod| !closed.contains(&*pod.namespace));
        missing.retain(|one| !closed.contains(&*one.namespace));
        (pods, missing)
    }
}

/// Every guarantee of each cluster, in the order of names: of ways that begin there, and of those into the other
/// clusters that are looked at.
pub fn prove(model: &Model, mut grounds: Vec<Ground<'_>>) -> Vec<Vec<Proof>> {
    for ground in &mut grounds {
        // Those that nodes tell are all that there are only until the next node comes.
        if !ground.cluster.network.pod_cidrs.is_empty() {
            ground.facts.settle_pod_networks(&ground.pod_networks);
        }
    }
    let Some(unaddressed) = Unaddressed::among(&grounds) else {
        return proofs(model, grounds);
    };
    let supposed = proofs(model, as_today(&grounds));
    unaddressed.confirm(supposed, proofs(model, grounds))
}

fn proofs(model: &Model, grounds: Vec<Ground<'_>>) -> Vec<Vec<Proof>> {
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

/// The namespaces of a cluster in which not every pod that could be made is looked at for guarantees.
pub fn too_many(model: &Model, ground: &Ground<'_>) -> Vec<TooMany> {
    ground.future_pods(model).1
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
        let (pods, missing) = ground.future_pods(model);
        let mut facts = std::mem::take(&mut ground.facts);
        facts.pods.extend(pods);
        let mut gaps: Vec<String> = facts.gaps.iter().map(ToString::to_string).collect();
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

    fn place(&self) -> Place<'_> {
        Place {
            model: self.model,
            cluster: self.ground.cluster,
            capabilities: self.ground.capabilities,
            zones: &self.ground.zones,
            facts: self.facts(),
        }
    }

    fn side(&self, end: &End) -> Result<Side, String> {
        side(end, &self.place())
    }

    fn source(&self, end: &End) -> Result<Side, String> {
        source(end, &self.place())
    }

    fn targets(&self, to: &End, ports: &Ports) -> Result<Targets, String> {
        targets(to, ports, &self.place())
    }

    /// The shortest way within the cluster to the first of some ends on their ports, with the dialect under which it is
    /// one.
    fn way(
        &self,
        from: &Side,
        targets: &[(&PortSet, &Side)],
        chain: Chain,
    ) -> Option<(&'static str, Vec<Hop>)> {
        self.first(targets, |(connectivity, blocks), to, ports| {
            let way = way(connectivity, blocks, (from, to), ports, chain);
            way.map(|way| way.steps)
        })
    }

    /// The first witness that there is about some ends on their ports, with the dialect under which it is one.
    fn first(
        &self,
        targets: &[(&PortSet, &Side)],
        witness: impl Fn((&Connectivity, &[Block]), &Side, &PortSet) -> Option<Vec<Step>>,
    ) -> Option<(&'static str, Vec<Hop>)> {
        let mut under = self.solution.under.iter();
        under.find_map(|(connectivity, blocks)| {
            let under = (connectivity, blocks.as_slice());
            let mut targets = targets.iter();
            let steps = targets.find_map(|(ports, to)| witness(under, to, ports))?;
            let witness = steps.iter().map(|step| hop(step, self.facts()));
            Some((connectivity.dialect().name, witness.collect()))
        })
    }

    /// The only dialect, or that it holds under any of them.
    fn dialect(&self) -> &'static str {
        match self.ground.dialects.as_slice() {
            [one] => one.name,
            _ => "any",
        }
    }
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
    let sides = || -> Result<(Side, Targets), String> {
        Ok((solved.source(from)?, solved.targets(to, ports)?))
    };
    let (side, targets) = match sides() {
        Ok(claimed) => claimed,
        Err(reason) => {
            return Outcome::Unknown {
                because: vec![reason.into()],
                hint: None,
            };
        }
    };
    let Claim::Never { .. } = &guarantee.claim else {
        return always((&side, &targets), solved);
    };
    let chain = match guarantee.hops {
        Hops::Direct => Chain::Direct,
        Hops::Any => Chain::Any,
    };
    if let Some((dialect, witness)) = solved.way(&side, &targets.ends(), chain) {
        return Outcome::Broken { dialect, witness };
    }
    let claim = Claimed {
        from,
        to,
        ports,
        chain,
    };
    let (unless, hint) = match chains.follow(number, &side, &claim) {
        Found::Way(witness) => {
            return Outcome::Broken {
                dialect: solved.dialect(),
                witness,
            };
        }
        Found::Nothing { unless, fences } => (unless, fences),
    };
    let never = Never {
        ends: (from, to),
        from: &side,
        targets: &targets,
        chain,
    };
    let because = solved.gaps.iter().cloned().map(Reason::from);
    let doubts = never.doubts(solved);
    Outcome::unless(because.chain(doubts).chain(unless), hint)
}

/// What becomes of a claim that connections are always possible.
fn always((from, targets): (&Side, &Targets), solved: &Solved<'_>) -> Outcome {
    let missing = solved.first(&targets.ends(), |(connectivity, _), to, ports| {
        let gap = gap(connectivity, (from, to), ports);
        gap.map(|step| vec![step])
    });
    if let Some((dialect, witness)) = missing {
        return Outcome::Broken { dialect, witness };
    }
    let elsewhere = (!from.is_empty() && targets.is_empty())
        .then(|| "its destination is not in this cluster, and what is always possible is proved within a cluster only".to_owned());
    let unnamed = targets.unnamed.iter().cloned();
    let because = solved.gaps.iter().cloned().chain(unnamed).chain(elsewhere);
    Outcome::unless(because.map(Reason::from), None)
}

impl Outcome {
    /// Proved, unless there is anything that is not known.
    fn unless(because: impl Iterator<Item = Reason>, hint: Option<String>) -> Self {
        let because: Vec<Reason> = because.collect();
        if because.is_empty() {
            Self::Proved
        } else {
            Self::Unknown { because, hint }
        }
    }
}
