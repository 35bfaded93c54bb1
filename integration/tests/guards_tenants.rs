//! What tenants with every right of RBAC may not do, and what they may, behind guard rails.

use anyhow::Result;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{
    Answer, OUTSIDE, TENANT, ask, drift, pod, start, start_pool, workload,
};
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop};
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
    let (zone, own) = (Refused(ZONE_LABELS), Refused(OWN));
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
            ("delete namespace cofferdam-system --wait=false", &none, own),
            ("delete namespace cofferdam-probe --wait=false", &none, own),
        ],
    )?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    let own = ["delete", "namespace", "cofferdam-probe", "--wait=false"];
    ask(&shop.cluster, SOMEBODY, &own, "", Done)
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

/// Sets a field of the metadata of an object.
fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(field.to_owned(), value);
    }
}

/// The same without input.
fn check_words(shop: &Shop, cases: &[(&str, Answer<'_>)]) -> Result<()> {
    for (words, wanted) in cases {
        check(shop, &[(*words, &Value::Null, *wanted)])?;
    }
    Ok(())
}

const DENY: &str = "-n web {} netpol cofferdam-default-deny-ingress";

#[test]
fn tenants_change_no_policy_of_ours_and_every_policy_of_theirs() -> Result<()> {
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    shop.apply(&[], 0)?;
    let ours = Refused(POLICIES);
    let on_deny = |verb: &str, rest: &str| format!("{}{rest}", DENY.replace("{}", verb));
    let live = ["-n", "web", "netpol", "cofferdam-default-deny-ingress"];
    let live = shop.cluster.get_json(&live)?;
    let mut annotated = live.clone();
    set(&mut annotated, "annotations", json!({ "note": "x" }));
    let mut unlabelled = policy("cofferdam-default-deny-ingress", &json!({}));
    let version = live.pointer("/metadata/resourceVersion").cloned();
    set(&mut unlabelled, "resourceVersion", json!(version));
    let forged = policy("forged", &json!({ "cofferdam.io/instance": "shop" }));
    let theirs = policy("theirs", &json!({}));
    check(
        &shop,
        &[
            ("create -f -", &forged, ours),
            ("replace -f -", &unlabelled, ours),
            ("replace -f -", &annotated, ours),
            // Nothing is changed.
            ("replace -f -", &live, Done),
            ("create -f -", &theirs, Done),
        ],
    )?;
    let all = "delete --raw /apis/networking.k8s.io/v1/namespaces/web/networkpolicies";
    let open = r#" --type=merge -p {"spec":{"ingress":[{}]}}"#;
    let owned = r#" --type=merge -p {"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"1"}]}}"#;
    let held = r#" --type=merge -p {"metadata":{"finalizers":["example.org/hold"]}}"#;
    check_words(
        &shop,
        &[
            (&on_deny("patch", open), ours),
            (&on_deny("patch", owned), ours),
            (&on_deny("patch", held), ours),
            (&on_deny("label", " cofferdam.io/instance-"), ours),
            (&on_deny("label", " cofferdam.io/instance=shop"), Done),
            (&on_deny("annotate", " note=x"), ours),
            (&on_deny("delete", ""), ours),
            (all, ours),
        ],
    )?;
    // The collection may have lost what is not ours before it was refused.
    shop.cluster.apply_yaml(TENANT, &theirs.to_string())?;
    let adopted = "-n web label netpol theirs cofferdam.io/instance=shop";
    check_words(
        &shop,
        &[
            ("-n web label netpol theirs note=x", Done),
            (adopted, ours),
            ("-n web delete netpol theirs", Done),
        ],
    )?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;
    Ok(())
}

#[test]
fn tenants_change_neither_record_nor_lease() -> Result<()> {
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    shop.apply(&[], 0)?;
    let own = Refused(OWN);
    let held = r#" --type=merge -p {"metadata":{"finalizers":["example.org/hold"]}}"#;
    for (kind, path, change) in [
        (
            "configmap",
            "api/v1/namespaces/cofferdam-system/configmaps",
            r#"{"data":{"x":"y"}}"#,
        ),
        (
            "lease",
            "apis/coordination.k8s.io/v1/namespaces/cofferdam-system/leases",
            r#"{"spec":{"holderIdentity":"me"}}"#,
        ),
    ] {
        let asked =
            |verb: &str, rest: &str| format!("-n cofferdam-system {verb} {kind} cofferdam{rest}");
        let change = format!(" --type=merge -p {change}");
        check_words(
            &shop,
            &[
                (&asked("patch", &change), own),
                (&asked("annotate", " note=x"), own),
                (&asked("patch", held), own),
                (&asked("delete", ""), own),
                (&format!("delete --raw /{path}"), own),
            ],
        )?;
    }
    let other = ("-n cofferdam-system create configmap other", Done);
    let gone = ("-n cofferdam-system delete configmap other", Done);
    check_words(&shop, &[other, gone])?;
    shop.expect(&["plan"], 0)?;
    Ok(())
}

/// A pod outside the pool's zones.
fn tolerating(name: &str, toleration: &Value) -> Value {
    pod(OUTSIDE, name, &json!({ "tolerations": [toleration] }))
}

/// Makes a pod for each toleration.
fn check_tolerations(shop: &Shop, name: &str, all: &[Value], wanted: Answer<'_>) -> Result<()> {
    for (number, toleration) in all.iter().enumerate() {
        let pod = tolerating(&format!("{name}-{number}"), toleration);
        check(shop, &[("create -f -", &pod, wanted)])?;
    }
    Ok(())
}

#[test]
fn pods_outside_a_pools_zones_do_not_tolerate_its_taint() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let taint = "cofferdam.io/pool";
    let forged = [
        json!({ "key": taint, "operator": "Equal", "value": "back", "effect": "NoSchedule" }),
        json!({ "key": taint, "value": "back" }),
        json!({ "key": taint, "operator": "Exists" }),
        json!({ "key": taint, "operator": "Exists", "effect": "NoSchedule" }),
        json!({ "operator": "Exists" }),
        json!({ "operator": "Exists", "effect": "NoSchedule" }),
    ];
    check_tolerations(&shop, "forged", &forged, Refused(TOLERATION))?;
    let foreign = [
        json!({ "key": taint, "operator": "Equal", "value": "other" }),
        json!({ "key": taint, "operator": "Exists", "effect": "NoExecute" }),
        json!({ "operator": "Exists", "effect": "NoExecute" }),
        json!({ "key": "dedicated", "operator": "Exists" }),
    ];
    check_tolerations(&shop, "foreign", &foreign, Done)?;
    // A pod that waits for a node may come to tolerate more.
    let later = |key: &str| {
        let value = json!({ "key": key, "operator": "Exists" });
        let patch = json!([{ "op": "add", "path": "/spec/tolerations/-", "value": value }]);
        format!("-n {OUTSIDE} patch pod foreign-3 --type=json -p {patch}")
    };
    check_words(
        &shop,
        &[
            (&later(taint), Refused(TOLERATION)),
            (&later("theirs"), Done),
            (&format!("-n {OUTSIDE} label pod foreign-3 note=x"), Done),
            (&format!("-n {OUTSIDE} delete pod foreign-3"), Done),
        ],
    )
}

#[test]
fn pods_name_no_node_and_forge_neither_mirrors_nor_guests() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let everything = json!({ "operator": "Exists" });
    let on_node = json!({ "nodeName": "prod-node-1" });
    let mut mirror = pod(OUTSIDE, "mirror", &on_node);
    let annotation = json!({ "kubernetes.io/config.mirror": "abc" });
    set(&mut mirror, "annotations", annotation);
    let mut guest = tolerating("guest", &everything);
    set(&mut guest, "namespace", json!("monitoring"));
    let owner = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "exporter", "uid": "1", "controller": true,
    });
    set(&mut guest, "ownerReferences", json!([owner]));
    let mut inside = tolerating("inside", &everything);
    set(&mut inside, "namespace", json!("orders"));
    let squatter = pod("cofferdam-probe", "squatter", &json!({}));
    let named = pod(OUTSIDE, "named", &on_node);
    check(
        &shop,
        &[
            ("create -f -", &named, Refused(NODE_NAME)),
            ("create -f -", &mirror, Refused(NODE_NAME)),
            ("create -f -", &guest, Refused(TOLERATION)),
            ("create -f -", &inside, Done),
            ("create -f -", &squatter, Refused("nothing runs here")),
        ],
    )?;
    let scheduled = ["-n", "web", "get", "pods", "--output=name"];
    let scheduled = shop.cluster.kubectl(&scheduled)?;
    let first = scheduled.lines().next().unwrap_or_default();
    check_words(&shop, &[(&format!("-n web label {first} note=x"), Done)])
}

#[test]
fn what_a_tenant_makes_keeps_no_rail_from_being_kept_up() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let everywhere = json!({ "tolerations": [{ "operator": "Exists" }] });
    let mut greedy = workload("Deployment", OUTSIDE, "greedy", &everywhere);
    greedy["spec"]["replicas"] = json!(0);
    let create = ["create", "--validate=false", "-f", "-"];
    ask(&shop.cluster, TENANT, &create, &greedy.to_string(), Done)?;
    shop.apply(&[], 0)?;

    // A namespace that joins the zone is pinned, and let pass.
    shop.cluster.kubectl(&["create", "namespace", "ledgers"])?;
    shop.project.edit(
        MODEL_FILE,
        "[{ name: orders }",
        "[{ name: orders }, { name: ledgers }",
    )?;
    shop.grant()?;
    shop.apply(&[], 0)?;
    ask(
        &shop.cluster,
        TENANT,
        &create,
        &pod("ledgers", "one", &json!({})).to_string(),
        Done,
    )?;

    // Somebody hollows the rail out: it comes back.
    let never = r#"[{"op":"add","path":"/spec/matchConditions","value":[{"name":"never","expression":"false"}]}]"#;
    let rail = ["validatingadmissionpolicy", "cofferdam-pods-back"];
    shop.cluster
        .kubectl(&["patch", rail[0], rail[1], "--type=json", "-p", never])?;
    shop.apply(&[], 0)?;
    let forged = pod(OUTSIDE, "forged", &everywhere).to_string();
    ask(&shop.cluster, TENANT, &create, &forged, Refused(TOLERATION))?;
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}
