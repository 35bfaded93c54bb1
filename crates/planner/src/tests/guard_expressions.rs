//! What the API server evaluates beside what we conclude by ourselves: two implementations of one rule.

use cel::{Context, Program, Value as CelValue};
use cofferdam_model::node_pool::{NodePool, Taint, TaintEffect};
use cofferdam_testkit::{SHOP, Trial};
use k8s_openapi::api::core::v1::Toleration;
use proptest::option;
use proptest::prelude::{Strategy, prop_assert_eq, proptest};
use proptest::sample::select;
use serde_json::{Value, json};

use super::evaluated::{evaluate, policy, request};
use super::{cases, planner};
use crate::findings::{may_tolerate, tolerates_taint};
use crate::pools::taint_of;

/// Tolerations of keys, values, operators and effects near those of the shop's pool.
fn tolerations() -> impl Strategy<Value = Toleration> {
    let key = option::of(select(vec!["", "cofferdam.io/pool", "dedicated"]));
    let value = option::of(select(vec!["", "pci", "other"]));
    let operator = option::of(select(vec!["", "Equal", "Exists", "Lt", "Gt"]));
    let effect = option::of(select(vec!["", "NoSchedule", "NoExecute"]));
    (key, value, operator, effect).prop_map(|(key, value, operator, effect)| Toleration {
        key: key.map(str::to_owned),
        value: value.map(str::to_owned),
        operator: operator.map(str::to_owned),
        effect: effect.map(str::to_owned),
        toleration_seconds: None,
    })
}

/// The variable of this name of the rail about pods of the shop's pool.
fn variable(name: &str) -> String {
    let policy = policy(SHOP, "cofferdam-pods-pci");
    let variables = policy["variables"].as_array().unwrap();
    let found = variables.iter().find(|one| one["name"] == name).unwrap();
    found["expression"].as_str().unwrap().to_owned()
}

/// Whether a pod has what a pin would add, as the pin of the shop's pool asks it.
fn has_toleration() -> String {
    let policy = policy(SHOP, "cofferdam-pin-pci");
    let patch = &policy["mutations"][1]["jsonPatch"]["expression"];
    let (_, asked) = patch.as_str().unwrap().split_once("}] : ").unwrap();
    let (asked, _) = asked.split_once(" ? [] :").unwrap();
    asked.to_owned()
}

fn evaluated(program: &Program, tolerations: &[Toleration], before: &[Toleration]) -> CelValue {
    let mut context = Context::default();
    let variables = json!({ "tolerations": tolerations, "before": before });
    context.add_variable("variables", variables).unwrap();
    let object = json!({ "spec": { "tolerations": tolerations } });
    context.add_variable("object", object).unwrap();
    program.execute(&context).unwrap()
}

fn tolerates_every_effect(toleration: &Toleration, pool: &NodePool) -> bool {
    let mut effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"].into_iter();
    effects.all(|effect| {
        let taint = k8s_openapi::api::core::v1::Taint {
            effect: effect.to_owned(),
            ..taint_of(pool)
        };
        tolerates_taint(std::slice::from_ref(toleration), &taint)
    })
}

proptest! {
    #![proptest_config(cases(96))]
    #[test]
    fn the_rail_refuses_what_we_say_it_would_and_the_pin_adds_what_is_not_there(
        given in proptest::collection::vec(tolerations(), 0..4),
        more in proptest::collection::vec(tolerations(), 0..2),
    ) {
        let program = Program::compile(&variable("tolerates")).unwrap();
        let bundle = Trial::shop(SHOP, planner).bundle();
        let pool = bundle.pools.first().unwrap();
        let want = may_tolerate(&given, pool);
        prop_assert_eq!(evaluated(&program, &given, &[]), CelValue::Bool(want));
        // What a pod tolerates already is no matter of an update.
        let all: Vec<Toleration> = given.iter().chain(&more).cloned().collect();
        let added: Vec<Toleration> = more.iter().filter(|one| !given.contains(one)).cloned().collect();
        let want = may_tolerate(&added, pool);
        prop_assert_eq!(evaluated(&program, &all, &given), CelValue::Bool(want));
        // A pod that is not sure to run on the pool, whichever effect its taint has or gets, gets one by which it is.
        let program = Program::compile(&has_toleration()).unwrap();
        let want = given.iter().any(|one| tolerates_every_effect(one, pool));
        prop_assert_eq!(evaluated(&program, &given, &[]), CelValue::Bool(want));
    }
}

#[test]
fn operators_that_are_not_known_match_where_that_would_be_refused_and_not_where_it_would_help() {
    let bundle = Trial::shop(SHOP, planner).bundle();
    let pool = bundle.pools.first().unwrap();
    for (operator, value, may, sure) in [
        ("Lt", "5", true, false),
        ("Gt", "pci", true, false),
        ("Exists", "", true, true),
        ("Equal", "pci", true, true),
        ("Equal", "5", false, false),
    ] {
        let one = |key: &str| Toleration {
            key: Some(key.to_owned()),
            operator: Some(operator.to_owned()),
            value: Some(value.to_owned()),
            ..Toleration::default()
        };
        let ours = [one("cofferdam.io/pool")];
        let found = (
            may_tolerate(&ours, pool),
            tolerates_taint(&ours, &taint_of(pool)),
        );
        assert_eq!(found, (may, sure), "{operator} {value}");
        let other = [one("dedicated")];
        let found = (
            may_tolerate(&other, pool),
            tolerates_taint(&other, &taint_of(pool)),
        );
        assert_eq!(found, (false, false), "{operator} {value}");
    }
}

#[test]
fn a_guest_is_of_a_daemon_set_of_kubernetes_itself() {
    let guests = "zones: [back], guests: [{ namespace: monitoring, daemonSet: exporter }] }";
    let policy = policy(
        &SHOP.replace("zones: [back] }", guests),
        "cofferdam-pods-pci",
    );
    let variables = policy["variables"].as_array().unwrap();
    let place = variables.iter().position(|one| one["name"] == "guest");
    let controller = "system:serviceaccount:kube-system:daemon-set-controller";
    let check = |user: &str, owner: Value, wanted: bool| {
        let pod = json!({
            "metadata": { "name": "one", "namespace": "monitoring", "ownerReferences": [owner] },
            "spec": {},
        });
        let mut request = request("CREATE", "pods");
        request["userInfo"]["username"] = json!(user);
        let given = [
            ("request", request),
            ("object", pod),
            ("oldObject", Value::Null),
        ];
        let found = evaluate(&policy, "variables", &given.into());
        assert_eq!(
            found[place.unwrap()],
            CelValue::Bool(wanted),
            "{user} {owner}"
        );
    };
    let owner = |version: &str, kind: &str, name: &str, controls: bool| json!({ "apiVersion": version, "kind": kind, "name": name, "controller": controls });
    check(
        controller,
        owner("apps/v1", "DaemonSet", "exporter", true),
        true,
    );
    for (user, owner) in [
        (
            controller,
            owner("apps.kruise.io/v1alpha1", "DaemonSet", "exporter", true),
        ),
        (controller, owner("v1", "DaemonSet", "exporter", true)),
        (controller, owner("apps/v1", "ReplicaSet", "exporter", true)),
        (controller, owner("apps/v1", "DaemonSet", "other", true)),
        (controller, owner("apps/v1", "DaemonSet", "exporter", false)),
        ("tenant", owner("apps/v1", "DaemonSet", "exporter", true)),
    ] {
        check(user, owner, false);
    }
}

#[test]
fn every_effect_of_a_taint_is_matched_by_its_own_and_by_none() {
    for effect in [
        TaintEffect::NoSchedule,
        TaintEffect::PreferNoSchedule,
        TaintEffect::NoExecute,
    ] {
        let bundle = Trial::shop(SHOP, planner).bundle();
        let mut pool = bundle.pools.first().unwrap().clone();
        pool.taint = Taint {
            effect,
            ..pool.taint
        };
        for named in ["", "NoSchedule", "PreferNoSchedule", "NoExecute"] {
            let toleration = Toleration {
                operator: Some("Exists".to_owned()),
                effect: (!named.is_empty()).then(|| named.to_owned()),
                ..Toleration::default()
            };
            let want = named.is_empty() || named == effect.as_str();
            assert_eq!(
                tolerates_taint(&[toleration], &taint_of(&pool)),
                want,
                "{named} of {effect:?}"
            );
        }
    }
}
