//! Namespaces that no zone holds, and that are isolated no longer.

use cofferdam_testkit::model;

use super::*;

#[test]
fn only_what_a_trust_domain_isolated_is_taken_back_from_a_namespace_of_no_zone() {
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
