//! Guard rails: how far they are taken by what is there, and how they come and go.

use cofferdam_model::cluster::Delivery;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::Class;
use cofferdam_state::guard::GuardLevel;
use cofferdam_state::observed::{Identity, Observed, Reading, Template};
use cofferdam_state::plan::{Action, Expected, Phase};
use cofferdam_testkit::{SHOP, Trial, model, toleration};

use super::*;
use crate::guards::{Standing, statuses};

/// The shop with writers, on a server that knows admission policies.
pub(super) fn shop() -> Trial {
    let mut trial = Trial::shop(&documents(), planner);
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    // The pod of the zone beside the pool has no business on its nodes.
    trial.cluster.pods[0].tolerations.clear();
    trial
}

pub(super) fn documents() -> String {
    let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
    SHOP.replace("mode: manage", writers)
}

fn applied() -> Trial {
    let mut trial = shop();
    let plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    trial.apply();
    assert!(trial.plan().is_empty());
    trial
}

/// The rails that are not in force as the bundle has them, each as `name standing`.
fn lacking(trial: &Trial, observed: &Observed) -> Vec<String> {
    let bundle = trial.bundle();
    let view = View::new(&bundle, observed, Delivery::Push);
    let all = statuses(&view).into_iter();
    let lacking = all.filter(|one| one.standing != Standing::InForce(one.guard.level));
    lacking
        .map(|one| format!("{} {}", one.guard.name(), one.standing.as_str()))
        .collect()
}

fn template(workload: &str, namespace: &str) -> Template {
    Template {
        workload: workload.to_owned(),
        namespace: namespace.to_owned(),
        ..Template::default()
    }
}

fn tolerant(workload: &str, namespace: &str) -> Template {
    let mut template = template(workload, namespace);
    template
        .tolerations
        .push(toleration("cofferdam.io/pool", "pci"));
    template
}

/// The kinds of steps about the rail of this name, in the order in which they are carried out.
fn steps(plan: &Plan, rail: &str) -> Vec<String> {
    let turns = plan.stages().into_iter().flat_map(|stage| stage.turns);
    let all = turns
        .flatten()
        .filter(|step| step.action.object().name == rail);
    all.map(|step| {
        let object = step.action.object();
        format!(
            "{:?} {} {}",
            step.phase,
            step.action.operation().as_str(),
            object.kind.as_str()
        )
    })
    .collect()
}

#[test]
fn a_rail_notes_before_it_refuses_and_refuses_by_the_end_of_the_pass() {
    let mut trial = shop();
    let plan = trial.plan();
    assert_eq!(
        steps(&plan, "cofferdam-pods-pci"),
        [
            "Guard create ValidatingAdmissionPolicy",
            "Guard create ValidatingAdmissionPolicyBinding",
            "Protect update ValidatingAdmissionPolicyBinding",
        ]
    );
    assert_eq!(
        steps(&plan, "cofferdam-pin-pci"),
        [
            "Pin create MutatingAdmissionPolicy",
            "Pin create MutatingAdmissionPolicyBinding"
        ]
    );
    let last = plan
        .steps
        .iter()
        .rfind(|step| step.phase == Phase::Protect)
        .unwrap();
    assert!(
        matches!(
            &last.action,
            Action::ReplaceGuard {
                expected: Expected::Written,
                ..
            }
        ),
        "{last:#?}"
    );
    trial.apply();
    assert!(trial.plan().is_empty());
    assert_eq!(
        lacking(&trial, &trial.cluster.observe()),
        Vec::<String>::new()
    );
}

/// What somebody does to a rail, and how it stands then.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Cluster), &'a str);

/// What is there or seen, and the rails that only note for it.
type Row = (&'static str, fn(&mut Cluster), &'static [&'static str]);

#[test]
fn a_rail_that_would_refuse_what_is_there_notes_until_that_is_gone() {
    let rows: &[Row] = &[
        ("nothing", |_| {}, &[]),
        (
            "a pod that tolerates the taint",
            |cluster| {
                cluster.pods[0]
                    .tolerations
                    .push(toleration("cofferdam.io/pool", "pci"));
            },
            &["cofferdam-pods-pci"],
        ),
        (
            "it has ended",
            |cluster| {
                cluster.pods[0]
                    .tolerations
                    .push(toleration("cofferdam.io/pool", "pci"));
                cluster.pods[0].finished = true;
            },
            &[],
        ),
        (
            "a DaemonSet that tolerates it",
            |cluster| cluster.templates.push(tolerant("DaemonSet/agent", "web")),
            &["cofferdam-pods-pci"],
        ),
        (
            "one of the system",
            |cluster| {
                cluster
                    .templates
                    .push(tolerant("DaemonSet/agent", "kube-system"));
            },
            &[],
        ),
        (
            "a Deployment that names a node",
            |cluster| {
                let mut named = template("Deployment/app", "web");
                named.node_name = Some("pci-1".to_owned());
                cluster.templates.push(named);
            },
            &["cofferdam-pods-pci"],
        ),
        (
            "a DaemonSet of the zone that asks for no nodes",
            |cluster| {
                cluster
                    .templates
                    .push(tolerant("DaemonSet/agent", "orders"));
            },
            &["cofferdam-daemon-sets-pci"],
        ),
    ];
    check(rows);
}

fn check(rows: &[Row]) {
    for (what, there, held) in rows {
        let mut trial = shop();
        let clean = trial.cluster.clone();
        there(&mut trial.cluster);
        let plan = trial.plan();
        assert_eq!(refused(&trial, &plan), Vec::<String>::new(), "{what}");
        trial.apply();
        let held: Vec<String> = held.iter().map(|name| format!("{name} audit")).collect();
        assert_eq!(lacking(&trial, &trial.cluster.observe()), held, "{what}");
        assert!(trial.plan().is_empty(), "{what}");
        trial.cluster.pods = clean.pods;
        trial.cluster.templates = clean.templates;
        trial.apply();
        assert_eq!(
            lacking(&trial, &trial.cluster.observe()),
            Vec::<String>::new(),
            "{what}"
        );
    }
}

#[test]
fn no_rail_refuses_on_what_is_not_known() {
    let trial = shop();
    let unknown = || "connection reset".to_owned();
    let denies = |change: &dyn Fn(&mut Observed)| {
        let mut observed = trial.cluster.observe();
        change(&mut observed);
        let plan = trial.replan(&observed).unwrap();
        let steps = plan
            .steps
            .iter()
            .filter(|step| step.phase == Phase::Protect);
        let names = steps.map(|step| step.action.object().name);
        names
            .filter(|name| name.contains("pods") || name.contains("nodes"))
            .collect::<Vec<_>>()
    };
    assert_eq!(denies(&|_| {}), ["cofferdam-nodes", "cofferdam-pods-pci"]);
    for unread in [
        |seen: &mut Observed| seen.templates = Reading::Unknown("connection reset".to_owned()),
        |seen: &mut Observed| seen.pods = Reading::Unknown("connection reset".to_owned()),
        |seen: &mut Observed| seen.admission = Reading::Unknown("connection reset".to_owned()),
    ] {
        let mut observed = trial.cluster.observe();
        unread(&mut observed);
        assert!(
            trial.replan(&observed).is_err(),
            "{:?}",
            trial.replan(&observed)
        );
    }
    let nobody = Vec::<String>::new();
    assert_eq!(
        denies(&|seen| seen.identity = Reading::Unknown(unknown())),
        nobody
    );
    let who = |user: &str, groups: &[&str]| {
        let groups = groups.iter().map(|one| (*one).to_owned()).collect();
        Reading::Known(Identity {
            user: user.to_owned(),
            groups,
        })
    };
    assert_eq!(denies(&|seen| seen.identity = who("else", &[])), nobody);
    let masters = denies(&|seen| seen.identity = who("root", &["system:masters"]));
    assert_eq!(masters, ["cofferdam-nodes", "cofferdam-pods-pci"]);
}

#[test]
fn what_somebody_takes_from_a_rail_is_found_and_comes_back() {
    let rail = "cofferdam-namespaces";
    let key = |kind| ObjectKey::admission(kind, rail);
    let (policy, binding) = (
        AdmissionKind::ValidatingPolicy,
        AdmissionKind::ValidatingBinding,
    );
    let rows: [Change<'_>; 4] = [
        (
            "binding gone",
            &|cluster| drop(cluster.admission.remove(&key(binding))),
            "missing",
        ),
        (
            "policy gone",
            &|cluster| drop(cluster.admission.remove(&key(policy))),
            "missing",
        ),
        (
            "noting only",
            &|cluster| {
                let live = cluster.admission.get_mut(&key(binding)).unwrap();
                live.spec["validationActions"] = serde_json::json!(["Warn", "Audit"]);
            },
            "audit",
        ),
        (
            "a condition that never holds",
            &|cluster| {
                let live = cluster.admission.get_mut(&key(policy)).unwrap();
                let never = serde_json::json!([{ "name": "never", "expression": "false" }]);
                live.spec["matchConditions"] = never;
            },
            "changed",
        ),
    ];
    for (what, change, standing) in rows {
        let mut trial = applied();
        change(&mut trial.cluster);
        let observed = trial.cluster.observe();
        assert_eq!(
            lacking(&trial, &observed),
            [format!("{rail} {standing}")],
            "{what}"
        );
        let bundle = trial.bundle();
        let view = View::new(&bundle, &observed, Delivery::Push);
        let found = crate::find(&view, trial.document(), None).into_iter();
        let found = found.filter(|finding| finding.class == Class::GuardMissing);
        let found: Vec<String> = found.map(|finding| finding.object.name).collect();
        assert_eq!(found, [rail], "{what}");
        let plan = trial.plan();
        assert_eq!(refused(&trial, &plan), Vec::<String>::new(), "{what}");
        trial.apply();
        assert!(trial.plan().is_empty(), "{what}");
        assert_eq!(
            lacking(&trial, &trial.cluster.observe()),
            Vec::<String>::new(),
            "{what}"
        );
    }
}

#[test]
fn rails_that_nobody_asks_for_go_with_their_bindings_first() {
    let mut trial = applied();
    let theirs = ObjectKey::admission(AdmissionKind::ValidatingPolicy, "cofferdam-theirs");
    let any = trial.cluster.admission.values().next().unwrap().clone();
    trial.cluster.admission.insert(theirs.clone(), any);
    // Nobody needs the pin.
    trial.cluster.pods.clear();
    trial.model = model(SHOP);
    let plan = trial.plan();
    for stage in plan.stages() {
        let steps = stage.turns.into_iter().flatten();
        let order: Vec<bool> = steps
            .map(|step| step.action.object().kind.as_str().ends_with("Binding"))
            .collect();
        assert!(
            order.is_sorted_by(|before, after| before >= after),
            "{order:?}"
        );
    }
    trial.apply();
    assert_eq!(
        trial.cluster.admission.keys().collect::<Vec<_>>(),
        [&theirs]
    );
    assert!(trial.plan().is_empty());
}

#[test]
fn where_a_kind_is_not_served_the_rail_is_missing_and_the_others_are_not() {
    let mut trial = shop();
    trial.cluster.capabilities.admission.mutating_policies = false;
    trial.apply();
    let observed = trial.cluster.observe();
    let wanted = [
        "cofferdam-pin-pci notServed",
        "cofferdam-registration-pci notServed",
    ];
    assert_eq!(lacking(&trial, &observed), wanted);
    assert!(trial.plan().is_empty());
    let levels = trial.bundle().guards.into_values().map(|guard| guard.level);
    assert!(levels.into_iter().all(|level| level == GuardLevel::Deny));
}
