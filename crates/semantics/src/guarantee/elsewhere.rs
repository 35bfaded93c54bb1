//! What is not known of other clusters, through which a way may lead.

use std::collections::BTreeSet;

use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::End;
use roaring::RoaringBitmap;

use super::chains::{Chains, Claimed};
use crate::hops::{Fleet, Follow, Search};
use crate::ports::PortSet;
use crate::prove::Chain;

impl Chains<'_> {
    /// What is not known of clusters that may be entered.
    pub(super) fn unknown_of(
        &self,
        site: usize,
        knocked: &BTreeSet<(usize, usize)>,
        claim: &Claimed<'_>,
    ) -> Vec<String> {
        let entered: BTreeSet<usize> = knocked.iter().map(|(_, to)| *to).collect();
        let others = entered.into_iter().filter(|other| *other != site);
        let counts =
            |cluster: &Cluster| claim.chain == Chain::Any || self.may_have(cluster, claim.to);
        let reasons = others.flat_map(|other| {
            if let Some(solved) = self.solved.get(other) {
                let name = &solved.ground.cluster.name;
                let gaps = solved.gaps.iter().filter(|_| counts(solved.ground.cluster));
                return gaps.map(|gap| format!("cluster `{name}`: {gap}")).collect();
            }
            let unseen = self.unseen.get(other.saturating_sub(self.solved.len()));
            let told = unseen.filter(|cluster| counts(cluster));
            let told = told.map(|Cluster { name, .. }| {
                format!("a way leads into cluster `{name}`, which was not looked at")
            });
            Vec::from_iter(told)
        });
        reasons.collect()
    }

    /// The clusters that let in what arrives from this one, where its nodes are the source.
    pub(super) fn nodes_into(
        &self,
        fleet: &Fleet,
        site: usize,
        (targets, claim): (&[RoaringBitmap], &Claimed<'_>),
    ) -> Vec<String> {
        let End::ClusterService(_) = claim.from else {
            return Vec::new();
        };
        let others = self.solved.iter().enumerate().zip(targets);
        let entered = others.filter(|((other, _), targets)| {
            *other != site && !fleet.let_in(site, *other).is_disjoint(targets)
        });
        let told = entered.map(|((_, solved), _)| {
            format!(
                "cluster `{}` lets in what arrives from this one, of which it cannot tell nodes from pods",
                solved.ground.cluster.name
            )
        });
        told.collect()
    }

    /// The clusters that were not looked at, and from where something is let in that leads to the end of a claim.
    pub(super) fn may_begin_elsewhere(
        &self,
        fleet: &Fleet,
        site: usize,
        (targets, ports): (&[RoaringBitmap], &PortSet),
        claim: &Claimed<'_>,
    ) -> Vec<String> {
        let numbered = (self.solved.len()..).zip(&self.unseen);
        let origins = numbered.filter(|(_, cluster)| self.may_have(cluster, claim.from));
        let leading = origins.filter(|(number, _)| {
            let let_in = fleet.let_in(*number, site);
            let own = targets.get(site);
            if own.is_some_and(|own| !own.is_disjoint(&let_in)) {
                return true;
            }
            let mut sources = self.no_ends();
            if let Some(sources) = sources.get_mut(site) {
                *sources = let_in;
            }
            let mut search = Search::from(fleet, &sources, Follow::Supposed);
            let mut way = || search.way_to(targets, ports, claim.chain);
            claim.chain == Chain::Any && way().is_some()
        });
        let told = leading.map(|(_, Cluster { name, .. })| {
            format!("a way may begin in cluster `{name}`, which was not looked at")
        });
        told.collect()
    }

    /// Whether an end is, by the model, one of pods that a cluster may have.
    fn may_have(&self, cluster: &Cluster, end: &End) -> bool {
        let End::Pods(pods) = end else {
            return false;
        };
        let domain = self.model.trust_domain_of(cluster);
        let zones = self.model.zones.values();
        let mut zones = zones.filter(|zone| pods.zones.contains(&zone.name));
        zones.any(|zone| domain.is_some_and(|domain| zone.trust_domains.contains(&domain.name)))
    }
}
