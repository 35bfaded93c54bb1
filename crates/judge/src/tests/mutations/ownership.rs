//! Plans that touch what is not ours, or not as it was seen.

use super::*;

#[test]
fn only_what_is_ours_is_changed_and_only_as_it_was_seen() {
    check(AS_SEEN);
    check(OURS);
}

const AS_SEEN: &[Row] = &[
    (
        "a namespace that exists is created",
        |s| {
            s.add(
                Phase::Labels,
                Action::CreateNamespace {
                    name: "web".to_owned(),
                    labels: [].into(),
                },
            );
        },
        &["exists"],
    ),
    (
        "a policy that exists is created",
        |s| {
            let object = object(s.step(Phase::Allow, DNS)).clone().into();
            s.step(Phase::Allow, DNS).action = Action::CreatePolicy { object };
        },
        &["exists"],
    ),
    (
        "a policy was made again",
        |s| s.policy("orders", "cofferdam-allow-dns").uid = "other".to_owned(),
        &["not-as-seen"],
    ),
    (
        "a policy was changed",
        |s| s.policy("orders", "cofferdam-allow-dns").resource_version = "other".to_owned(),
        &["not-as-seen"],
    ),
    (
        "a policy is being deleted",
        |s| s.policy("orders", "cofferdam-allow-dns").terminating = true,
        &["not-as-seen"],
    ),
    (
        "a policy that is gone is deleted",
        |s| {
            let Reading::Known(all) = &mut s.observed.policies else {
                return;
            };
            all.retain(|(_, name), _| name != "cofferdam-flow-admin-in");
        },
        &["not-as-seen"],
    ),
    (
        "a namespace was made again",
        |s| s.namespace("web").uid = "other".to_owned(),
        &["not-as-seen"],
    ),
    (
        "a namespace goes away",
        |s| s.namespace("web").terminating = true,
        &["not-as-seen"],
    ),
    (
        "a node was made again",
        |s| {
            let Reading::Known(all) = &mut s.observed.nodes else {
                return;
            };
            all.get_mut("pci-2").unwrap().uid = "other".to_owned();
        },
        &["not-as-seen"],
    ),
    (
        "a node got another taint",
        |s| {
            let Reading::Known(all) = &mut s.observed.nodes else {
                return;
            };
            all.get_mut("pci-2").unwrap().taints.push(taint("another"));
        },
        &["not-as-seen"],
    ),
];

const OURS: &[Row] = &[
    (
        "a policy of others is deleted",
        |s| delete(s, Phase::Prune, "orders", "theirs"),
        &["not-ours"],
    ),
    (
        "what is not in the record is replaced",
        |s| {
            let key = entry_key(&ObjectKey::policy("orders", "cofferdam-allow-dns"), "");
            s.record().entries.remove(&key);
        },
        &["not-ours"],
    ),
    (
        "a label of others gets another value",
        |s| patch(s, "web", change("unrelated", Some("theirs"), Some("ours"))),
        &["not-ours", "not-in-bundle"],
    ),
    (
        "a label of others is removed",
        |s| patch(s, "web", change("unrelated", Some("theirs"), None)),
        &["not-ours"],
    ),
    (
        "a label is not as it was seen",
        |s| {
            patch(
                s,
                "web",
                change("cofferdam.io/zone", Some("back"), Some("front")),
            );
        },
        &["not-ours"],
    ),
    (
        "a taint of others is removed",
        |s| {
            let Action::PatchNode {
                taints: Some(patch),
                ..
            } = &mut s.step(Phase::Taint, "Node/pci-2").action
            else {
                return;
            };
            patch.new.retain(|taint| taint.key != "theirs");
            s.allowances.weakening = true;
        },
        &["not-ours"],
    ),
    (
        "a taint of others gets another value",
        |s| {
            let taints = Some(TaintPatch {
                old: vec![taint("theirs")],
                new: vec![Taint {
                    value: None,
                    ..taint("theirs")
                }],
            });
            let Action::PatchNode { taints: patch, .. } =
                &mut s.step(Phase::Taint, "Node/pci-2").action
            else {
                return;
            };
            *patch = taints;
        },
        &["not-ours", "not-in-bundle"],
    ),
    (
        "an open policy that the pass does not create is taken for its own",
        |s| {
            s.add(
                Phase::Close,
                Action::DeleteOpened {
                    namespace: "web".to_owned(),
                    name: "cofferdam-open-egress".to_owned(),
                },
            );
        },
        &["not-ours"],
    ),
];
