//! Pods that come, change and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::dialect::IpBlock;
use cofferdam_model::labels::Labels;
use roaring::RoaringBitmap;

use super::namings::{Naming, Part};
use super::{Change, PodKey, Solution, has_ipv6, put};
use crate::classes::{Class, News};
use crate::connectivity::Governing;
use crate::facts::Pod;
use crate::policy::{Peer, PodChoice};
use crate::sets::{index, number};

impl Solution {
    pub(super) fn set_pod(&mut self, pod: Pod) -> Change {
        let key = PodKey::of(&pod);
        let old = self.population.place(&key);
        let place = old.map_or_else(|| self.facts().pods.len(), index);
        self.record(&key, old);
        self.know_namespace(&pod.namespace);
        let (came, on_node) = (has_ipv6(&pod), pod.place.host_network);
        let pods = &mut self.facts_mut().pods;
        let before = put(pods, place, pod);
        let went = before.as_ref().is_some_and(has_ipv6);
        let was_on_node = before.as_ref().is_some_and(|pod| pod.place.host_network);
        if self.counts_ipv6((went, came)) || on_node || was_on_node {
            self.solve_anew();
        } else {
            self.settle(place, before.as_ref());
        }
        match before {
            Some(before) => Change::SetPod(Box::new(before)),
            None => Change::RemovePod(key),
        }
    }

    pub(super) fn remove_pod(&mut self, key: &PodKey) -> Option<Change> {
        let place = self.population.place(key)?;
        self.record(key, Some(place));
        let last = number(self.facts().pods.len()).saturating_sub(1);
        let before = self.facts_mut().pods.swap_remove(index(place));
        if self.counts_ipv6((has_ipv6(&before), false)) || before.place.host_network {
            self.solve_anew();
            return Some(Change::SetPod(Box::new(before)));
        }
        let classes = self.classes_mut().of_pods_mut().swap_remove(index(place));
        self.population.remove(place, &before, &classes);
        let all = Arc::clone(&self.connectivity.classes);
        if let Some(moved) = all.facts().pods.get(index(place)) {
            let classes = all.of_pod(index(place));
            self.population.remove(last, moved, classes);
            self.population.insert(place, moved, classes);
        }
        Some(Change::SetPod(Box::new(before)))
    }

    /// Puts the pod at a place of the facts into its classes.
    fn settle(&mut self, place: usize, before: Option<&Pod>) {
        let first_new = self.classes().count();
        let facts = self.classes().shared_facts();
        let Some(pod) = facts.pods.get(place) else {
            return;
        };
        let classes = self.classes_mut().place(pod);
        for class in first_new..self.classes().count() {
            self.meet(class, &pod.namespace, &pod.labels);
        }
        let of_pods = self.classes_mut().of_pods_mut();
        let old = put(of_pods, place, classes.clone()).unwrap_or_default();
        if let Some(before) = before {
            self.population.remove(number(place), before, &old);
        }
        self.population.insert(number(place), pod, &classes);
    }

    /// Whether what a policy mentions for the first time concerns more than the pods that have it.
    pub(super) fn is_hard(&self, news: &News) -> bool {
        let facts = self.facts();
        let names_first = !news.port_names.is_empty() && self.classes().names_no_ports();
        let concerned = self.population.with(&BTreeSet::new(), &news.port_names);
        let mut concerned = concerned
            .iter()
            .filter_map(|one| facts.pods.get(index(one)));
        news.is_about_addresses
            || concerned.any(|pod| pod.place.host_network)
            || names_first && facts.pods.iter().any(|pod| pod.is_future)
    }

    /// Tells pods apart by what a policy mentions for the first time.
    pub(super) fn learn(&mut self, news: News) {
        let concerned = self.population.with(&news.pod_keys, &news.port_names);
        self.classes_mut().learn(news);
        let facts = self.classes().shared_facts();
        let mut moves: BTreeMap<(u32, Class), Vec<u32>> = BTreeMap::new();
        for place in concerned {
            let Some(pod) = facts.pods.get(index(place)) else {
                continue;
            };
            for class in self.classes().of_pod(index(place)).to_vec() {
                if let Some(told) = self.classes_mut().told_anew(class, pod) {
                    moves.entry((class, told)).or_default().push(place);
                }
            }
        }
        for ((from, to), places) in moves {
            self.move_pods((from, &to), &places);
        }
    }

    fn move_pods(&mut self, (from, to): (u32, &Class), places: &[u32]) {
        let members = self.population.of_class(from);
        let all = members.is_some_and(|all| all.len() == u64::from(number(places.len())));
        let first_new = self.classes().count();
        let class = self.classes_mut().moved((from, to), all);
        let facts = self.classes().shared_facts();
        let mut pods = places
            .iter()
            .filter_map(|place| facts.pods.get(index(*place)));
        if class == first_new
            && let Some(pod) = pods.next()
        {
            self.meet(class, &pod.namespace, &pod.labels);
        }
        if class == from {
            return;
        }
        for place in places {
            if let Some(pod) = facts.pods.get(index(*place)) {
                self.record(&PodKey::of(pod), Some(*place));
            }
            if let Some(classes) = self.classes_mut().of_pods_mut().get_mut(index(*place)) {
                classes.retain(|one| *one != from);
                classes.push(class);
                classes.sort_unstable();
                classes.dedup();
            }
            self.population.leave(*place, &[from]);
            self.population.enter(*place, &[class]);
        }
    }

    /// Adds a class that no policy has met to the policies that name it.
    fn meet(&mut self, id: u32, namespace: &Arc<str>, labels: &Labels) {
        let all = Arc::clone(&self.connectivity.classes);
        let Some(class) = all.get(id) else {
            return;
        };
        let mut namings = self.namings.of_pods(namespace, labels);
        let of_namespace = all.facts().namespaces.get(namespace);
        let of_namespace = of_namespace.map(|known| &*known.labels);
        namings.retain(|naming| {
            self.choice(*naming)
                .is_some_and(|choice| choice.holds((namespace, of_namespace), labels))
        });
        let by_address = |blocks: &[u32]| -> Vec<Naming> {
            let named = blocks
                .iter()
                .flat_map(|block| self.namings.of_block(*block));
            named
                .filter(|naming| self.counts_addresses_of_pods(*naming))
                .collect()
        };
        namings.extend(by_address(all.blocks_of(class)));
        let perhaps = by_address(all.perhaps_in(class));
        drop(all);
        let mut named_by = RoaringBitmap::new();
        let mut governing = Governing::default();
        namings.sort_unstable();
        for Naming { policy, part } in namings {
            let Some(compiled) = self.connectivity.policies.get_mut(index(policy)) else {
                continue;
            };
            match part {
                Part::Subject => {
                    compiled.subject.insert(id);
                    governing.add(policy, compiled, id);
                }
                Part::Peer {
                    direction, rule, ..
                } => {
                    compiled.name(id, direction, index(rule));
                    named_by.insert(policy);
                }
            }
        }
        for Naming { policy, part } in perhaps {
            let compiled = self.connectivity.policies.get_mut(index(policy));
            if let (
                Some(compiled),
                Part::Peer {
                    direction, rule, ..
                },
            ) = (compiled, part)
            {
                compiled.name_perhaps(id, direction, index(rule));
                named_by.insert(policy);
            }
        }
        self.answer_first(&named_by, id);
        self.govern(id, governing);
    }

    fn peer(&self, naming: Naming) -> Option<&Peer> {
        let Part::Peer {
            direction,
            rule,
            peer,
        } = naming.part
        else {
            return None;
        };
        let rule = self.named_in(naming)?.rules(direction)?.get(index(rule))?;
        rule.peers().get(index(peer))
    }

    fn named_in(&self, naming: Naming) -> Option<&crate::policy::Policy> {
        let compiled = self.connectivity.policies.get(index(naming.policy))?;
        self.facts().policies.get(index(compiled.place))
    }

    fn choice(&self, naming: Naming) -> Option<&PodChoice> {
        match self.peer(naming) {
            Some(Peer::Pods(choice)) => Some(choice),
            Some(
                Peer::IpBlock { .. }
                | Peer::Networks(_)
                | Peer::Nodes(_)
                | Peer::DomainNames(_)
                | Peer::Unknown,
            ) => None,
            None => self.named_in(naming).map(|policy| &policy.subject),
        }
    }

    fn counts_addresses_of_pods(&self, naming: Naming) -> bool {
        let of_block = self.connectivity.dialect().pod_addresses;
        match self.peer(naming) {
            Some(Peer::IpBlock { .. }) => of_block == IpBlock::Matches,
            Some(Peer::Networks(_)) => true,
            Some(Peer::Pods(_) | Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown) | None => {
                false
            }
        }
    }
}
