//! Nodes behind guard rails: kubelets register and report, and nobody takes a pool from its zones.

use anyhow::Result;
use cofferdam_integration::ClusterOptions;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{
    Answer, KUBELET, LABEL, NEW_NODE, OUTSIDE, POOL, POOL_FILE, TAINT, TENANT, ask, drift, pod,
    start_pool,
};
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop};
use serde_json::{Value, json};

const LABELS: &str = "labels of node pools say which zones a node is dedicated to";
const TAINTS: &str = "taints of node pools keep other pods off";

fn check(shop: &Shop, user: &str, cases: &[(&str, Answer<'_>)]) -> Result<()> {
    for (words, wanted) in cases {
        let arguments: Vec<&str> = words.split(' ').collect();
        ask(&shop.cluster, user, &arguments, "", *wanted)?;
    }
    Ok(())
}

fn register(shop: &Shop, labels: &Value) -> Result<Value> {
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": NEW_NODE, "labels": labels } });
    ask(
        &shop.cluster,
        KUBELET,
        &["create", "--validate=false", "-f", "-"],
        &node.to_string(),
        Done,
    )?;
    shop.cluster.get_json(&["node", NEW_NODE])
}

fn keys_of_taints(node: &Value) -> Vec<&str> {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array);
    let keys = taints
        .into_iter()
        .flatten()
        .filter_map(|taint| taint.get("key")?.as_str());
    keys.filter(|key| !key.starts_with("node.kubernetes.io/"))
        .collect()
}

#[test]
fn a_node_of_the_pool_is_tainted_as_it_registers_and_another_is_not() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let other = register(&shop, &json!({ "disk": "slow" }))?;
    assert_eq!(keys_of_taints(&other), Vec::<&str>::new(), "{other}");
    shop.cluster.kubectl(&["delete", "node", NEW_NODE])?;
    let node = register(
        &shop,
        &json!({ "disk": "fast", "kubernetes.io/hostname": NEW_NODE }),
    )?;
    assert_eq!(keys_of_taints(&node), [TAINT], "{node}");
    assert!(is_marked(&node), "{node}");

    let forged = format!("label node {NEW_NODE} {LABEL}=back --overwrite");
    let own = format!("label node {NEW_NODE} example.org/rack=7");
    let taint = format!("taint node {NEW_NODE} cofferdam.io/pool-");
    let by_kubelet = [(&*forged, Refused("")), (&own, Done), (&taint, Refused(""))];
    check(&shop, KUBELET, &by_kubelet)?;
    report(&shop, "8")?;
    shop.apply(&[], 0)?;
    let node = shop.cluster.get_json(&["node", NEW_NODE])?;
    let label = node
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(LABEL));
    assert_eq!(label, Some(&json!("back")));
    assert!(!is_marked(&node), "{node}");
    // With label and taint of ours it goes on reporting.
    report(&shop, "9")?;
    check(
        &shop,
        KUBELET,
        &[(&own.replace('7', "8 --overwrite"), Done)],
    )
}

/// Whether a label says that its taint was added at registration.
fn is_marked(node: &Value) -> bool {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    labels.is_some_and(|labels| labels.contains_key("cofferdam.io/registered"))
}

#[test]
fn what_a_node_got_at_registration_is_taken_back_with_all_else() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let rights = shop.expect(&["rbac", "--profile", "detach"], 0)?;
    shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    let mut detach = vec!["detach", "--cluster", "prod", "--remove", "--yes"];
    detach.extend(["--settle", "0s"]);
    let stage = ["apply", "--yes", "--settle", "0s", "--allow-weakening"];
    let zone = "enforcement: LEVEL\n  namespaces: [{ name: orders }";
    let (enforced, staged) = (
        zone.replace("LEVEL", "enforce"),
        zone.replace("LEVEL", "stage"),
    );
    for (leaving, command) in [(false, &stage[..]), (true, &detach)] {
        shop.apply(&["--rollback"], 0)?;
        let labels = json!({ "disk": "fast", "kubernetes.io/hostname": NEW_NODE });
        let node = register(&shop, &labels)?;
        assert_eq!(keys_of_taints(&node), [TAINT], "{node}");
        if !leaving {
            shop.project.edit(MODEL_FILE, &enforced, &staged)?;
        }
        shop.expect(command, 0)?;
        let node = shop.cluster.get_json(&["node", NEW_NODE])?;
        assert_eq!(keys_of_taints(&node), Vec::<&str>::new(), "{node}");
        assert!(!is_marked(&node), "{node}");
        let label = node
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(LABEL));
        assert_eq!(label.is_none(), leaving, "{node}");
        let pins = ["get", "mutatingadmissionpolicies", "-o", "name"];
        assert_eq!(shop.cluster.kubectl(&pins)?, "");
        shop.cluster.kubectl(&["delete", "node", NEW_NODE])?;
        if !leaving {
            shop.project.edit(MODEL_FILE, &staged, &enforced)?;
        }
    }
    Ok(())
}

/// Lets the kubelet write the status of its node.
fn report(shop: &Shop, processors: &str) -> Result<()> {
    let mut node = shop.cluster.get_json(&["node", NEW_NODE])?;
    let status = json!({ "capacity": { "cpu": processors } });
    if let Some(node) = node.as_object_mut() {
        node.insert("status".to_owned(), status);
    }
    let path = format!("/api/v1/nodes/{NEW_NODE}/status");
    let replace = ["replace", "--raw", &path, "-f", "-"];
    ask(&shop.cluster, KUBELET, &replace, &node.to_string(), Done)
}

#[test]
fn kubelets_show_pods_of_their_own_and_nobody_else_forges_them() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let node = register(&shop, &json!({}))?;
    for namespace in [OUTSIDE, "kube-system", "orders"] {
        let spec = json!({ "nodeName": NEW_NODE, "tolerations": [{ "operator": "Exists", "effect": "NoExecute" }, { "operator": "Exists" }] });
        let mut mirror = pod(namespace, "mirror", &spec);
        if let Some(metadata) = mirror
            .pointer_mut("/metadata")
            .and_then(Value::as_object_mut)
        {
            metadata.insert(
                "annotations".to_owned(),
                json!({ "kubernetes.io/config.mirror": "abc" }),
            );
            let owner = json!({ "apiVersion": "v1", "kind": "Node", "name": NEW_NODE, "uid": node.pointer("/metadata/uid"), "controller": true });
            metadata.insert("ownerReferences".to_owned(), json!([owner]));
        }
        let create = ["create", "--validate=false", "-f", "-"];
        if namespace == OUTSIDE {
            ask(
                &shop.cluster,
                TENANT,
                &create,
                &mirror.to_string(),
                Refused("cofferdam-pods-back"),
            )?;
        }
        ask(&shop.cluster, KUBELET, &create, &mirror.to_string(), Done)?;
        let live = shop.cluster.get_json(&["-n", namespace, "pod", "mirror"])?;
        assert_eq!(live.pointer("/spec/nodeSelector"), None, "{live}");
    }
    Ok(())
}

#[test]
fn nobody_but_writers_takes_label_or_taint_from_a_node_of_the_pool() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let (label, taint) = (Refused(LABELS), Refused(TAINTS));
    let node = "node prod-node-1";
    let merge = |value: &str| {
        format!(r#"--type=merge -p {{"metadata":{{"labels":{{"{LABEL}":{value}}}}}}}"#)
    };
    let all_taints = r#"--type=merge -p {"spec":{"taints":null}}"#;
    check(
        &shop,
        TENANT,
        &[
            (&format!("label {node} {LABEL}-"), label),
            (&format!("label {node} {LABEL}=other --overwrite"), label),
            (&format!("label node prod-node-0 {LABEL}=back"), label),
            ("label node prod-node-0 cofferdam.io/x=y", label),
            (
                &format!("patch {node} --subresource=status {}", merge("null")),
                label,
            ),
            (&format!("taint {node} cofferdam.io/pool-"), taint),
            (
                &format!("taint {node} cofferdam.io/pool=other:NoSchedule --overwrite"),
                taint,
            ),
            (
                "taint node prod-node-0 cofferdam.io/pool=back:NoSchedule",
                taint,
            ),
            (&format!("patch {node} {all_taints}"), taint),
            (&format!("taint {node} dedicated=gpu:NoSchedule"), Done),
            (&format!("taint {node} dedicated-"), Done),
            (&format!("cordon {node}").replace("node ", ""), Done),
            (&format!("uncordon {node}").replace("node ", ""), Done),
            (&format!("label {node} example.org/rack=7"), Done),
            // A cloud that owns a pool sets its taint.
            (
                "label node prod-node-2 eks.amazonaws.com/nodegroup=x disk=fast",
                Done,
            ),
            (
                "taint node prod-node-2 cofferdam.io/pool=other:NoSchedule",
                taint,
            ),
            (
                "taint node prod-node-2 cofferdam.io/pool=back:NoSchedule",
                Done,
            ),
            ("taint node prod-node-2 cofferdam.io/pool-", taint),
            ("delete node prod-node-2", Done),
        ],
    )?;
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    // Break-glass is let pass, is told of, and is healed.
    let mark = std::fs::read_to_string(shop.cluster.audit_log())?.len();
    check(
        &shop,
        SOMEBODY,
        &[(&format!("taint {node} cofferdam.io/pool-"), Done)],
    )?;
    shop.cluster.audit_mark()?;
    let log = std::fs::read_to_string(shop.cluster.audit_log())?;
    let noted = log.get(mark..).unwrap_or_default();
    let noted =
        noted.contains(r#""cofferdam-nodes/break-glass":"allowed to somebody as break-glass""#);
    assert!(noted, "{}", log.get(mark..).unwrap_or_default());
    shop.apply(&[], 0)?;
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_node_that_two_pools_select_is_left_alone_as_it_registers() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let racks = POOL
        .replace("name: back", "name: racks")
        .replace("disk: fast", "rack: seven")
        .replace("zones: [back]", "zones: [front]");
    shop.project
        .write(POOL_FILE, &format!("{POOL}---{racks}"))?;
    shop.grant()?;
    // The pool of racks has no node yet that its pods could be bound to.
    let run = shop.apply(&[], 1)?;
    assert!(!run.stdout.contains("not in force"), "{}", run.stdout);
    for (labels, wanted) in [
        (json!({ "disk": "fast", "rack": "seven" }), [].as_slice()),
        (json!({ "disk": "fast" }), &[TAINT]),
    ] {
        let node = register(&shop, &labels)?;
        assert_eq!(keys_of_taints(&node), wanted, "{node}");
        shop.cluster.kubectl(&["delete", "node", NEW_NODE])?;
    }
    Ok(())
}
