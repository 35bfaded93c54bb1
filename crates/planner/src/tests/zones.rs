//! What can be reached between the zones of the shop, beside what it declares.

use cofferdam_state::change::Change;
use cofferdam_testkit::Act;
use serde_json::json;

use super::reach::{admits, applied, ask, write};
use crate::reach::{BetweenZones, between_zones};

/// What is told of the connections between zones.
#[track_caller]
fn check_zones(acts: &[Act], want: &[&str]) {
    let mut trial = applied();
    for act in acts {
        trial.cluster.act(act);
    }
    let (rows, because) = ask(&trial, between_zones).unwrap();
    assert_eq!(because, Vec::<String>::new());
    let ports = |change: &Option<Change>| {
        let ports = change.as_ref().map(|change| change.ports.clone());
        ports.unwrap_or_else(|| "-".to_owned())
    };
    let told = rows.iter().map(|row| {
        let BetweenZones {
            from,
            to,
            declared,
            effective,
            beyond,
            missing,
        } = row;
        format!(
            "{from} -> {to}: declared {declared:?}, effective {}, beyond {}, missing {}",
            ports(effective),
            ports(beyond),
            ports(missing)
        )
    });
    assert_eq!(told.collect::<Vec<_>>(), want);
}

const BACK: &str =
    "zone back -> zone back: declared [\"withinZone\"], effective all, beyond -, missing -";

const ACROSS: &str = "zone front -> zone back: declared [\"web-to-orders\"], effective TCP 8080, beyond -, missing -";

const FRONT: &str =
    "zone front -> zone front: declared [\"withinZone\"], effective all, beyond -, missing -";

/// Name servers are in no zone.
const BACK_DNS: &str = "zone back -> namespaces of no zone: declared [], effective TCP 53; UDP 53, beyond -, missing -";

const FRONT_DNS: &str = "zone front -> namespaces of no zone: declared [], effective TCP 53; UDP 53, beyond -, missing -";

#[test]
fn between_zones_what_is_declared_is_possible_and_nothing_else() {
    check_zones(&[], &[BACK, BACK_DNS, ACROSS, FRONT, FRONT_DNS]);
}

#[test]
fn what_others_open_between_zones_is_beyond_what_is_declared() {
    let lets_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}]}]});
    check_zones(
        &[
            write("orders", "out", lets_out),
            write("web", "in", admits("orders")),
        ],
        &[
            BACK,
            "zone back -> zone front: declared [], effective all, beyond all, missing -",
            BACK_DNS,
            ACROSS,
            FRONT,
            FRONT_DNS,
        ],
    );
}

#[test]
fn what_others_let_in_from_outside_is_beyond_too() {
    let everybody = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
        {"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 443}]}]});
    check_zones(
        &[write("orders", "in", everybody)],
        &[
            BACK,
            BACK_DNS,
            ACROSS,
            FRONT,
            FRONT_DNS,
            "the internet -> zone back: declared [], effective TCP 443, beyond TCP 443, missing -",
        ],
    );
}

#[test]
fn what_is_declared_and_not_possible_is_missing() {
    let allows = applied().cluster.observe();
    let policies = allows.policies.known().unwrap().keys();
    let flows = policies
        .filter(|(namespace, name)| namespace == "orders" && !name.contains("default-deny"));
    let gone: Vec<Act> = flows
        .map(|(namespace, name)| Act::DeletePolicy {
            namespace: namespace.clone(),
            name: name.clone(),
        })
        .collect();
    check_zones(
        &gone,
        &[
            "zone back -> zone back: declared [\"withinZone\"], effective -, beyond -, missing all",
            "zone back -> namespaces of no zone: declared [], effective -, beyond -, missing TCP 53; UDP 53",
            "zone front -> zone back: declared [\"web-to-orders\"], effective -, beyond -, missing TCP 8080",
            FRONT,
            FRONT_DNS,
        ],
    );
}
