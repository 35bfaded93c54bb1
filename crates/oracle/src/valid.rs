//! What an API server refuses. One invalid part makes the whole object as if not there.

pub(crate) mod admin;
mod network_policy;

use serde_json::Value;

use crate::address::block;
use crate::fields::{field, items, text};
use crate::kind;
use crate::port::{number, protocol};

/// Whether an API server would have accepted the object, if it is a policy.
pub fn is_valid(object: &Value) -> bool {
    if kind::is(object, kind::NETWORK_POLICY) {
        return is_namespace(text(object, "/metadata/namespace"))
            && network_policy::is_valid(object);
    }
    let admin = [kind::ADMIN, kind::BASELINE, kind::CLUSTER];
    if admin.into_iter().any(|kind| kind::is(object, kind)) {
        return admin::is_valid(object);
    }
    true
}

/// Lower-case letters, digits and `-` between them, at most 63; left out it is a default.
fn is_namespace(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 63 && name.chars().all(is_inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_selector(selector: &Value) -> bool {
    let wanted = field(selector, "/matchLabels").and_then(Value::as_object);
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(_, value)| value.is_string())
        && items(selector, "/matchExpressions").iter().all(|item| {
            let has_values = !items(item, "/values").is_empty();
            let operator_fits = match text(item, "/operator") {
                "In" | "NotIn" => has_values,
                "Exists" | "DoesNotExist" => !has_values,
                _ => false,
            };
            operator_fits && !text(item, "/key").is_empty()
        })
}

/// Whether the selector at a path is valid or absent.
fn is_selector_or_absent(value: &Value, path: &str) -> bool {
    field(value, path).is_none_or(is_selector)
}

fn is_cidr(text: &Value) -> bool {
    text.as_str().and_then(block).is_some()
}

fn is_known_protocol(value: &Value, path: &str) -> bool {
    ["TCP", "UDP", "SCTP"].contains(&protocol(value, path))
}

/// The port number at a path, if it is one.
fn port_number(value: &Value, path: &str) -> Option<i64> {
    number(value, path).filter(|number| (1..=65535).contains(number))
}
