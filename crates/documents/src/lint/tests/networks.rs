//! External networks.

use super::{check, flow};

#[test]
fn networks_are_broad_by_their_public_addresses() {
    for (field, expected) in [
        (
            "cidrs: [192.0.2.0/24, 4.0.0.0/7]",
            &["warning over-broad ExternalNetwork/net spec.cidrs[1]"][..],
        ),
        ("cidrs: [4.0.0.0/8]", &[]),
        ("cidrs: [10.0.0.0/8]", &[]),
        // Half of it is private.
        ("cidrs: [10.0.0.0/7]", &[]),
        ("cidrs: ['fc00::/7']", &[]),
        (
            "ranges: [4.0.0.0-5.255.255.255]",
            &["warning over-broad ExternalNetwork/net spec.ranges[0]"],
        ),
    ] {
        let network =
            format!("---\nkind: ExternalNetwork\nmetadata: {{ name: net }}\nspec: {{ {field} }}\n");
        check(&network, "", expected);
    }
}

#[test]
fn nodes_in_an_external_network_are_told_by_what_flows_do_with_it() {
    let network = |spec: &str| {
        format!("---\nkind: ExternalNetwork\nmetadata: {{ name: site }}\nspec: {{ {spec} }}\n")
    };
    let from = flow(
        "a",
        "from: { externalNetwork: site }, to: { zone: edge }",
        "[{ port: 80 }]",
    );
    let to = flow(
        "a",
        "from: { zone: edge }, to: { externalNetwork: site }",
        "[{ port: 80 }]",
    );
    let whole = "cidrs: [192.168.0.0/24, 10.0.0.0/14]";
    let told = "address-of-pod ExternalNetwork/site spec.cidrs[1]";
    let (warning, notice) = (format!("warning {told}"), format!("notice {told}"));
    for (spec, flow, plugin, expected) in [
        (whole, &from, "calico", Some(&warning)),
        (whole, &from, "", Some(&warning)),
        (whole, &to, "calico", Some(&notice)),
        // It matches no node by its address.
        (whole, &from, "cilium", None),
        (
            "cidrs: [192.168.0.0/24, 10.0.0.0/14], except: [10.1.0.0/20]",
            &from,
            "calico",
            None,
        ),
        (
            "cidrs: [192.168.0.0/24, 10.1.3.0/24]",
            &from,
            "calico",
            Some(&warning),
        ),
        ("cidrs: [192.168.0.0/24]", &from, "calico", None),
    ] {
        let expected: Vec<&str> = expected.iter().map(|one| one.as_str()).collect();
        check(&(network(spec) + flow), plugin, &expected);
    }
    check(&network(whole), "calico", &[]);
}
