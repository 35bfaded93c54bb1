//! Addresses for which the model has a word of its own.

use super::*;

/// The drafted flow of a rule that leads to (or from) these blocks: its other end, and what is not drafted of it.
#[track_caller]
fn check(
    (direction, cidrs, ports): (&str, &[&str], &[u16]),
    change: fn(&mut Live),
    want: (&[&str], usize),
) {
    let peers = cidrs
        .iter()
        .map(|cidr| json!({ "ipBlock": { "cidr": cidr } }));
    let peers: Vec<Value> = peers.collect();
    let ports: Vec<Value> = ports.iter().map(|port| json!({ "port": port })).collect();
    let field = if direction == "Egress" { "to" } else { "from" };
    let spec = json!({
        "podSelector": {},
        "policyTypes": [direction],
        direction.to_lowercase(): [{ field: peers, "ports": ports }],
    });
    let mut live = live(&[("a", &[])], &[spec]);
    live.capabilities.api_server.service_addresses = [[10, 96, 0, 1].into()].into();
    live.capabilities.api_server.service_port = 443;
    live.capabilities.api_server.endpoints = [([10, 1, 0, 9].into(), 6443)].into();
    live.capabilities.service_cidrs = ["10.96.0.0/16".parse().unwrap()].into();
    change(&mut live);
    let imported = drafts(&live);
    let flows = text(&imported, "flows");
    let ends = flows.lines().map(str::trim);
    let ends = ends.filter_map(|line| {
        let (key, end) = line.split_once(": ")?;
        ["clusterService", "externalNetwork"]
            .contains(&key)
            .then_some(end)
    });
    assert_eq!(ends.collect::<Vec<_>>(), want.0, "{flows}");
    let untold = reasons(&imported, "NetworkPolicy/a/p0");
    let untold = untold.iter().filter(|one| one.contains("spec."));
    assert_eq!(untold.count(), want.1, "{:?}", imported.unmapped);
}

#[test]
fn addresses_that_are_exactly_a_word_of_the_model_are_drafted_by_it() {
    let nothing = |_: &mut Live| {};
    let two_nodes = |live: &mut Live| {
        live.capabilities
            .node_addresses
            .insert([10, 1, 0, 6].into());
    };
    let with_caller = |live: &mut Live| {
        live.capabilities.callers.addresses = [[10, 1, 0, 9].into()].into();
    };
    let with_node_as_caller = |live: &mut Live| {
        live.capabilities.callers.addresses = [[10, 1, 0, 5].into()].into();
    };
    let node = ["10.1.0.5/32"];
    check(("Egress", &node, &[9100]), nothing, (&["nodes"], 0));
    check(("Ingress", &node, &[9100]), nothing, (&["nodes"], 0));
    let net = "net-10-1-0-5-32";
    check(("Egress", &node, &[9100]), two_nodes, (&[net], 0));
    let both = ["10.1.0.5/32", "10.1.0.6/32", "192.168.1.0/24"];
    let others = ["nodes", "net-192-168-1-0-24"];
    check(("Egress", &both, &[9100]), two_nodes, (&others, 0));
    check(
        ("Egress", &["10.1.0.4/30"], &[9100]),
        nothing,
        (&["net-10-1-0-4-30"], 0),
    );

    let caller = ["10.1.0.9/32"];
    check(
        ("Ingress", &caller, &[9443]),
        with_caller,
        (&["controlPlane"], 0),
    );
    check(
        ("Ingress", &caller, &[9443]),
        nothing,
        (&["net-10-1-0-9-32"], 0),
    );
    check(
        ("Ingress", &node, &[9443]),
        with_node_as_caller,
        (&[net], 0),
    );
    check(
        ("Egress", &node, &[9443]),
        with_node_as_caller,
        (&["nodes"], 0),
    );

    let server = ["10.96.0.1/32", "10.1.0.9/32"];
    check(
        ("Egress", &server, &[443, 6443]),
        nothing,
        (&["apiServer"], 2),
    );
    check(
        ("Egress", &server[1..], &[6443]),
        nothing,
        (&["net-10-1-0-9-32"], 0),
    );
    let more = ["apiServer", "net-10-1-0-9-32"];
    check(("Egress", &server, &[443, 6443, 22]), nothing, (&more, 1));

    // The word stands for more than this address, which is told beside the draft.
    let metadata = ["169.254.169.254/32"];
    check(
        ("Egress", &metadata, &[80]),
        nothing,
        (&["net-169-254-169-254-32"], 0),
    );
}
