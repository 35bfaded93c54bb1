//! Policies that come, change and go.

use std::sync::Arc;

use super::{Change, Solution, put};
use crate::policy::{Policy, PolicyId};
use crate::rows::Compiled;
use crate::sets::{index, number};

impl Solution {
    pub(super) fn set_policy(&mut self, policy: Policy) -> Change {
        let id = policy.id.clone();
        let news = self.classes().news(&policy);
        let old = self.policy(&id);
        let was_ipv6 = old.and_then(|old| self.facts().policies.get(self.place_of(old)));
        let was_ipv6 = was_ipv6.is_some_and(|policy| policy.names_ipv6);
        let flips = self.counts_ipv6((was_ipv6, policy.names_ipv6));
        if flips || self.is_hard(&news) {
            let before = self.replace(old, policy);
            self.solve_anew();
            return undone(id, before);
        }
        // Classes that are new meet the policies as they were.
        self.learn(news);
        let place = self.place_or_end(old);
        let before = self.replace(old, policy);
        let new = self.compile(place);
        self.exchange(old.zip(before.as_ref()), Some(new));
        undone(id, before)
    }

    fn place_or_end(&self, old: Option<u32>) -> usize {
        old.map_or_else(|| self.facts().policies.len(), |old| self.place_of(old))
    }

    /// Puts a policy into the facts; the one that it replaces.
    fn replace(&mut self, old: Option<u32>, policy: Policy) -> Option<Policy> {
        let place = self.place_or_end(old);
        put(&mut self.facts_mut().policies, place, policy)
    }

    pub(super) fn remove_policy(&mut self, id: &PolicyId) -> Option<Change> {
        let old = self.policy(id)?;
        let place = self.place_of(old);
        let before = self.facts_mut().policies.swap_remove(place);
        self.numbers.swap_remove(place);
        if let Some(moved) = self.numbers.get(place).copied()
            && let Some(moved) = self.connectivity.policies.get_mut(index(moved))
        {
            moved.place = number(place);
        }
        if self.counts_ipv6((before.names_ipv6, false)) {
            self.solve_anew();
        } else {
            self.exchange(Some((old, &before)), None);
        }
        Some(Change::SetPolicy(Box::new(before)))
    }

    /// The number of a policy.
    fn policy(&self, id: &PolicyId) -> Option<u32> {
        let all = (id.clone(), 0)..=(id.clone(), u32::MAX);
        let (_, number) = self.policies.range(all).next_back()?;
        Some(*number)
    }

    fn place_of(&self, policy: u32) -> usize {
        let policy = self.connectivity.policies.get(index(policy));
        policy.map_or(usize::MAX, |policy| index(policy.place))
    }

    /// Gives the policy at a place of the facts a number.
    fn compile(&mut self, place: usize) -> u32 {
        let dialect = self.connectivity.dialect();
        let classes = Arc::clone(&self.connectivity.classes);
        let policies = &mut self.connectivity.policies;
        let free = self.free.pop();
        let new = free.unwrap_or_else(|| number(policies.len()));
        if let Some(policy) = classes.facts().policies.get(place) {
            let compiled = Compiled::of((number(place), policy), &classes, dialect);
            put(policies, index(new), compiled);
            self.namings
                .insert(new, policy, &classes.universe.vocabulary.blocks);
            self.policies.insert((policy.id.clone(), new));
        }
        put(&mut self.numbers, place, new);
        new
    }

    /// Puts one policy in the place of another.
    fn exchange(&mut self, old: Option<(u32, &Policy)>, new: Option<u32>) {
        let of = |number: u32, policies: &[Compiled]| policies.get(index(number)).cloned();
        let policies = &self.connectivity.policies;
        let before = old.and_then(|(number, _)| of(number, policies));
        let after = new.and_then(|number| of(number, policies));
        let subjects = before.iter().chain(&after).map(|one| &one.subject);
        let governed = subjects.fold(roaring::RoaringBitmap::new(), |all, one| all | one);
        for class in governed {
            let mut governing = self.governing(class);
            if let Some((old, _)) = old {
                governing.ingress.retain(|one| *one != old);
                governing.egress.retain(|one| *one != old);
            }
            if let Some((new, after)) = new.zip(after.as_ref()) {
                governing.add(new, after, class);
            }
            self.govern(class, governing);
        }
        if let Some((old, policy)) = old {
            let classes = Arc::clone(&self.connectivity.classes);
            self.namings
                .remove(old, policy, &classes.universe.vocabulary.blocks);
            self.policies.remove(&(policy.id.clone(), old));
            if let Some(known) = self.connectivity.policies.get_mut(index(old)) {
                *known = Compiled::none();
            }
            self.free.push(old);
        }
    }
}

fn undone(id: PolicyId, before: Option<Policy>) -> Change {
    match before {
        Some(before) => Change::SetPolicy(Box::new(before)),
        None => Change::RemovePolicy(id),
    }
}
