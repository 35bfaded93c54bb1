//! A legal plan with one thing wrong per row, and the code for which it is refused.

use std::sync::Arc;

use cofferdam_model::names::NamespaceName;
use cofferdam_state::plan::{KeyChange, LabelPatch, TaintPatch};
use cofferdam_state::record::{Apply, entry_key};
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::*;

mod ownership;

const DNS: &str = "NetworkPolicy/orders/cofferdam-allow-dns";
const OPEN: &str = "NetworkPolicy/ledger/cofferdam-open-egress";
const NODE: &str = "Node/pci-2";
const DENY: &str = "NetworkPolicy/ledger/cofferdam-default-deny-egress";

/// A plan with every kind of step: `ledger` is created and cut over, what was changed in `orders` and
/// on `web` is healed, a flow left the model, and a node joined the pool.
fn scene() -> Scene {
    let admin = SHOP.rsplit_once("---\n").unwrap().1;
    let admin = admin
        .replace("web-to-orders", "admin")
        .replace("8080", "9090");
    let mut trial = shop(&format!("{SHOP}---\n{admin}"));
    trial.apply();
    trial.cluster.act(&Act::WritePolicy {
        namespace: "orders".to_owned(),
        name: "cofferdam-allow-dns".to_owned(),
        spec: serde_json::json!({"podSelector": {}, "policyTypes": ["Egress"]}),
    });
    trial.cluster.act(&Act::WritePolicy {
        namespace: "orders".to_owned(),
        name: "theirs".to_owned(),
        spec: serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
    });
    for (key, value) in [
        ("cofferdam.io/zone", None),
        ("unrelated", Some("theirs".to_owned())),
    ] {
        trial.cluster.act(&Act::Label {
            namespace: "web".to_owned(),
            key: key.to_owned(),
            value,
        });
    }
    trial.cluster.add_namespace("nobodys", &[]);
    trial.cluster.add_namespace("calico-system", &[]);
    let mut joined = node("uid-pci-2", &[("os", "linux")]);
    joined.taints.push(taint("theirs"));
    trial.cluster.nodes.insert("pci-2".to_owned(), joined);
    let ledger = "[{ name: orders }, { name: ledger, create: true }]";
    trial.model = cofferdam_testkit::model(&SHOP.replace("[{ name: orders }]", ledger));
    Scene::of(&trial)
}

fn taint(key: &str) -> Taint {
    Taint {
        key: key.to_owned(),
        value: Some("theirs".to_owned()),
        effect: "NoExecute".to_owned(),
        time_added: None,
    }
}

fn change(key: &str, old: Option<&str>, new: Option<&str>) -> LabelPatch {
    LabelPatch {
        has_labels: true,
        changes: vec![KeyChange {
            key: key.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }],
    }
}

/// A patch of one label of a namespace that is there.
fn patch(scene: &mut Scene, namespace: &str, labels: LabelPatch) {
    let uid = scene.namespace(namespace).uid.clone();
    let name = namespace.to_owned();
    scene.add(Phase::Labels, Action::PatchNamespace { name, uid, labels });
}

/// The object that a step writes.
fn object(step: &mut Step) -> &mut NetworkPolicy {
    match &mut step.action {
        Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. } => {
            Arc::make_mut(object)
        }
        other @ (Action::CreateNamespace { .. }
        | Action::PatchNamespace { .. }
        | Action::PatchNode { .. }
        | Action::DeletePolicy { .. }
        | Action::ReleasePolicy { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. }
        | Action::DeleteGuard { .. }
        | Action::DeleteOpened { .. }) => panic!("{other:?}"),
    }
}

/// The deletion of a policy exactly as it is.
fn delete(scene: &mut Scene, phase: Phase, namespace: &str, name: &str) {
    let live = scene.policy(namespace, name).clone();
    let action = Action::DeletePolicy {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: live.uid,
        resource_version: live.resource_version,
    };
    scene.add(phase, action);
}

fn apply(revision: &str) -> Apply {
    Apply {
        sequence: 1,
        revision: revision.to_owned(),
        at: String::new(),
        writer: String::new(),
        written: 0,
        complete: true,
    }
}

fn namespace(name: &str) -> NamespaceName {
    NamespaceName::parse(name).unwrap()
}

/// What is wrong, how it is made so, and the codes of the refusals.
type Row = (&'static str, fn(&mut Scene), &'static [&'static str]);

fn check(rows: &[Row]) {
    let legal = scene();
    assert_eq!(
        shown(&legal.judge()),
        Vec::<String>::new(),
        "{:#?}",
        legal.plan
    );
    for (what, mutate, want) in rows {
        let mut scene = legal.clone();
        mutate(&mut scene);
        let refusals = scene.judge();
        let mut codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code).collect();
        codes.dedup();
        assert_eq!(codes, *want, "{what}: {:#?}", shown(&refusals));
    }
}

#[test]
fn only_the_right_cluster_is_written_and_only_forward() {
    check(&[
        (
            "a part was not read",
            |s| s.observed.pods = Reading::Unknown("forbidden".to_owned()),
            &["unknown"],
        ),
        (
            "the cluster is not pinned",
            |s| s.cluster.uid = None,
            &["not-pinned"],
        ),
        (
            "another cluster answers",
            |s| s.observed.uid = Reading::Known("uid-other".to_owned()),
            &["wrong-cluster"],
        ),
        (
            "the cluster is of another instance",
            |s| s.record().instance = "bank".to_owned(),
            &["other-instance"],
        ),
        (
            "somebody applied since",
            |s| s.record().sequence += 1,
            &["stale-plan"],
        ),
        (
            "the plan is from before the record",
            |s| s.plan.sequence = 0,
            &["stale-plan"],
        ),
        (
            "a controller runs",
            |s| s.record().controller = Some("controller".to_owned()),
            &["controller-runs"],
        ),
        (
            "an older revision comes back",
            |s| {
                let revision = s.plan.revision.clone();
                s.record().applies = vec![apply(&revision), apply("newer")];
            },
            &["rollback"],
        ),
    ]);
}

#[test]
fn only_what_the_bundle_governs_is_touched() {
    check(&[
        (
            "a system namespace is labelled",
            |s| {
                patch(
                    s,
                    "kube-system",
                    change("cofferdam.io/zone", None, Some("back")),
                );
            },
            &["system-namespace", "out-of-scope"],
        ),
        (
            "a detected system namespace is labelled",
            |s| {
                s.bundle
                    .system_namespaces
                    .insert(namespace("calico-system"));
                patch(
                    s,
                    "calico-system",
                    change("cofferdam.io/zone", None, Some("back")),
                );
            },
            &["system-namespace", "out-of-scope"],
        ),
        (
            "a namespace of nobody is labelled",
            |s| {
                patch(
                    s,
                    "nobodys",
                    change("cofferdam.io/zone", None, Some("back")),
                );
            },
            &["out-of-scope"],
        ),
        (
            "a peer selects every namespace",
            |s| {
                let spec = object(s.step(Phase::Allow, DNS)).spec.as_mut().unwrap();
                let peers = spec.egress.as_mut().unwrap()[0].to.as_mut().unwrap();
                peers[0].namespace_selector = Some(LabelSelector::default());
            },
            &["bare-selector", "not-in-bundle"],
        ),
    ]);
}

#[test]
fn only_what_the_bundle_says_is_written_and_nothing_of_it_is_taken_away() {
    check(&[
        (
            "a policy of the bundle is deleted",
            |s| delete(s, Phase::Prune, "orders", "cofferdam-within-zone"),
            &["not-in-bundle"],
        ),
        (
            "a policy allows more than that of the bundle",
            |s| {
                let spec = object(s.step(Phase::Allow, DNS)).spec.as_mut().unwrap();
                spec.egress.as_mut().unwrap()[0].ports = None;
            },
            &["not-in-bundle"],
        ),
        (
            "a policy is written that the bundle does not hold",
            |s| {
                let mut stray = object(s.step(Phase::Allow, DNS)).clone();
                stray.metadata.name = Some("cofferdam-stray".to_owned());
                let object = stray.into();
                s.add(Phase::Allow, Action::CreatePolicy { object });
            },
            &["not-in-bundle"],
        ),
        (
            "an open policy lets nothing through",
            |s| {
                let spec = object(s.step(Phase::Open, OPEN)).spec.as_mut().unwrap();
                spec.egress = Some(Vec::new());
            },
            &["not-in-bundle", "order"],
        ),
        (
            "an open policy selects few pods",
            |s| {
                let spec = object(s.step(Phase::Open, OPEN)).spec.as_mut().unwrap();
                let labels = [("app".to_owned(), "one".to_owned())].into();
                spec.pod_selector.as_mut().unwrap().match_labels = Some(labels);
            },
            &["not-in-bundle", "order"],
        ),
        (
            "a namespace gets a label that nobody asked for",
            |s| patch(s, "web", change("cofferdam.io/extra", None, Some("one"))),
            &["not-in-bundle"],
        ),
        (
            "a node of no pool is tainted",
            |s| s.bundle.pools.clear(),
            &["not-in-bundle"],
        ),
    ]);
}

#[test]
fn nothing_is_isolated_before_what_it_needs_is_allowed() {
    check(&[
        (
            "no open policy comes first",
            |s| {
                s.drop(Phase::Open, OPEN);
                s.drop(Phase::Close, OPEN);
            },
            &["order"],
        ),
        (
            "an open policy goes before the denies",
            |s| {
                s.step(Phase::Close, OPEN).phase = Phase::Allow;
                s.plan.steps.sort_by_key(|step| step.phase);
            },
            &["order"],
        ),
        (
            "an open policy goes and a deny never comes",
            |s| {
                s.drop(Phase::Deny, DENY);
            },
            &["order"],
        ),
        (
            "steps are out of order",
            |s| s.plan.steps.reverse(),
            &["order"],
        ),
        (
            "an open policy that the bundle holds is removed",
            |s| {
                let policy = s.bundle.policies.values().next().unwrap().clone();
                s.bundle.policies.insert(
                    (namespace("ledger"), "cofferdam-open-egress".to_owned()),
                    policy,
                );
            },
            &["not-in-bundle", "order"],
        ),
        (
            "a flow is written where nothing keeps open what it isolates",
            |s| {
                let mut stray = object(s.step(Phase::Allow, DNS)).clone();
                stray.metadata.namespace = Some("nobodys".to_owned());
                let mut wanted = s.bundle.policies.values().next().unwrap().clone();
                wanted.object = stray.clone().into();
                s.bundle.policies.insert(
                    (namespace("nobodys"), "cofferdam-allow-dns".to_owned()),
                    wanted,
                );
                s.add(
                    Phase::Allow,
                    Action::CreatePolicy {
                        object: stray.into(),
                    },
                );
            },
            &["order"],
        ),
    ]);
}

#[test]
fn no_node_loses_a_taint_before_it_has_the_new_one() {
    check(&[(
        "a node loses its taint before it has the new one",
        |s| {
            s.bundle.pools[0].taint.key = "acme.io/pool".to_owned();
            let Action::PatchNode { taints, .. } = &mut s.step(Phase::Taint, NODE).action else {
                return;
            };
            let mut taints = taints.take().unwrap();
            std::mem::swap(&mut taints.old, &mut taints.new);
            if let Reading::Known(all) = &mut s.observed.nodes {
                all.get_mut("pci-2").unwrap().taints.clone_from(&taints.old);
            }
            if let Action::PatchNode { taints: patch, .. } = &mut s.step(Phase::Taint, NODE).action
            {
                *patch = Some(taints);
            }
        },
        &["not-ours", "order", "weakening"],
    )]);
}
