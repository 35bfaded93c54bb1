//! What is worth knowing beside the connections themselves.

use std::collections::BTreeSet;

use cofferdam_model::count::listed;
use cofferdam_model::dialect::{Dialect, IpBlock, Sctp};

use crate::addresses::Family;
use crate::classes::vocabulary::block_of;
use crate::connectivity::own_node::Whereabouts;
use crate::facts::{Facts, Pod};
use crate::policy::{Peer, Policy};

/// What the connections of these facts leave open or out, one line each.
pub fn caveats(facts: &Facts, dialects: &[Dialect]) -> Vec<String> {
    [
        undefined_namespaces(facts),
        own_nodes(facts),
        unknown_addresses(facts, dialects),
        sctp_off(dialects),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn undefined_namespaces(facts: &Facts) -> Option<String> {
    let undefined = facts
        .namespaces
        .iter()
        .filter(|(_, one)| one.source.is_none());
    let names: Vec<String> = undefined.map(|(name, _)| name.to_string()).collect();
    let matters = facts.policies.iter().any(selects_namespaces);
    (matters && !names.is_empty()).then(|| {
        format!(
            "of {} no Namespace is among the objects: selectors see no label of it but its name",
            listed(names.iter().map(String::as_str))
        )
    })
}

fn own_nodes(facts: &Facts) -> Option<String> {
    let hosts = facts.pods.iter().filter(|pod| pod.place.host_network);
    let mut names: Vec<String> = hosts.map(Pod::owner).collect();
    names.sort();
    names.dedup();
    let perhaps = if is_nearness_unknown(facts) {
        "; whether others share it is not known of all, and what only a common node allows is then possible, not certain"
    } else {
        ""
    };
    (!names.is_empty()).then(|| {
        format!(
            "{} use the network of their node: no policy governs them, and each reaches every pod on its own node{perhaps}",
            listed(names.iter().map(String::as_str))
        )
    })
}

/// Whether it cannot be told of a pod in the network of its node and another whether they share it.
fn is_nearness_unknown(facts: &Facts) -> bool {
    let all = facts.pods.iter();
    let all: BTreeSet<Whereabouts> = all.map(|pod| Whereabouts::of(pod, facts)).collect();
    let mut each = all.iter();
    each.any(|one| all.iter().any(|other| one.may_share(*other)))
}

fn unknown_addresses(facts: &Facts, dialects: &[Dialect]) -> Option<String> {
    let matter = dialects
        .iter()
        .any(|one| one.pod_addresses == IpBlock::Matches)
        && facts
            .policies
            .iter()
            .any(|policy| policy.peers().any(holds_some_addresses));
    let unknown = |pod: &&Pod| facts.addresses_of(pod).is_empty();
    let count = facts.pods.iter().filter(unknown).count();
    (matter && count > 0).then(|| {
        format!(
            "the addresses of {count} pods are not known: what blocks of addresses say of them is possible, and not certain"
        )
    })
}

fn sctp_off(dialects: &[Dialect]) -> Option<String> {
    let all = dialects.iter().all(|one| one.sctp == Sctp::MayBeOff);
    all.then(|| "SCTP arrives only where it is switched on, which is not known".to_owned())
}

fn selects_namespaces(policy: &Policy) -> bool {
    use crate::policy::NamespaceChoice::Selected;
    let mut choices = policy.choices();
    choices.any(|choice| matches!(&choice.namespaces, Selected(selector) if !selector.is_empty()))
}

/// Whether a peer names addresses, but not all of a family.
fn holds_some_addresses(peer: &Peer) -> bool {
    let block = block_of(peer);
    block.is_some_and(|block| {
        !Family::BOTH
            .iter()
            .any(|family| block.is_everything(*family))
    })
}
