//! What the API server would refuse in the expressions of guard rails.

use std::collections::BTreeSet;

use cel::Program;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_state::bundle::Bundle;
use cofferdam_state::guard::DesiredGuard;
use serde_json::Value;

/// Every expression of the guard rails that does not parse, or that uses a variable which nothing defines
/// before; and variables whose names readers of YAML 1.1 take for something else. None is to be expected: the
/// documents have no say in expressions but through names, which are quoted.
pub fn guard_faults(bundle: &Bundle) -> Vec<Remark> {
    let guards = bundle.guards.values();
    guards
        .flat_map(|guard| {
            faults(guard)
                .into_iter()
                .map(|fault| remark(bundle, guard, &fault))
        })
        .collect()
}

/// What is wrong with the expressions of one rail.
pub(super) fn faults(guard: &DesiredGuard) -> Vec<String> {
    let mut found = Vec::new();
    let mut defined = BTreeSet::new();
    for (name, expression) in expressions(&guard.policy.spec) {
        found.extend(fault(&name, expression, &defined));
        if let Some(variable) = name.strip_prefix("variable ") {
            if AMBIGUOUS.contains(&variable) {
                found.push(format!("{name}: YAML 1.1 takes this name for a boolean"));
            }
            defined.insert(variable.to_owned());
        }
    }
    found
}

const AMBIGUOUS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];

fn fault(name: &str, expression: &str, defined: &BTreeSet<String>) -> Option<String> {
    if let Err(errors) = Program::compile(expression) {
        let first = errors.to_string();
        let first = first.lines().next().unwrap_or_default();
        return Some(format!("{name}: {first}"));
    }
    let code = without_literals(expression);
    let unknown = used_variables(&code).find(|used| !defined.contains(*used))?;
    Some(format!(
        "{name}: nothing defines `variables.{unknown}` before"
    ))
}

/// An expression of ours with nothing in its string literals, which hold names of the documents: these are quoted
/// by `'`, and what would end one is escaped.
fn without_literals(expression: &str) -> String {
    let mut code = String::new();
    let (mut inside, mut escaped) = (false, false);
    for c in expression.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '\'' => {
                inside = !inside;
                code.push(c);
            }
            _ if inside => {}
            _ => code.push(c),
        }
    }
    code
}

/// Names after `variables.`.
fn used_variables(expression: &str) -> impl Iterator<Item = &str> {
    let parts = expression.split("variables.").skip(1);
    parts.filter_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()).next())
}

/// Every expression with what it is, in the order in which the server evaluates them.
fn expressions(spec: &Value) -> Vec<(String, &str)> {
    let list = |field: &str| {
        spec.get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let text = |value: &'_ Value, path: &str| -> Option<String> {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    let mut all = Vec::new();
    for (field, label, path, named) in [
        ("matchConditions", "match condition", "/expression", true),
        ("variables", "variable", "/expression", true),
        ("validations", "validation", "/expression", false),
        ("mutations", "mutation", "/jsonPatch/expression", false),
        (
            "auditAnnotations",
            "audit annotation",
            "/valueExpression",
            false,
        ),
    ] {
        for (index, item) in list(field).enumerate() {
            let name = text(item, "/name").filter(|_| named);
            let name = name.unwrap_or_else(|| index.to_string());
            let expression = item.pointer(path).and_then(Value::as_str);
            all.extend(expression.map(|expression| (format!("{label} {name}"), expression)));
        }
    }
    all
}

fn remark(bundle: &Bundle, guard: &DesiredGuard, fault: &str) -> Remark {
    let (kind, name) = match &guard.pool {
        Some(pool) => ("NodePool", pool.to_string()),
        None => ("Cluster", bundle.cluster.to_string()),
    };
    Remark {
        document: DocumentId { kind, name },
        path: "spec".to_owned(),
        severity: Severity::Error,
        code: "guard-expression",
        message: format!("guard rail `{}`: {fault}", guard.name()),
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_literals_say_is_no_use_of_a_variable() {
        for (expression, unknown) in [
            ("request.userInfo.username == 'variables.x'", None),
            (r"'it\'s variables.x' in variables.known", None),
            (r"variables.known == '\\' && variables.x", Some("x")),
            ("variables.x", Some("x")),
            ("'a' + variables.x + 'b'", Some("x")),
        ] {
            let told = fault("it", expression, &["known".to_owned()].into());
            let want = unknown.map(|name| format!("it: nothing defines `variables.{name}` before"));
            assert_eq!(told, want, "{expression}");
        }
    }
}
