use super::semantics;

/// Asks about each kept input; engine and oracle have to agree on something.
#[track_caller]
fn check(inputs: &[(&str, &str)]) {
    for (name, text) in inputs {
        assert!(semantics(text) > 0, "nothing was asked about {name}");
    }
}

#[test]
fn the_engine_and_the_oracle_agree_on_every_kept_input() {
    check(&[
        (
            "admin-tiers",
            include_str!("../../corpus/semantics/admin-tiers.yaml"),
        ),
        (
            "blocks-with-exceptions",
            include_str!("../../corpus/semantics/blocks-with-exceptions.yaml"),
        ),
        (
            "deny-ingress",
            include_str!("../../corpus/semantics/deny-ingress.yaml"),
        ),
        (
            "host-network",
            include_str!("../../corpus/semantics/host-network.yaml"),
        ),
        (
            "named-ports",
            include_str!("../../corpus/semantics/named-ports.yaml"),
        ),
        (
            "node-without-a-name",
            include_str!("../../corpus/semantics/node-without-a-name.yaml"),
        ),
        (
            "or-and-peers",
            include_str!("../../corpus/semantics/or-and-peers.yaml"),
        ),
        (
            "pod-of-another-version",
            include_str!("../../corpus/semantics/pod-of-another-version.yaml"),
        ),
        (
            "port-ranges",
            include_str!("../../corpus/semantics/port-ranges.yaml"),
        ),
        (
            "same-priority",
            include_str!("../../corpus/semantics/same-priority.yaml"),
        ),
        (
            "types-from-egress-rules",
            include_str!("../../corpus/semantics/types-from-egress-rules.yaml"),
        ),
    ]);
}

/// The engine leaves out what an API server would refuse, and says so.
#[test]
fn what_is_not_read_whole_is_not_compared() {
    let text = include_str!("../../corpus/semantics/invalid-range.yaml");
    assert_eq!(semantics(text), 0);
}
