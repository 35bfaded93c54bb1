//! Who made a difference: claims, and what the audit log says.

use cofferdam_objects::key::Kind;
use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::finding::Author;

use super::*;

/// A write of a policy of `orders`, or of all of them.
fn wrote(user: &str, tool: Option<&str>, at: &str, name: Option<&str>) -> AuditedWrite {
    AuditedWrite {
        user: user.to_owned(),
        tool: tool.map(str::to_owned),
        received: at.to_owned(),
        completed: at.to_owned(),
        kind: Kind::NetworkPolicy,
        namespace: Some("orders".to_owned()),
        name: name.map(str::to_owned),
        deletes: false,
    }
}

/// The same as a deletion.
fn took(user: &str, tool: Option<&str>, at: &str, name: Option<&str>) -> AuditedWrite {
    AuditedWrite {
        deletes: true,
        ..wrote(user, tool, at, name)
    }
}

const DNS: Option<&str> = Some("cofferdam-allow-dns");
const EARLY: &str = "2026-11-20T00:00:00Z";

/// The author of the one finding above info: manager and user, `-` where not known.
fn check(trial: &Trial, want: &str) {
    let mut found = find(trial);
    found.retain(|finding| finding.severity != Some(Severity::Info));
    crate::authors::name(&mut found, &trial.cluster.observe());
    let [finding] = found.as_slice() else {
        panic!("{:#?}", lines(&found))
    };
    let shown = finding.by.as_ref().map_or_else(
        || "nobody".to_owned(),
        |Author {
             manager,
             at: _,
             user,
         }| {
            let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {}", word(manager), word(user))
        },
    );
    assert_eq!(shown, want);
}

/// The shop after somebody emptied a policy, with the second in which they did.
fn changed() -> (Trial, String) {
    let mut trial = applied();
    trial
        .cluster
        .act(&write("orders/cofferdam-allow-dns", denies("Egress")));
    let at = trial.cluster.now();
    (trial, at)
}

/// The shop after somebody deleted a policy, with a time after the last apply.
fn deleted() -> (Trial, String) {
    let mut trial = applied();
    trial.cluster.act(&delete("orders/cofferdam-allow-dns"));
    let at = trial.cluster.now();
    (trial, at)
}

#[test]
fn a_claim_names_a_tool_until_the_audit_log_confirms_it() {
    let (mut trial, at) = changed();
    check(&trial, "kubectl-edit -");
    trial.cluster.writes = vec![wrote("eve", None, EARLY, DNS)];
    check(&trial, "kubectl-edit -");
    trial.cluster.writes = vec![wrote("eve", None, &at, Some("other"))];
    check(&trial, "kubectl-edit -");
    trial.cluster.writes = vec![wrote("eve", Some("curl"), &at, DNS)];
    check(&trial, "kubectl-edit -");
    let edit = Some("kubectl-edit");
    trial.cluster.writes = vec![wrote("eve", edit, &at, DNS), wrote("bob", None, &at, DNS)];
    check(&trial, "kubectl-edit eve");
    // Of two who did the same in one second, neither is blamed.
    trial.cluster.writes = vec![wrote("eve", edit, &at, DNS), wrote("bob", edit, &at, DNS)];
    check(&trial, "kubectl-edit -");
}

#[test]
fn a_deletion_leaves_no_claim_and_is_named_by_the_audit_log() {
    let (mut trial, at) = deleted();
    check(&trial, "nobody");
    trial.cluster.writes = vec![took("eve", Some("kubectl"), &at, DNS)];
    check(&trial, "kubectl eve");
    trial.cluster.writes = vec![took("eve", Some("kubectl"), &at, None)];
    check(&trial, "kubectl eve");
    // A write of what is gone now explains nothing.
    trial.cluster.writes = vec![wrote("eve", Some("kubectl"), &at, DNS)];
    check(&trial, "nobody");
}

#[test]
fn what_came_before_the_last_apply_or_from_us_explains_no_deletion() {
    let (mut trial, at) = deleted();
    trial.cluster.writes = vec![took("eve", Some("kubectl"), EARLY, DNS)];
    check(&trial, "nobody");
    let ours = took("cofferdam", Some("cofferdam"), &at, DNS);
    trial.cluster.writes = vec![ours.clone()];
    check(&trial, "nobody");
    trial.cluster.writes = vec![took("eve", None, &at, DNS), ours];
    check(&trial, "- eve");
    // With our credential, but another tool.
    trial.cluster.writes = vec![took("cofferdam", Some("kubectl"), &at, DNS)];
    check(&trial, "kubectl cofferdam");
}
