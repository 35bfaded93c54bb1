//! What a plan opens and closes, and what enforcing zones would cut.

use cofferdam_testkit::{SHOP, Trial, model};

use super::planner;
use super::reach::{ask, shown};
use crate::reach::{Enforcing, enforcing, of_plan};

#[test]
fn a_plan_tells_what_it_closes_and_then_what_it_opens_again() {
    let told = |trial: &Trial| {
        let plan = trial.plan();
        let changes = ask(trial, |ground| of_plan(ground, &plan)).unwrap().changes;
        let opens = changes.opens.iter().map(|one| shown("opens", one));
        let closes = changes.closes.iter().map(|one| shown("closes", one));
        opens.chain(closes).collect::<Vec<String>>()
    };
    let mut trial = Trial::shop(SHOP, planner);
    assert_eq!(
        told(&trial),
        [
            "closes zone back -> zone front: all (orders/server[Pod] -> web/server[Pod])",
            "closes zone back -> namespaces of no zone: all (orders/server[Pod] -> any new namespace/no labels[any new pod])",
            "closes zone back -> the internet: all (orders/server[Pod] -> 0.0.0.0/0)",
            "closes zone front -> zone back: TCP 1-8079,8081-65535; UDP 1-65535; SCTP 1-65535 (web/server[Pod] -> orders/server[Pod])",
            "closes zone front -> namespaces of no zone: all (web/server[Pod] -> any new namespace/no labels[any new pod])",
            "closes zone front -> the internet: all (web/server[Pod] -> 0.0.0.0/0)",
            "closes namespaces of no zone -> zone back: all (any new namespace/no labels[any new pod] -> orders/server[Pod])",
            "closes namespaces of no zone -> zone front: all (any new namespace/no labels[any new pod] -> web/server[Pod])",
            "closes the internet -> zone back: all (0.0.0.0/0 -> orders/server[Pod])",
            "closes the internet -> zone front: all (0.0.0.0/0 -> web/server[Pod])",
        ]
    );
    trial.apply();
    assert_eq!(told(&trial), Vec::<String>::new());
    trial.model = model(&SHOP.replace("port: 8080", "port: 8443"));
    assert_eq!(
        told(&trial),
        [
            "opens zone front -> zone back: TCP 8443 (web/server[Pod] -> orders/server[Pod])",
            "closes zone front -> zone back: TCP 8080 (web/server[Pod] -> orders/server[Pod])",
        ]
    );
}

#[test]
fn what_enforcing_a_zone_would_cut_is_told_before_it_is_done() {
    let staged = SHOP.replace(
        "sensitivity: high",
        "sensitivity: high\n  enforcement: stage",
    );
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    let plan = trial.plan();
    let told = ask(&trial, |ground| enforcing(ground, &plan));
    let told = told.iter().flat_map(|Enforcing { zone, cuts }| {
        cuts.iter().map(move |one| shown(&format!("{zone}:"), one))
    });
    assert_eq!(
        told.collect::<Vec<String>>(),
        [
            "back: zone back -> namespaces of no zone: all (orders/server[Pod] -> any new namespace/no labels[any new pod])",
            "back: zone back -> the internet: all (orders/server[Pod] -> 0.0.0.0/0)",
            "back: namespaces of no zone -> zone back: all (any new namespace/no labels[any new pod] -> orders/server[Pod])",
            "back: the internet -> zone back: all (0.0.0.0/0 -> orders/server[Pod])",
        ]
    );
}
