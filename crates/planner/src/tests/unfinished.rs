//! Cut-overs that did not end: pods that were never denied are not denied past what is in the way.

use cofferdam_model::capabilities::Callee;
use cofferdam_model::names::NamespaceName;
use cofferdam_state::plan::Phase;
use cofferdam_testkit::generate::{FlowSketch, Sketch, Target, ZoneSketch};
use cofferdam_testkit::{Act, Cluster, Faults, Trial};
use serde_json::json;

use super::{refused, trial};

/// Three enforced zones, with so many flows into the last of them.
fn zones(flows: u16) -> Sketch {
    let zone = ZoneSketch {
        level: "enforce",
        within: "deny",
        second: None,
        adopts: false,
        team: false,
    };
    let flow = |number| FlowSketch {
        from: 1,
        to: Target::Next,
        port: 8000 + number,
        narrow: false,
    };
    Sketch {
        zones: vec![zone.clone(), zone.clone(), zone],
        flows: (0..flows).map(flow).collect(),
        isolate: false,
        pool: None,
        guarded: true,
    }
}

fn new() -> Trial {
    let mut cluster = Cluster::new("prod");
    for namespace in ["edge-a", "application-a", "data-a"] {
        cluster.add_namespace(namespace, &[]);
    }
    trial(&zones(1), cluster, &[])
}

/// Somebody else's policy of that name in `data-a`, which allows nothing.
fn squat(trial: &mut Trial, name: &str) {
    trial.cluster.act(&Act::WritePolicy {
        namespace: "data-a".to_owned(),
        name: name.to_owned(),
        spec: json!({"podSelector": {"matchLabels": {"app": "none"}}, "policyTypes": ["Ingress"]}),
    });
}

fn is_there(trial: &Trial, name: &str) -> bool {
    let key = ("data-a".to_owned(), name.to_owned());
    trial.cluster.policies.contains_key(&key)
}

fn killed_before_closing(trial: &mut Trial) {
    let plan = trial.plan();
    let before = plan.steps.iter();
    let before = before.take_while(|step| step.phase != Phase::Close).count();
    let faults = Faults {
        killed_after: Some(before),
        ..Faults::default()
    };
    assert!(trial.carry_out(&plan, &faults, |_, _| {}).is_none());
}

fn failed_to_close(trial: &mut Trial) {
    let mut plan = trial.plan();
    plan.steps.retain(|step| step.phase != Phase::Close);
    trial.carry_out(&plan, &Faults::default(), |_, _| {});
}

#[test]
fn who_was_never_denied_stays_open_while_a_flow_cannot_be_written() {
    let denied = "cofferdam-default-deny-ingress";
    let open = "cofferdam-open-ingress";
    let ways: [fn(&mut Trial); 2] = [killed_before_closing, failed_to_close];
    for unfinished in ways {
        let mut trial = new();
        unfinished(&mut trial);
        assert!(is_there(&trial, denied) && is_there(&trial, open));
        trial.model = cofferdam_testkit::model(&zones(2).text());
        squat(&mut trial, "cofferdam-flow-flow-1-in");
        for _ in 0..3 {
            let plan = trial.plan();
            assert_eq!(refused(&trial, &plan), Vec::<String>::new());
            trial.apply();
            assert!(is_there(&trial, open));
        }
    }
}

#[test]
fn who_has_the_name_of_an_open_policy_that_is_to_stay_stops_its_own_namespace_only() {
    let mut trial = new();
    trial.apply();
    squat(&mut trial, "cofferdam-open-ingress");
    // Whoever calls this webhook is unknown, so that its ingress stays open.
    trial.cluster.capabilities.callees.push(Callee {
        caller: "ValidatingWebhookConfiguration/orders".to_owned(),
        namespace: NamespaceName::parse("data-a").unwrap(),
        service: "hook".to_owned(),
        pod_labels: [].into(),
        target: None,
    });
    for name in ["cofferdam-flow-flow-0-in", "cofferdam-allow-dns"] {
        trial.cluster.act(&Act::DeletePolicy {
            namespace: "data-a".to_owned(),
            name: name.to_owned(),
        });
    }
    trial.cluster.act(&Act::DeletePolicy {
        namespace: "edge-a".to_owned(),
        name: "cofferdam-allow-dns".to_owned(),
    });
    let plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    let places = plan.steps.iter().map(|step| step.action.object().namespace);
    assert_eq!(places.collect::<Vec<_>>(), [Some("edge-a".to_owned())]);
}
