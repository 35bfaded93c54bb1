//! What tenants with every right of RBAC may not do, and what they may, behind guard rails.

use anyhow::Result;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{Answer, OUTSIDE, TENANT, ask, pod, start, start_pool};
use cofferdam_integration::shop::Shop;
use cofferdam_integration::{ClusterOptions, SeedOptions, Version};
use serde_json::{Value, json};

const ZONE_LABELS: &str = "ask your platform team to put the namespace into a zone";
const SECURITY: &str = "ask your platform team to change `podSecurity` of the zone";
const POLICIES: &str = "ask your platform team for a Flow";
const OWN: &str = "Cofferdam keeps here what it wrote in this cluster";
const TOLERATION: &str = "list the DaemonSet under `guests` of the NodePool";
const NODE_NAME: &str = "choose nodes by nodeSelector or affinity";

/// What a tenant asks, given as words of `kubectl` and its input, and how it is answered.
fn check(shop: &Shop, cases: &[(&str, &Value, Answer<'_>)]) -> Result<()> {
    for (words, input, wanted) in cases {
        let arguments: Vec<&str> = words.split(' ').collect();
        let input = if input.is_null() {
            String::new()
        } else {
            input.to_string()
        };
        ask(&shop.cluster, TENANT, &arguments, &input, *wanted)?;
    }
    Ok(())
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

fn labels_of_namespaces(version: Version) -> Result<()> {
    let shop = start(
        ClusterOptions::new("prod").version(version),
        SeedOptions::default(),
    )?;
    shop.apply(&[], 0)?;
    let none = Value::Null;
    let zone = Refused(ZONE_LABELS);
    let forged = namespace("forged", &json!({ "cofferdam.io/zone": "back" }));
    let plain = namespace(
        "plain",
        &json!({ "team": "x", "pod-security.kubernetes.io/enforce": "baseline" }),
    );
    let live = shop.cluster.get_json(&["namespace", "web"])?;
    let mut stripped = live.clone();
    let labels = stripped
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut);
    labels.and_then(|labels| labels.remove("cofferdam.io/zone"));
    let applied = namespace("web", &json!({ "cofferdam.io/zone": "back" }));
    let merge = |key: &str| {
        format!(r#"--type=merge -p {{"metadata":{{"labels":{{"{key}":"privileged"}}}}}}"#)
    };
    let ours = merge("cofferdam.io/zone");
    let status = format!("patch namespace web --subresource=status {ours}");
    let finalize = "replace --raw /api/v1/namespaces/web/finalize -f -";
    let level = merge("pod-security.kubernetes.io/enforce");
    let level_by_status = format!("patch namespace web --subresource=status {level}");
    check(
        &shop,
        &[
            (
                "label namespace web cofferdam.io/zone=back --overwrite",
                &none,
                zone,
            ),
            ("label namespace web cofferdam.io/zone-", &none, zone),
            ("label namespace web cofferdam.io/new=x", &none, zone),
            ("label namespace play cofferdam.io/zone=back", &none, zone),
            (&status, &none, zone),
            (finalize, &stripped, zone),
            ("replace -f -", &stripped, zone),
            ("apply --server-side --force-conflicts -f -", &applied, zone),
            ("create -f -", &forged, zone),
            (
                "label namespace web pod-security.kubernetes.io/enforce=privileged --overwrite",
                &none,
                Refused(SECURITY),
            ),
            (
                "label namespace web pod-security.kubernetes.io/warn-",
                &none,
                Refused(SECURITY),
            ),
            (&level_by_status, &none, Refused(SECURITY)),
            (
                "label namespace play pod-security.kubernetes.io/enforce=privileged",
                &none,
                Done,
            ),
            ("label namespace web team=other --overwrite", &none, Done),
            ("annotate namespace web note=hello", &none, Done),
            ("create -f -", &plain, Done),
            ("delete namespace plain --wait=false", &none, Done),
        ],
    )?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn tenants_forge_no_zone_and_lower_no_pod_security_level() -> Result<()> {
    labels_of_namespaces(Version::V1_36)
}

#[test]
fn tenants_of_the_oldest_version_forge_no_zone_either() -> Result<()> {
    labels_of_namespaces(Version::V1_33)
}

fn policy(name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "namespace": "web", "name": name, "labels": labels },
        "spec": { "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}] },
    })
}

#[test]
fn tenants_change_no_policy_record_or_lease_of_ours_and_everything_of_their_own() -> Result<()> {
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    shop.apply(&[], 0)?;
    let none = Value::Null;
    let (ours, own) = (Refused(POLICIES), Refused(OWN));
    let forged = policy("forged", &json!({ "cofferdam.io/instance": "shop" }));
    let theirs = policy("theirs", &json!({}));
    let mut unlabelled = policy("cofferdam-default-deny-ingress", &json!({}));
    let live = ["-n", "web", "netpol", "cofferdam-default-deny-ingress"];
    let live = shop.cluster.get_json(&live)?;
    let mut forced = live.clone();
    for (to, path) in [(&mut unlabelled, "/metadata/resourceVersion")] {
        if let (Some(version), Some(metadata)) = (
            live.pointer(path),
            to.pointer_mut("/metadata").and_then(Value::as_object_mut),
        ) {
            metadata.insert("resourceVersion".to_owned(), version.clone());
        }
    }
    if let Some(metadata) = forced
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut)
    {
        metadata.insert("annotations".to_owned(), json!({ "note": "x" }));
    }
    let record = "-n cofferdam-system";
    check(
        &shop,
        &[
            ("create -f -", &forged, ours),
            (
                r#"-n web patch netpol cofferdam-default-deny-ingress --type=merge -p {"spec":{"ingress":[{}]}}"#,
                &none,
                ours,
            ),
            (
                "-n web label netpol cofferdam-default-deny-ingress cofferdam.io/instance-",
                &none,
                ours,
            ),
            (
                "-n web annotate netpol cofferdam-default-deny-ingress note=x",
                &none,
                ours,
            ),
            ("replace -f -", &unlabelled, ours),
            ("replace -f -", &forced, ours),
            (
                "-n web delete netpol cofferdam-default-deny-ingress",
                &none,
                ours,
            ),
            (
                "delete --raw /apis/networking.k8s.io/v1/namespaces/web/networkpolicies",
                &none,
                ours,
            ),
            // Nothing is changed.
            ("replace -f -", &live, Done),
            (
                "-n web label netpol cofferdam-default-deny-ingress cofferdam.io/instance=shop",
                &none,
                Done,
            ),
            ("create -f -", &theirs, Done),
            ("-n web label netpol theirs note=x", &none, Done),
            (
                "-n web label netpol theirs cofferdam.io/instance=shop",
                &none,
                ours,
            ),
            ("-n web delete netpol theirs", &none, Done),
            (
                &format!(
                    r#"{record} patch configmap cofferdam --type=merge -p {{"data":{{"x":"y"}}}}"#
                ),
                &none,
                own,
            ),
            (
                &format!("{record} annotate configmap cofferdam note=x"),
                &none,
                own,
            ),
            (&format!("{record} delete configmap cofferdam"), &none, own),
            (
                "delete --raw /api/v1/namespaces/cofferdam-system/configmaps",
                &none,
                own,
            ),
            (
                &format!(
                    r#"{record} patch lease cofferdam --type=merge -p {{"spec":{{"holderIdentity":"me"}}}}"#
                ),
                &none,
                own,
            ),
            (&format!("{record} delete lease cofferdam"), &none, own),
            (
                "delete --raw /apis/coordination.k8s.io/v1/namespaces/cofferdam-system/leases",
                &none,
                own,
            ),
            (&format!("{record} create configmap other"), &none, Done),
            (&format!("{record} delete configmap other"), &none, Done),
        ],
    )?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;
    Ok(())
}

#[test]
fn pods_outside_a_pools_zones_neither_tolerate_its_taint_nor_name_a_node() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let none = Value::Null;
    let taint = "cofferdam.io/pool";
    let tolerating =
        |name: &str, toleration: Value| pod(OUTSIDE, name, &json!({ "tolerations": [toleration] }));
    for (number, forged) in [
        json!({ "key": taint, "operator": "Equal", "value": "back", "effect": "NoSchedule" }),
        json!({ "key": taint, "value": "back" }),
        json!({ "key": taint, "operator": "Exists" }),
        json!({ "key": taint, "operator": "Exists", "effect": "NoSchedule" }),
        json!({ "operator": "Exists" }),
        json!({ "operator": "Exists", "effect": "NoSchedule" }),
    ]
    .into_iter()
    .enumerate()
    {
        let pod = tolerating(&format!("forged-{number}"), forged);
        check(&shop, &[("create -f -", &pod, Refused(TOLERATION))])?;
    }
    for (number, foreign) in [
        json!({ "key": taint, "operator": "Equal", "value": "other" }),
        json!({ "key": taint, "operator": "Exists", "effect": "NoExecute" }),
        json!({ "operator": "Exists", "effect": "NoExecute" }),
        json!({ "key": "dedicated", "operator": "Exists" }),
    ]
    .into_iter()
    .enumerate()
    {
        let pod = tolerating(&format!("foreign-{number}"), foreign);
        check(&shop, &[("create -f -", &pod, Done)])?;
    }
    let more = |toleration: Value| json!([{ "op": "add", "path": "/spec/tolerations/-", "value": toleration }]);
    let patch = |patch: Value| format!("-n {OUTSIDE} patch pod foreign-3 --type=json -p {patch}");
    let mut mirror = pod(
        OUTSIDE,
        "mirror",
        &json!({ "nodeName": "prod-node-1", "tolerations": [{ "operator": "Exists" }] }),
    );
    if let Some(metadata) = mirror
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut)
    {
        metadata.insert(
            "annotations".to_owned(),
            json!({ "kubernetes.io/config.mirror": "abc" }),
        );
    }
    let mut guest = tolerating("guest", json!({ "operator": "Exists" }));
    if let Some(metadata) = guest
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut)
    {
        metadata.insert("namespace".to_owned(), json!("monitoring"));
        let owner = json!([{ "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "exporter", "uid": "1", "controller": true }]);
        metadata.insert("ownerReferences".to_owned(), owner);
    }
    let web = shop
        .cluster
        .kubectl(&["-n", "web", "get", "pods", "--output=name"])?;
    let scheduled = web.lines().next().unwrap_or_default().to_owned();
    check(
        &shop,
        &[
            (
                &patch(more(json!({"key":taint,"operator":"Exists"}))),
                &none,
                Refused(TOLERATION),
            ),
            (
                &patch(more(json!({"key":"theirs","operator":"Exists"}))),
                &none,
                Done,
            ),
            (
                "create -f -",
                &pod(OUTSIDE, "named", &json!({ "nodeName": "prod-node-1" })),
                Refused(NODE_NAME),
            ),
            // The annotation of mirror pods, and the owner of guests, can be forged.
            ("create -f -", &mirror, Refused("")),
            ("create -f -", &guest, Refused(TOLERATION)),
            (&format!("-n web label {scheduled} note=x"), &none, Done),
            (
                &format!("-n {OUTSIDE} label pod foreign-3 note=x"),
                &none,
                Done,
            ),
            (&format!("-n {OUTSIDE} delete pod foreign-3"), &none, Done),
            (
                "create -f -",
                &pod(
                    "orders",
                    "inside",
                    &json!({ "tolerations": [{ "operator": "Exists" }] }),
                ),
                Done,
            ),
            (
                "create -f -",
                &pod("cofferdam-probe", "squatter", &json!({})),
                Refused("nothing runs here"),
            ),
            // Writers are tenants too where pods are concerned.
        ],
    )
}
