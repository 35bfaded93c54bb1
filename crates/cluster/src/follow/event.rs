//! What a watch tells, line by line.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Category, of_status};

/// Namespace and name; the namespace is empty where the kind has none.
pub(super) type Key = (String, String);

/// What one line of a watch tells.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// An object is there, and is now like this.
    Is(Key, &'a RawValue),
    /// An object is no more.
    Gone(Key),
    /// Nothing but how far the watch is.
    Bookmark {
        /// Whether every object that was there at first was told by now.
        ends_initial: bool,
    },
    /// The watch cannot go on from where it began: what happened since is forgotten.
    Expired,
}

/// Why a server gives a watch up.
pub(super) type Failed = (Category, String);

/// Bookmarks that end the objects that were there at first carry it.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

#[derive(Deserialize)]
struct Line<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    metadata: Metadata,
    code: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    resource_version: String,
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

/// The event of a line, or why there are no more, with the resource version up to which the watch has come.
pub(super) fn parse(line: &[u8]) -> Result<(Result<Event<'_>, Failed>, String), serde_json::Error> {
    let Line { r#type, object } = serde_json::from_slice(line)?;
    let Object { metadata, code } = serde_json::from_str(object.get())?;
    let key = (metadata.namespace, metadata.name);
    let event = match r#type {
        "ADDED" | "MODIFIED" | "DELETED" if key.1.is_empty() => {
            return Err(serde::de::Error::missing_field("metadata.name"));
        }
        "ADDED" | "MODIFIED" => Event::Is(key, object),
        "DELETED" => Event::Gone(key),
        "BOOKMARK" => Event::Bookmark {
            ends_initial: metadata
                .annotations
                .is_some_and(|all| all.contains_key(INITIAL_EVENTS_END)),
        },
        _ if code == 410 => Event::Expired,
        _ => {
            let failed = of_status(code, object.get().as_bytes());
            return Ok((Err(failed), metadata.resource_version));
        }
    };
    Ok((Ok(event), metadata.resource_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let told = match parse(line.as_bytes()) {
            Ok((event, version)) => {
                let event = match event {
                    Ok(Event::Is((namespace, name), _)) => format!("is {namespace}/{name}"),
                    Ok(Event::Gone((namespace, name))) => format!("gone {namespace}/{name}"),
                    Ok(Event::Bookmark { ends_initial }) => format!("bookmark {ends_initial}"),
                    Ok(Event::Expired) => "expired".to_owned(),
                    Err((category, why)) => format!("failed {category:?} {why}"),
                };
                format!("{event} at {version:?}")
            }
            Err(error) => format!("{error}"),
        };
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn each_line_is_one_event() {
        let pod =
            r#"{"metadata":{"name":"a","namespace":"x","resourceVersion":"7"},"spec":{"x":1}}"#;
        check(
            &format!(r#"{{"type":"ADDED","object":{pod}}}"#),
            r#"is x/a at "7""#,
        );
        check(
            &format!(r#"{{"type":"MODIFIED","object":{pod}}}"#),
            r#"is x/a at "7""#,
        );
        check(
            &format!(r#"{{"type":"DELETED","object":{pod}}}"#),
            r#"gone x/a at "7""#,
        );
        let node = r#"{"metadata":{"name":"n","resourceVersion":"8"}}"#;
        check(
            &format!(r#"{{"type":"ADDED","object":{node}}}"#),
            r#"is /n at "8""#,
        );
    }

    #[test]
    fn a_bookmark_may_end_what_was_there_at_first() {
        let bookmark = |annotations: &str| {
            format!(
                r#"{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"9"{annotations}}}}}}}"#
            )
        };
        check(&bookmark(""), r#"bookmark false at "9""#);
        check(
            &bookmark(r#","annotations":null"#),
            r#"bookmark false at "9""#,
        );
        let end = r#","annotations":{"k8s.io/initial-events-end":"true"}"#;
        check(&bookmark(end), r#"bookmark true at "9""#);
    }

    #[test]
    fn an_error_ends_it() {
        let gone = r#"{"kind":"Status","metadata":{},"code":410,"reason":"Expired","message":"too old resource version"}"#;
        check(&format!(r#"{{"type":"ERROR","object":{gone}}}"#), "expired");
        let other = r#"{"kind":"Status","metadata":{},"code":500,"reason":"InternalError","message":"etcd is gone"}"#;
        check(
            &format!(r#"{{"type":"ERROR","object":{other}}}"#),
            "failed Other etcd is gone",
        );
        check("{\"type\":\"ADDED\"", "EOF while parsing");
        check(
            r#"{"type":"ADDED","object":{"metadata":{}}}"#,
            "missing field `metadata.name`",
        );
    }
}
