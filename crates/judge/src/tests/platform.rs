//! Names that a platform keeps for itself, and that anybody may choose elsewhere.

use cofferdam_model::names::NamespaceName;
use cofferdam_state::plan::{KeyChange, LabelPatch};

use super::guards::fresh;
use super::*;

/// Which checks refuse a plan that labels namespace `openshift-dns`, which no zone holds.
fn check(seen: fn(&mut Scene), want: &[&str]) {
    let mut trial = shop(SHOP);
    trial.cluster.add_namespace("openshift-dns", &[]);
    let mut scene = Scene::of(&trial);
    seen(&mut scene);
    let change = KeyChange {
        key: "cofferdam.io/zone".to_owned(),
        old: None,
        new: Some("back".to_owned()),
    };
    let name = "openshift-dns".to_owned();
    let uid = scene.namespace(&name).uid.clone();
    let labels = LabelPatch {
        has_labels: true,
        changes: vec![change],
    };
    scene.add(Phase::Labels, Action::PatchNamespace { name, uid, labels });
    let mut codes: Vec<&str> = scene.judge().iter().map(|one| one.code).collect();
    codes.dedup();
    assert_eq!(codes, want);
}

#[test]
fn what_a_platform_may_keep_for_itself_is_not_touched() {
    check(|_| {}, &["out-of-scope"]);
    check(
        |scene| {
            let Reading::Known(known) = &mut scene.observed.capabilities else {
                panic!("no capabilities")
            };
            let kind = "config.openshift.io/v1/ClusterVersion";
            known.kinds.insert(kind.to_owned());
        },
        &["system-namespace", "out-of-scope"],
    );
    check(
        |scene| scene.observed.capabilities = Reading::Unknown("forbidden".to_owned()),
        &["unknown", "system-namespace", "out-of-scope"],
    );
}

#[test]
fn a_rail_that_comes_to_let_pods_pass_is_refused_with_the_namespaces_named() {
    let mut trial = fresh();
    trial.apply();
    trial.cluster.add_namespace("velero", &[]);
    trial.cluster.add_namespace("openshift-x", &[]);
    let refusals = |trial: &Trial| shown(&Scene::of(trial).judge());
    assert_eq!(refusals(&trial), Vec::<String>::new());
    let velero = NamespaceName::parse("velero").unwrap();
    trial.cluster.capabilities.system_namespaces.insert(velero);
    let want = "weakening: weakens ValidatingAdmissionPolicy/cofferdam-pods-pci: pods of `velero`, which no zone \
                holds, would be let pass (--allow-weakening)";
    assert_eq!(refusals(&trial), [want]);
}
