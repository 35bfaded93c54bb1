//! What the policies of a class let through in one direction, to or from each other class.

pub(crate) mod order;
mod pieces;
mod store;

use std::sync::Arc;

use cofferdam_model::dialect::{Dialect, Sctp, SidecarPorts};
use cofferdam_model::flow::Protocol;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use crate::addresses::Family;
use crate::classes::{Classes, PortNames};
use crate::facts::ContainerPort;
use crate::policy::{Action, Peer, Peers, Policy, PortRule, Rule, Stage};
use crate::ports::PortSet;
use crate::sets::index;
use crate::verdict::Allowed;

pub(crate) use store::Rows;

/// What a class may exchange with each other class in one direction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The answer for every class that is in no cell.
    pub(crate) rest: u32,
    /// Classes with other answers; no class is in two cells.
    pub(crate) cells: Vec<(RoaringBitmap, u32)>,
}

impl Row {
    /// The answer for a class.
    pub(crate) fn at(&self, class: u32) -> u32 {
        let cell = self.cells.iter().find(|(set, _)| set.contains(class));
        cell.map_or(self.rest, |(_, answer)| *answer)
    }

    /// Gives a class another answer.
    fn put(&mut self, class: u32, answer: u32) {
        for (set, _) in &mut self.cells {
            set.remove(class);
        }
        let cell = self.cells.iter_mut().find(|(_, known)| *known == answer);
        match cell {
            Some((set, _)) => {
                set.insert(class);
            }
            None if answer != self.rest => self.cells.push(([class].into(), answer)),
            None => {}
        }
        self.cells.retain(|(set, _)| !set.is_empty());
    }
}

/// What a row is made from: classes that have all of it in common have the same row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    pub(crate) family: Family,
    pub(crate) is_egress: bool,
    /// The policies that govern the class in this direction, in the order of evaluation.
    pub(crate) policies: Vec<u32>,
    /// The class's own list of named ports where rules of ingress name ports, else 0.
    pub(crate) ports: u32,
    /// Whether policies of namespaces let everything through, as they do from the pod's own node.
    pub(crate) own_node: bool,
}

impl Profile {
    pub(crate) fn direction(&self) -> Direction {
        if self.is_egress {
            Direction::Egress
        } else {
            Direction::Ingress
        }
    }

    /// The policies that govern the class, each with its number.
    fn governing<'a>(
        &'a self,
        policies: &'a [Compiled],
    ) -> impl Iterator<Item = (u32, &'a Compiled)> {
        let numbers = self.policies.iter();
        numbers.filter_map(|id| Some((*id, policies.get(index(*id))?)))
    }

    /// Whether a policy of a namespace governs the class, so that what no rule allows is denied.
    fn isolates(&self, policies: &[Compiled]) -> bool {
        let mut governing = self.governing(policies);
        governing.any(|(_, policy)| policy.stage == Stage::Namespaced)
    }
}

/// A policy with the classes that its rules match.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    /// Its place in the facts.
    pub(crate) place: u32,
    pub(crate) subject: RoaringBitmap,
    pub(crate) stage: Stage,
    pub(crate) ingress: Option<Vec<CompiledRule>>,
    pub(crate) egress: Option<Vec<CompiledRule>>,
}

/// How sure it is that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matches {
    /// It does.
    Surely,
    /// It does at some address that the other may have, and not at another.
    Perhaps,
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    pub(crate) action: Action,
    /// `None` stands for all.
    peers: Option<RoaringBitmap>,
    /// Classes that it may match, and may not.
    perhaps: RoaringBitmap,
    numbers: PortSet,
    names: Vec<(Option<Protocol>, Arc<str>)>,
}

/// What arrives where no policy denies anything.
pub(crate) fn arriving(dialect: Dialect) -> Allowed {
    let possible = PortSet::all();
    let certain = match dialect.sctp {
        Sctp::Governed => possible.clone(),
        Sctp::MayBeOff => PortSet::of_protocols([Protocol::Tcp, Protocol::Udp]),
    };
    Allowed { possible, certain }
}

impl Compiled {
    /// Looks up the classes that a policy names.
    pub(crate) fn of((place, policy): (u32, &Policy), classes: &Classes, dialect: Dialect) -> Self {
        let rules = |rules: &Option<Vec<Rule>>| {
            let rules = rules.as_ref()?;
            Some(
                rules
                    .iter()
                    .map(|rule| CompiledRule::of(rule, classes, dialect))
                    .collect(),
            )
        };
        Self {
            place,
            subject: classes.chosen(&policy.subject),
            stage: policy.stage,
            ingress: rules(&policy.ingress),
            egress: rules(&policy.egress),
        }
    }

    /// No policy, where one was.
    pub(crate) fn none() -> Self {
        Self {
            place: u32::MAX,
            subject: RoaringBitmap::new(),
            stage: Stage::Namespaced,
            ingress: None,
            egress: None,
        }
    }

    /// Adds a class to those that a rule matches.
    pub(crate) fn name(&mut self, class: u32, direction: Direction, rule: usize) {
        if let Some(rule) = self.rule_mut(direction, rule) {
            rule.perhaps.remove(class);
            if let Some(peers) = &mut rule.peers {
                peers.insert(class);
            }
        }
    }

    /// Adds a class to those that a rule may match, where it does not do so surely.
    pub(crate) fn name_perhaps(&mut self, class: u32, direction: Direction, rule: usize) {
        if let Some(rule) = self.rule_mut(direction, rule)
            && rule.matches(class).is_none()
        {
            rule.perhaps.insert(class);
        }
    }

    fn rule_mut(&mut self, direction: Direction, rule: usize) -> Option<&mut CompiledRule> {
        let rules = match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        };
        rules.as_mut()?.get_mut(rule)
    }

    /// The classes that rules of this and rules of the same policy, looked up again, do not both match.
    pub(crate) fn named_otherwise(&self, other: &Self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for direction in Direction::BOTH {
            let (before, after) = (self.rules(direction), other.rules(direction));
            let rules = before
                .into_iter()
                .flatten()
                .zip(after.into_iter().flatten());
            for (before, after) in rules {
                if let Some((before, after)) = before.peers.as_ref().zip(after.peers.as_ref()) {
                    all |= before ^ after;
                }
                all |= &before.perhaps ^ &after.perhaps;
            }
        }
        all
    }

    pub(crate) fn rules(&self, direction: Direction) -> Option<&[CompiledRule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// Whether its rules of ingress name ports, so that what they allow depends on the pod.
    pub(crate) fn names_ports(&self) -> bool {
        self.ingress.iter().flatten().any(CompiledRule::names_ports)
    }
}

impl CompiledRule {
    fn of(rule: &Rule, classes: &Classes, dialect: Dialect) -> Self {
        let unknown = match &rule.peers {
            Peers::AnyOf(peers) => peers.contains(&Peer::Unknown),
            Peers::Everything => false,
        };
        if unknown {
            // Whoever does not know a peer may neither allow because of the rule, nor let through what it may deny.
            let (action, peers) = match rule.action {
                Action::Allow => (Action::Allow, Some(RoaringBitmap::new())),
                Action::Deny | Action::Pass => (Action::Deny, None),
            };
            return Self {
                action,
                peers,
                perhaps: RoaringBitmap::new(),
                numbers: PortSet::all(),
                names: Vec::new(),
            };
        }
        let mut numbers = if rule.ports.is_empty() {
            PortSet::all()
        } else {
            PortSet::none()
        };
        let mut names = Vec::new();
        for port in &rule.ports {
            match port {
                PortRule::Numbers(set) => numbers = numbers.or(set),
                PortRule::Named { protocol, name } => names.push((*protocol, Arc::clone(name))),
            }
        }
        let peers = classes.matched_by(&rule.peers, dialect);
        let mut perhaps = classes.perhaps_matched_by(&rule.peers, dialect);
        if let Some(peers) = &peers {
            perhaps -= peers;
        }
        Self {
            action: rule.action,
            peers,
            perhaps,
            numbers,
            names,
        }
    }

    /// Whether it matches every class.
    pub(crate) fn matches_everything(&self) -> bool {
        self.peers.is_none()
    }

    /// Whether it names ports, so that what it allows depends on the destination.
    pub(crate) fn names_ports(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether it matches a class; nothing where it does not.
    pub(crate) fn matches(&self, class: u32) -> Option<Matches> {
        let mut peers = self.peers.iter();
        if peers.all(|peers| peers.contains(class)) {
            return Some(Matches::Surely);
        }
        self.perhaps.contains(class).then_some(Matches::Perhaps)
    }

    /// The ports on a destination with these named ports.
    pub(crate) fn ports_on(&self, named: &PortNames, dialect: Dialect) -> PortSet {
        let mut ports = self.numbers.clone();
        for (protocol, name) in &self.names {
            ports = ports.or(&match named {
                PortNames::These(named) => numbers(named, name, *protocol, dialect),
                PortNames::Any => match protocol {
                    Some(protocol) => PortSet::of_protocols([*protocol]),
                    None => PortSet::all(),
                },
            });
        }
        ports
    }
}

/// The ports that have a name, of one protocol where one is given.
fn numbers(
    named: &[ContainerPort],
    name: &str,
    protocol: Option<Protocol>,
    dialect: Dialect,
) -> PortSet {
    let sidecars = dialect.sidecar_ports == SidecarPorts::Count;
    let matching = named.iter().filter(|port| {
        (sidecars || !port.sidecar)
            && *port.name == *name
            && port.number > 0
            && protocol.is_none_or(|protocol| port.protocol == protocol)
    });
    matching.fold(PortSet::none(), |all, port| {
        all.or(&PortSet::one(port.protocol, port.number))
    })
}
