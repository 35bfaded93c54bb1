//! What holds in every cluster.

use cofferdam_model::dialect::{DIALECTS, Dialect, Sctp};
use cofferdam_model::flow::Protocol;
use serde_json::{Value, json};

use crate::generate::{Corners, Families, Policies, cluster, questions};
use crate::kind;
use crate::valid::is_valid;
use crate::{Oracle, Peer, Verdict};

const SEEDS: u64 = 300;

type Question = (Peer, Peer, Protocol, u16);

/// Calls with clusters of all kinds, a dialect each, and questions about them.
fn each_cluster(check: impl Fn(&[Value], Dialect, &[Question])) {
    let dialects = DIALECTS.iter().cycle();
    for (seed, dialect) in (0..SEEDS / 3).zip(dialects) {
        for policies in [
            Policies::Namespaced,
            Policies::FirstVersion,
            Policies::Mixed,
        ] {
            let objects = cluster(
                seed,
                Corners {
                    policies,
                    ..Corners::ALL
                },
            );
            check(&objects, *dialect, &questions(&objects, seed, 20));
        }
    }
}

fn verdicts(objects: &[Value], dialect: Dialect, questions: &[Question]) -> Vec<Verdict> {
    let oracle = Oracle::new(objects, dialect);
    let verdicts = questions.iter();
    verdicts
        .map(|(from, to, protocol, port)| oracle.verdict(from, to, *protocol, *port))
        .collect()
}

#[test]
fn the_order_of_objects_does_not_matter() {
    each_cluster(|objects, dialect, questions| {
        let expected = verdicts(objects, dialect, questions);
        let mut other = objects.to_vec();
        other.reverse();
        assert_eq!(verdicts(&other, dialect, questions), expected);
        let middle = other.len() / 2;
        other.rotate_left(middle);
        assert_eq!(verdicts(&other, dialect, questions), expected);
    });
}

#[test]
fn another_rule_of_a_network_policy_takes_nothing_away() {
    let rules = [
        ("ingress", json!({})),
        ("ingress", json!({ "from": [{ "namespaceSelector": {} }] })),
        (
            "egress",
            json!({ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }] }),
        ),
        ("egress", json!({ "ports": [{ "port": 80 }] })),
    ];
    each_cluster(|objects, dialect, questions| {
        let before = verdicts(objects, dialect, questions);
        for (index, policy) in objects.iter().enumerate() {
            // Another rule of egress would isolate where the types are left to the rules.
            let types = policy
                .pointer("/spec/policyTypes")
                .and_then(Value::as_array);
            if !kind::is(policy, kind::NETWORK_POLICY) || types.is_none_or(Vec::is_empty) {
                continue;
            }
            for (direction, rule) in &rules {
                let mut wider = objects.to_vec();
                let rules = &mut wider[index]["spec"][direction];
                match rules.as_array_mut() {
                    Some(rules) => rules.push(rule.clone()),
                    None => *rules = json!([rule]),
                }
                let after = verdicts(&wider, dialect, questions);
                let taken = before
                    .iter()
                    .zip(&after)
                    .any(|(before, after)| after > before);
                assert!(!taken, "{wider:#?}");
            }
        }
    });
}

#[test]
fn without_policies_all_is_allowed() {
    for (seed, dialect) in (0..SEEDS).zip(DIALECTS.iter().cycle()) {
        let corners = Corners {
            families: Families::Ipv4,
            ..Corners::ALL
        };
        let mut objects = cluster(seed, corners);
        objects.retain(|object| object.pointer("/spec/podSelector").is_none());
        objects.retain(|object| object["apiVersion"] == "v1");
        for question in questions(&objects, seed, 20) {
            let may_be_off = question.2 == Protocol::Sctp && dialect.sctp == Sctp::MayBeOff;
            let expected = if may_be_off {
                Verdict::Undecided
            } else {
                Verdict::Allowed
            };
            assert_eq!(verdicts(&objects, *dialect, &[question]), [expected]);
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_cluster() {
    for seed in 0..20 {
        let objects = cluster(seed, Corners::ALL);
        assert_eq!(objects, cluster(seed, Corners::ALL));
        assert_eq!(questions(&objects, seed, 9), questions(&objects, seed, 9));
        assert_ne!(objects, cluster(seed + 1, Corners::ALL));
    }
}

#[test]
fn policies_are_invalid_only_where_they_are_asked_for() {
    let count_of_invalid = |corners: Corners| {
        let clusters = (0..SEEDS).map(|seed| cluster(seed, corners));
        let invalid = clusters.flatten().filter(|object| !is_valid(object));
        invalid.count()
    };
    assert_eq!(
        count_of_invalid(Corners {
            invalid: false,
            ..Corners::ALL
        }),
        0
    );
    assert!(count_of_invalid(Corners::ALL) > 50);
}

/// Clusters in which everything is denied would compare nothing.
#[test]
fn every_verdict_is_frequent() {
    let mut counts = [0, 0, 0];
    for seed in 0..SEEDS {
        let objects = cluster(seed, Corners::ALL);
        let questions = questions(&objects, seed, 20);
        for verdict in verdicts(&objects, DIALECTS[3], &questions) {
            match verdict {
                Verdict::Allowed => counts[0] += 1,
                Verdict::Undecided => counts[1] += 1,
                Verdict::Denied => counts[2] += 1,
            }
        }
    }
    let [allowed, undecided, denied] = counts;
    assert!(
        allowed > 1000 && undecided > 50 && denied > 1000,
        "{counts:?}"
    );
}
