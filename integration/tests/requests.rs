//! How many requests a pass makes, as the audit log of a real API server has them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::{Project, Run};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::{SeedOptions, seed_standard};
use cofferdam_integration::user::User;
use cofferdam_integration::{Audit, AuditEntry};
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::served::is_served_as;
use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use serde::Deserialize;

/// More than may be under way at once.
const FLOWS: usize = 30;
const NAMESPACES: [&str; 3] = ["alpha", "beta", "gamma"];

const FOUNDATION: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: shop }
spec: { tiers: [application] }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 10 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: shop }
spec:
  tier: application
  sensitivity: low
  trustDomains: [production]
  enforcement: stage
  namespaces: [{ name: alpha }, { name: beta }, { name: gamma }]
  internet: { ingress: deny, egress: deny }
";

fn flows() -> String {
    let from = NAMESPACES.iter().cycle();
    let ends = from.zip(NAMESPACES.iter().cycle().skip(1));
    let numbered = ends.take(FLOWS).enumerate();
    numbered.fold(String::new(), |mut text, (number, (from, to))| {
        write!(
            text,
            "---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: {{ name: call-{number} }}
spec:
  from: {{ zone: shop, namespaces: [{from}] }}
  to: {{ zone: shop, namespaces: [{to}] }}
  ports: [{{ protocol: TCP, port: {port} }}]
  justification: one calls another
  owner: shop
",
            port = 8000 + number,
        )
        // Writing to a String cannot fail.
        .ok();
        text
    })
}

fn start() -> Result<(Cluster, Project)> {
    let options = ClusterOptions::new("prod").user(User::new("cofferdam", &[])?);
    let cluster = Cluster::start(options)?;
    seed_standard(&cluster, &SeedOptions::default())?;
    for namespace in NAMESPACES {
        cluster.kubectl(&["create", "namespace", namespace])?;
    }
    let files = [
        ("policies/model.yaml", FOUNDATION),
        ("policies/flows.yaml", &flows()),
    ];
    let project = Project::new(&files)?;
    project.add_cluster(&cluster, "cofferdam", "{ environment: production }")?;
    for profile in ["policies", "guards"] {
        let manifests = project.run(&["rbac", "--profile", profile])?;
        cluster.apply_yaml(ADMIN, &manifests.stdout)?;
    }
    let doctor = project.run(&["doctor", "--pin", "--write"])?;
    assert_eq!(doctor.code, 0, "{}\n{}", doctor.stdout, doctor.stderr);
    Ok((cluster, project))
}

/// What a command asked of the server.
struct Asked {
    run: Run,
    audit: Audit,
}

impl Asked {
    fn by(cluster: &Cluster, project: &Project, arguments: &[&str]) -> Result<Self> {
        let mark = cluster.audit_mark()?;
        let run = project.run(arguments)?;
        let audit = cluster.audit_since(mark)?;
        Ok(Self { run, audit })
    }

    fn requests(&self) -> impl Iterator<Item = &AuditEntry> {
        self.audit.by("cofferdam")
    }

    /// Objects of the bundle that were written, and how often each.
    fn written(&self) -> BTreeMap<String, usize> {
        let mut written = BTreeMap::new();
        for entry in self.requests().filter(|entry| is_of_bundle(entry)) {
            let object = format!("{}/{}/{}", entry.resource, entry.namespace, entry.name);
            *written.entry(object).or_default() += 1;
        }
        written
    }

    /// How often each kind was listed.
    fn lists(&self) -> BTreeMap<&str, usize> {
        let mut lists = BTreeMap::new();
        for entry in self.requests().filter(|entry| entry.verb == "list") {
            *lists.entry(entry.resource.as_str()).or_default() += 1;
        }
        lists
    }

    /// Everything else.
    fn others(&self) -> Vec<&AuditEntry> {
        let others = self.requests();
        others
            .filter(|entry| entry.verb != "list" && !is_of_bundle(entry) && !is_of_guards(entry))
            .collect()
    }

    /// How often guard rails were written.
    fn guards(&self) -> usize {
        let requests = self.requests();
        let guards = requests.filter(|entry| is_of_guards(entry) && entry.is_write());
        guards
            .filter(|entry| entry.resource != "namespaces")
            .count()
    }

    fn expect(&self, code: i32) {
        let Run {
            code: got,
            stdout,
            stderr,
        } = &self.run;
        assert_eq!(*got, code, "{stdout}\n{stderr}");
    }
}

fn is_of_bundle(entry: &AuditEntry) -> bool {
    let kinds = ["networkpolicies", "namespaces"];
    entry.is_write()
        && kinds.contains(&entry.resource.as_str())
        && !entry.name.starts_with("cofferdam-system")
        && !is_of_guards(entry)
}

/// Guard rails, and what is tried to see whether they are in force.
fn is_of_guards(entry: &AuditEntry) -> bool {
    let of_probes = |name: &String| name == "cofferdam-probe";
    entry.resource.contains("admissionpolic")
        || [&entry.name, &entry.namespace].into_iter().any(of_probes)
}

#[test]
fn a_pass_asks_once_per_changed_object_and_lists_each_kind_before_and_after() -> Result<()> {
    let (cluster, project) = start()?;
    let apply = ["apply", "--yes", "--settle", "0s"];

    let first = Asked::by(&cluster, &project, &apply)?;
    first.expect(0);
    let written = first.written();
    // Each flow at either end, four policies and the labels per namespace.
    assert_eq!(
        written.len(),
        2 * FLOWS + 5 * NAMESPACES.len(),
        "{written:?}"
    );
    assert!(written.values().all(|times| *times == 1), "{written:?}");
    let lists = first.lists();
    assert!(lists.values().all(|times| *times == 2), "{lists:?}");
    assert!(first.others().len() <= 16, "{:#?}", first.others());
    // Six policies and their bindings, which only note what a staged zone would have refused.
    assert_eq!(first.guards(), 12);

    let second = Asked::by(&cluster, &project, &apply)?;
    second.expect(0);
    let writes = second.audit.writes_by("cofferdam");
    assert!(writes.is_empty(), "{writes:#?}");
    let lists = second.lists();
    assert!(lists.values().all(|times| *times == 1), "{lists:?}");

    let drift = Asked::by(&cluster, &project, &["drift"])?;
    drift.expect(0);
    let writes = drift.audit.writes_by("cofferdam");
    assert!(writes.is_empty(), "{writes:#?}");

    project.edit("policies/flows.yaml", "port: 8007", "port: 9007")?;
    let changed = Asked::by(&cluster, &project, &apply)?;
    changed.expect(0);
    let written = changed.written();
    let wanted = [
        "networkpolicies/beta/cofferdam-flow-call-7-out",
        "networkpolicies/gamma/cofferdam-flow-call-7-in",
    ];
    assert_eq!(written, wanted.map(|object| (object.to_owned(), 1)).into());
    assert!(changed.others().len() <= 16, "{:#?}", changed.others());
    assert_eq!(changed.guards(), 0);
    Ok(())
}

/// Every field that a spec can have.
const EVERYTHING: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: everything, namespace: default }
spec:
  policyTypes: [Ingress, Egress]
  podSelector:
    matchLabels: { b: '2', a: '1' }
    matchExpressions: [{ operator: In, key: k, values: [v, u] }, { key: l, operator: Exists }]
  egress:
  - to:
    - ipBlock: { except: [10.1.0.0/16], cidr: 10.0.0.0/8 }
    - ipBlock: { cidr: 'fd00::/8' }
    ports: [{ protocol: SCTP }, { port: 90, protocol: TCP, endPort: 99 }]
  - {}
  ingress:
  - ports: [{ protocol: UDP, port: named }]
    from:
    - podSelector: {}
      namespaceSelector: { matchLabels: { name: x } }
";

#[test]
fn a_server_returns_a_spec_in_the_text_by_which_it_is_told() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let cluster = Cluster::start(ClusterOptions::new("served").version(version))?;
        let nothing = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                       metadata: { name: nothing, namespace: default }\nspec: { podSelector: {} }\n";
        cluster.apply_yaml(ADMIN, EVERYTHING)?;
        cluster.apply_yaml(ADMIN, nothing)?;
        let url = "/apis/networking.k8s.io/v1/networkpolicies";
        let list: List = serde_json::from_str(&cluster.kubectl(&["get", "--raw", url])?)?;
        ensure!(
            list.items.len() == 2,
            "{version:?}: {} policies",
            list.items.len()
        );
        for item in list.items {
            let spec: NetworkPolicySpec = serde_json::from_value((*item.spec).clone())?;
            let text = item.spec.text();
            ensure!(is_served_as(&spec, text), "{version:?}: {text}");
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    spec: LiveSpec,
}
