//! Open policies that somebody edited: they keep nobody open but whom they select.

use cofferdam_testkit::{Edit, model};
use serde_json::json;

use super::*;

const OPEN: &str = "NetworkPolicy/web/cofferdam-open-ingress";

/// The staged shop, to be enforced now, in which no policy but the open one isolates the ingress of `web`;
/// after somebody edited that.
fn edited(edit: Edit) -> Scene {
    let bare = SHOP.replacen("sensitivity: low", "sensitivity: low, withinZone: deny", 1);
    let mut trial = shop(&bare.replace("enforcement: enforce", "enforcement: stage"));
    trial.apply();
    trial.cluster.act(&Act::EditOpen(3, edit));
    trial.model = model(&bare);
    Scene::of(&trial)
}

/// That nothing may isolate the ingress of `web` yet.
const BARE: &str = "order: NetworkPolicy/web/cofferdam-default-deny-ingress: isolates ingress with nothing to keep \
    it open";

#[test]
fn an_edited_open_policy_is_written_back_before_pods_are_denied_that_nothing_isolates() {
    for edit in [Edit::Pods, Edit::Types(&["Egress"])] {
        let mut scene = edited(edit);
        assert_eq!(shown(&scene.judge()), Vec::<String>::new(), "{edit:?}");
        scene.drop(Phase::Open, OPEN);
        assert!(shown(&scene.judge()).contains(&BARE.to_owned()), "{edit:?}");
    }
    // What still isolates every pod leaves nobody to be kept open.
    assert_eq!(shown(&edited(Edit::Peers).judge()), Vec::<String>::new());
}

#[test]
fn an_open_policy_that_is_written_narrower_keeps_nobody_open() {
    let mut scene = edited(Edit::Pods);
    let Action::ReplacePolicy { object, .. } = &mut scene.step(Phase::Open, OPEN).action else {
        panic!("it is not written back")
    };
    let spec = std::sync::Arc::make_mut(object).spec.as_mut().unwrap();
    let few = [("app".to_owned(), "web".to_owned())].into();
    spec.pod_selector.as_mut().unwrap().match_labels = Some(few);
    let refused = [
        format!("not-in-bundle: {OPEN}: the bundle does not hold it"),
        BARE.to_owned(),
    ];
    assert_eq!(shown(&scene.judge()), refused);
}

#[test]
fn what_isolates_few_pods_does_not_stand_in_for_an_open_policy() {
    let mut scene = edited(Edit::Pods);
    scene.drop(Phase::Open, OPEN);
    scene.drop(Phase::Close, OPEN);
    let few = json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]});
    let isolating = |scene: &mut Scene, name: &str, spec: &serde_json::Value| {
        let live = scene.policy("web", name);
        live.spec = spec.clone().into();
        shown(&scene.judge()).contains(&BARE.to_owned())
    };
    let name = "cofferdam-open-ingress";
    assert!(isolating(&mut scene, name, &few));
    let every = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    assert!(!isolating(&mut scene, name, &every));
}

#[test]
fn a_policy_that_is_rewritten_to_isolate_needs_an_open_policy_too() {
    let mut scene = edited(Edit::Types(&["Egress"]));
    scene.drop(Phase::Open, OPEN);
    let deny = scene.drop(
        Phase::Deny,
        "NetworkPolicy/web/cofferdam-default-deny-ingress",
    );
    let object = std::sync::Arc::clone(deny.action.written_policy().unwrap());
    let live = scene.policy("web", "cofferdam-open-ingress").clone();
    let (uid, resource_version) = (live.uid.clone(), live.resource_version.clone());
    let key = (
        "web".to_owned(),
        "cofferdam-default-deny-ingress".to_owned(),
    );
    if let Reading::Known(all) = &mut scene.observed.policies {
        all.insert(key, live);
    }
    let replace = Action::ReplacePolicy {
        object,
        uid,
        resource_version,
    };
    scene.add(Phase::Deny, replace);
    assert!(shown(&scene.judge()).contains(&BARE.to_owned()));
}
