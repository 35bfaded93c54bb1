//! What a finding tells to do: the exact fields, and nothing that does not exist.

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::record::entry_key;
use cofferdam_testkit::pod;

use super::*;

/// The hint of the only finding of a class.
#[track_caller]
fn check(trial: &Trial, class: &str, want: &str) {
    let found = find(trial);
    let of_class = found
        .iter()
        .filter(|finding| finding.class.as_str() == class);
    let hints: Vec<&str> = of_class
        .map(|finding| finding.hint.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(hints, [want], "{class}");
}

#[test]
fn hints_name_the_field_that_helps() {
    let mut trial = applied();
    trial.cluster.namespaces.remove("web");
    check(
        &trial,
        "missing-namespace",
        "create it, or write `create: true` beside its name under `spec.namespaces` of Zone `front`, or narrow that \
         entry by `clusters`",
    );
    let mut trial = Trial::shop(SHOP, planner);
    trial
        .cluster
        .act(&label("web", "cofferdam.io/zone", Some("theirs")));
    let left_alone = "it is left alone: remove it there or set the wanted value and apply again, or take it \
        over by `cofferdam adopt`";
    check(&trial, "conflict", left_alone);
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&SHOP.replace("[{ name: web }]", "[{ name: site }]"));
    let orphan = find(&trial)
        .into_iter()
        .find(|finding| finding.class.as_str() == "orphan" && finding.object.namespace.is_some());
    let stays = "it stays as last applied: put its namespace back into a zone, or \
        `cofferdam apply` takes it back once it is in one with `enforcement: observe`";
    assert_eq!(
        orphan.and_then(|finding| finding.hint).as_deref(),
        Some(stays)
    );
    let mut trial = applied();
    trial.cluster.nodes.clear();
    check(
        &trial,
        "node-pool",
        "mend `spec.nodes` of NodePool `pci`, or its nodes",
    );
    let mut trial = applied();
    trial.cluster.add_namespace("new", &[]);
    trial.cluster.namespaces.remove("default");
    trial.cluster.pods.push(pod("new", "a", &[]));
    check(
        &trial,
        "unassigned-namespace",
        "put it into a zone, or list it under `spec.systemNamespaces` of the ZoneModel",
    );
}

#[test]
fn of_what_carries_our_label_only_the_named_is_to_be_deleted_while_the_record_is_there() {
    let (wanted, not_needed) = (key("web/cofferdam-allow-dns"), key("web/cofferdam-extra"));
    let object = ObjectKey::policy(&wanted.0, &wanted.1);
    let mut trial = applied();
    let record = &mut trial.cluster.record.as_mut().unwrap().record;
    assert!(record.entries.remove(&entry_key(&object, "")).is_some());
    check(
        &trial,
        "impostor-object",
        "it is left alone, and stays in force as it is: delete it, and nothing else that carries our label; what it \
         denies is open until the next `apply`",
    );
    let mut trial = applied();
    let ours = trial.cluster.policies.get(&wanted).cloned().unwrap();
    trial.cluster.policies.insert(not_needed, ours);
    let left_alone = "it is left alone: delete it, or take our labels off it";
    check(&trial, "impostor-object", left_alone);
    trial.cluster.record = None;
    let found = find(&trial);
    let impostors = found
        .iter()
        .filter(|finding| finding.class.as_str() == "impostor-object");
    let hints: std::collections::BTreeSet<_> = impostors
        .filter_map(|finding| finding.hint.as_deref())
        .collect();
    let want = [
        "it is left alone, and stays in force as it is. If Cofferdam wrote it, the record of this cluster was lost: \
         restore ConfigMap cofferdam-system/cofferdam from a backup, or `cofferdam adopt --all` takes over what the bundle \
         asks for",
        "it is left alone. If Cofferdam wrote it, the record of this cluster was lost: restore ConfigMap \
         cofferdam-system/cofferdam from a backup; else delete it, or take our labels off it",
    ];
    assert_eq!(hints, want.into());
}

#[test]
fn what_apply_takes_away_is_not_said_to_stay() {
    let mut trial = applied();
    trial.model =
        cofferdam_testkit::model(&SHOP.replace("enforcement: enforce", "enforcement: observe"));
    let found = find(&trial);
    let orphans = found
        .iter()
        .filter(|finding| finding.class.as_str() == "orphan");
    let told: std::collections::BTreeSet<_> = orphans
        .map(|finding| (finding.message.as_str(), finding.hint.as_deref()))
        .collect();
    let want = [
        (
            "the model no longer asks for it",
            Some("`cofferdam apply` deletes it"),
        ),
        (
            "the namespace is only observed now, and still has our labels",
            Some("`cofferdam apply` takes them back"),
        ),
    ];
    assert_eq!(told, want.into());
}

#[test]
fn hints_show_the_waiver_in_the_words_of_its_document() {
    let mut trial = applied();
    trial.cluster.act(&write("web/theirs", lets_in()));
    let covers =
        "for: { finding: foreign-policy, cluster: prod, object: NetworkPolicy/web/theirs }";
    let waiver =
        format!("a Waiver with `{covers}`, `reason`, `approval: {{ by, at }}` and `expires`");
    let want = format!("make it a flow of the model and delete it, or waive it by {waiver}");
    check(&trial, "foreign-policy", &want);
    let documents = format!(
        "{SHOP}---
kind: Waiver
metadata: {{ name: one }}
spec:
  {covers}
  reason: r
  approval: {{ by: s, at: 2026-09-01 }}
  expires: 2027-01-31
"
    );
    let model = cofferdam_testkit::model(&documents);
    let mut found = find(&trial);
    let today = cofferdam_model::flow::Date("2026-11-21".to_owned());
    crate::waivers::apply(&mut found, &model, &today);
    let waivers: Vec<_> = found
        .iter()
        .filter_map(|finding| finding.waiver.as_deref())
        .collect();
    assert_eq!(waivers, ["one"]);
}
