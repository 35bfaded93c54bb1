//! Namespaces that no zone holds, and that are isolated no longer.

use cofferdam_state::plan::ISOLATED_FIELD;
use cofferdam_state::record::entry_key;
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
    let scene = with_shop_alone(trial);
    assert!(!scene.plan.is_empty());
    scene
}

/// The plan, which may be carried out, for the shop and nothing else.
fn with_shop_alone(mut trial: Trial) -> Scene {
    trial.model = model(SHOP);
    let mut scene = Scene::of(&trial);
    scene.allowances.weakening = true;
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    scene
}

/// Which checks refuse the plan, each once.
fn codes(scene: &Scene) -> Vec<&'static str> {
    let mut codes: Vec<&str> = scene.judge().iter().map(|one| one.code).collect();
    codes.dedup();
    codes
}

#[test]
fn what_is_taken_back_from_a_namespace_of_no_zone_is_what_the_record_says_was_isolated() {
    let key = entry_key(&ObjectKey::namespace("batch"), ISOLATED_FIELD);
    let mut scene = released();
    scene.record().entries.remove(&key);
    let mut refusals = scene.judge();
    refusals.dedup_by_key(|refusal| refusal.code);
    assert_eq!(
        shown(&refusals),
        [
            "out-of-scope: NetworkPolicy/batch/cofferdam-open-egress: namespace `batch` is not in the bundle"
        ]
    );
    // What a pass only meant to do it may not have done.
    scene.record().pending.insert(key);
    assert_eq!(codes(&scene), ["out-of-scope"]);
    // Another namespace of that name was isolated by nobody.
    let mut scene = released();
    "another".clone_into(&mut scene.namespace("batch").uid);
    assert_eq!(codes(&scene), ["out-of-scope"]);
}

#[test]
fn what_policies_say_of_themselves_decides_nothing() {
    let deny = "cofferdam-default-deny-egress";
    let source = |kind: &str| ("cofferdam.io/source".to_owned(), format!("{kind}/back"));
    let mut scene = left();
    let Reading::Known(policies) = &mut scene.observed.policies else {
        panic!("no policies")
    };
    for (_, live) in policies.iter_mut().filter(|((of, _), _)| of == "batch") {
        live.annotations = [source("TrustDomain")].into();
    }
    let live = scene.policy("batch", deny).clone();
    let delete = Action::DeletePolicy {
        namespace: "batch".to_owned(),
        name: deny.to_owned(),
        uid: live.uid,
        resource_version: live.resource_version,
    };
    scene.add(Phase::Prune, delete);
    assert_eq!(codes(&scene), ["out-of-scope"]);
    let mut scene = released();
    scene.policy("batch", deny).annotations = [source("Zone")].into();
    assert_eq!(codes(&scene), Vec::<&str>::new());
}

/// The shop of which a zone held `batch` and holds it no longer, with something else to do.
fn left() -> Scene {
    let zone = "namespaces: [{ name: web }";
    let mut trial = shop(&SHOP.replace(zone, &format!("{zone}, {{ name: batch }}")));
    trial.cluster.add_namespace("batch", &[]);
    trial.apply();
    with_shop_alone(trial)
}
