//! A zone that is left is nobody's, and nothing in it changes.

use cofferdam_objects::keys::{TIER, TRUST_DOMAIN, ZONE};
use cofferdam_state::plan::Action;

use super::*;

const SELF: &str = "{ name: web }";

/// The shop whose zone `front` left the model, with these namespaces.
fn without_front(namespaces: &str) -> Trial {
    let whole = SHOP.replace(SELF, namespaces);
    let mut trial = Trial::shop(&whole, planner);
    for (name, labels) in [
        ("shelf", &[("team", "x")][..]),
        ("counter", &[("team", "x")]),
    ] {
        trial.cluster.add_namespace(name, labels);
    }
    trial.apply();
    let gone = |text: &&str| !text.contains("{ name: front }") && !text.contains("kind: Flow");
    let left: Vec<&str> = whole.split("---\n").filter(gone).collect();
    trial.model = model(&left.join("---\n"));
    trial
}

fn front(trial: &Trial) -> Scope {
    let zone = ZoneName::parse("front").unwrap();
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let namespaces = namespaces_of_zone(&view, &zone).unwrap();
    Scope::Zone { zone, namespaces }
}

fn left(trial: &Trial, scope: &Scope) -> Detachment {
    let leaving = leaving(scope, Manner::Leave);
    let found = detach(&trial.bundle(), &trial.cluster.observe(), leaving).unwrap();
    assert_eq!(judged(trial, &found), Vec::<String>::new());
    found
}

/// Carries it out as far as so many steps.
fn carry_out(trial: &mut Trial, found: &Detachment, steps: usize) {
    let ended = trial.carry_out(&found.plan, &killed_after(steps), |_, _| {});
    assert_eq!(ended, None);
}

#[test]
fn what_a_zone_leaves_is_in_nobodys_name_and_as_it_was() {
    let mut trial = without_front(SELF);
    let scope = front(&trial);
    let before = trial.cluster.clone();
    let found = left(&trial, &scope);
    assert_eq!(found.held, Vec::new());
    // However far it came, the rest is done by the next.
    for steps in 0..=found.plan.steps.len() {
        let mut trial = trial.clone();
        carry_out(&mut trial, &found, steps);
        let rest = left(&trial, &scope);
        carry_out(&mut trial, &rest, rest.plan.steps.len());
        assert!(left(&trial, &scope).plan.steps.is_empty(), "{steps}");
    }
    carry_out(&mut trial, &found, found.plan.steps.len());
    for ((namespace, name), live) in &trial.cluster.policies {
        let old = &before.policies[&(namespace.clone(), name.clone())];
        assert_eq!(live.spec, old.spec, "{namespace}/{name}");
        assert_eq!(live.uid, old.uid, "{namespace}/{name}");
        let ours = live.labels.contains_key(INSTANCE);
        assert_eq!(ours, namespace != "web", "{namespace}/{name}");
    }
    let labels = &trial.cluster.namespaces["web"].labels;
    for key in [ZONE, TIER, TRUST_DOMAIN] {
        assert!(!labels.contains_key(key), "{labels:?}");
    }
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "baseline");

    let live = trial.cluster.record.as_mut().unwrap();
    let entries = live.record.entries.clone();
    live.record.entries = forgotten(entries, &before.observe(), &scope);
    live.record.pending.clear();
    let bundle = trial.bundle();
    let observed = trial.cluster.observe();
    let view = View::new(&bundle, &observed, Delivery::Push);
    let mut told = crate::find(&view, trial.document(), None);
    told.retain(|one| one.object.to_string().contains("/web"));
    let told: Vec<&str> = told.iter().map(|one| one.class.as_str()).collect();
    assert_eq!(told, ["unassigned-namespace"]);
}

#[test]
fn labels_wait_while_a_policy_rests_on_them() {
    let allow = |namespace: &str, selector: serde_json::Value| Act::WritePolicy {
        namespace: namespace.to_owned(),
        name: "theirs".to_owned(),
        spec: serde_json::json!({
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": selector}]}],
        }),
    };
    let by_label = serde_json::json!({"matchLabels": {ZONE: "front"}});
    let by_name = serde_json::json!({"matchLabels": {"kubernetes.io/metadata.name": "web"}});
    let without =
        serde_json::json!({"matchExpressions": [{"key": ZONE, "operator": "DoesNotExist"}]});
    for (act, waits) in [
        (allow("web", by_label.clone()), true),
        // Whom the model lets in there goes by the model.
        (allow("orders", by_label), false),
        (allow("web", by_name), false),
        // It would let in more.
        (allow("orders", without), true),
    ] {
        let mut trial = without_front(SELF);
        trial.cluster.act(&act);
        let scope = front(&trial);
        let found = left(&trial, &scope);
        let held: Vec<String> = found
            .held
            .iter()
            .map(|one| one.object.to_string())
            .collect();
        let want: &[&str] = if waits { &["Namespace/web"] } else { &[] };
        assert_eq!(held, want, "{act:?}");
        let mut steps = found.plan.steps.iter();
        let unlabels = steps.any(|step| matches!(step.action, Action::PatchNamespace { .. }));
        assert_eq!(unlabels, !waits, "{act:?}");
        if !waits {
            continue;
        }
        // The judge finds the same by itself.
        let mut calm = without_front(SELF);
        let labels = left(&calm, &scope);
        calm.cluster.act(&act);
        let told = judged(&calm, &labels).join("\n");
        assert!(told.contains("by labels of namespaces that go"), "{told}");
    }
}

#[test]
fn our_own_policies_go_by_name_beside_labels() {
    let chosen = "{ selector: { matchLabels: { team: x } } }";
    let mut trial = without_front(chosen);
    let scope = front(&trial);
    assert!(scope.holds(&ObjectKey::namespace("shelf")));
    let found = left(&trial, &scope);
    assert_eq!(found.held, Vec::new());
    let steps = found.plan.steps.len();
    carry_out(&mut trial, &found, steps);
    assert!(left(&trial, &scope).plan.steps.is_empty());
}

#[test]
fn the_judge_lets_nothing_else_be_written() {
    let trial = without_front(SELF);
    let scope = front(&trial);
    let found = left(&trial, &scope);
    let check = |change: &dyn Fn(&mut Detachment), want: &str| {
        let mut found = found.clone();
        change(&mut found);
        let told = judged(&trial, &found).join("\n");
        assert!(told.contains(want), "{want}: {told}");
    };
    let first = |found: &mut Detachment, change: &dyn Fn(&mut Action)| {
        let step = found.plan.steps.first_mut().unwrap();
        change(&mut step.action);
    };
    check(
        &|found| {
            first(found, &|action| {
                if let Action::ReleasePolicy { labels, .. } = action {
                    labels.changes[0].new = Some("theirs".to_owned());
                }
            });
        },
        "it is to stay as it is",
    );
    check(
        &|found| {
            first(found, &|action| {
                if let Action::ReleasePolicy { uid, .. } = action {
                    "another".clone_into(uid);
                }
            });
        },
        "it is not as it was seen",
    );
    check(
        &|found| found.scope = Scope::Cluster,
        "it is to stay as it is",
    );
    check(
        &|found| found.manner = Manner::Remove,
        "it is written, and not taken back",
    );
}
