//! Policies that do not count as in place: being deleted, somebody else's, or changed by somebody.

use cofferdam_testkit::model;

use super::*;

/// The shop, staged before and to be enforced now, with one thing about a policy of `web` not as it was.
fn refusals(change: impl FnOnce(&mut Scene)) -> Vec<String> {
    let mut trial = shop(&SHOP.replace("enforcement: enforce", "enforcement: stage"));
    trial.apply();
    trial.model = model(SHOP);
    let mut scene = Scene::of(&trial);
    change(&mut scene);
    shown(&scene.judge())
}

/// That neither of the open policies may go.
fn kept_open() -> [String; 2] {
    ["egress", "ingress"].map(|direction| {
        format!(
            "order: NetworkPolicy/web/cofferdam-open-{direction}: removed although \
             `cofferdam-within-zone` is not in place"
        )
    })
}

#[test]
fn no_open_policy_goes_while_somebody_elses_has_the_name_of_an_allow() {
    let forget = |scene: &mut Scene| {
        let object = ObjectKey::policy("web", "cofferdam-within-zone");
        let key = cofferdam_state::record::entry_key(&object, "");
        scene.record().entries.remove(&key);
    };
    assert_eq!(refusals(forget), kept_open());
}

#[test]
fn no_open_policy_goes_while_an_allow_is_as_somebody_changed_it() {
    let change = |scene: &mut Scene| {
        let spec = serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress"]});
        scene.policy("web", "cofferdam-within-zone").spec = spec.into();
    };
    assert_eq!(refusals(change), kept_open());
}

#[test]
fn no_open_policy_goes_while_an_allow_is_being_deleted() {
    let delete = |scene: &mut Scene| {
        scene.policy("web", "cofferdam-within-zone").terminating = true;
    };
    assert_eq!(refusals(delete), kept_open());
}
