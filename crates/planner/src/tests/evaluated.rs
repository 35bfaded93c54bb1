//! The expressions of a guard rail, evaluated as the API server does.

use std::collections::BTreeMap;

use cel::{Context, Program, Value as CelValue};
use cofferdam_testkit::Trial;
use serde_json::{Value, json};

use super::planner;

/// The policy of the rail of this name, of what these documents compile to for the cluster of the shop with
/// writer `user:cofferdam`.
pub(super) fn policy(documents: &str, rail: &str) -> Value {
    let guarded = documents.replace(
        "mode: manage }",
        "mode: manage, guards: { writers: [user:cofferdam] } }",
    );
    assert_ne!(guarded, documents);
    let bundle = Trial::shop(&guarded, planner).bundle();
    bundle.guards.get(rail).unwrap().policy.spec.clone()
}

/// The values of all expressions of a list, in their order, for a request: what `request`, `object` and the
/// like are. Variables are known to those after them.
pub(super) fn evaluate(policy: &Value, list: &str, given: &BTreeMap<&str, Value>) -> Vec<CelValue> {
    let mut context = Context::default();
    for (name, value) in given {
        context.add_variable(*name, value).unwrap();
    }
    let mut variables = cel::objects::Map {
        map: std::collections::HashMap::new().into(),
    };
    let items = |list: &str| {
        let items = policy.get(list).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    for variable in items("variables") {
        let value = value(&context, &variable);
        let mut known = (*variables.map).clone();
        let name = variable["name"].as_str().unwrap().to_owned();
        known.insert(name.into(), value);
        variables.map = known.into();
        context.add_variable_from_value("variables", CelValue::Map(variables.clone()));
    }
    let items = items(list);
    items.iter().map(|one| value(&context, one)).collect()
}

fn value(context: &Context<'_, '_>, item: &Value) -> CelValue {
    let text = item["expression"].as_str().unwrap();
    let program = Program::compile(text).unwrap();
    let value = program.execute(context);
    value.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A request by a user who is nobody in particular, to do something with a kind.
pub(super) fn request(operation: &str, resource: &str) -> Value {
    json!({
        "operation": operation,
        "namespace": "",
        "resource": { "resource": resource },
        "userInfo": { "username": "somebody", "groups": ["system:authenticated"] },
    })
}
