//! Policies that are being deleted, and stand until a finalizer is removed.

use cofferdam_testkit::model;

use super::*;

#[test]
fn no_open_policy_goes_while_an_allow_is_being_deleted() {
    let mut trial = shop(&SHOP.replace("enforcement: enforce", "enforcement: stage"));
    trial.apply();
    trial.model = model(SHOP);
    let mut scene = Scene::of(&trial);
    scene.policy("web", "cofferdam-within-zone").terminating = true;
    let want = ["egress", "ingress"].map(|direction| {
        format!(
            "order: NetworkPolicy/web/cofferdam-open-{direction}: removed although \
             `cofferdam-within-zone` is not in place"
        )
    });
    assert_eq!(shown(&scene.judge()), want);
}
