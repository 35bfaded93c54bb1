//! What is written: pins and stored capabilities.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cofferdam_model::capabilities::{
    Admission, ApiServer, Callee, Callers, Capabilities, Cni, Dns, DnsServers, Enforces, Mesh,
    MeshKind, PodGroup,
};
use cofferdam_model::flow::{Port, PortNumber, Protocol};
use cofferdam_model::names::{ClusterName, NamespaceName};
use ipnet::IpNet;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::{BASE, file, shown, today};
use crate::{capabilities_document, load, pin};

#[test]
fn pins_change_nothing_else() {
    let head = "# c\nkind: Cluster\nmetadata: {name: a}\n";
    for (spec, want) in [
        (
            "spec:\n  access: {kubeconfig: x} # k\n",
            "spec:\n  identity: { uid: u-1 }\n  access: {kubeconfig: x} # k\n",
        ),
        (
            "spec: {access: {kubeconfig: x}}\n",
            "spec: { identity: { uid: u-1 },access: {kubeconfig: x}}\n",
        ),
        (
            "spec:\n  identity: { uid: old } # c\n",
            "spec:\n  identity: { uid: u-1 } # c\n",
        ),
        (
            "spec:\n  identity:\n    uid: \"old\"\n  b: ü\n",
            "spec:\n  identity:\n    uid: u-1\n  b: ü\n",
        ),
        (
            "spec:\r\n    a: b\r\n",
            "spec:\r\n    identity: { uid: u-1 }\r\n    a: b\r\n",
        ),
    ] {
        assert_eq!(
            pin(&format!("{head}{spec}"), "a", "u-1", None),
            Ok(format!("{head}{want}"))
        );
    }
}

#[test]
fn writers_are_added_once() {
    let head = "kind: Cluster\nmetadata: {name: a}\nspec:\n  identity: { uid: u }\n";
    for (guards, want) in [
        ("", None),
        (
            "  guards: {}\n",
            Some("  guards: { writers: [\"user:me\"] }\n"),
        ),
        (
            "  guards: { writers: [] }\n",
            Some("  guards: { writers: [\"user:me\"] }\n"),
        ),
        (
            "  guards: { writers: [user:x] }\n",
            Some("  guards: { writers: [\"user:me\", user:x] }\n"),
        ),
        (
            "  guards:\n    writers:\n      - user:x\n",
            Some("  guards:\n    writers:\n      - \"user:me\"\n      - user:x\n"),
        ),
        (
            "  guards:\n    writers:\n    - user:x # c\n",
            Some("  guards:\n    writers:\n    - \"user:me\"\n    - user:x # c\n"),
        ),
        (
            "  guards:\n    breakGlass: []\n",
            Some("  guards:\n    writers: [\"user:me\"]\n    breakGlass: []\n"),
        ),
        (
            "  guards: { writers: ['user:me'] }\n",
            Some("  guards: { writers: ['user:me'] }\n"),
        ),
    ] {
        let text = format!("{head}{guards}");
        let want = match want {
            Some(want) => format!("{head}{want}"),
            None => text.replace(
                "  identity",
                "  guards: { writers: [\"user:me\"] }\n  identity",
            ),
        };
        let pinned = pin(&text, "a", "u", Some("user:me"));
        assert_eq!(pinned, Ok(want.clone()));
        assert_eq!(pin(&want, "a", "u", Some("user:me")), Ok(want));
    }
}

#[test]
fn pins_refuse_what_they_cannot_place() {
    let one = "kind: Cluster\nmetadata: {name: a}\nspec: {a: b}\n";
    for (text, want) in [
        ("kind: Zone\n", "there is no Cluster `a` here"),
        (
            &format!("{one}---\n{one}"),
            "there are two Clusters `a` here",
        ),
        (
            "kind: Cluster\nmetadata: {name: a}\n",
            "Cluster `a` has no `spec`",
        ),
        (
            "kind: Cluster\nmetadata: {name: a}\nspec: x\n",
            "`spec` is no mapping",
        ),
        (
            "a: [",
            "line 2: not valid YAML: while parsing a node, did not find expected node content",
        ),
    ] {
        assert_eq!(pin(text, "a", "u", None), Err(want.to_owned()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn capabilities_are_read_back(stored in capabilities()) {
        let text = capabilities_document(&stored);
        let files = [file("fleet/base.yaml", BASE), file("fleet/capabilities/prod.yaml", &text)];
        let loaded = load(&files, &today());
        let said: Vec<String> = loaded.diagnostics.iter().map(shown).collect();
        let model = loaded.model.ok_or_else(|| TestCaseError::fail(format!("{said:?}\n{text}")))?;
        prop_assert_eq!(model.capabilities.into_values().collect::<Vec<_>>(), vec![stored]);
    }
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let nets = (
        btree_set(address(), 0..3),
        btree_set(net(), 0..3),
        btree_set(net(), 0..3),
    );
    let names = (
        btree_map(namespace(), labels(), 0..4),
        btree_set(namespace(), 0..3),
    );
    let parts = (dns(), api_server(), mesh(), callers(), vec(callee(), 0..3));
    (
        text(),
        text(),
        btree_set(text(), 0..3),
        text(),
        nets,
        names,
        parts,
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(uid, version, kinds, evidence, nets, names, parts, flags)| Capabilities {
                cluster: ClusterName::parse("prod").unwrap(),
                uid,
                version,
                kinds,
                cni: Cni {
                    name: evidence.clone(),
                    enforces: if flags[0] {
                        Enforces::Yes
                    } else {
                        Enforces::No
                    },
                    evidence,
                },
                dns: parts.0,
                api_server: parts.1,
                node_addresses: nets.0,
                pod_cidrs: nets.1,
                service_cidrs: nets.2,
                mesh: parts.2,
                admission: Admission {
                    validating_policies: flags[0],
                    mutating_policies: flags[1],
                },
                callers: parts.3,
                callees: parts.4,
                namespaces: names.0,
                system_namespaces: names.1,
            },
        )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "on|yes|1_000|0777|~||null|1:30|- |a: b|#x|true|1e3|=|<<".boxed()
    ]
}

fn namespace() -> impl Strategy<Value = NamespaceName> {
    prop_oneof!["[a-z0-9]{1,6}", "on|y|no|1|007|true|null"]
        .prop_map(|name| NamespaceName::parse(&name).unwrap())
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(
        "([a-z]{1,3}\\.io/)?[a-zA-Z0-9]{1,4}|on|1",
        "[a-zA-Z0-9]{0,4}|yes|1\\.5|no",
        0..3,
    )
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
    ]
}

fn net() -> impl Strategy<Value = IpNet> {
    (address(), 0..=32_u8)
        .prop_map(|(address, prefix)| IpNet::new(address, prefix).unwrap().trunc())
}

fn port() -> impl Strategy<Value = Port> {
    let protocol = prop_oneof![
        Just(Protocol::Tcp),
        Just(Protocol::Udp),
        Just(Protocol::Sctp)
    ];
    let number = prop_oneof![
        (1..=u16::MAX).prop_map(PortNumber::Number),
        "[a-z][a-z0-9]{0,8}|y|no|on".prop_map(PortNumber::Name),
        (1..1000_u16, 1000..=u16::MAX).prop_map(|(first, last)| PortNumber::Range(first, last)),
    ];
    (protocol, number).prop_map(|(protocol, port)| Port { protocol, port })
}

fn dns() -> impl Strategy<Value = Dns> {
    let server = (namespace(), labels(), btree_set(port(), 0..3)).prop_map(
        |(namespace, pod_labels, ports)| DnsServers {
            namespace,
            pod_labels,
            ports: ports.into_iter().collect(),
        },
    );
    (vec(server, 0..3), btree_set(address(), 0..2), text()).prop_map(
        |(servers, node_local, evidence)| Dns {
            servers,
            node_local,
            evidence,
        },
    )
}

fn api_server() -> impl Strategy<Value = ApiServer> {
    let endpoints = btree_set((address(), any::<u16>()), 0..3);
    (btree_set(address(), 0..2), any::<u16>(), endpoints).prop_map(
        |(service_addresses, service_port, endpoints)| ApiServer {
            service_addresses,
            service_port,
            endpoints,
        },
    )
}

fn mesh() -> impl Strategy<Value = Option<Mesh>> {
    let some = (namespace(), btree_set(namespace(), 0..3), text()).prop_map(
        |(control_plane_namespace, enrolled, evidence)| Mesh {
            kind: MeshKind::IstioAmbient,
            control_plane_namespace,
            enrolled,
            evidence,
        },
    );
    prop::option::of(some)
}

fn callers() -> impl Strategy<Value = Callers> {
    let group =
        (namespace(), labels()).prop_map(|(namespace, labels)| PodGroup { namespace, labels });
    let addresses: BTreeSet<IpAddr> = BTreeSet::new();
    (vec(group, 0..3), Just(addresses), text()).prop_map(|(pods, addresses, evidence)| Callers {
        pods,
        addresses,
        evidence,
    })
}

fn callee() -> impl Strategy<Value = Callee> {
    (
        text(),
        namespace(),
        text(),
        labels(),
        prop::option::of(port()),
    )
        .prop_map(|(caller, namespace, service, pod_labels, target)| Callee {
            caller,
            namespace,
            service,
            pod_labels,
            target,
        })
}
