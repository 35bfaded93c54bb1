//! An API server's audit log, read from its end.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::Kind;
use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::observed::Reading;
use serde::Deserialize;

/// How much of the log is read, in bytes from its end. A log may be larger than the machine's memory,
/// and what was written long ago explains no drift of today.
const READ_AT_MOST: u64 = 64 << 20;

/// The last successful writes of kinds that findings are about, in the order of the log.
///
/// Lines that are no audit event are passed over, as the first one read may be cut. A log that cannot
/// be read is unknown, with the reason.
pub async fn read(path: &Path) -> Reading<Vec<AuditedWrite>> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || read_tail(&owned, READ_AT_MOST)).await;
    let why = match read {
        Ok(Ok(writes)) => return Reading::Known(writes),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "reading was interrupted".to_owned(),
    };
    Reading::Unknown(format!("cannot read {}: {why}", path.display()))
}

fn read_tail(path: &Path, at_most: u64) -> std::io::Result<Vec<AuditedWrite>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(at_most)))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut writes = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        writes.extend(write_of(&line));
        line.clear();
    }
    Ok(writes)
}

/// An event of `audit.k8s.io/v1`, as far as it tells who wrote what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI", default)]
    request_uri: String,
    #[serde(default)]
    user_agent: String,
    user: User,
    impersonated_user: Option<User>,
    object_ref: Option<Reference>,
    response_status: Option<Status>,
    request_received_timestamp: String,
    stage_timestamp: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Reference {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

fn write_of(line: &[u8]) -> Option<AuditedWrite> {
    let event: Event = serde_json::from_slice(line).ok()?;
    let writes = ["create", "update", "patch", "delete", "deletecollection"];
    let done = event.stage == "ResponseComplete"
        && event
            .response_status
            .is_some_and(|status| (200..300).contains(&status.code));
    let dry_run = parameter(&event.request_uri, "dryRun").is_some();
    let object = event
        .object_ref
        .filter(|object| object.subresource.is_empty())?;
    if !done || dry_run || !writes.contains(&event.verb.as_str()) {
        return None;
    }
    let kind = match (object.api_group.as_str(), object.resource.as_str()) {
        ("", "namespaces") => Kind::Namespace,
        ("", "nodes") => Kind::Node,
        ("", "configmaps") => Kind::ConfigMap,
        ("networking.k8s.io", "networkpolicies") => Kind::NetworkPolicy,
        ("admissionregistration.k8s.io", plural) => Kind::Admission(
            AdmissionKind::ALL
                .into_iter()
                .find(|kind| kind.plural() == plural)?,
        ),
        _ => return None,
    };
    let deletes = matches!(event.verb.as_str(), "delete" | "deletecollection");
    // A collection that was narrowed deleted nobody knows what, and a name that the server generated
    // is not told.
    let narrowed = ["labelSelector", "fieldSelector"]
        .iter()
        .any(|name| parameter(&event.request_uri, name).is_some());
    if object.name.is_empty() && (event.verb != "deletecollection" || narrowed) {
        return None;
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    // The audit log gives a namespace itself as its own namespace.
    let namespace = some(object.namespace).filter(|_| kind != Kind::Namespace);
    let product = event
        .user_agent
        .split(['/', ' '])
        .next()
        .unwrap_or_default();
    // Who acted for somebody else, as a gateway does, is not who wanted it.
    let user = event.impersonated_user.unwrap_or(event.user);
    Some(AuditedWrite {
        user: user.username,
        tool: parameter(&event.request_uri, "fieldManager").or_else(|| some(product.to_owned())),
        received: event.request_received_timestamp,
        completed: event.stage_timestamp,
        kind,
        namespace,
        name: some(object.name),
        deletes,
    })
}

/// A parameter of a query, as it is written there.
fn parameter(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    fn event(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut event = json!({
            "stage": "ResponseComplete", "verb": "patch", "userAgent": "kubectl/v1.36.3 (linux/amd64)",
            "requestURI": "/apis/networking.k8s.io/v1/namespaces/pay/networkpolicies/a?fieldManager=kubectl-patch",
            "user": {"username": "alice"}, "responseStatus": {"code": 200},
            "objectRef": {"apiGroup": "networking.k8s.io", "resource": "networkpolicies", "namespace": "pay", "name": "a"},
            "requestReceivedTimestamp": "2026-01-01T00:00:00.900000Z",
            "stageTimestamp": "2026-01-01T00:00:01.100000Z",
        });
        change(&mut event);
        event.to_string()
    }

    fn check(line: &str, expected: Option<(&str, &str, &str)>) {
        let write = write_of(line.as_bytes());
        let found = write.map(|write| {
            let object = format!(
                "{}/{}/{}",
                write.kind.as_str(),
                write.namespace.unwrap_or_default(),
                write.name.unwrap_or_default()
            );
            (write.user, write.tool.unwrap_or_default(), object)
        });
        let expected = expected
            .map(|(user, tool, object)| (user.to_owned(), tool.to_owned(), object.to_owned()));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn completed_writes_of_objects_are_read() {
        let policy = "NetworkPolicy/pay/a";
        check(&event(|_| ()), Some(("alice", "kubectl-patch", policy)));
        check(
            &event(|e| e["requestURI"] = json!("/apis/x")),
            Some(("alice", "kubectl", policy)),
        );
        check(
            &event(|e| {
                e["verb"] = json!("deletecollection");
                e["objectRef"]["name"] = json!("");
            }),
            Some(("alice", "kubectl-patch", "NetworkPolicy/pay/")),
        );
        check(
            &event(|e| {
                e["objectRef"] =
                    json!({"resource": "namespaces", "namespace": "pay", "name": "pay"});
            }),
            Some(("alice", "kubectl-patch", "Namespace//pay")),
        );
        check(
            &event(|e| {
                e["objectRef"] = json!({
                    "apiGroup": "admissionregistration.k8s.io",
                    "resource": "mutatingadmissionpolicybindings",
                    "name": "pin",
                });
            }),
            Some((
                "alice",
                "kubectl-patch",
                "MutatingAdmissionPolicyBinding//pin",
            )),
        );
    }

    #[test]
    fn who_is_impersonated_is_named() {
        let line = event(|e| e["impersonatedUser"] = json!({"username": "bob"}));
        check(&line, Some(("bob", "kubectl-patch", "NetworkPolicy/pay/a")));
    }

    #[test]
    fn reads_failures_dry_runs_and_other_lines_are_passed_over() {
        check(&event(|e| e["verb"] = json!("get")), None);
        check(&event(|e| e["stage"] = json!("RequestReceived")), None);
        check(&event(|e| e["responseStatus"]["code"] = json!(409)), None);
        check(&event(|e| e["requestURI"] = json!("/a?dryRun=All")), None);
        check(
            &event(|e| e["objectRef"]["subresource"] = json!("status")),
            None,
        );
        check(
            &event(|e| e["objectRef"]["resource"] = json!("secrets")),
            None,
        );
        check("cut off\"}", None);
        let narrowed = |e: &mut serde_json::Value| {
            e["verb"] = json!("deletecollection");
            e["objectRef"]["name"] = json!("");
            e["requestURI"] = json!("/apis/x?labelSelector=a%3Db");
        };
        check(&event(narrowed), None);
        let generated = |e: &mut serde_json::Value| {
            e["verb"] = json!("create");
            e["objectRef"]["name"] = json!("");
        };
        check(&event(generated), None);
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let line = event(|_| ());
        for _ in 0..10 {
            writeln!(file, "{line}").expect("written");
        }
        let two = u64::try_from(line.len() * 2 + 2).expect("fits");
        assert_eq!(read_tail(file.path(), two).expect("read").len(), 2);
        assert_eq!(read_tail(file.path(), two - 1).expect("read").len(), 1);
    }
}
