//! Drafts of whatever lives: they pass `check`, and let nothing through that was not let through before.

#![expect(
    clippy::unwrap_used,
    reason = "a scene that cannot be set fails there and then"
)]

#[path = "import/connections.rs"]
mod connections;
#[path = "import/scenes.rs"]
mod scenes;

use std::collections::BTreeMap;
use std::net::IpAddr;

use cofferdam_compiler::{Compiled, compile};
use cofferdam_documents::{
    ImportOptions, Imported, Live, SourceFile, capabilities_document, foundation, import, load,
};
use cofferdam_model::Model;
use cofferdam_model::diagnostic::Severity;
use cofferdam_testkit::today;
use proptest::prelude::*;

use connections::{Peer, Port, World};
use scenes::{NAMESPACES, scene};

const CLUSTER: &str = "apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: prod }
spec: { access: { kubeconfig: prod.yaml } }
";

/// What is there before an import.
fn there(live: &Live) -> Vec<SourceFile> {
    let cluster = SourceFile {
        path: "fleet/clusters/prod.yaml".to_owned(),
        text: CLUSTER.to_owned(),
    };
    let base = foundation(std::slice::from_ref(&cluster), "prod").unwrap();
    let stored = SourceFile {
        path: "fleet/capabilities/prod.yaml".to_owned(),
        text: capabilities_document(&live.capabilities),
    };
    [cluster, stored].into_iter().chain(base).collect()
}

/// The model of these files, which have no error, and what it compiles to.
fn compiled(files: &[SourceFile]) -> (Model, Compiled) {
    let loaded = load(files, &today());
    let is_error = |severity| severity == Severity::Error;
    let errors: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|one| is_error(one.severity))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let model = loaded.model.unwrap();
    let cluster = model.clusters.values().next().unwrap();
    let stored = model.capabilities.get(&cluster.name);
    let compiled = compile(&model, cluster, stored).unwrap();
    let mut remarks = compiled.remarks.iter();
    let error = remarks.find(|one| is_error(one.severity));
    assert_eq!(error, None);
    (model, compiled)
}

fn drafted(live: &Live) -> (Vec<SourceFile>, Imported) {
    let there = there(live);
    let (model, _) = compiled(&there);
    let cluster = model.clusters.values().next().unwrap();
    let options = ImportOptions {
        group_by: None,
        today: today(),
    };
    let imported = import(live, cluster, &model, &there, &options).unwrap();
    let again = import(live, cluster, &model, &there, &options).unwrap();
    assert_eq!(imported, again);
    let files = there.into_iter().chain(imported.files.clone()).collect();
    (files, imported)
}

fn labels_of(live: &Live) -> BTreeMap<String, BTreeMap<String, String>> {
    let all = live.namespaces.iter();
    all.map(|(name, seen)| (name.clone(), seen.labels.clone()))
        .collect()
}

fn live_world(live: &Live) -> World {
    let policies = live.policies.iter().flatten();
    World {
        namespaces: labels_of(live),
        policies: policies
            .map(|((namespace, _), seen)| (namespace.clone(), (*seen.spec).clone()))
            .collect(),
    }
}

/// The same cluster with the drafts enforced and nothing else; system namespaces keep what they have.
fn drafted_world(live: &Live, files: &[SourceFile]) -> World {
    let enforced: Vec<SourceFile> = files
        .iter()
        .map(|file| SourceFile {
            path: file.path.clone(),
            text: file.text.replace(
                "enforcement: observe\n  internet",
                "enforcement: enforce\n  internet",
            ),
        })
        .collect();
    let (_, compiled) = compiled(&enforced);
    let ours = compiled
        .bundle
        .policies
        .iter()
        .map(|((namespace, _), one)| {
            let spec = serde_json::to_value(&one.object.spec).unwrap();
            (namespace.to_string(), spec)
        });
    let theirs = live_world(live).policies;
    let theirs = theirs
        .into_iter()
        .filter(|(namespace, _)| namespace == "kube-system");
    World {
        namespaces: labels_of(live),
        policies: ours.chain(theirs).collect(),
    }
}

fn pods() -> Vec<Peer> {
    let labels: [&[(&str, &str)]; 5] = [
        &[],
        &[("app", "web")],
        &[("app", "db")],
        &[("app", "on"), ("tier", "0777")],
        &[("app", "web"), ("tier", "q")],
    ];
    let pod = |namespace: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Peer::Pod(namespace.to_owned(), labels.collect())
    };
    let users = NAMESPACES.iter();
    let users = users.flat_map(|name| labels.iter().map(|labels| pod(name, labels)));
    let system = [
        pod("kube-system", &[("k8s-app", "kube-dns")]),
        pod("kube-system", &[]),
    ];
    users.chain(system).collect()
}

fn addresses(live: &Live) -> Vec<Peer> {
    let four = [
        "8.8.8.8",
        "9.9.9.9",
        "10.1.0.5",
        "10.96.0.1",
        "10.50.0.1",
        "10.2.0.1",
        "203.0.113.5",
        "203.0.113.200",
        "192.168.1.1",
        "192.168.15.1",
        "192.168.200.1",
        "169.254.169.254",
    ];
    let six = ["2600::1", "fd00:2::1"];
    // Where no address of the cluster is of a family, nothing connects by it.
    let dual = live.capabilities.pod_cidrs.len() > 1;
    let six = six.iter().filter(|_| dual);
    let all = four.iter().chain(six);
    all.map(|text| Peer::Address(text.parse::<IpAddr>().unwrap()))
        .collect()
}

/// Ports as pods have them: `web` is another one on pods of the database.
fn ports(to: &Peer) -> Vec<Port> {
    let web = match to {
        Peer::Pod(_, labels) if labels.get("app").is_some_and(|app| app == "db") => 8050,
        Peer::Pod(..) => 80,
        Peer::Address(_) => 0,
    };
    let tcp = [80, 443, 6443, 8050, 8200, 53];
    let tcp = tcp.map(|number| ("TCP", number, (number == web).then_some("web")));
    let others = [
        ("UDP", 53, None),
        ("UDP", 80, None),
        ("SCTP", 9, None),
        ("SCTP", 80, None),
    ];
    tcp.into_iter().chain(others).collect()
}

fn is_told(imported: &Imported, peer: &Peer, word: &str) -> bool {
    let Peer::Pod(namespace, _) = peer else {
        return false;
    };
    let own = format!("Namespace/{namespace}");
    let policies = format!("NetworkPolicy/{namespace}/");
    imported.unmapped.iter().any(|one| {
        (one.object == own || one.object.starts_with(&policies)) && one.reason.contains(word)
    })
}

/// Every connection that is let through now and was not before, unless it is told; and every one that is cut
/// where nothing at all is told.
fn check_connections(live: &Live, files: &[SourceFile], imported: &Imported) {
    let (before, after) = (live_world(live), drafted_world(live, files));
    let peers: Vec<Peer> = pods().into_iter().chain(addresses(live)).collect();
    for from in &peers {
        for to in &peers {
            if !matches!((from, to), (Peer::Pod(..), _) | (_, Peer::Pod(..))) {
                continue;
            }
            for port in ports(to) {
                let (was, is) = (before.lets(from, to, port), after.lets(from, to, port));
                let is_dns =
                    matches!(to, Peer::Pod(name, _) if name == "kube-system") && port.1 == 53;
                if is && !was {
                    let told = is_dns && is_told(imported, from, "wider in the draft");
                    assert!(
                        told,
                        "let through: {from:?} to {to:?} on {port:?}\n{files:#?}"
                    );
                }
                if was && !is {
                    let told = [from, to].iter().any(|one| is_told(imported, one, ""));
                    assert!(told, "cut: {from:?} to {to:?} on {port:?}\n{files:#?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drafts_of_whatever_lives_pass_and_write_nothing(live in scene()) {
        let (files, imported) = drafted(&live);
        let (_, compiled) = compiled(&files);
        prop_assert!(compiled.bundle.policies.is_empty());
        prop_assert!(compiled.bundle.pools.is_empty());
        let mapped = |namespace: &str| {
            let object = format!("Namespace/{namespace}");
            imported.mapped.iter().any(|one| one.object == object)
        };
        prop_assert!(NAMESPACES.into_iter().all(mapped));
        prop_assert!(!mapped("kube-system"));
        let policies = live.policies.iter().flatten();
        for ((namespace, name), _) in policies {
            let object = format!("NetworkPolicy/{namespace}/{name}");
            let is_mapped = imported.mapped.iter().any(|one| one.object == object);
            let is_told = imported.unmapped.iter().any(|one| one.object == object);
            prop_assert!(is_mapped || is_told, "{} is forgotten", object);
        }
    }

    #[test]
    fn drafts_once_enforced_let_nothing_new_through(live in scene()) {
        let (files, imported) = drafted(&live);
        check_connections(&live, &files, &imported);
    }
}
