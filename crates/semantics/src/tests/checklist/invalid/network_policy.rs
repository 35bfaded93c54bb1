//! `NetworkPolicy` (checklist 24, 25 and 33).

use super::check_network_policy;

/// 24, 25.
#[test]
fn peers_of_a_network_policy() {
    for (peer, expected) in [
        ("{}", false),
        ("{services: {}}", false),
        ("{podSelector: {}}", true),
        ("{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}", false),
        (
            "{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}",
            false,
        ),
        ("{ipBlock: {}}", false),
        ("{ipBlock: {cidr: 10.0.0.0}}", false),
        ("{ipBlock: {cidr: 10.0.0.0/33}}", false),
        ("{ipBlock: {cidr: 10.0.0.5/24}}", true),
        (
            "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.0.0.0/9]}}",
            true,
        ),
        ("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}", false),
        ("{ipBlock: {cidr: 10.0.0.0/8, except: [0.0.0.0/0]}}", false),
        (
            "{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}",
            false,
        ),
        (
            "{ipBlock: {cidr: 10.0.0.0/8, except: ['fd00::/16']}}",
            false,
        ),
        ("{ipBlock: {cidr: '::/0', except: ['fd00::/16']}}", true),
    ] {
        check_network_policy(&format!("{{ingress: [{{from: [{peer}]}}]}}"), expected);
        check_network_policy(&format!("{{egress: [{{to: [{peer}]}}]}}"), expected);
    }
}

/// 33.
#[test]
fn ports_and_types_of_a_network_policy() {
    for (port, expected) in [
        ("{}", true),
        ("{port: 80, endPort: 80}", true),
        ("{port: 80, endPort: 79}", false),
        ("{endPort: 79}", false),
        ("{port: http}", true),
        ("{port: http, endPort: 79}", false),
        ("{port: 0}", false),
        ("{port: 65535}", true),
        ("{port: 65536}", false),
        ("{port: 80, endPort: 65536}", false),
        ("{protocol: ICMP}", false),
        ("{protocol: tcp}", false),
    ] {
        check_network_policy(&format!("{{ingress: [{{ports: [{port}]}}]}}"), expected);
    }
    check_network_policy("{policyTypes: [Ingress, Egress]}", true);
    check_network_policy("{policyTypes: [ingress]}", false);
}
