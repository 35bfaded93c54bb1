//! Pod Security levels in plans: none is enforced unless the server was asked and named no pod, and no workload's
//! next pods violate it.

use cofferdam_state::plan::KeyChange;
use cofferdam_state::pod_security::EnforceAnswer;

use super::*;

const WEB: &str = "Namespace/web";
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// What is refused of a first plan for the shop, with one thing changed in it.
#[track_caller]
fn check(change: impl FnOnce(&mut Scene), want: &[&str]) {
    let mut scene = Scene::of(&shop(SHOP));
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    change(&mut scene);
    assert_eq!(shown(&scene.judge()), want);
}

/// The change of a label in the step about `web`.
fn change<'a>(scene: &'a mut Scene, key: &str) -> &'a mut KeyChange {
    let Action::PatchNamespace { labels, .. } = &mut scene.step(Phase::Labels, WEB).action else {
        panic!("no patch");
    };
    let mut changes = labels.changes.iter_mut();
    changes.find(|change| change.key == key).unwrap()
}

fn answer(scene: &mut Scene, change: impl Fn(&mut EnforceAnswer)) {
    for (asked, given) in &mut scene.observed.enforce_answers {
        if asked.namespace == "web" {
            change(given);
        }
    }
}

const NOT_KNOWN: &str = "pod-security: Namespace/web: it is not known which pods Pod Security level `baseline` would refuse (plan again)";

#[test]
fn no_level_is_enforced_that_refuses_pods_or_was_not_asked_about() {
    check(
        |scene| {
            let answers = &mut scene.observed.enforce_answers;
            answers.retain(|asked, _| asked.namespace != "web");
        },
        &[NOT_KNOWN],
    );
    let unknown = || Reading::Unknown("forbidden".to_owned());
    let known = |told: &str| Reading::Known(vec![told.to_owned()]);
    check(
        |scene| answer(scene, |answer| answer.pods = unknown()),
        &[NOT_KNOWN],
    );
    check(
        |scene| answer(scene, |answer| answer.workloads = unknown()),
        &[NOT_KNOWN],
    );
    check(
        |scene| answer(scene, |answer| answer.pods = known("agent: privileged")),
        &[
            "pod-security: Namespace/web: pods run there that Pod Security level `baseline` would refuse (plan again)",
        ],
    );
    check(
        |scene| {
            answer(scene, |answer| {
                answer.workloads = known("CronJob/nightly: privileged");
            });
        },
        &[
            "pod-security: Namespace/web: workloads are there whose next pods Pod Security level `baseline` would refuse (plan again)",
        ],
    );
}

#[test]
fn an_answer_counts_for_its_level_its_version_and_its_namespace_only() {
    let forget = |scene: &mut Scene, of: fn(&str, &str) -> bool| {
        let answers = &mut scene.observed.enforce_answers;
        answers.retain(|asked, _| asked.namespace != "web" || !of(&asked.level, &asked.version));
    };
    check(|scene| forget(scene, |level, _| level != "baseline"), &[]);
    check(
        |scene| forget(scene, |level, _| level == "baseline"),
        &[NOT_KNOWN],
    );
    check(
        |scene| forget(scene, |_, version| version == "latest"),
        &[NOT_KNOWN],
    );
    check(|scene| forget(scene, |_, version| version != "latest"), &[]);
    check(
        |scene| {
            let answers = std::mem::take(&mut scene.observed.enforce_answers).into_iter();
            let other = answers.map(|(mut asked, answer)| {
                asked.uid.push('x');
                (asked, answer)
            });
            scene.observed.enforce_answers = other.collect();
            scene.drop(Phase::Labels, "Namespace/orders");
        },
        &[NOT_KNOWN],
    );
}

#[test]
fn a_version_alone_enforces_nothing_and_is_refused() {
    check(
        |scene| change(scene, ENFORCE).new = None,
        &[
            "not-ours: Namespace/web: label `pod-security.kubernetes.io/enforce` was never written by us (plan again)",
            "pod-security: Namespace/web: a version of a Pod Security level is set, but no level (plan again)",
        ],
    );
}
