//! Connections between drafted namespaces that both ends let through.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::Selector;
use cofferdam_objects::policy::Direction;

use super::edges::{Edge, Edges};
use super::notes::Notes;
use super::ports::{self, Ports};
use super::rules::{Allow, Side, Sides};
use super::selectors;

/// What one end lets through towards one namespace.
struct Half<'a> {
    /// Its own pods.
    own: &'a Selector,
    /// The pods of the other end.
    other: &'a Selector,
    ports: &'a Ports,
    allow: Option<&'a Allow>,
}

/// The halves of a namespace and direction, by the namespace of the other end.
type Halves<'a> = BTreeMap<&'a str, Vec<Half<'a>>>;

/// What nothing isolates lets through everything.
struct Everything {
    pods: Selector,
    ports: Ports,
}

/// Joins what egress and ingress allow; `skip` are rules that need no flow, by place in `sides`.
pub(super) fn join(sides: &Sides, skip: &BTreeSet<(String, String)>, notes: &mut Notes) -> Edges {
    let everything = Everything {
        pods: Selector::default(),
        ports: Ports::All,
    };
    let names: BTreeSet<&str> = sides.keys().map(|(name, _)| name.as_str()).collect();
    let halves = |direction| -> BTreeMap<&str, Halves<'_>> {
        let sides = sides.iter().filter(|((_, of), _)| *of == direction);
        sides
            .map(|((name, _), side)| (name.as_str(), halves_of(side, &names, skip)))
            .collect()
    };
    let (egress, ingress) = (halves(Direction::Egress), halves(Direction::Ingress));
    let mut edges = Edges::default();
    for (from, towards) in &egress {
        for (to, of) in &ingress {
            let none = Vec::new();
            let out = towards.get(to).unwrap_or(&none);
            let into = of.get(from).unwrap_or(&none);
            if out.is_empty() && into.is_empty() {
                continue;
            }
            let side = |name: &str, direction| sides.get(&(name.to_owned(), direction));
            let (Some(source), Some(destination)) =
                (side(from, Direction::Egress), side(to, Direction::Ingress))
            else {
                continue;
            };
            for one in out {
                for other in into {
                    add(&mut edges, (from, one), (to, other), notes);
                }
                if destination.leaves_open(one.other) {
                    add(&mut edges, (from, one), (to, &everything.half()), notes);
                }
            }
            for other in into.iter().filter(|other| source.leaves_open(other.other)) {
                add(&mut edges, (from, &everything.half()), (to, other), notes);
            }
        }
    }
    edges
}

impl Everything {
    fn half(&self) -> Half<'_> {
        Half {
            own: &self.pods,
            other: &self.pods,
            ports: &self.ports,
            allow: None,
        }
    }
}

const ANYBODY: &Selector = &Selector {
    match_labels: BTreeMap::new(),
    match_expressions: Vec::new(),
};

fn halves_of<'a>(
    side: &'a Side,
    names: &BTreeSet<&'a str>,
    skip: &BTreeSet<(String, String)>,
) -> Halves<'a> {
    let mut halves = Halves::new();
    if side.open {
        return halves;
    }
    let allows = side.allows.iter();
    let allows =
        allows.filter(|allow| !skip.contains(&(allow.policy.clone(), allow.place.clone())));
    for allow in allows {
        let half = |other| Half {
            own: &allow.pods,
            other,
            ports: &allow.ports,
            allow: Some(allow),
        };
        if allow.anything {
            for name in names {
                halves.entry(name).or_default().push(half(ANYBODY));
            }
        }
        for (selected, pods) in &allow.peers {
            let drafted = selected.iter().filter_map(|name| names.get(name.as_str()));
            for name in drafted {
                halves.entry(name).or_default().push(half(pods));
            }
        }
    }
    halves
}

fn add(
    edges: &mut Edges,
    (from, out): (&str, &Half<'_>),
    (to, into): (&str, &Half<'_>),
    notes: &mut Notes,
) {
    let sources = selectors::both(out.own, into.other);
    let destinations = selectors::both(into.own, out.other);
    let (Some(sources), Some(destinations)) = (sources, destinations) else {
        return;
    };
    let (ports, maybe) = ports::shared(out.ports, into.ports);
    let allows = [out.allow, into.allow].into_iter().flatten();
    if maybe {
        for allow in allows.clone() {
            let reason = format!(
                "{}: `{from}` and `{to}` name the port differently, by name and by number: not compared",
                allow.place
            );
            notes.unmapped(&allow.policy, reason);
        }
    }
    if ports.is_empty() {
        return;
    }
    let by = allows.map(|allow| (allow.policy.clone(), allow.place.clone()));
    edges.add(Edge {
        from: from.to_owned(),
        sources,
        to: to.to_owned(),
        destinations,
        ports,
        by: by.collect(),
    });
}
