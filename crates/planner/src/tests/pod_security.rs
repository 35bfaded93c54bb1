//! Pod Security levels that are enforced, or wait for pods that violate them.

use cofferdam_objects::keys::{POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION};
use cofferdam_objects::pod_security::PodSecurity;
use cofferdam_state::observed::{Reading, Template};
use cofferdam_state::plan::Action;
use cofferdam_testkit::{SHOP, model};

use super::*;

/// A trial of the shop after a first apply, and these acts.
fn applied(acts: &[Act]) -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    for act in acts {
        trial.cluster.act(act);
    }
    trial
}

fn label(key: &str, value: Option<&str>) -> Act {
    Act::Label {
        namespace: "web".to_owned(),
        key: key.to_owned(),
        value: value.map(str::to_owned),
    }
}

fn privileged() -> Act {
    Act::RunPrivileged {
        namespace: "web".to_owned(),
        pod: "agent".to_owned(),
    }
}

/// The levels that a plan enforces in namespaces that are there, as `namespace key value`.
fn enforced(plan: &Plan) -> Vec<String> {
    let keys = [POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION];
    let patches = plan.steps.iter().filter_map(|step| {
        let Action::PatchNamespace { name, labels, .. } = &step.action else {
            return None;
        };
        Some((name, labels))
    });
    let changes = patches.flat_map(|(name, labels)| {
        let changes = labels.changes.iter();
        let ours = changes.filter(|change| keys.contains(&change.key.as_str()));
        ours.map(move |change| {
            let key = change.key.rsplit('/').next().unwrap_or_default();
            format!("{name} {key} {}", change.new.as_deref().unwrap_or("-"))
        })
    });
    changes.collect()
}

/// What a trial plans to enforce, what it holds back of it, and what it finds about it: class and message.
#[track_caller]
fn check(trial: &Trial, observed: &Observed, want: (&[&str], &[&str], &[&str])) {
    let bundle = trial.bundle();
    let view = View::new(&bundle, observed, Delivery::Push);
    let plan = crate::plan(&view, &trial.model).unwrap();
    assert_eq!(enforced(&plan), want.0);
    let held = crate::held_back(&view).into_iter();
    let held: Vec<String> = held
        .map(|step| format!("{}: {}", step.object, step.reason))
        .collect();
    assert_eq!(held, want.1);
    let found = crate::find(&view, trial.document(), None).into_iter();
    let found = found.filter(|one| one.object.to_string() == "Namespace/web");
    let found: Vec<String> = found
        .map(|one| {
            let severity = one
                .severity
                .map_or("-", cofferdam_state::finding::Severity::as_str);
            format!("{severity} {}: {}", one.class.as_str(), one.message)
        })
        .collect();
    assert_eq!(found, want.2);
}

const BREAKS: &str = "enforced, Pod Security level `baseline` (latest) would refuse the replacements of running pods: agent: privileged";
const BOTH: [&str; 2] = ["web enforce baseline", "web enforce-version latest"];

#[test]
fn a_level_is_enforced_where_no_pod_violates_it_and_waits_elsewhere() {
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model = model(SHOP);
    trial.cluster.act(&privileged());
    let plan = trial.plan();
    assert_eq!(
        enforced(&plan),
        ["orders enforce baseline", "orders enforce-version latest"]
    );
    trial.apply();
    let held = format!("Namespace/web: {BREAKS}");
    let found = format!("medium pod-security-would-break: {BREAKS}");
    check(&trial, &trial.cluster.observe(), (&[], &[&held], &[&found]));
    trial.cluster.act(&Act::StopPrivileged {
        namespace: "web".to_owned(),
        pod: "agent".to_owned(),
    });
    let missing = "medium missing: not labelled: metadata.labels[pod-security.kubernetes.io/enforce], \
                   metadata.labels[pod-security.kubernetes.io/enforce-version]";
    check(&trial, &trial.cluster.observe(), (&BOTH, &[], &[missing]));
    trial.apply();
    check(&trial, &trial.cluster.observe(), (&[], &[], &[]));
}

#[test]
fn what_nobody_could_tell_is_unknown_and_not_enforced() {
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model = model(SHOP);
    let check = |answer: Option<Reading<Vec<String>>>, why: &str| {
        let mut observed = trial.cluster.observe();
        observed
            .enforce_answers
            .retain(|asked, _| asked.namespace != "web" || answer.is_some());
        for (asked, given) in &mut observed.enforce_answers {
            if let (Some(answer), "web") = (&answer, asked.namespace.as_str()) {
                given.pods = answer.clone();
            }
        }
        let bundle = trial.bundle();
        let view = View::new(&bundle, &observed, Delivery::Push);
        let plan = crate::plan(&view, &trial.model).unwrap();
        let held = crate::held_back(&view);
        let of_web = |line: &String| line.starts_with("web ");
        assert!(!enforced(&plan).iter().any(of_web), "{why}");
        let told = format!(
            "whether Pod Security level `baseline` (latest) would refuse pods is not known: {why}"
        );
        let reasons: Vec<&str> = held.iter().map(|step| step.reason.as_str()).collect();
        assert_eq!(reasons, [told.as_str()]);
        let found = crate::find(&view, trial.document(), None);
        let unknown = found.iter().find(|one| one.class.as_str() == "unknown");
        let unknown =
            unknown.map(|one| (one.object.to_string(), one.severity, one.message.as_str()));
        assert_eq!(
            unknown,
            Some(("Namespace/web".to_owned(), None, told.as_str()))
        );
    };
    check(None, "the server was not asked");
    check(Some(Reading::Unknown("forbidden".to_owned())), "forbidden");
    let some =
        "new PodSecurity enforce level only checked against the first 3000 of 5000 existing pods";
    check(
        Some(Reading::Known(vec![some.to_owned()])),
        &format!("the server says: {some}"),
    );
}

/// A `CronJob` of `web` whose pods are as root on their node.
fn nightly() -> Template {
    let spec = serde_json::json!({"spec": {"containers": [{"name": "c", "securityContext": {"privileged": true}}]}});
    Template {
        workload: "CronJob/nightly".to_owned(),
        namespace: "web".to_owned(),
        pod_security: PodSecurity::of(&serde_json::from_value(spec).unwrap()),
        ..Template::default()
    }
}

const NIGHTLY: &str = "the next pods of workloads: CronJob/nightly: privileged";

#[test]
fn a_level_waits_for_workloads_of_which_no_pod_runs() {
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model = model(SHOP);
    trial.cluster.templates.push(nightly());
    let plan = trial.plan();
    assert_eq!(
        enforced(&plan),
        ["orders enforce baseline", "orders enforce-version latest"]
    );
    trial.apply();
    let held_for = |breaks: &str| {
        (
            format!("Namespace/web: {breaks}"),
            format!("medium pod-security-would-break: {breaks}"),
        )
    };
    let waits = format!("enforced, Pod Security level `baseline` (latest) would refuse {NIGHTLY}");
    let (held, found) = held_for(&waits);
    check(&trial, &trial.cluster.observe(), (&[], &[&held], &[&found]));
    trial.cluster.act(&privileged());
    let (held, found) = held_for(&format!("{BREAKS}; and {NIGHTLY}"));
    check(&trial, &trial.cluster.observe(), (&[], &[&held], &[&found]));
    trial.cluster.act(&Act::StopPrivileged {
        namespace: "web".to_owned(),
        pod: "agent".to_owned(),
    });
    trial.cluster.templates.clear();
    trial.apply();
    check(&trial, &trial.cluster.observe(), (&[], &[], &[]));
}

#[test]
fn workloads_that_nobody_could_judge_are_unknown_and_hold_the_level() {
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model = model(SHOP);
    let mut observed = trial.cluster.observe();
    for (asked, given) in &mut observed.enforce_answers {
        if asked.namespace == "web" {
            given.workloads = Reading::Unknown("forbidden".to_owned());
        }
    }
    let told =
        "whether Pod Security level `baseline` (latest) would refuse pods is not known: forbidden";
    let bundle = trial.bundle();
    let view = View::new(&bundle, &observed, Delivery::Push);
    let held = crate::held_back(&view);
    let reasons: Vec<&str> = held.iter().map(|step| step.reason.as_str()).collect();
    assert_eq!(reasons, [told]);
    // What the server says of pods that run is enough to hold it, and is told.
    for (asked, given) in &mut observed.enforce_answers {
        if asked.namespace == "web" {
            given.pods = Reading::Known(vec!["existing pods in namespace web".to_owned()]);
        }
    }
    let view = View::new(&bundle, &observed, Delivery::Push);
    let found = crate::find(&view, trial.document(), None).into_iter();
    let found = found.filter(|one| one.object.to_string() == "Namespace/web");
    let classes: Vec<&str> = found.map(|one| one.class.as_str()).collect();
    assert!(classes.contains(&"pod-security-would-break"), "{classes:?}");
}

#[test]
fn a_level_that_somebody_lowers_is_written_back_under_the_same_rule() {
    let lowered = label(POD_SECURITY_ENFORCE, Some("privileged"));
    let changed = "medium changed: changed: metadata.labels[pod-security.kubernetes.io/enforce]";
    let trial = applied(std::slice::from_ref(&lowered));
    check(
        &trial,
        &trial.cluster.observe(),
        (&BOTH[..1], &[], &[changed]),
    );
    let trial = applied(&[label(POD_SECURITY_ENFORCE, None)]);
    check(
        &trial,
        &trial.cluster.observe(),
        (&BOTH[..1], &[], &[changed]),
    );
    let trial = applied(&[lowered, privileged()]);
    let held = format!("Namespace/web: {BREAKS}");
    let found = format!("medium pod-security-would-break: {BREAKS}");
    check(
        &trial,
        &trial.cluster.observe(),
        (&[], &[&held], &[changed, &found]),
    );
}

#[test]
fn a_level_that_another_manager_holds_is_left_alone_with_its_version() {
    for (key, value) in [
        (POD_SECURITY_ENFORCE, "privileged"),
        (POD_SECURITY_ENFORCE_VERSION, "v1.25"),
    ] {
        let mut trial = Trial::shop(SHOP, planner);
        trial.cluster.act(&label(key, Some(value)));
        trial.apply();
        let plan = trial.plan();
        assert!(plan.is_empty(), "{:#?}", plan.steps);
        let live = &trial.cluster.namespaces["web"].labels;
        let keys = [POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION];
        let held: Vec<_> = keys.iter().filter_map(|key| live.get(*key)).collect();
        assert_eq!(held, [value]);
    }
}

#[test]
fn only_levels_that_are_to_be_written_are_asked_about() {
    let asked = |trial: &Trial, delivery| {
        let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
        let view = View::new(&bundle, &observed, delivery);
        let questions = crate::enforce_questions(&view).into_iter();
        let questions =
            questions.map(|one| format!("{} {} {}", one.namespace, one.level, one.version));
        questions.collect::<Vec<_>>()
    };
    let mut trial = Trial::shop(SHOP, planner);
    let both = ["orders baseline latest", "web baseline latest"];
    assert_eq!(asked(&trial, Delivery::Push), both);
    trial.apply();
    assert!(asked(&trial, Delivery::Push).is_empty());
    trial
        .cluster
        .act(&label(POD_SECURITY_ENFORCE_VERSION, Some("v1.25")));
    assert_eq!(asked(&trial, Delivery::Push), both[1..]);
    for (enforcement, create) in [("stage", false), ("observe", false), ("enforce", true)] {
        let text = SHOP.replace(
            "enforcement: enforce",
            &format!("enforcement: {enforcement}"),
        );
        let text = text.replace("{ name: web }", "{ name: web, create: true }");
        let text = text.replace("{ name: orders }", "{ name: orders, create: true }");
        let mut trial = Trial::shop(&text, planner);
        if create {
            trial
                .cluster
                .namespaces
                .retain(|name, _| name != "web" && name != "orders");
        }
        assert!(asked(&trial, Delivery::Push).is_empty(), "{enforcement}");
    }
}

#[test]
fn a_namespace_that_is_made_gets_its_level_at_once() {
    let text = SHOP.replace("{ name: web }", "{ name: web, create: true }");
    let mut trial = Trial::shop(&text, planner);
    trial.cluster.namespaces.remove("web");
    trial.apply();
    let live = &trial.cluster.namespaces["web"].labels;
    assert_eq!(
        live.get(POD_SECURITY_ENFORCE).map(String::as_str),
        Some("baseline")
    );
    check(&trial, &trial.cluster.observe(), (&[], &[], &[]));
}
