//! Fields of raw objects. `null` is read as absent, as an API server reads it.

use serde_json::Value;

/// The field at a path such as `/spec/podSelector`; the value itself at an empty path.
pub(crate) fn field<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut names = path.split('/').skip(1);
    names
        .try_fold(value, |value, name| value.get(name))
        .filter(|found| !found.is_null())
}

/// The text at a path; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    field(value, path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The items of the list at a path; none where there is no list.
pub(crate) fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    field(value, path)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// How many of these fields the object has.
pub(crate) fn count_of(value: &Value, names: &[&str]) -> usize {
    let present = |name: &&&str| value.get(**name).is_some_and(|found| !found.is_null());
    names.iter().filter(present).count()
}
