//! A bundle that a GitOps controller applies: what it applied of an earlier one is neither others' nor lost.

use cofferdam_model::cluster::Delivery;
use cofferdam_state::detach::{Manner, Scope};
use cofferdam_testkit::{SHOP, Trial, model};

use super::detach::judged;
use super::*;
use crate::detach::{Leaving, detach};

/// The shop as a controller applied it, which `enforcement` takes back to `stage` now.
fn staged() -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    trial.cluster.record = None;
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    trial.model = model(&staged.replace("mode: manage", "mode: manage, delivery: gitops"));
    trial
}

#[test]
fn denies_of_an_earlier_bundle_are_not_of_others() {
    let trial = staged();
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let notices = |delivery: Delivery| {
        let view = View::new(&bundle, &observed, delivery);
        let plan = crate::plan(&view, &trial.model).unwrap();
        let others = plan.notices.into_iter();
        others
            .filter(|one| one.contains("policies of others isolate pods"))
            .count()
    };
    assert_eq!(notices(Delivery::Push), 2);
    assert_eq!(notices(Delivery::Gitops), 0);
    let view = View::new(&bundle, &observed, Delivery::Gitops);
    let found = crate::find(&view, trial.document(), None);
    let deny = found
        .iter()
        .find(|one| {
            one.object
                .to_string()
                .ends_with("web/cofferdam-default-deny-egress")
        })
        .unwrap();
    assert_eq!(
        (
            deny.class.as_str(),
            deny.message.as_str(),
            deny.hint.as_deref()
        ),
        (
            "impostor-object",
            "it carries our label, but the bundle does not hold it",
            Some(
                "it stays until whoever applied it deletes it: let your GitOps controller prune it, or delete it if \
                 nobody of yours made it"
            )
        )
    );
}

#[test]
fn what_it_applied_is_left_to_it_and_is_no_lost_record() {
    let trial = staged();
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let reasons = |delivery: Delivery| {
        let leaving = Leaving {
            scope: &Scope::Cluster,
            manner: Manner::Remove,
            delivery,
        };
        let found = detach(&bundle, &observed, leaving).unwrap();
        let refused = judged(&trial, &found);
        let policies = found.left.into_iter();
        let policies = policies.filter(|one| one.object.to_string().starts_with("NetworkPolicy/"));
        let reasons: std::collections::BTreeSet<String> = policies.map(|one| one.reason).collect();
        (reasons, refused)
    };
    let told =
        "your GitOps controller applied it: it goes when that prunes it, or delete it afterwards";
    assert_eq!(
        reasons(Delivery::Gitops),
        ([told.to_owned()].into(), Vec::new())
    );
}
