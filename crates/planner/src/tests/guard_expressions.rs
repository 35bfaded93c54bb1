//! What the API server evaluates beside what we conclude by ourselves: two implementations of one rule.

use cel::{Context, Program, Value as CelValue};
use cofferdam_model::node_pool::{Taint, TaintEffect};
use cofferdam_testkit::{SHOP, Trial};
use k8s_openapi::api::core::v1::Toleration;
use proptest::option;
use proptest::prelude::{Strategy, prop_assert_eq, proptest};
use proptest::sample::select;
use serde_json::{Value, json};

use super::planner;
use crate::findings::tolerates;

/// Tolerations of keys, values, operators and effects near those of the shop's pool.
fn tolerations() -> impl Strategy<Value = Toleration> {
    let key = option::of(select(vec!["", "cofferdam.io/pool", "dedicated"]));
    let value = option::of(select(vec!["", "pci", "other"]));
    let operator = option::of(select(vec!["", "Equal", "Exists"]));
    let effect = option::of(select(vec!["", "NoSchedule", "NoExecute"]));
    (key, value, operator, effect).prop_map(|(key, value, operator, effect)| Toleration {
        key: key.map(str::to_owned),
        value: value.map(str::to_owned),
        operator: operator.map(str::to_owned),
        effect: effect.map(str::to_owned),
        toleration_seconds: None,
    })
}

/// The variable `tolerates` of the rail about pods of the shop's pool.
fn expression() -> String {
    let guarded = SHOP.replace(
        "mode: manage }",
        "mode: manage, guards: { writers: [user:cofferdam] } }",
    );
    assert_ne!(guarded, SHOP);
    let bundle = Trial::shop(&guarded, planner).bundle();
    let guard = bundle.guards.get("cofferdam-pods-pci").unwrap();
    let variables = guard
        .policy
        .spec
        .pointer("/variables")
        .and_then(Value::as_array)
        .unwrap();
    let found = variables
        .iter()
        .find(|one| one["name"] == "tolerates")
        .unwrap();
    found["expression"].as_str().unwrap().to_owned()
}

fn evaluated(program: &Program, tolerations: &[Toleration], before: &[Toleration]) -> CelValue {
    let mut context = Context::default();
    let variables = json!({ "tolerations": tolerations, "before": before });
    context.add_variable("variables", variables).unwrap();
    program.execute(&context).unwrap()
}

proptest! {
    #[test]
    fn the_rail_refuses_what_we_say_it_would(
        given in proptest::collection::vec(tolerations(), 0..4),
        more in proptest::collection::vec(tolerations(), 0..2),
    ) {
        let program = Program::compile(&expression()).unwrap();
        let bundle = Trial::shop(SHOP, planner).bundle();
        let pool = bundle.pools.first().unwrap();
        let want = tolerates(&given, pool);
        prop_assert_eq!(evaluated(&program, &given, &[]), CelValue::Bool(want));
        // What a pod tolerates already is no matter of an update.
        let all: Vec<Toleration> = given.iter().chain(&more).cloned().collect();
        let added: Vec<Toleration> = more.iter().filter(|one| !given.contains(one)).cloned().collect();
        let want = tolerates(&added, pool);
        prop_assert_eq!(evaluated(&program, &all, &given), CelValue::Bool(want));
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
                tolerates(&[toleration], &pool),
                want,
                "{named} of {effect:?}"
            );
        }
    }
}
