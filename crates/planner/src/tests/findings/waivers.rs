//! Waivers: what they cover, where and until when.

use cofferdam_testkit::today;

use super::*;

const OBJECT: &str = "NetworkPolicy/web/theirs";

/// The finding about the policy of others in `web`, written today, under a waiver.
fn waived(covers: &str, approved: &str, expires: &str) -> Finding {
    let waiver = format!(
        "---\nkind: Waiver\nmetadata: {{ name: known }}\nspec:\n  for: {{ {covers} }}\n  reason: known\n  approval: {{ by: security, at: {approved} }}\n  expires: {expires}\n"
    );
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&format!("{SHOP}{waiver}"));
    trial.cluster.act(&write("web/theirs", lets_in()));
    let mut found = find(&trial);
    crate::waivers::apply(&mut found, &trial.model, &today());
    let mut found = found.into_iter();
    found.find(|one| one.object.to_string() == OBJECT).unwrap()
}

/// Whether a waiver with these keys covers the policy of others in `web`.
fn check(covers: &str, expires: &str, want: bool) {
    let one = waived(covers, "2026-10-01", expires);
    assert_eq!(
        one.waiver.as_deref(),
        want.then_some("known"),
        "{covers} until {expires}"
    );
    assert_eq!(one.counts(), !want);
}

/// The id of that finding.
fn id() -> String {
    let mut trial = applied();
    trial.cluster.act(&write("web/theirs", lets_in()));
    let found = find(&trial);
    found
        .iter()
        .find(|one| one.object.to_string() == OBJECT)
        .unwrap()
        .id()
}

#[test]
fn waivers_cover_a_class_or_an_id_in_a_cluster_on_an_object() {
    let ever = "2027-01-31";
    check("finding: foreign-policy", ever, true);
    check("finding: changed", ever, false);
    check(&format!("finding: {}", id()), ever, true);
    check("finding: foreign-policy, cluster: prod", ever, true);
    check(
        &format!("finding: foreign-policy, object: {OBJECT}"),
        ever,
        true,
    );
    check(
        "finding: foreign-policy, object: NetworkPolicy/web/other",
        ever,
        false,
    );
}

#[test]
fn waivers_hold_on_their_last_day_and_not_after_it() {
    check("finding: foreign-policy", "2026-11-21", true);
    check("finding: foreign-policy", "2026-11-20", false);
}

#[test]
fn a_policy_that_was_written_after_its_waiver_was_approved_is_to_be_read_again() {
    let again = "it was written on 2026-11-21, after waiver `known` was approved on 2026-11-20: read it again";
    for (approved, want) in [("2026-11-20", Some(again)), ("2026-11-21", None)] {
        let one = waived("finding: foreign-policy", approved, "2027-01-31");
        assert_eq!(one.hint.as_deref(), want);
        assert!(!one.counts());
    }
}
