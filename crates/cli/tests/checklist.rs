//! Points of the checklist of policy semantics that only whole runs show (46 to 48, 50 and 82).

use std::process::Command;

use anyhow::{Context as _, Result};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
";

const OPEN: &str = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}
";

const SHUT: &str = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
";

const INCOMPLETE: &str =
    "INCOMPLETE: what is not told to be allowed is not known to be impossible, because";

const OPEN_ALREADY: &str = "note: a connection that is open already may outlive the rule that allowed it: whether it is cut is up to the network plugin, and not told here";

/// Runs a command on two files, under one dialect; every line that it says, and how it ends.
#[track_caller]
fn check([one, two]: [&str; 2], command: &str, expected: &[&str]) -> Result<()> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("one.yaml"), one)?;
    std::fs::write(directory.path().join("two.yaml"), two)?;
    let output = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .current_dir(directory.path())
        .args(command.split(' '))
        .args(["--dialect", "calico"])
        .output()?;
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    let code = output.status.code().context("an exit code")?;
    let mut told: Vec<String> = told.lines().map(|line| line.trim().to_owned()).collect();
    told.push(format!("exit {code}"));
    assert_eq!(told, expected, "{command}");
    Ok(())
}

/// 46: a cluster has only one of them, and nobody knows which.
#[test]
fn two_objects_of_one_name_are_an_error() -> Result<()> {
    let twice = format!("{POD}{SHUT}{OPEN}");
    let reason = "one.yaml:18:18: there are two objects `shop/NetworkPolicy/p`";
    check(
        [&twice, ""],
        "reach one.yaml",
        &["no such connection is known", INCOMPLETE, reason, "exit 3"],
    )?;
    check(
        [&format!("{POD}{SHUT}"), OPEN],
        "reach one.yaml two.yaml",
        &[
            "no such connection is known",
            INCOMPLETE,
            "two.yaml:4:18: there are two objects `shop/NetworkPolicy/p`",
            "exit 3",
        ],
    )
}

/// 47: what an API server fills in makes no difference.
#[test]
fn defaults_are_no_difference() -> Result<()> {
    let bare = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {ingress: [{ports: [{port: 80}]}], egress: [{ports: [{port: 53, protocol: UDP}]}]}
";
    let defaulted = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop, generation: 1, uid: a}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{ports: [{port: 80, protocol: TCP}]}]
  egress: [{ports: [{port: 53, protocol: UDP}]}]
";
    let live = POD.replace(
        "{name: shop}",
        "{name: shop, labels: {kubernetes.io/metadata.name: shop}}",
    );
    check(
        [&format!("{POD}{bare}"), &format!("{live}{defaulted}")],
        "diff one.yaml two.yaml",
        &["no connection opens or closes", "exit 0"],
    )
}

/// 48: labels alone open and close connections, those of a pod and those of a namespace.
#[test]
fn labels_alone_make_a_difference() -> Result<()> {
    let policy = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
status: {podIP: 10.0.0.2}
";
    let before = format!("{POD}{policy}");
    let of_namespace = before.replace("{name: shop}", "{name: shop, labels: {team: red}}");
    check(
        [&before, &of_namespace],
        "diff one.yaml two.yaml",
        &[
            "FROM           TO            PORTS",
            "opens  shop/web[Pod]  shop/db[Pod]  all",
            "exit 2",
        ],
    )?;
    let of_pod = before.replace("app: web", "app: db");
    check(
        [&before, &of_pod],
        "diff one.yaml two.yaml",
        &[
            "FROM          TO             PORTS",
            "closes  shop/db[Pod]  shop/web[Pod]  all",
            "closes  0.0.0.0/0     shop/web[Pod]  all",
            OPEN_ALREADY,
            "exit 2",
        ],
    )
}

/// 50: of connections that are open already nothing is claimed.
#[test]
fn what_becomes_of_open_connections_is_not_told() -> Result<()> {
    check(
        [&format!("{POD}{OPEN}"), &format!("{POD}{SHUT}")],
        "diff one.yaml two.yaml",
        &[
            "FROM       TO             PORTS",
            "closes  0.0.0.0/0  shop/web[Pod]  all",
            OPEN_ALREADY,
            "exit 2",
        ],
    )?;
    check(
        [&format!("{POD}{SHUT}"), &format!("{POD}{OPEN}")],
        "diff one.yaml two.yaml",
        &[
            "FROM       TO             PORTS",
            "opens  0.0.0.0/0  shop/web[Pod]  all",
            "exit 2",
        ],
    )
}

/// 82: what is not understood may allow more, so that nothing is called isolated.
#[test]
fn what_is_not_understood_leaves_no_verdict_of_isolation() -> Result<()> {
    let unknown = "---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: hole, namespace: shop}
";
    let broken = "---
kind: NetworkPolicy
metadata: [
";
    for (other, reason) in [
        (
            unknown,
            "./two.yaml:2: CiliumNetworkPolicy.cilium.io/shop/hole: CiliumNetworkPolicy (cilium.io/v2) of Cilium is not modelled",
        ),
        (
            broken,
            "./two.yaml:3:1: not valid YAML: while parsing a node, did not find expected node content",
        ),
    ] {
        let objects = [&*format!("{POD}{SHUT}"), other];
        check(
            objects,
            "reach .",
            &["no such connection is known", INCOMPLETE, reason, "exit 3"],
        )?;
        check(
            objects,
            "explain . --from 192.0.2.1 --to shop/web --port 80",
            &[
                "DENIED BY WHAT WAS READ  192.0.2.1 -> shop/web  TCP 80",
                "egress of 192.0.2.1: allowed",
                "no policy governs it",
                "ingress of shop/web: denied",
                "isolated by NetworkPolicy/shop/p  ./one.yaml:11",
                "to change it: a NetworkPolicy in namespace shop that selects shop/web and allows ingress from 192.0.2.1 on TCP 80",
                "",
                INCOMPLETE,
                reason,
                "exit 3",
            ],
        )?;
    }
    Ok(())
}
