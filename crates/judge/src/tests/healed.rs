//! Namespaces that were denied before: what a tenant puts in the way does not keep them open.

use cofferdam_objects::policy::Direction;
use cofferdam_state::plan::denied_field;
use cofferdam_state::record::entry_key;

use super::*;

/// The shop after somebody deleted what isolates the ingress of `web`, and more.
fn web_open(more: &[Act]) -> Trial {
    let mut trial = shop(SHOP);
    trial.apply();
    for name in ["cofferdam-default-deny-ingress", "cofferdam-within-zone"] {
        let (namespace, name) = ("web".to_owned(), name.to_owned());
        trial.cluster.act(&Act::DeletePolicy { namespace, name });
    }
    for act in more {
        trial.cluster.act(act);
    }
    trial
}

/// Why the plan for that shop is refused, with one thing not as it was.
fn refusals(more: &[Act], change: impl FnOnce(&mut Scene)) -> Vec<String> {
    let mut scene = Scene::of(&web_open(more));
    change(&mut scene);
    shown(&scene.judge())
}

const OPEN: &str = "NetworkPolicy/web/cofferdam-open-ingress";

/// Begins to delete what allows the egress of `web`, while a finalizer holds it.
fn dying() -> Act {
    Act::TerminatePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-allow-dns".to_owned(),
    }
}

/// Somebody else's policy with the name of the open policy.
fn taken() -> Act {
    Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-open-ingress".to_owned(),
        spec: serde_json::json!({"podSelector": {}, "policyTypes": ["Egress"]}),
    }
}

/// Whatever of `web` the record knows as denied is forgotten.
fn forget(scene: &mut Scene) {
    for direction in Direction::BOTH {
        let key = entry_key(&ObjectKey::namespace("web"), &denied_field(direction));
        scene.record().entries.remove(&key);
    }
}

/// That neither of these may isolate.
fn bare() -> [String; 2] {
    ["cofferdam-within-zone", "cofferdam-default-deny-ingress"].map(|name| {
        format!("order: NetworkPolicy/web/{name}: isolates ingress with nothing to keep it open")
    })
}

#[test]
fn only_what_was_denied_before_is_denied_without_an_open_policy_that_cannot_be_had() {
    for obstacle in [dying(), taken()] {
        let obstacle = std::slice::from_ref(&obstacle);
        let nothing = Vec::<String>::new();
        assert_eq!(refusals(obstacle, |_| {}), nothing, "{obstacle:?}");
        assert_eq!(refusals(obstacle, forget), bare(), "{obstacle:?}");
    }
}

#[test]
fn what_is_healed_is_kept_open_meanwhile_where_it_can_be() {
    let hasty = |scene: &mut Scene| {
        scene.drop(Phase::Open, OPEN);
        scene.drop(Phase::Close, OPEN);
    };
    assert_eq!(refusals(&[], |_| {}), Vec::<String>::new());
    assert_eq!(refusals(&[], hasty), bare());
}

#[test]
fn an_open_policy_that_a_pass_left_goes_although_an_allow_is_being_deleted() {
    let mut trial = web_open(&[]);
    trial.apply_killed_after(1);
    trial.cluster.act(&dying());
    let mut scene = Scene::of(&trial);
    scene.step(Phase::Close, OPEN);
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    forget(&mut scene);
    let want = format!("order: {OPEN}: removed although `cofferdam-allow-dns` is not in place");
    assert!(shown(&scene.judge()).contains(&want));
}
