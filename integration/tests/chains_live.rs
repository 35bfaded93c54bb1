//! Ways that lead from one real cluster into another: followed by `blast` and `prove`, and unknown where the other
//! cluster is not looked at.

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::Project;
use cofferdam_integration::shop_fleet;
use serde_json::{Value, json};

/// `front` in `prod` reaches `tools` in the cluster of that name; nobody reaches `vault` there.
const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: shop }
spec: { tiers: [application], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: staging }
spec: { clusters: { matchLabels: { environment: staging } }, rollout: { order: 10 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 20 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: front }
spec: { tier: application, sensitivity: low, trustDomains: [production], namespaces: [{ name: shop }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: tools }
spec: { tier: application, sensitivity: medium, trustDomains: [staging], namespaces: [{ name: shop }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: application, sensitivity: medium, trustDomains: [staging], namespaces: [{ name: vault }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: front-to-tools }
spec:
  from: { zone: front }
  to: { zone: tools, workload: { matchLabels: { app: shop } } }
  ports: [{ protocol: TCP, port: 8080 }]
  across: { from: production, to: staging, port: 443 }
  justification: builds are fetched
  owner: shop
---
apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: front-never-reaches-vault }
spec: { never: { from: { zone: front }, to: { zone: vault } }, hops: any }
";

const VAULT: &str = "
apiVersion: v1
kind: Namespace
metadata: { name: vault }
---
apiVersion: v1
kind: Pod
metadata: { name: safe, namespace: vault, labels: { app: safe } }
spec:
  nodeName: tools-node-1
  automountServiceAccountToken: false
  securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
  containers: [{ name: a, image: a, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } } }]
";

const VAULT_STATUS: &str = r#"{"status": {"phase": "Running", "podIP": "10.244.1.99", "podIPs": [{"ip": "10.244.1.99"}], "hostIP": "172.18.0.11"}}"#;

/// Pods that could be made in namespaces of no zone would lead on to everywhere.
const FENCED: [&str; 6] = [
    "cofferdam-probe",
    "cofferdam-system",
    "default",
    "kube-node-lease",
    "kube-public",
    "kube-system",
];

/// Nothing goes in or out but questions to name servers.
fn fence(namespace: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: fence, namespace: {namespace} }}
spec:
  podSelector: {{}}
  policyTypes: [Ingress, Egress]
  ingress: [{{ ports: [{{ protocol: UDP, port: 53 }}, {{ protocol: TCP, port: 53 }}] }}]
---"
    )
}

/// What somebody adds in `tools`: both ends of a connection of the tools to the vault.
const HOLE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: backup, namespace: shop }
spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: backup, namespace: vault }
spec: { podSelector: {}, ingress: [{ ports: [{ port: 5432 }] }] }
";

const BLAST: [&str; 3] = ["blast", "--from", "zone/front"];

/// The clusters `tools` and `prod`, in sync, where what is declared of their networks is this.
struct Fleet {
    tools: Cluster,
    prod: Cluster,
    project: Project,
}

impl Fleet {
    fn start(networks: [&str; 2]) -> Result<Self> {
        let names = ["tools", "prod"];
        let (clusters, project) = shop_fleet::start(&[
            ("tools", "staging", Version::V1_36),
            ("prod", "production", Version::V1_33),
        ])?;
        let [tools, prod] = <[Cluster; 2]>::try_from(clusters)
            .ok()
            .context("two clusters")?;
        project.write("policies/model.yaml", MODEL)?;
        for (name, network) in names.into_iter().zip(networks) {
            let more = format!("  mode: manage\n  network: {{ {network} }}\n");
            project.edit(
                &format!("fleet/clusters/{name}.yaml"),
                "  mode: manage\n",
                &more,
            )?;
        }
        tools.apply_yaml(ADMIN, VAULT)?;
        let patch = [
            "-n",
            "vault",
            "patch",
            "pod",
            "safe",
            "--subresource=status",
        ];
        tools.kubectl(&[&patch[..], &["--type=merge", "-p", VAULT_STATUS]].concat())?;
        let fleet = Self {
            tools,
            prod,
            project,
        };
        fleet.expect(&["apply", "--yes", "--settle", "0s"], 0)?;
        for cluster in [&fleet.tools, &fleet.prod] {
            cluster.apply_yaml(ADMIN, &FENCED.map(fence).concat())?;
        }
        Ok(fleet)
    }

    /// What a break-in to `front` reaches in other clusters, one line each.
    fn reached_elsewhere(&self, more: &[&str], code: i32) -> Result<Vec<String>> {
        let report = self.expect(&[&BLAST[..], more].concat(), code)?;
        let clusters = list(&report, "/clusters")?.iter();
        let of_prod = clusters
            .clone()
            .find(|cluster| text(cluster, "/name") == "prod");
        let reached = list(of_prod.context("no prod")?, "/reached")?.iter();
        let elsewhere = reached.filter(|one| !at(one, "/cluster").is_null());
        let told = elsewhere.map(|one| {
            let via = at(one, "/via").as_array().into_iter().flatten();
            let via = via.map(|stop| format!(" by {}", stop_name(stop, "/workload", "/cluster")));
            let to = stop_name(one, "/to", "/cluster");
            let (hops, ports) = (at(one, "/hops"), text(one, "/ports"));
            format!("{hops} {to} {ports}{}", via.collect::<String>())
        });
        Ok(told.collect())
    }

    /// What becomes of the guarantee in `prod` as it is, where the documents alone prove it.
    fn proof(&self, more: &[&str], code: i32) -> Result<String> {
        let report = self.expect(&[&["prove"], more].concat(), code)?;
        let mut verdicts = Vec::new();
        for cluster in list(&report, "/clusters")? {
            if text(cluster, "/name") == "prod" {
                verdicts.push((text(cluster, "/on"), verdict(at(cluster, "/proofs/0"))));
            }
        }
        let [("model", model), ("live", live)] = verdicts.as_slice() else {
            anyhow::bail!("{report:#}")
        };
        ensure!(model == "proved", "{report:#}");
        Ok(live.clone())
    }

    /// What a command tells, which must end with this code.
    fn expect(&self, arguments: &[&str], code: i32) -> Result<Value> {
        let run = self.project.run(&[arguments, &["-o", "json"]].concat())?;
        ensure!(
            run.code == code,
            "{arguments:?} ended with {}, not {code}\n{}\n{}",
            run.code,
            run.stdout,
            run.stderr
        );
        run.json()
    }
}

#[test]
fn a_way_through_another_cluster_is_followed_and_unknown_without_it() -> Result<()> {
    let fleet = Fleet::start([
        "podAddressesRouted: true, podCidrs: [10.244.0.0/16]",
        "podAddressesRouted: true, podCidrs: [10.245.0.0/16]",
    ])?;
    let tools = "1 tools:shop/shop[Deployment] TCP 8080";
    let vault = "2 tools:vault/safe[Pod] TCP 5432 by tools:shop/shop[Deployment]";
    assert_eq!(fleet.reached_elsewhere(&[], 0)?, [tools, NAME_SERVERS]);
    assert_eq!(fleet.proof(&[], 0)?, "proved");
    alone_it_is_unknown(&fleet)?;

    fleet.tools.apply_yaml(ADMIN, HOLE)?;
    assert_eq!(
        fleet.reached_elsewhere(&[], 0)?,
        [tools, NAME_SERVERS, vault]
    );
    assert_eq!(
        fleet.proof(&[], 2)?,
        "broken: shop/shop[Deployment] -> tools:shop/shop[Deployment] on TCP 8080, \
         tools:shop/shop[Deployment] -> tools:vault/safe[Pod] on TCP 5432"
    );
    alone_it_is_unknown(&fleet)
}

const NAME_SERVERS: &str =
    "2 tools:kube-system/coredns[Deployment] TCP 53; UDP 53 by tools:shop/shop[Deployment]";

fn alone_it_is_unknown(fleet: &Fleet) -> Result<()> {
    let alone = ["--cluster", "prod"];
    let blast = fleet.expect(&[&BLAST[..], &alone].concat(), 3)?;
    let because = at(&blast, "/clusters/0/incompleteBecause");
    assert_eq!(
        *because,
        json!(["cluster `tools` is entered, which was not looked at"])
    );
    assert_eq!(fleet.reached_elsewhere(&alone, 3)?, [""; 0]);
    let unknown = "unknown: a way leads into cluster `tools`, which was not looked at";
    assert_eq!(fleet.proof(&alone, 3)?, unknown);
    Ok(())
}

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: { name: tools, namespace: shop }
spec: { type: LoadBalancer, selector: { app: shop }, ports: [{ port: 443, targetPort: 8080 }] }
";

#[test]
fn at_the_addresses_of_another_cluster_its_services_are_reached() -> Result<()> {
    let fleet = Fleet::start([
        "egressCidrs: [203.0.113.16/28], exposedCidrs: [198.51.100.23/32]",
        "egressCidrs: [203.0.113.0/28], exposedCidrs: [198.51.100.7/32]",
    ])?;
    let direct = |fleet: &Fleet| -> Result<Vec<String>> {
        let mut all = fleet.reached_elsewhere(&[], 0)?;
        all.retain(|one| one.starts_with("1 "));
        Ok(all)
    };
    assert_eq!(direct(&fleet)?, [""; 0]);
    fleet.tools.apply_yaml(ADMIN, SERVICE)?;
    let tools = "1 tools:shop/shop[Deployment] TCP 8080";
    assert_eq!(direct(&fleet)?, [tools]);
    Ok(())
}

fn verdict(proof: &Value) -> String {
    let hops = at(proof, "/witness").as_array().into_iter().flatten();
    let hops = hops.map(|hop| {
        let from = stop_name(hop, "/from", "/fromCluster");
        let to = stop_name(hop, "/to", "/toCluster");
        format!("{from} -> {to} on {}", text(hop, "/ports"))
    });
    let because = at(proof, "/because").as_array().into_iter().flatten();
    let because = because.filter_map(Value::as_str).map(ToOwned::to_owned);
    let why: Vec<String> = hops.chain(because).collect();
    match (text(proof, "/verdict"), why.as_slice()) {
        (verdict, []) => verdict.to_owned(),
        (verdict, why) => format!("{verdict}: {}", why.join(", ")),
    }
}

fn stop_name(value: &Value, name: &str, cluster: &str) -> String {
    match at(value, cluster).as_str() {
        Some(cluster) => format!("{cluster}:{}", text(value, name)),
        None => text(value, name).to_owned(),
    }
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, path: &str) -> Result<&'v Vec<Value>> {
    let list = at(value, path).as_array();
    list.with_context(|| format!("no {path} in {value:#}"))
}
