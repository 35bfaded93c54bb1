//! What the policies of a class let through in one direction, to or from each other class.

pub(crate) mod order;

use std::collections::BTreeMap;
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
use crate::sets::{Table, index};
use crate::verdict::{Allowed, Answers};
use order::{Said, decide};

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

/// A policy with the classes that its rules match.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) subject: RoaringBitmap,
    pub(crate) stage: Stage,
    pub(crate) ingress: Option<Vec<CompiledRule>>,
    pub(crate) egress: Option<Vec<CompiledRule>>,
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    pub(crate) action: Action,
    /// `None` stands for all.
    peers: Option<RoaringBitmap>,
    numbers: PortSet,
    names: Vec<(Option<Protocol>, Arc<str>)>,
}

/// Every port that may arrive at all.
pub(crate) fn all_ports(dialect: Dialect) -> PortSet {
    match dialect.sctp {
        Sctp::Governed => PortSet::all(),
        Sctp::Dropped => PortSet::of_protocols([Protocol::Tcp, Protocol::Udp]),
    }
}

impl Compiled {
    /// Looks up the classes that a policy names.
    pub(crate) fn of(policy: &Policy, classes: &Classes, dialect: Dialect) -> Self {
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
            subject: classes.chosen(&policy.subject),
            stage: policy.stage,
            ingress: rules(&policy.ingress),
            egress: rules(&policy.egress),
        }
    }

    pub(crate) fn rules(&self, direction: Direction) -> Option<&[CompiledRule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// Whether its rules of ingress name ports, so that what they allow depends on the pod.
    pub(crate) fn names_ports(&self) -> bool {
        self.ingress
            .iter()
            .flatten()
            .any(|rule| !rule.names.is_empty())
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
        Self {
            action: rule.action,
            peers,
            numbers,
            names,
        }
    }

    /// Whether it matches a class.
    pub(crate) fn matches(&self, class: u32) -> bool {
        self.peers
            .as_ref()
            .is_none_or(|peers| peers.contains(class))
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

/// Makes rows, and keeps the answers in them.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    dialect: Dialect,
    all: PortSet,
    profiles: Table<Profile>,
    made: Vec<Row>,
    pub(crate) answers: Answers,
}

impl Rows {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            all: all_ports(dialect),
            profiles: Table::default(),
            made: Vec::new(),
            answers: Answers::default(),
        }
    }

    /// A row by its number.
    pub(crate) fn get(&self, row: u32) -> Option<&Row> {
        self.made.get(index(row))
    }

    /// The number of the row of a profile, which is made where it is new.
    pub(crate) fn id(&mut self, profile: Profile, policies: &[Compiled], classes: &Classes) -> u32 {
        if let Some(known) = self.profiles.find(&profile) {
            return known;
        }
        let row = self.make(&profile, policies, classes);
        self.made.push(row);
        self.profiles.id(profile)
    }

    fn make(&mut self, profile: &Profile, policies: &[Compiled], classes: &Classes) -> Row {
        let universe = classes.of_family(profile.family);
        let own = if profile.is_egress {
            None
        } else {
            Some(classes.ports(profile.ports))
        };
        let governing = profile
            .policies
            .iter()
            .filter_map(|id| Some((*id, policies.get(index(*id))?)));
        let mut pieces = Pieces {
            classes,
            dialect: self.dialect,
            universe,
            own,
            found: Vec::new(),
            merged: BTreeMap::new(),
        };
        let mut isolated = false;
        for (id, policy) in governing {
            isolated |= policy.stage == Stage::Namespaced;
            let direction = if profile.is_egress {
                Direction::Egress
            } else {
                Direction::Ingress
            };
            for rule in policy.rules(direction).unwrap_or_default() {
                pieces.take(id, policy.stage, rule);
            }
        }
        if isolated && profile.own_node {
            pieces.merged.insert(PortSet::all(), universe.clone());
        }
        let pieces = pieces.all();
        let cells = split(universe, &pieces);
        let answered = cells.into_iter().map(|(set, hits)| {
            let said = hits
                .iter()
                .filter_map(|hit| pieces.get(*hit))
                .map(|(_, said)| said);
            (set, decide(said, isolated, &self.all))
        });
        let answered: Vec<(RoaringBitmap, Allowed)> = answered.collect();
        self.row(answered, isolated)
    }

    /// The row of cells: equal answers stand together, and the answer of most classes is the rest.
    fn row(&mut self, cells: Vec<(RoaringBitmap, Allowed)>, isolated: bool) -> Row {
        let mut by_answer: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        for (set, allowed) in cells {
            *by_answer.entry(self.answers.id(allowed)).or_default() |= set;
        }
        let most = by_answer
            .iter()
            .max_by_key(|(answer, set)| (set.len(), **answer));
        let rest = most.map(|(answer, _)| *answer);
        let rest = rest.unwrap_or_else(|| self.answers.id(decide([], isolated, &self.all)));
        by_answer.remove(&rest);
        Row {
            rest,
            cells: by_answer
                .into_iter()
                .map(|(answer, set)| (set, answer))
                .collect(),
        }
    }
}

/// The rules of a profile, each taken apart by the classes on which its ports are the same.
struct Pieces<'a> {
    classes: &'a Classes,
    dialect: Dialect,
    universe: &'a RoaringBitmap,
    /// The named ports of the destination where all pieces have the same one.
    own: Option<&'a PortNames>,
    found: Vec<(RoaringBitmap, Said)>,
    /// Those of policies of namespaces, which add up in any order, by their ports.
    merged: BTreeMap<PortSet, RoaringBitmap>,
}

impl Pieces<'_> {
    fn take(&mut self, policy: u32, stage: Stage, rule: &CompiledRule) {
        let peers = match &rule.peers {
            Some(peers) => peers & self.universe,
            None => self.universe.clone(),
        };
        // A rule without names matches the same ports on every destination.
        let alike = rule.names.is_empty().then_some(&PortNames::Any);
        if let Some(named) = self.own.or(alike) {
            return self.put(
                policy,
                stage,
                rule.action,
                (peers, rule.ports_on(named, self.dialect)),
            );
        }
        for (list, having) in self.classes.by_ports() {
            let ports = rule.ports_on(self.classes.ports(list), self.dialect);
            self.put(policy, stage, rule.action, (&peers & having, ports));
        }
    }

    fn put(&mut self, policy: u32, stage: Stage, action: Action, piece: (RoaringBitmap, PortSet)) {
        let (set, ports) = piece;
        if set.is_empty() || ports.is_empty() {
            return;
        }
        if stage == Stage::Namespaced {
            *self.merged.entry(ports).or_default() |= set;
        } else {
            self.found.push((
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                },
            ));
        }
    }

    fn all(self) -> Vec<(RoaringBitmap, Said)> {
        let merged = self.merged.into_iter().map(|(ports, set)| {
            let (policy, stage, action) = (0, Stage::Namespaced, Action::Allow);
            (
                set,
                Said {
                    policy,
                    stage,
                    action,
                    ports,
                },
            )
        });
        self.found.into_iter().chain(merged).collect()
    }
}

/// Cuts `universe` so that each piece holds all or nothing of each part; beside each part the pieces that hold it.
fn split(
    universe: &RoaringBitmap,
    pieces: &[(RoaringBitmap, Said)],
) -> Vec<(RoaringBitmap, Vec<usize>)> {
    let mut cells: Vec<(RoaringBitmap, Vec<usize>)> = vec![(universe.clone(), Vec::new())];
    for (hit, (set, _)) in pieces.iter().enumerate() {
        let mut next = Vec::with_capacity(cells.len() + 1);
        for (cell, hits) in cells {
            let inside = &cell & set;
            if inside.is_empty() {
                next.push((cell, hits));
                continue;
            }
            let outside = &cell - set;
            if !outside.is_empty() {
                next.push((outside, hits.clone()));
            }
            let mut more = hits;
            more.push(hit);
            next.push((inside, more));
        }
        cells = next;
    }
    cells.retain(|(cell, _)| !cell.is_empty());
    cells
}
