//! Waivers: what they cover, where and until when.

use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_testkit::today;

use super::*;

const OBJECT: &str = "NetworkPolicy/web/theirs";

/// The finding about the policy of others in `web`, written today, under a waiver.
fn waived(covers: &str, approved: &str, expires: &str) -> Finding {
    waived_after(covers, approved, expires, |_| {})
}

/// The same after something else was done.
fn waived_after(
    covers: &str,
    approved: &str,
    expires: &str,
    done: impl FnOnce(&mut Trial),
) -> Finding {
    let waiver = format!(
        "---\nkind: Waiver\nmetadata: {{ name: known }}\nspec:\n  for: {{ {covers} }}\n  reason: known\n  approval: {{ by: security, at: {approved} }}\n  expires: {expires}\n"
    );
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&format!("{SHOP}{waiver}"));
    trial.cluster.act(&write("web/theirs", lets_in()));
    done(&mut trial);
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
fn a_policy_that_may_have_been_written_after_its_waiver_was_approved_is_to_be_read_again() {
    let hint = |approved: &str| waived("finding: foreign-policy", approved, "2027-01-31").hint;
    let again =
        "it was written on 2026-11-21, and waiver `known` approved on 2026-11-20: read it again";
    assert_eq!(hint("2026-11-22"), None);
    // What was found today is waived today.
    assert_eq!(hint("2026-11-21"), None);
    assert_eq!(hint("2026-11-20").as_deref(), Some(again));
    let silent = |trial: &mut Trial| {
        let live = trial.cluster.policies.get_mut(&key("web/theirs")).unwrap();
        live.managed_fields = ManagedFields::default();
    };
    let again = "it does not tell when it was written, and waiver `known` was approved on 2026-11-22: read it again";
    let one = waived_after(
        "finding: foreign-policy",
        "2026-11-22",
        "2027-01-31",
        silent,
    );
    assert_eq!(one.hint.as_deref(), Some(again));
    assert_eq!(one.waiver.as_deref(), Some("known"));
}
