//! Models, clusters and acts at random, small enough to be read when a case fails.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::act::Act;
use crate::cluster::{Cluster, node, pod, toleration};
use crate::edit::Edit;

/// The words of enforcement, from nothing to everything.
pub const LEVELS: [&str; 3] = ["observe", "stage", "enforce"];

/// The tiers, each with one zone of the same name.
const TIERS: [&str; 3] = ["edge", "application", "data"];

/// A zone model in the making: three zones, one per tier, in one cluster `prod`.
#[derive(Debug, Clone)]
pub struct Sketch {
    /// The zones, in the order of their tiers.
    pub zones: Vec<ZoneSketch>,
    /// The flows.
    pub flows: Vec<FlowSketch>,
    /// Whether unassigned namespaces are isolated.
    pub isolate: bool,
    /// The zone to which a node pool is dedicated, if any.
    pub pool: Option<usize>,
    /// Whether the cluster's document names writers, so that guard rails are compiled.
    pub guarded: bool,
}

/// A zone in the making. It holds `<zone>-a`, and perhaps `<zone>-b` and what is labelled for it.
#[derive(Debug, Clone)]
pub struct ZoneSketch {
    /// A word of [`LEVELS`].
    pub level: &'static str,
    /// `deny`, `same-namespace` or `allow`.
    pub within: &'static str,
    /// Whether it has a second namespace, which is created, at a level of its own.
    pub second: Option<&'static str>,
    /// Whether it adopts namespaces labelled `zone-of: <zone>`.
    pub adopts: bool,
    /// Whether it writes the label `team`.
    pub team: bool,
}

/// A flow in the making.
#[derive(Debug, Clone)]
pub struct FlowSketch {
    /// The zone that connects.
    pub from: usize,
    /// Whether it stays in its tier, goes to the next, or to a cluster service.
    pub to: Target,
    /// The port.
    pub port: u16,
    /// Whether only pods of one app accept it.
    pub narrow: bool,
}

/// Where a flow goes.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Its own zone.
    Same,
    /// The zone of the next tier, or the same where there is none.
    Next,
    /// The API server.
    ApiServer,
}

impl Sketch {
    /// The documents.
    pub fn text(&self) -> String {
        self.documents().join("---\n")
    }

    /// The documents, one by one.
    pub fn documents(&self) -> Vec<String> {
        let isolate = if self.isolate { "isolate" } else { "report" };
        let guards = if self.guarded {
            ", guards: { writers: ['user:cofferdam'] }"
        } else {
            ""
        };
        let mut documents = vec![
            format!("kind: ZoneModel\nmetadata: {{ name: acme }}\nspec: {{ tiers: {TIERS:?} }}\n"),
            format!(
                "kind: Cluster\nmetadata: {{ name: prod, labels: {{ environment: production }} }}\nspec: {{ access: {{ kubeconfig: prod.yaml }}, identity: {{ uid: uid-prod }}, mode: manage{guards} }}\n"
            ),
            format!(
                "kind: TrustDomain\nmetadata: {{ name: production }}\nspec: {{ clusters: {{ matchLabels: {{ environment: production }} }}, unassignedNamespaces: {isolate} }}\n"
            ),
        ];
        let zones = TIERS.iter().zip(&self.zones);
        documents.extend(zones.map(|(name, zone)| zone.text(name)));
        let flows = self.flows.iter().enumerate();
        documents.extend(flows.map(|(number, flow)| flow.text(number)));
        documents.extend(self.pool.map(|zone| {
            let zone = tier(zone);
            format!("kind: NodePool\nmetadata: {{ name: pci }}\nspec: {{ trustDomains: [production], nodes: [{{ names: ['pci-*'] }}], zones: [{zone}] }}\n")
        }));
        documents
    }

    /// The same at other levels.
    #[must_use]
    pub fn at(&self, levels: &[&'static str]) -> Self {
        let mut other = self.clone();
        for (zone, level) in other.zones.iter_mut().zip(levels) {
            zone.level = level;
            zone.second = zone.second.map(|_| *level);
        }
        other
    }
}

impl ZoneSketch {
    fn text(&self, name: &str) -> String {
        let sensitivity = if name == "data" { "high" } else { "low" };
        let mut text = format!(
            "kind: Zone\nmetadata: {{ name: {name} }}\nspec:\n  tier: {name}\n  sensitivity: {sensitivity}\n  trustDomains: [production]\n  enforcement: {}\n  withinZone: {}\n  namespaces:\n",
            self.level, self.within
        );
        let team = if self.team { ", team: shop" } else { "" };
        writeln!(text, "    - {{ name: {name}-a{team} }}").ok();
        if let Some(level) = self.second {
            writeln!(
                text,
                "    - {{ name: {name}-b, create: true, enforcement: {level} }}"
            )
            .ok();
        }
        if self.adopts {
            writeln!(
                text,
                "    - {{ selector: {{ matchLabels: {{ zone-of: {name} }} }} }}"
            )
            .ok();
        }
        text
    }
}

impl FlowSketch {
    fn text(&self, number: usize) -> String {
        let next = match self.to {
            Target::Same | Target::ApiServer => self.from,
            Target::Next => (self.from + 1).min(TIERS.len() - 1),
        };
        let narrow = if self.narrow {
            ", workload: { matchLabels: { app: server } }"
        } else {
            ""
        };
        let (from, port) = (tier(self.from), self.port);
        let to = match self.to {
            Target::ApiServer => "  to: { clusterService: apiServer }\n".to_owned(),
            Target::Same | Target::Next => format!(
                "  to: {{ zone: {}{narrow} }}\n  ports: [{{ protocol: TCP, port: {port} }}]\n",
                tier(next)
            ),
        };
        format!(
            "kind: Flow\nmetadata: {{ name: flow-{number} }}\nspec:\n  from: {{ zone: {from} }}\n{to}  justification: needed\n  owner: shop\n  approval: {{ by: security, at: 2026-09-01 }}\n  review: {{ last: 2026-11-01 }}\n"
        )
    }
}

fn tier(number: usize) -> &'static str {
    TIERS.get(number % TIERS.len()).copied().unwrap_or_default()
}

/// A level of enforcement.
pub fn level() -> impl Strategy<Value = &'static str> {
    select(&LEVELS[..])
}

/// A zone model.
pub fn sketch() -> impl Strategy<Value = Sketch> {
    let zone = (
        level(),
        select(vec!["deny", "same-namespace", "allow"]),
        option::of(level()),
        any::<bool>(),
        any::<bool>(),
    );
    let zone = zone.prop_map(|(level, within, second, adopts, team)| ZoneSketch {
        level,
        within,
        second,
        adopts,
        team,
    });
    let target = select(vec![Target::Same, Target::Next, Target::ApiServer]);
    let flow = (0..3_usize, target, 8000..8003_u16, any::<bool>());
    let flow = flow.prop_map(|(from, to, port, narrow)| FlowSketch {
        from,
        to,
        port,
        narrow,
    });
    (
        vec(zone, 3),
        vec(flow, 0..4),
        any::<bool>(),
        option::of(0..3_usize),
        any::<bool>(),
    )
        .prop_map(|(zones, flows, isolate, pool, guarded)| Sketch {
            zones,
            flows,
            isolate,
            pool,
            guarded,
        })
}

/// The cluster `prod` as it is found: every zone has its first namespace but perhaps one, some pods
/// run, one namespace is nobody's and one may be adopted. Servers of all ages know no admission policies, or
/// those that refuse, or those that change objects too.
pub fn cluster() -> impl Strategy<Value = Cluster> {
    let scene = (option::of(0..3_usize), 0..3_usize, any::<bool>(), 0..4_u8);
    scene.prop_map(|(missing, adopted, owned, age)| {
        let mut cluster = Cluster::new("prod");
        cluster.capabilities.admission.validating_policies = age > 0;
        cluster.capabilities.admission.mutating_policies = age > 1;
        for (number, zone) in TIERS.iter().enumerate() {
            if missing != Some(number) {
                let labels: &[_] = if owned { &[("team", "owners")] } else { &[] };
                cluster.add_namespace(&format!("{zone}-a"), labels);
                let mut server = pod(&format!("{zone}-a"), "server", &[("app", "server")]);
                let tolerates = owned.then(|| toleration("cofferdam.io/pool", "pci"));
                server.tolerations.extend(tolerates);
                cluster.pods.push(server);
            }
        }
        cluster.add_namespace("nobodys", &[]);
        cluster.add_namespace("adopted", &[("zone-of", tier(adopted))]);
        for name in ["pci-1", "pci-2", "other"] {
            let labels = [("kubernetes.io/os", "linux")];
            cluster.nodes.insert(name.to_owned(), node(name, &labels));
        }
        cluster
    })
}

/// Policies that somebody else has: they deny, allow something or everything.
pub fn foreign_spec() -> impl Strategy<Value = Value> {
    let pods = select(vec![json!({}), json!({"matchLabels": {"app": "server"}})]);
    let types = select(vec![
        json!(["Ingress"]),
        json!(["Egress"]),
        json!(["Ingress", "Egress"]),
    ]);
    let rules = select(vec![
        json!([]),
        json!([{}]),
        json!([{"ports": [{"port": 443, "protocol": "TCP"}]}]),
    ]);
    (pods, types, rules).prop_map(|(pods, types, rules)| {
        let mut spec = json!({"podSelector": pods, "policyTypes": types});
        for (word, field) in [("Ingress", "ingress"), ("Egress", "egress")] {
            let is_named = types
                .as_array()
                .is_some_and(|types| types.contains(&json!(word)));
            let is_empty = rules.as_array().is_some_and(Vec::is_empty);
            if let (true, false, Some(spec)) = (is_named, is_empty, spec.as_object_mut()) {
                spec.insert(field.to_owned(), rules.clone());
            }
        }
        spec
    })
}

/// A policy of somebody else in a zone's namespace.
pub fn foreign_policy() -> impl Strategy<Value = Act> {
    (zone_namespace(), foreign_spec()).prop_map(|(namespace, spec)| Act::WritePolicy {
        namespace,
        name: "theirs".to_owned(),
        spec,
    })
}

/// Anything that somebody else does beside us or to what is ours.
pub fn act() -> impl Strategy<Value = Act> {
    let place = any::<Index>().prop_map(|index| index.index(1000)).boxed();
    let key = select(vec![
        "cofferdam.io/zone",
        "team",
        "pod-security.kubernetes.io/enforce",
        "pod-security.kubernetes.io/warn",
        "unrelated",
    ]);
    let value = option::of(select(vec!["edge", "restricted", "theirs"]));
    prop_oneof![
        3 => foreign_policy(),
        1 => place.clone().prop_map(Act::DeleteOurs),
        1 => place.clone().prop_map(Act::EmptyOurs),
        1 => place.clone().prop_map(Act::TerminateOurs),
        1 => place.clone().prop_map(Act::RemakeOurs),
        1 => place.prop_map(Act::UnlabelOurs),
        1 => open_edit(),
        1 => (zone_namespace(), taken_name(), foreign_spec()).prop_map(|(namespace, name, spec)| {
            Act::WritePolicy {
                namespace,
                name,
                spec,
            }
        }),
        1 => zone_namespace().prop_map(|namespace| Act::RunPrivileged { namespace, pod: "agent".to_owned() }),
        1 => zone_namespace().prop_map(|namespace| Act::StopPrivileged { namespace, pod: "agent".to_owned() }),
        1 => zone_namespace().prop_map(|name| Act::AddNamespace { name }),
        1 => zone_namespace().prop_map(|name| Act::DeleteNamespace { name }),
        1 => zone_namespace().prop_map(|name| Act::Terminate { name }),
        2 => (zone_namespace(), key, value).prop_map(|(namespace, key, value)| Act::Label {
            namespace,
            key: key.to_owned(),
            value: value.map(str::to_owned),
        }),
        1 => node_act(),
        1 => any::<Index>().prop_map(|index| Act::LoseGuard(index.index(1000))),
        1 => any::<Index>().prop_map(|index| Act::WeakenGuard(index.index(1000))),
    ]
}

/// An edit of one of our open policies.
pub fn open_edit() -> impl Strategy<Value = Act> {
    let edits = [
        Edit::Types(&["Ingress"]),
        Edit::Types(&["Egress"]),
        Edit::Types(&["Ingress", "Egress"]),
        Edit::Pods,
        Edit::Peers,
    ];
    let place = any::<Index>().prop_map(|index| index.index(1000));
    (place, select(edits.to_vec())).prop_map(|(place, edit)| Act::EditOpen(place, edit))
}

/// A name that is ours to give.
fn taken_name() -> impl Strategy<Value = String> {
    let names = select(vec!["cofferdam-allow-dns", "cofferdam-open-ingress"]);
    names.prop_map(str::to_owned)
}

fn node_act() -> impl Strategy<Value = Act> {
    let node = select(vec!["pci-1", "pci-2", "other"])
        .prop_map(str::to_owned)
        .boxed();
    let key = select(vec![
        "cofferdam.node-restriction.kubernetes.io/pool",
        "unrelated",
    ]);
    let taint = (
        select(vec!["cofferdam.io/pool", "theirs"]),
        select(vec!["pci", "other"]),
        select(vec!["NoSchedule", "NoExecute"]),
    );
    let taint = taint.prop_map(|(key, value, effect)| k8s_openapi::api::core::v1::Taint {
        key: key.to_owned(),
        value: Some(value.to_owned()),
        effect: effect.to_owned(),
        time_added: None,
    });
    prop_oneof![
        (node.clone(), key, option::of(Just("theirs".to_owned()))).prop_map(
            |(node, key, value)| Act::LabelNode {
                node,
                key: key.to_owned(),
                value,
            }
        ),
        (node.clone(), taint).prop_map(|(node, taint)| Act::Taint { node, taint }),
        node.prop_map(|node| Act::Untaint {
            node,
            key: "cofferdam.io/pool".to_owned(),
        }),
    ]
}

fn zone_namespace() -> impl Strategy<Value = String> {
    let names = TIERS
        .iter()
        .flat_map(|zone| [format!("{zone}-a"), format!("{zone}-b")]);
    select(names.chain(["adopted".to_owned()]).collect::<Vec<_>>())
}
