//! What makes two objects the same one.

use std::fmt;

use serde_json::Value;

/// The names by which a cluster tells an object from every other. The version is not among them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    group: String,
    kind: String,
    /// `default` where none is written: for kinds without namespaces it is the same for all.
    namespace: String,
    name: String,
}

/// Group and kind; none where either is missing.
pub(super) fn group_and_kind(object: &Value) -> Option<(&str, &str)> {
    let version = text(object, "/apiVersion")?;
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Some((group, text(object, "/kind")?))
}

impl Identity {
    /// None for what gets its name by the API server.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let (group, kind) = group_and_kind(object)?;
        let namespace = text(object, "/metadata/namespace").unwrap_or("default");
        Some(Self {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: text(object, "/metadata/name")?.to_owned(),
        })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group: _,
            kind,
            namespace,
            name,
        } = self;
        write!(f, "{namespace}/{kind}/{name}")
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = object.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}
