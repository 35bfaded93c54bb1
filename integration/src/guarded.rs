//! A shop behind guard rails, and who meets them.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::cluster::{ADMIN, Cluster};
use crate::options::ClusterOptions;
use crate::seed::SeedOptions;
use crate::shop::Shop;
use crate::user::User;

/// Somebody whom RBAC allows everything: what is refused to them is refused by admission.
pub const TENANT: &str = "tenant";

/// A kubelet whose node, [`NEW_NODE`], is not there yet.
pub const KUBELET: &str = "system:node:prod-new";

/// The node of [`KUBELET`].
pub const NEW_NODE: &str = "prod-new";

/// A namespace of no zone.
pub const OUTSIDE: &str = "play";

/// The file of the pool.
pub const POOL_FILE: &str = "fleet/pools.yaml";

/// The pool `back` of the zone of that name: nodes labelled `disk=fast`.
pub const POOL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: NodePool
metadata: { name: back }
spec:
  trustDomains: [production]
  nodes: [{ selector: { matchLabels: { disk: fast } } }]
  zones: [back]
  guests: [{ namespace: monitoring, daemonSet: exporter }]
";

/// The label of nodes of the pool.
pub const LABEL: &str = "cofferdam.node-restriction.kubernetes.io/pool";

/// The key of their taint.
pub const TAINT: &str = "cofferdam.io/pool";

const EVERYTHING: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: everything }
rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: everything }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: everything }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: tenant }]
---
apiVersion: v1
kind: Namespace
metadata: { name: play }
---
apiVersion: v1
kind: Namespace
metadata: { name: monitoring }
";

/// A shop that is not applied yet: [`TENANT`] and [`KUBELET`] are known, [`OUTSIDE`] and
/// `monitoring` are there.
pub fn start(options: ClusterOptions, seed: SeedOptions) -> Result<Shop> {
    let options = options
        .user(User::new(TENANT, &[])?)
        .user(User::new(KUBELET, &["system:nodes"])?);
    let shop = Shop::start_with(options, seed)?;
    shop.cluster.apply_yaml(ADMIN, EVERYTHING)?;
    Ok(shop)
}

/// The same with the pool `back`, to which the second of three nodes belongs.
pub fn start_pool(options: ClusterOptions) -> Result<Shop> {
    let fast = [("disk".to_owned(), "fast".to_owned())].into();
    let seed = SeedOptions {
        node_labels: vec![[].into(), fast],
        ..SeedOptions::default()
    };
    let shop = start(options, seed)?;
    shop.project.write(POOL_FILE, POOL)?;
    shop.grant()?;
    Ok(shop)
}

/// What the server is to answer.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// It does it.
    Done,
    /// It refuses, with these words.
    Refused(&'a str),
}

/// Runs `kubectl` as a user, with text on standard input; fails where the server answers otherwise.
pub fn ask(
    cluster: &Cluster,
    user: &str,
    arguments: &[&str],
    input: &str,
    wanted: Answer<'_>,
) -> Result<()> {
    let asked = format!("{user}: kubectl {} {input}", arguments.join(" "));
    let result = cluster.kubectl_input(user, arguments, input);
    match (wanted, result) {
        (Answer::Done, Ok(_)) => Ok(()),
        (Answer::Done, Err(error)) => Err(error).with_context(|| format!("{asked}: not done")),
        (Answer::Refused(words), Err(error)) => {
            let said = format!("{error:#}");
            ensure!(said.contains(words), "{asked}: refused with `{said}`");
            Ok(())
        }
        (Answer::Refused(_), Ok(said)) => bail!("{asked}: done with `{said}`"),
    }
}

/// The findings above info, as [`Shop::drift`] tells them. Seeded pods run on nodes of the pool since before it
/// was one: that they are misplaced is left out.
pub fn drift(shop: &Shop) -> Result<Vec<String>> {
    let mut all = shop.drift()?;
    all.retain(|finding| !finding.starts_with("misplaced-pod "));
    Ok(all)
}

/// How far each guard rail is in force, as `name level`, and what `guards` exits with.
pub fn standings(shop: &Shop) -> Result<(Vec<String>, i32)> {
    let run = shop.project.run(&["guards", "-o", "json"])?;
    let report = run.json()?;
    let guards = report.pointer("/clusters/0/guards");
    let guards = guards.and_then(Value::as_array).into_iter().flatten();
    let text = |guard: &Value, field: &str| {
        let value = guard.get(field).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let told = guards.map(|guard| format!("{} {}", text(guard, "name"), text(guard, "inForce")));
    Ok((told.collect(), run.code))
}

/// A pod of one container, with more fields of its spec.
pub fn pod(namespace: &str, name: &str, more: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "namespace": namespace, "name": name },
        "spec": pod_spec(more),
    })
}

/// A Deployment or DaemonSet of such pods; a Deployment has two.
pub fn workload(kind: &str, namespace: &str, name: &str, more: &Value) -> Value {
    let labels = json!({ "app": name });
    let mut spec = json!({
        "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": pod_spec(more) },
    });
    if kind == "Deployment"
        && let Some(spec) = spec.as_object_mut()
    {
        spec.insert("replicas".to_owned(), json!(2));
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": { "namespace": namespace, "name": name },
        "spec": spec,
    })
}

fn pod_spec(more: &Value) -> Value {
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65534,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [{
            "name": "pause",
            "image": "registry.k8s.io/pause:3.10",
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": { "drop": ["ALL"] },
            },
        }],
    });
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
    }
    spec
}

/// The pods of an application by its label `app`.
pub fn pods_of(cluster: &Cluster, namespace: &str, app: &str) -> Result<Vec<Value>> {
    let label = format!("app={app}");
    let list = cluster.get_json(&["-n", namespace, "pods", "-l", &label])?;
    let items = list.get("items").and_then(Value::as_array);
    Ok(items.cloned().unwrap_or_default())
}
