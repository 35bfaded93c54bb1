//! Which namespaces would have to be isolated so that no way is left that had to be supposed.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use super::Solved;
use crate::hops::{End, Fleet, Stop};
use crate::parties::Party;
use crate::policy::{Peers, Policy, Rule, Stage};
use crate::ports::PortSet;

/// A way: every stop with the ports on which it is reached.
type Way = Vec<(Stop, PortSet)>;

/// A namespace, with the place of its cluster.
type Namespace = (usize, Arc<str>);

/// Where namespaces are looked for.
pub(super) struct Fences<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) model: &'a Model,
    pub(super) solved: &'a [Solved<'a>],
    /// The cluster of which something is proved.
    pub(super) site: usize,
}

impl Fences<'_> {
    /// The namespaces without default deny that a way passes through, with those of the ways that are left once these are
    /// isolated; none where it passes through none. `search` finds what is left while some ends are isolated.
    pub(super) fn hint(
        &self,
        way: &Way,
        search: impl Fn(&[RoaringBitmap]) -> Option<Way>,
    ) -> Option<String> {
        let mut found: BTreeSet<Namespace> = BTreeSet::new();
        let mut left = Some(way.clone());
        while let Some(way) = &left {
            let mut passed = self.passed(way);
            passed.retain(|namespace| !found.contains(namespace) && self.is_open(namespace));
            if passed.is_empty() {
                break;
            }
            found.append(&mut passed);
            left = search(&self.ends_of(&found));
        }
        (!found.is_empty()).then(|| self.told(&found, left.is_none()))
    }

    /// The namespaces of the pods between the ends of a way.
    fn passed(&self, way: &Way) -> BTreeSet<Namespace> {
        let between = way.iter().skip(1).take(way.len().saturating_sub(2));
        let namespaces = between.filter_map(|(stop, _)| {
            let end = self.fleet.end(*stop)?;
            Some((stop.site, self.namespace(stop.site, end)?))
        });
        namespaces.collect()
    }

    /// Whether some direction of a namespace is not denied by default.
    fn is_open(&self, (site, namespace): &Namespace) -> bool {
        let solved = self.solved.get(*site);
        let policies = solved.map(|solved| solved.facts().policies.as_slice());
        let policies = policies.unwrap_or_default();
        let own = policies
            .iter()
            .filter(|one| one.stage == Stage::Namespaced && one.id.namespace == *namespace);
        let own: Vec<&Policy> = own.collect();
        Direction::BOTH.iter().any(|direction| {
            let rules = || own.iter().filter_map(|one| one.rules(*direction));
            let is_isolated = own
                .iter()
                .any(|one| one.subject.pods.is_empty() && one.rules(*direction).is_some());
            !is_isolated || rules().flatten().any(allows_everything)
        })
    }

    fn ends_of(&self, namespaces: &BTreeSet<Namespace>) -> Vec<RoaringBitmap> {
        self.fleet.numbered(|site, end| {
            let namespace = self.namespace(site, end);
            namespace.is_some_and(|own| namespaces.contains(&(site, own)))
        })
    }

    /// The namespace of the pods of an end; none of those in the network of their node, which no policy isolates.
    fn namespace(&self, site: usize, end: &End) -> Option<Arc<str>> {
        let facts = self.solved.get(site)?.facts();
        match end.party()? {
            Party::Workload { namespace, .. } if !end.is_of_hosts(facts) => {
                Some(Arc::clone(namespace))
            }
            Party::Workload { .. } | Party::Addresses(..) => None,
        }
    }

    fn told(&self, namespaces: &BTreeSet<Namespace>, is_settled: bool) -> String {
        let all = namespaces.iter();
        let named: Vec<String> = all.map(|one| self.named(one)).collect();
        let system = namespaces
            .iter()
            .filter(|(_, name)| self.model.is_system_namespace(name, None));
        let system: Vec<String> = system.map(|one| self.named(one)).collect();
        let how = if system.is_empty() {
            String::new()
        } else {
            format!(
                "; a zone isolates {}, of the system, only where it says `system: true`",
                system.join(", ")
            )
        };
        let then = if is_settled {
            "no such way would be left"
        } else {
            "such ways would be left all the same, as through nodes that pods share"
        };
        let word = if named.len() == 1 {
            "namespace"
        } else {
            "namespaces"
        };
        let named = named.join(", ");
        format!(
            "isolate {word} {named} by a default deny in both directions, as of a zone that is enforced: {then}{how}"
        )
    }

    fn named(&self, (site, namespace): &Namespace) -> String {
        let elsewhere = self.solved.get(*site).filter(|_| *site != self.site);
        elsewhere.map_or_else(
            || format!("`{namespace}`"),
            |solved| format!("`{}:{namespace}`", solved.ground.cluster.name),
        )
    }
}

fn allows_everything(rule: &Rule) -> bool {
    rule.peers == Peers::Everything && rule.ports.is_empty()
}
