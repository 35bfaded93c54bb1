//! Why a connection is allowed or denied: which rules said so, on each side.

use cofferdam_model::flow::Protocol;
use cofferdam_objects::policy::Direction;

use super::{Connectivity, Endpoint};
use crate::classes::{Class, ClassKind};
use crate::policy::{Action, PolicyId, Rank, Source, Stage};
use crate::ports::PortSet;
pub use crate::rows::Matches;
use crate::rows::order::{Said, decide};
use crate::rows::{Compiled, CompiledRule, arriving};
use crate::sets::index;
use crate::verdict::{Allowed, Verdict};

/// Why a connection is allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What both sides come to.
    pub verdict: Verdict,
    /// What holds whatever policies say, such as that a pod reaches itself.
    pub exemption: Option<Exemption>,
    /// What the policies of the source say.
    pub egress: Side,
    /// What the policies of the destination say.
    pub ingress: Side,
}

/// Why policies are not asked, on one side or on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exemption {
    /// A pod always reaches itself.
    Itself,
    /// The source is the node on which the destination runs.
    FromOwnNode,
    /// The destination is the node on which the source runs.
    ToOwnNode,
    /// One is a node, and it is not known whether it is that on which the other runs.
    MaybeOwnNode,
    /// The addresses of the two are of different families.
    NoCommonFamily,
}

/// What the policies of one side say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What they come to.
    pub verdict: Verdict,
    /// Policies of namespaces that isolate the pod in this direction, so that what no rule allows is denied.
    pub isolated_by: Vec<Cited>,
    /// Rules that match the other end and the port, in the order in which they are asked; those that come after one
    /// that decided are left out.
    pub matched: Vec<CitedRule>,
    /// Rules that match the other end, but other ports.
    pub other_ports: Vec<CitedRule>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cited {
    /// What names it.
    pub policy: PolicyId,
    /// The object.
    pub source: Source,
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CitedRule {
    /// The policy.
    pub of: Cited,
    /// Its path, such as `spec.ingress[0]`.
    pub path: String,
    /// When it is asked.
    pub stage: Stage,
    /// What becomes of what it matches.
    pub action: Action,
    /// The ports that it matches on this destination.
    pub ports: PortSet,
    /// How sure it is that it matches the other end.
    pub matches: Matches,
}

impl Connectivity {
    /// Why one may or may not reach another on a port.
    ///
    /// Where the two have addresses of both families, the family over which most is allowed is told.
    pub fn explain(&self, from: Endpoint, to: Endpoint, on: (Protocol, u16)) -> Explanation {
        let mut best: Option<Explanation> = None;
        for source in self.classes_of(from) {
            for target in self.classes_of(to) {
                if self.family_of(source) == self.family_of(target) {
                    let one = self.explain_over((from, source), (to, target), on);
                    if best.as_ref().is_none_or(|best| one.verdict < best.verdict) {
                        best = Some(one);
                    }
                }
            }
        }
        best.unwrap_or_else(|| Explanation {
            verdict: Verdict::Denied,
            exemption: Some(Exemption::NoCommonFamily),
            egress: Side::open(),
            ingress: Side::open(),
        })
    }

    fn explain_over(
        &self,
        (from, source): (Endpoint, u32),
        (to, target): (Endpoint, u32),
        on: (Protocol, u16),
    ) -> Explanation {
        let exempt = self.own_node(from, to);
        let egress = self.side(Direction::Egress, (source, target), on);
        let ingress = self.side(Direction::Ingress, (target, source), on);
        let verdict = self.allowed(from, to).at(on.0, on.1);
        let exemption = if from == to && !self.is_several(from) {
            Some(Exemption::Itself)
        } else if exempt.known.egress {
            Some(Exemption::ToOwnNode)
        } else if exempt.known.ingress || exempt.known.namespaced_ingress {
            Some(Exemption::FromOwnNode)
        } else {
            let known = self.allowed_as_known(from, to).at(on.0, on.1);
            (known != verdict).then_some(Exemption::MaybeOwnNode)
        };
        Explanation {
            verdict,
            exemption,
            egress,
            ingress,
        }
    }

    /// What the policies of a class say to a peer.
    fn side(&self, direction: Direction, ends: (u32, u32), on: (Protocol, u16)) -> Side {
        let (class, peer) = ends;
        let mut side = Side::open();
        let (mut asked_for, mut other_ports) = (Vec::new(), Vec::new());
        let target = match direction {
            Direction::Ingress => class,
            Direction::Egress => peer,
        };
        let mut said = Vec::new();
        for (id, policy) in self.governing(class, direction) {
            let Some(cited) = self.cited(policy) else {
                continue;
            };
            if policy.stage == Stage::Namespaced {
                side.isolated_by.push(cited.clone());
            }
            let rules = policy.rules(direction).unwrap_or_default();
            for (number, rule) in rules.iter().enumerate() {
                let Some(matches) = rule.matches(peer) else {
                    continue;
                };
                let ports = self.ports_of(rule, target);
                let rule = CitedRule {
                    of: cited.clone(),
                    path: format!("spec.{}[{number}]", direction.field()),
                    stage: policy.stage,
                    action: rule.action,
                    ports: ports.clone(),
                    matches,
                };
                said.push(Said {
                    policy: id,
                    stage: policy.stage,
                    action: rule.action,
                    ports: ports.clone(),
                    matches,
                });
                let of_port = if ports.contains(on.0, on.1) {
                    &mut asked_for
                } else {
                    &mut other_ports
                };
                of_port.push(rule);
            }
        }
        let isolated = !side.isolated_by.is_empty();
        side.verdict = decide(&said, isolated, &Allowed::certainly(PortSet::all())).at(on.0, on.1);
        side.matched = until_decided(asked_for, isolated);
        side.other_ports = in_order(other_ports);
        side
    }

    fn governing(
        &self,
        class: u32,
        direction: Direction,
    ) -> impl Iterator<Item = (u32, &Compiled)> {
        let is_pod = matches!(
            self.classes.get(class),
            Some(Class {
                kind: ClassKind::Pods { .. },
                ..
            })
        );
        let policies = (0_u32..).zip(&self.policies);
        policies.filter(move |(_, policy)| {
            is_pod && policy.subject.contains(class) && policy.rules(direction).is_some()
        })
    }

    /// What becomes of an answer of policies where the protocol may never arrive.
    pub(super) fn as_it_arrives(&self, said: Verdict, on: (Protocol, u16)) -> Verdict {
        said.max(arriving(self.dialect).at(on.0, on.1))
    }

    /// The ports of a rule on a destination.
    pub(super) fn ports_of(&self, rule: &CompiledRule, target: u32) -> PortSet {
        let list = self.classes.get(target).map_or(0, |class| class.ports);
        rule.ports_on(self.classes.ports(list), self.dialect)
    }

    fn cited(&self, policy: &Compiled) -> Option<Cited> {
        let policy = self.facts().policies.get(index(policy.place))?;
        Some(Cited {
            policy: policy.id.clone(),
            source: policy.source,
        })
    }
}

/// Rules in the order in which they are asked.
fn in_order(mut rules: Vec<CitedRule>) -> Vec<CitedRule> {
    rules.sort_by_key(|rule| rule.stage);
    rules
}

/// The same without those that come after one that decided.
fn until_decided(rules: Vec<CitedRule>, is_isolated: bool) -> Vec<CitedRule> {
    let (mut admin, mut namespaced, mut baseline) = (Vec::new(), Vec::new(), Vec::new());
    for rule in in_order(rules) {
        match rule.stage {
            Stage::Admin(rank) => admin.push((rank, rule)),
            Stage::Namespaced => namespaced.push(rule),
            Stage::Baseline(rank) => baseline.push((rank, rule)),
        }
    }
    let mut asked = first_of(admin);
    let decides = |rule: &CitedRule| rule.matches == Matches::Surely && rule.action != Action::Pass;
    if asked.iter().any(|rule| rule.action == Action::Pass) || !asked.iter().any(decides) {
        asked.extend(if is_isolated {
            namespaced
        } else {
            first_of(baseline)
        });
    }
    asked
}

/// What decides of the rules of one stage, in their order: of each policy its first one, and of each generation of the
/// API the policies that come first.
fn first_of(rules: Vec<(Rank, CitedRule)>) -> Vec<CitedRule> {
    let mut first: Vec<(Rank, CitedRule)> = Vec::new();
    for (rank, rule) in rules {
        let mut sure = first
            .iter()
            .filter(|(_, one)| one.matches == Matches::Surely);
        let comes_later = sure.any(|(before, other)| {
            before.api == rank.api && before.priority < rank.priority || other.of == rule.of
        });
        if !comes_later {
            first.push((rank, rule));
        }
    }
    first.into_iter().map(|(_, rule)| rule).collect()
}

impl Side {
    /// Without policies.
    fn open() -> Self {
        Self {
            verdict: Verdict::Allowed,
            isolated_by: Vec::new(),
            matched: Vec::new(),
            other_ports: Vec::new(),
        }
    }
}
