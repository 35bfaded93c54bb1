//! Imports as a whole: a cluster and the documents that are there, to drafts and what is not in them.

use cofferdam_model::capabilities::{
    Admission, ApiServer, Callers, Capabilities, Cni, Dns, Enforces,
};
use cofferdam_model::flow::Date;
use cofferdam_model::names::ClusterName;
use serde_json::{Value, json};

use super::*;
use crate::load::load;

mod words;

const FLEET: &str = "apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec: { access: { kubeconfig: prod.yaml } }
";

fn today() -> Date {
    Date("2026-11-21".to_owned())
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// What is there: a cluster, more documents, and what any import needs.
fn there(more: &str) -> Vec<SourceFile> {
    let more = if more.is_empty() {
        String::new()
    } else {
        format!("---\n{more}")
    };
    let fleet = file("fleet/all.yaml", &format!("{FLEET}{more}"));
    let base = foundation(std::slice::from_ref(&fleet), "prod").unwrap();
    [fleet].into_iter().chain(base).collect()
}

fn capabilities() -> Capabilities {
    let node = std::net::IpAddr::from([10, 1, 0, 5]);
    Capabilities {
        cluster: ClusterName::parse("prod").unwrap(),
        uid: "uid".to_owned(),
        version: "v1.36.3".to_owned(),
        kinds: [].into(),
        cni: Cni {
            name: "calico".to_owned(),
            enforces: Enforces::Yes,
            evidence: String::new(),
        },
        dns: Dns::assumed(),
        api_server: ApiServer::default(),
        node_addresses: [node].into(),
        pod_cidrs: [].into(),
        service_cidrs: [].into(),
        mesh: None,
        admission: Admission::default(),
        callers: Callers::default(),
        callees: Vec::new(),
        namespaces: [].into(),
        system_namespaces: [].into(),
    }
}

/// A cluster with these namespaces, and these policies in namespace `a`.
fn live(namespaces: &[(&str, &[(&str, &str)])], policies: &[Value]) -> Live {
    let namespaces = namespaces.iter().map(|(name, labels)| {
        let name_label = [("kubernetes.io/metadata.name", *name)];
        let labels = labels.iter().chain(&name_label);
        let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let seen = SeenNamespace {
            labels: labels.collect(),
            terminating: false,
        };
        ((*name).to_owned(), seen)
    });
    let policies = policies.iter().enumerate().map(|(number, spec)| {
        let seen = SeenPolicy {
            spec: spec.clone().into(),
            ours: false,
        };
        (("a".to_owned(), format!("p{number}")), seen)
    });
    Live {
        capabilities: capabilities(),
        namespaces: namespaces.collect(),
        policies: Some(policies.collect()),
        other_policies: Vec::new(),
        nodes: Some([].into()),
        pods: Some(Vec::new()),
    }
}

fn drafts_beside(live: &Live, there: &[SourceFile], by: Option<&str>) -> Result<Imported, String> {
    let loaded = load(there, &today());
    let model = loaded.model.expect("documents without errors");
    let cluster = model.clusters.get("prod").unwrap();
    let options = ImportOptions {
        group_by: by.map(str::to_owned),
        today: today(),
    };
    import(live, cluster, &model, there, &options)
}

fn drafts(live: &Live) -> Imported {
    drafts_beside(live, &there(""), None).unwrap()
}

fn text(imported: &Imported, part: &str) -> String {
    let file = imported.files.iter().find(|file| file.path.contains(part));
    file.map(|file| file.text.clone()).unwrap_or_default()
}

/// `namespace: zone`, as far as there is one.
fn zones(imported: &Imported) -> Vec<String> {
    let mapped = imported.mapped.iter();
    let mapped = mapped.filter_map(|one| {
        let name = one.object.strip_prefix("Namespace/")?;
        let zone = one.documents.first()?.strip_prefix("Zone/")?;
        Some(format!("{name}: {zone}"))
    });
    mapped.collect()
}

fn reasons<'a>(imported: &'a Imported, object: &str) -> Vec<&'a str> {
    let told = imported.unmapped.iter();
    let told = told.filter(|one| one.object == object);
    told.map(|one| one.reason.as_str()).collect()
}

type Labels<'a> = &'a [(&'a str, &'a str)];

#[test]
fn namespaces_are_grouped_by_the_label_on_most_of_them() {
    let check = |namespaces: &[(&str, Labels<'_>)], by: Option<&str>, want: &[&str]| {
        let live = live(namespaces, &[]);
        let imported = drafts_beside(&live, &there(""), by).unwrap();
        assert_eq!(zones(&imported), want, "{namespaces:?}");
    };
    let (x, y): (Labels<'_>, Labels<'_>) = (&[("team", "x")], &[("team", "Y_1")]);
    check(
        &[("a", x), ("b", x), ("c", y), ("kube-system", &[])],
        None,
        &["a: x", "b: x", "c: y-1"],
    );
    check(&[("a", x), ("b", x)], None, &["a: a", "b: b"]);
    check(&[("a", x), ("b", y)], None, &["a: a", "b: b"]);
    check(&[("a", x), ("b", x)], Some("team"), &["a: x", "b: x"]);
    let core: Labels<'_> = &[("cofferdam.io/zone", "core"), ("team", "x")];
    check(
        &[("a", core), ("b", core), ("x", &[]), ("d", x), ("e", y)],
        Some("team"),
        &["a: core", "b: core", "d: x", "e: y-1", "x: x-prod"],
    );
}

#[test]
fn what_the_model_has_is_left_out_and_no_name_is_given_twice() {
    let zone = "apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: b }
spec: { tier: none, sensitivity: low, trustDomains: [production], enforcement: enforce, namespaces: [{ name: a }] }
";
    let live = live(&[("a", &[]), ("b", &[])], &[json!({ "podSelector": {} })]);
    let imported = drafts_beside(&live, &there(zone), None).unwrap();
    assert_eq!(zones(&imported), ["b: b-prod"]);
    assert_eq!(
        reasons(&imported, "Namespace/a"),
        ["in zone `b` of the model already"]
    );
    assert_eq!(reasons(&imported, "NetworkPolicy/a/p0").len(), 1);
}

#[test]
fn drafts_mean_this_cluster_alone_where_its_labels_tell_it_from_others() {
    let other = |labels: &str| {
        format!(
            "apiVersion: cofferdam.io/v1alpha1\nkind: Cluster\nmetadata: {{ name: other, labels: {labels} }}\nspec: {{ access: {{ kubeconfig: o.yaml }} }}\n---\napiVersion: cofferdam.io/v1alpha1\nkind: TrustDomain\nmetadata: {{ name: all }}\nspec: {{ clusters: {{}} }}\n"
        )
    };
    let live = live(&[("a", &[])], &[]);
    let told = "Cluster/prod";
    let imported = drafts_beside(&live, &there(&other("{ environment: test }")), None).unwrap();
    assert!(text(&imported, "zones").contains("environment: production"));
    assert!(reasons(&imported, told).is_empty());
    let imported =
        drafts_beside(&live, &there(&other("{ environment: production }")), None).unwrap();
    assert!(!text(&imported, "zones").contains("environment: production"));
    assert_eq!(reasons(&imported, told).len(), 1);
}

#[test]
fn a_draft_with_an_error_is_left_as_a_comment() {
    let block = |cidr: &str| json!({ "ipBlock": { "cidr": cidr } });
    let half = ["32.0.0.0/3", "64.0.0.0/3", "96.0.0.0/3", "160.0.0.0/3"].map(block);
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{ "to": half, "ports": [{ "port": 443 }] }],
    });
    let imported = drafts(&live(&[("a", &[])], &[spec]));
    assert_eq!(imported.drafted.get("ExternalNetwork"), None);
    assert_eq!(imported.drafted.get("Flow"), None);
    let flows = text(&imported, "flows");
    assert!(flows.contains("\n# NOT IN FORCE: "), "{flows}");
    assert!(flows.contains("\n# kind: Flow\n"), "{flows}");
    assert_eq!(reasons(&imported, "Flow/a-to-net-32-0-0-0-3").len(), 1);
}

#[test]
fn files_that_are_there_are_not_overwritten() {
    let mut there = there("");
    there.push(file("policies/prod-zones.yaml", "# mine\n"));
    let refused = drafts_beside(&live(&[("a", &[])], &[]), &there, None).unwrap_err();
    assert_eq!(
        refused,
        "there already, and never overwritten: policies/prod-zones.yaml; move or delete what is there, and import again"
    );
}

#[test]
fn two_ends_that_describe_one_connection_are_one_flow() {
    let allow = |direction: &str, peers: &str, app: &str, other: &str| {
        let peer = json!({ "podSelector": { "matchLabels": { "app": other } } });
        let rule = json!({ peers: [peer], "ports": [{ "port": 80 }] });
        json!({
            "podSelector": { "matchLabels": { "app": app } },
            "policyTypes": [direction],
            direction.to_lowercase(): [rule],
        })
    };
    let deny = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
    let policies = [
        deny,
        allow("Egress", "to", "web", "db"),
        allow("Ingress", "from", "db", "web"),
    ];
    let imported = drafts(&live(&[("a", &[("team", "no")])], &policies));
    assert_eq!(imported.drafted.get("Flow"), Some(&1));
    insta::assert_snapshot!(text(&imported, "flows"), @r##"
    # Drafted by `cofferdam import` from what lives in cluster `prod`; to be reviewed, and yours from now on.
    # nobody approved this flow: add `approval` once somebody has
    apiVersion: cofferdam.io/v1alpha1
    kind: Flow
    metadata:
      name: a-to-a
    spec:
      from:
        workload:
          matchLabels:
            app: web
        zone: a
      justification: "imported from NetworkPolicy a/p1, a/p2"
      owner: "no"
      ports:
        - port: 80
          protocol: TCP
      to:
        workload:
          matchLabels:
            app: db
        zone: a
    "##);
}

#[test]
fn policies_that_were_not_read_draft_no_flow_and_are_not_taken_for_none() {
    let mut live = live(&[("a", &[])], &[]);
    live.policies = None;
    let imported = drafts(&live);
    assert_eq!(reasons(&imported, "Namespace/a"), [""; 0]);
    assert_eq!(imported.drafted.keys().collect::<Vec<_>>(), [&"Zone"]);
    assert!(text(&imported, "zones").contains("withinZone: deny"));
}

fn node(taint: Option<&str>, labels: Labels<'_>) -> SeenNode {
    let labels = labels.iter();
    let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let taint = taint.map(|value| Taint {
        key: "example.org/for".to_owned(),
        value: Some(value.to_owned()),
        effect: "NoSchedule".to_owned(),
        time_added: None,
    });
    SeenNode {
        labels: labels.collect(),
        taints: taint.into_iter().collect(),
        provider_id: String::new(),
    }
}

#[test]
fn a_pool_is_drafted_where_only_its_zones_may_and_do_run_there() {
    let pod = |namespace: &str, node: &str, tolerant: bool| SeenPod {
        namespace: namespace.to_owned(),
        node: Some(node.to_owned()),
        daemon_set: None,
        tolerations: if tolerant {
            vec![Toleration {
                key: Some("example.org/for".to_owned()),
                operator: Some("Exists".to_owned()),
                ..Toleration::default()
            }]
        } else {
            Vec::new()
        },
    };
    let check = |pods: Vec<SeenPod>, want: &[&str]| {
        let mut live = live(&[("a", &[]), ("b", &[])], &[]);
        let nodes = [
            (
                "one".to_owned(),
                node(Some("fast"), &[("agentpool", "np1")]),
            ),
            ("two".to_owned(), node(None, &[("agentpool", "np2")])),
        ];
        live.nodes = Some(nodes.into());
        live.pods = Some(pods);
        let imported = drafts(&live);
        let told = reasons(&imported, "Nodes/taint example.org/for=fast:NoSchedule");
        assert_eq!(told, want);
        let drafted = imported.drafted.contains_key("NodePool");
        assert_eq!(drafted, want.is_empty());
        // Without a taint a pool is never sure.
        let shared = reasons(&imported, "Nodes/label agentpool=np2");
        assert_eq!(shared.len(), 1);
    };
    check(vec![pod("a", "one", true), pod("b", "two", false)], &[]);
    check(
        vec![pod("a", "one", true), pod("a", "two", true)],
        &["pool `fast` is left as a comment: pods of namespace `a` run elsewhere too"],
    );
    check(
        vec![pod("a", "one", false)],
        &["pool `fast` is left as a comment: pods of namespace `a` do not tolerate the taint"],
    );
    check(
        vec![pod("b", "two", false)],
        &["pool `fast` is left as a comment: no pod of a drafted zone runs there"],
    );
}
