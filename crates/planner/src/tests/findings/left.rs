//! What stands, or no longer stands, where the model no longer asks for it.

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::observed::Reading;
use cofferdam_state::record::entry_key;

use super::*;

const ZONE: &str = "cofferdam.io/zone";
pub(super) const DENY: &str = "orders/cofferdam-default-deny-ingress";

/// The shop of which the model no longer mentions namespace `orders`, after an apply.
pub(super) fn left() -> Trial {
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&SHOP.replace(
        "namespaces: [{ name: orders }]",
        "namespaces: [{ name: store, create: true }]",
    ));
    trial.apply();
    assert_eq!(missing(&trial), Vec::<String>::new());
    trial
}

/// The findings that something is missing.
fn missing(trial: &Trial) -> Vec<String> {
    missing_of(&trial.bundle(), &trial.cluster.observe(), trial)
}

fn missing_of(
    bundle: &cofferdam_state::bundle::Bundle,
    observed: &Observed,
    trial: &Trial,
) -> Vec<String> {
    let view = View::new(bundle, observed, Delivery::Push);
    let found = crate::find(&view, trial.document(), None);
    let mut found = lines(&found);
    found.retain(|line| line.contains(" missing "));
    found
}

const GONE: &str = "critical missing NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and it no longer stands as last applied [widens]";

#[test]
fn a_deny_that_somebody_deletes_where_the_model_left_it_is_missing_as_long_as_anything_is_ours_there()
 {
    let mut trial = left();
    // What an allow let through is let through no longer.
    trial.cluster.act(&delete("orders/cofferdam-allow-dns"));
    assert_eq!(missing(&trial), Vec::<String>::new());
    trial.cluster.act(&delete(DENY));
    assert_eq!(missing(&trial), [GONE]);
    let found = find(&trial);
    let one = found.iter().find(|one| shown(one) == GONE).unwrap();
    assert_eq!(
        one.hint.as_deref(),
        Some(
            "put its namespace back into a zone, and `cofferdam apply` writes it anew; to leave it open for good, delete \
             our other policies and `cofferdam.io` labels there too"
        )
    );
    assert!(trial.plan().is_empty());
    trial.apply();
    assert_eq!(missing(&trial), [GONE]);
    trial.cluster.policies.retain(|(of, _), _| of != "orders");
    for key in cofferdam_objects::keys::NAMESPACE_KEYS {
        trial.cluster.act(&label("orders", key, None));
    }
    assert_eq!(missing(&trial), Vec::<String>::new());
    trial.apply();
    // Nothing of it is known any more.
    trial.cluster.act(&label("orders", ZONE, Some("back")));
    assert_eq!(missing(&trial), Vec::<String>::new());
}

#[test]
fn a_deny_is_known_to_be_gone_by_what_else_of_ours_stands_there() {
    let mut trial = left();
    for key in cofferdam_objects::keys::NAMESPACE_KEYS {
        trial.cluster.act(&label("orders", key, None));
    }
    // Nothing is recorded of labels that are not there.
    trial.apply();
    trial.cluster.act(&delete(DENY));
    let of_nobody = GONE.replace("critical", "high");
    assert_eq!(missing(&trial), [of_nobody]);
    // Everything is gone, but the labels.
    let mut trial = left();
    trial.cluster.policies.retain(|(of, _), _| of != "orders");
    assert_eq!(
        missing(&trial),
        [GONE.replace("-ingress", "-egress"), GONE.to_owned(),]
    );
}

#[test]
fn what_went_with_its_namespace_is_not_missing() {
    let name = "orders".to_owned();
    let mut trial = left();
    trial.cluster.act(&Act::Terminate { name: name.clone() });
    trial.cluster.act(&delete(DENY));
    assert_eq!(missing(&trial), Vec::<String>::new());
    trial
        .cluster
        .act(&Act::DeleteNamespace { name: name.clone() });
    assert_eq!(missing(&trial), Vec::<String>::new());
    // Another namespace of that name holds nothing that we wrote, whatever its labels say.
    trial.cluster.act(&Act::AddNamespace { name });
    trial.cluster.act(&label("orders", ZONE, Some("back")));
    trial.cluster.act(&write("orders/theirs", denies("Egress")));
    assert_eq!(missing(&trial), Vec::<String>::new());
}

#[test]
fn nothing_is_missing_of_what_is_unknown_or_was_not_written_yet() {
    let mut trial = left();
    trial.cluster.act(&delete(DENY));
    let bundle = trial.bundle();
    let unknown = "forbidden".to_owned();
    let mut observed = trial.cluster.observe();
    observed.policies = Reading::Unknown(unknown.clone());
    assert_eq!(missing_of(&bundle, &observed, &trial), Vec::<String>::new());
    let mut observed = trial.cluster.observe();
    observed.namespaces = Reading::Unknown(unknown.clone());
    assert_eq!(missing_of(&bundle, &observed, &trial), Vec::<String>::new());
    let mut observed = trial.cluster.observe();
    observed.record = Reading::Unknown(unknown);
    assert_eq!(missing_of(&bundle, &observed, &trial), Vec::<String>::new());
    // What a GitOps controller applied, it also takes away.
    let observed = trial.cluster.observe();
    let view = View::new(&bundle, &observed, Delivery::Gitops);
    let found = lines(&crate::find(&view, trial.document(), None));
    assert!(!found.contains(&GONE.to_owned()), "{found:#?}");
    let record = &mut trial.cluster.record.as_mut().unwrap().record;
    let (namespace, name) = key(DENY);
    let deny = entry_key(&ObjectKey::policy(&namespace, &name), "");
    assert!(record.entries.remove(&deny).is_some());
    record.pending.insert(deny);
    assert_eq!(missing(&trial), Vec::<String>::new());
}

#[test]
fn what_released_a_namespace_of_no_zone_is_not_missing() {
    let domain = "matchLabels: { environment: production } }";
    let shop = |unassigned: &str| {
        let more = format!("{domain}, unassignedNamespaces: {unassigned}");
        cofferdam_testkit::model(&SHOP.replacen(domain, &more, 1))
    };
    let mut trial = Trial::shop(SHOP, planner);
    trial.cluster.add_namespace("batch", &[]);
    trial.model = shop("isolate");
    trial.apply();
    trial.model = shop("report");
    trial
        .cluster
        .act(&delete("batch/cofferdam-default-deny-ingress"));
    assert_eq!(missing(&trial), Vec::<String>::new());
    trial.cluster.policies.retain(|(of, _), _| of != "batch");
    assert_eq!(missing(&trial), Vec::<String>::new());
}

#[test]
fn a_deny_where_the_model_left_it_denies_no_longer_once_it_selects_fewer_pods() {
    let opened = "critical orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and somebody changed it: it denies no longer [widens]";
    for spec in [
        lets_in(),
        json!({"podSelector": {"matchLabels": {"app": "nothing"}}, "policyTypes": ["Ingress"]}),
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}),
    ] {
        let mut trial = left();
        trial.cluster.act(&write(DENY, spec));
        assert_eq!(about(&trial, &format!("NetworkPolicy/{DENY}")), [opened]);
    }
    let mut trial = left();
    trial.cluster.act(&write(DENY, denies("Ingress")));
    assert_eq!(
        about(&trial, &format!("NetworkPolicy/{DENY}")),
        [
            "medium orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace [narrows]"
        ]
    );
    let (namespace, name) = key(DENY);
    trial.cluster.act(&Act::TerminatePolicy { namespace, name });
    assert_eq!(
        about(&trial, &format!("NetworkPolicy/{DENY}")),
        [
            "critical orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and it is being deleted: it stands until its finalizers are removed, and is then gone [widens]"
        ]
    );
}

/// The shop after a pass that was cut off before it closed what it had opened.
pub(super) fn cut_off() -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    let plan = trial.plan();
    let first =
        |step: &cofferdam_state::plan::Step| step.phase == cofferdam_state::plan::Phase::Close;
    let faults = cofferdam_testkit::Faults {
        killed_after: plan.steps.iter().position(first),
        ..cofferdam_testkit::Faults::default()
    };
    trial.carry_out(&plan, &faults, |_, _| {});
    trial
}

#[test]
fn an_open_policy_that_nobody_asks_for_is_as_urgent_as_what_it_opens() {
    let trial = cut_off();
    let open = |namespace: &str, severity: &str| {
        let object = format!("NetworkPolicy/{namespace}/cofferdam-open-ingress");
        let want = format!("{severity} orphan {object}: the model no longer asks for it [widens]");
        assert_eq!(about(&trial, &object), [want]);
    };
    open("orders", "critical");
    open("web", "high");
    // What was only staged was never denied.
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model =
        cofferdam_testkit::model(&SHOP.replace("enforcement: enforce", "enforcement: observe"));
    let object = "NetworkPolicy/orders/cofferdam-open-ingress";
    let want = format!("medium orphan {object}: the model no longer asks for it [widens]");
    assert_eq!(about(&trial, object), [want]);
}

#[test]
fn without_a_record_what_carries_our_label_is_compared_with_what_is_wanted() {
    let mut trial = applied();
    trial.cluster.record = None;
    let object = format!("NetworkPolicy/{DENY}");
    let impostor = "impostor-object NetworkPolicy/orders/cofferdam-default-deny-ingress: it carries our label, but is not in our record";
    assert_eq!(about(&trial, &object), [format!("high {impostor} [none]")]);
    trial.cluster.act(&write(DENY, lets_in()));
    assert_eq!(
        about(&trial, &object),
        [format!(
            "critical {impostor}, and it differs: spec.ingress [widens]; spec.ingress: nothing -> [{{}}]"
        )]
    );
    let allow = "web/cofferdam-allow-dns";
    trial.cluster.act(&write(allow, denies("Egress")));
    let found = about(&trial, &format!("NetworkPolicy/{allow}"));
    let [line] = found.as_slice() else {
        panic!("{found:#?}")
    };
    let want = "high impostor-object NetworkPolicy/web/cofferdam-allow-dns: it carries our label, but is not in our record, and it differs: spec.egress [narrows]; ";
    assert!(line.starts_with(want), "{line}");
}
