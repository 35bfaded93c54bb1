//! Models at random with everything that a flow can say within one cluster.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;

/// The zones; each has three namespaces, `<zone>-1` to `<zone>-3`, the last of which it adopts by a label.
pub(super) const ZONES: [&str; 3] = ["a", "b", "c"];

/// What a model says apart from its flows.
#[derive(Debug, Clone)]
struct Frame {
    isolates: bool,
    /// The fields of `network`.
    network: &'static str,
    except: &'static str,
    zones: Vec<Zone>,
}

#[derive(Debug, Clone)]
struct Zone {
    level: &'static str,
    within: &'static str,
    /// The level of the second namespace.
    second: Option<&'static str>,
    /// The region to which the second namespace is bound.
    region: Option<&'static str>,
    adopts: bool,
}

/// The documents of a model.
pub(super) fn documents() -> impl Strategy<Value = String> {
    (frame(), vec(flow(), 0..6)).prop_map(|(frame, flows)| {
        let flows = flows.iter().enumerate();
        let flows = flows.map(|(number, flow)| {
            format!(
                "kind: Flow\nmetadata: {{ name: flow-{number} }}\nspec:\n{flow}  justification: needed\n  owner: shop\n  approval: {{ by: security, at: 2026-09-01 }}\n"
            )
        });
        let documents = frame.documents().into_iter().chain(flows);
        documents.collect::<Vec<String>>().join("---\n")
    })
}

impl Frame {
    fn documents(&self) -> Vec<String> {
        let (network, except) = (self.network, self.except);
        let unassigned = if self.isolates { "isolate" } else { "report" };
        let mut documents = vec![
            "kind: ZoneModel\nmetadata: { name: acme }\nspec: { tiers: [edge] }\n".to_owned(),
            format!(
                "kind: Cluster\nmetadata: {{ name: prod, labels: {{ environment: production, region: eu }} }}\nspec: {{ access: {{ kubeconfig: prod.yaml }}, identity: {{ uid: uid-prod }}, mode: manage, network: {{ {network} }} }}\n"
            ),
            format!(
                "kind: TrustDomain\nmetadata: {{ name: production }}\nspec: {{ clusters: {{ matchLabels: {{ environment: production }} }}, unassignedNamespaces: {unassigned} }}\n"
            ),
            format!(
                "kind: ExternalNetwork\nmetadata: {{ name: bank }}\nspec: {{ cidrs: [192.168.30.0/24, 'fd12::/64'], ranges: [192.168.31.10-192.168.31.50], except: [{except}], trust: internal }}\n"
            ),
            "kind: ExternalNetwork\nmetadata: { name: partner }\nspec: { cidrs: [198.51.100.0/24, '2001:db8:1::/48'], trust: partner }\n".to_owned(),
        ];
        let zones = ZONES.iter().zip(&self.zones);
        documents.extend(zones.map(|(name, zone)| zone.text(name)));
        documents
    }
}

impl Zone {
    fn text(&self, name: &str) -> String {
        let first = format!("    - {{ name: {name}-1 }}\n");
        let second = self.second.map(|level| {
            let region = self
                .region
                .map(|region| format!(", clusters: {{ matchLabels: {{ region: {region} }} }}"));
            let region = region.unwrap_or_default();
            format!("    - {{ name: {name}-2, enforcement: {level}{region} }}\n")
        });
        let third = self
            .adopts
            .then(|| format!("    - {{ selector: {{ matchLabels: {{ zone-of: {name} }} }} }}\n"));
        let namespaces: String = [Some(first), second, third].into_iter().flatten().collect();
        format!(
            "kind: Zone\nmetadata: {{ name: {name} }}\nspec:\n  tier: none\n  sensitivity: low\n  trustDomains: [production]\n  enforcement: {}\n  withinZone: {}\n  internet: {{ ingress: allow, egress: allow }}\n  namespaces:\n{namespaces}",
            self.level, self.within
        )
    }
}

fn frame() -> impl Strategy<Value = Frame> {
    let networks = [
        "",
        "nodeCidrs: [10.1.0.0/20]",
        "ingressSource: node",
        "ingressSource: loadBalancer, loadBalancerCidrs: [10.1.16.0/24]",
        "podCidrs: [10.10.0.0/16], controlPlaneCidrs: [203.0.113.64/28]",
    ];
    let excepts = ["", "192.168.30.9/32", "192.168.31.10/31, 192.168.30.0/25"];
    (
        any::<bool>(),
        select(networks.to_vec()),
        select(excepts.to_vec()),
        vec(zone(), ZONES.len()),
    )
        .prop_map(|(isolates, network, except, zones)| Frame {
            isolates,
            network,
            except,
            zones,
        })
}

fn zone() -> impl Strategy<Value = Zone> {
    (
        level(),
        select(vec!["deny", "same-namespace", "allow"]),
        option::of(level()),
        option::of(select(vec!["eu", "us"])),
        any::<bool>(),
    )
        .prop_map(|(level, within, second, region, adopts)| Zone {
            level,
            within,
            second,
            region,
            adopts,
        })
}

/// Mostly what denies something.
fn level() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => select(vec!["enforce"]),
        1 => select(vec!["observe", "stage"]),
    ]
}

/// The ends and ports of a flow.
fn flow() -> impl Strategy<Value = String> {
    let known = ["apiServer", "dns", "cloudMetadata"];
    let to_known = (pods(), select(known.to_vec()));
    prop_oneof![
        4 => (pods(), pods(), ports(true)).prop_map(|(from, to, ports)| text(&from, &to, &ports)),
        2 => (pods(), outside(), ports(false)).prop_map(|(from, to, ports)| text(&from, to, &ports)),
        2 => (caller(), pods(), ports(true)).prop_map(|(from, to, ports)| text(from, &to, &ports)),
        1 => to_known.prop_map(|(from, to)| text(&from, &format!("clusterService: {to}"), "")),
    ]
}

fn text(from: &str, to: &str, ports: &str) -> String {
    format!("  from: {{ {from} }}\n  to: {{ {to} }}\n{ports}")
}

fn pods() -> impl Strategy<Value = String> {
    let zones = [
        "zone: a",
        "zone: b",
        "zone: c",
        "zones: [a, b]",
        "allZones: true",
        "zone: a, namespaces: [a-1]",
    ];
    let workloads = [
        "matchLabels: { app: server }",
        "matchLabels: { app: server, track: canary }",
        "matchExpressions: [{ key: app, operator: In, values: [server, client] }]",
        "matchExpressions: [{ key: app, operator: NotIn, values: [server] }]",
        "matchExpressions: [{ key: track, operator: Exists }]",
        "matchLabels: { app: server }, matchExpressions: [{ key: track, operator: DoesNotExist }]",
    ];
    (
        select(zones.to_vec()),
        option::of(select(workloads.to_vec())),
    )
        .prop_map(|(zones, workload)| {
            let workload = workload.map(|workload| format!(", workload: {{ {workload} }}"));
            format!("{zones}{}", workload.unwrap_or_default())
        })
}

fn outside() -> impl Strategy<Value = &'static str> {
    select(vec![
        "externalNetwork: bank",
        "externalNetwork: partner",
        "internet: true",
        "clusterService: nodes",
    ])
}

fn caller() -> impl Strategy<Value = &'static str> {
    select(vec![
        "externalNetwork: bank",
        "externalNetwork: partner",
        "internet: true",
        "clusterService: nodes",
        "clusterService: controlPlane",
    ])
}

/// Ports; by name too where the other end has names.
fn ports(by_name: bool) -> impl Strategy<Value = String> {
    let names: &[&str] = if by_name {
        &[
            "{ protocol: TCP, port: http }",
            "{ protocol: UDP, port: http }",
        ]
    } else {
        &[]
    };
    let numbers = [
        "{ protocol: TCP, port: 8080 }",
        "{ protocol: TCP, port: 443 }",
        "{ protocol: UDP, port: 8080 }",
        "{ protocol: SCTP, port: 8080 }",
        "{ protocol: TCP, port: '8000-8079' }",
        "{ protocol: TCP, port: '8081-65535' }",
        "{ protocol: UDP, port: 53 }",
    ];
    let choices: Vec<&str> = numbers.iter().chain(names).copied().collect();
    prop_oneof![
        5 => vec(select(choices), 1..3).prop_map(|mut ports| {
            ports.dedup();
            format!("  ports: [{}]\n", ports.join(", "))
        }),
        1 => select(vec!["  ports: all\n".to_owned()]),
    ]
}
