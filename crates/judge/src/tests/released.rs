//! Namespaces that no zone holds, and that are isolated no longer.

use cofferdam_testkit::model;

use super::*;

/// The shop whose trust domain isolated `batch`, and does so no longer.
fn released() -> Scene {
    let domain = "matchLabels: { environment: production } }";
    let isolating = format!("{domain}, unassignedNamespaces: isolate");
    let mut trial = shop(&SHOP.replacen(domain, &isolating, 1));
    trial.cluster.namespaces.remove("default");
    trial.cluster.add_namespace("batch", &[]);
    trial.apply();
    trial.model = model(SHOP);
    let mut scene = Scene::of(&trial);
    scene.allowances.weakening = true;
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    assert!(!scene.plan.is_empty());
    scene
}

/// Whose a policy of `batch` without a source is: of a pass that was cut off, or somebody else's.
#[test]
fn a_name_that_a_pass_has_noted_is_ours_only_where_it_carries_our_label() {
    for (labelled, want) in [(true, 1), (false, 0)] {
        let mut scene = released();
        let name = "cofferdam-allow-dns";
        let key = cofferdam_state::record::entry_key(&ObjectKey::policy("batch", name), "");
        let record = scene.record();
        record.entries.remove(&key);
        record.pending.insert(key);
        let made = scene.policy("batch", name);
        made.annotations.clear();
        if !labelled {
            made.labels.clear();
        }
        scene.drop(Phase::Prune, &format!("NetworkPolicy/batch/{name}"));
        let mut codes: Vec<&str> = scene.judge().iter().map(|one| one.code).collect();
        codes.dedup();
        assert_eq!(codes, vec!["out-of-scope"; want], "{labelled}");
    }
}

#[test]
fn only_what_a_trust_domain_isolated_is_taken_back_from_a_namespace_of_no_zone() {
    let mut scene = released();
    let deny = scene.policy("batch", "cofferdam-default-deny-egress");
    let source = ("cofferdam.io/source".to_owned(), "Zone/back".to_owned());
    deny.annotations = [source].into();
    let mut refusals = scene.judge();
    refusals.dedup_by_key(|refusal| refusal.code);
    assert_eq!(
        shown(&refusals),
        [
            "out-of-scope: NetworkPolicy/batch/cofferdam-open-egress: namespace `batch` is not in the bundle"
        ]
    );
}
