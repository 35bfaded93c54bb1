//! What `reach`, `explain` and `diff` say of manifests: whole runs.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, ports: [{name: sql, containerPort: 5432}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: sql, namespace: shop}
spec: {selector: {app: db}, ports: [{name: sql, port: 3306, targetPort: sql}]}
";

/// A database behind an address of a Service, asked by a client that only reaches that address, or only the pods.
const SERVICES: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, status: {podIP: 10.0.0.1}},
  {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: [{ports: [{name: sql, containerPort: 5432}]}]}, status: {podIP: 10.0.0.2}},
  {apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop},
   spec: {type: LoadBalancer, clusterIP: 10.96.0.7, externalIPs: [192.168.0.9], selector: {app: db}, ports: [{port: 3306, targetPort: sql}]},
   status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}},
  {apiVersion: v1, kind: Service, metadata: {name: gone, namespace: shop}, spec: {clusterIP: 10.96.0.8, selector: {app: gone}, ports: [{port: 80}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: sql, namespace: shop},
   spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: sql}]}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: shop},
   spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.96.0.0/12}}]}]}}]}
";

const DENY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {policyTypes: [Ingress, Egress]}
";

const ALLOW: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: sql, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: sql}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]
  - to: [{podSelector: {matchLabels: {app: db}}}]
";

/// Two replicas of one workload, of which one was relabelled by hand.
const REPLICAS: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: web-1, labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-5f, controller: true}]}},
  {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: web-2, labels: {app: web, role: admin}, ownerReferences: [{kind: ReplicaSet, name: web-5f, controller: true}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: a, name: p}, spec: {ingress: [{from: [{podSelector: {matchLabels: {role: admin}}}], ports: [{port: 80}]}]}}]}
";

const OTHERS: &str = "
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: shop, name: extra}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: from-tomorrow}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}], via: mesh}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: refused}
spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: []}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: lost-its-indent}
spec:
podSelector: {matchLabels: {app: db}}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {namespace: shop, name: function}
spec: {template: {spec: {containers: [{image: a}]}}}
---
apiVersion: networking.k8s.io/v1
kind: networkpolicy
metadata: {namespace: shop, name: lower}
---
kind: Deployment
metadata: [
";

/// What lets others in to `SHOP`: a Service of the database, an Ingress whose controller is at ports of nodes, and an
/// internal load balancer.
const OPEN: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}},
  {apiVersion: v1, kind: Namespace, metadata: {name: edge, labels: {team: edge}}},
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: nginx, namespace: edge},
   spec: {template: {metadata: {labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}, spec: {containers: [{ports: [{containerPort: 8443, hostPort: 443}]}]}}}},
  {apiVersion: v1, kind: Service, metadata: {name: inside, namespace: shop, annotations: {networking.gke.io/load-balancer-type: Internal}},
   spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: node, namespace: shop}, spec: {type: NodePort, selector: {app: db}, ports: [{port: 1, targetPort: sql}]}},
  {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop},
   spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}, rules: [{http: {paths: [{backend: {service: {name: gone, port: {number: 80}}}}]}}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: from-edge, namespace: shop},
   spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: edge}}}]}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: from-outside, namespace: shop},
   spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}, {podSelector: {matchLabels: {app: backup}}}], ports: [{port: sql}]}]}}]}
";

/// Runs commands below a directory with these files; a snapshot holds what they say and how they end.
#[track_caller]
fn check(name: &str, files: &[(&str, &str)], commands: &[&str]) -> Result<()> {
    insta::assert_snapshot!(name, told(files, commands)?);
    Ok(())
}

/// What commands say below a directory with these files, and how they end.
fn told(files: &[(&str, &str)], commands: &[&str]) -> Result<String> {
    let directory = tempfile::tempdir()?;
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().context("a parent")?)?;
        std::fs::write(path, text)?;
    }
    let runs: Result<Vec<String>> = commands
        .iter()
        .map(|one| run(directory.path(), one))
        .collect();
    Ok(runs?.join("\n"))
}

fn run(directory: &Path, command: &str) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .current_dir(directory)
        .args(command.split(' '))
        .output()?;
    let mut told = format!("$ cofferdam {command}\n");
    for stream in [&output.stdout, &output.stderr] {
        told.push_str(&String::from_utf8_lossy(stream));
    }
    writeln!(
        told,
        "exit {:?}",
        output.status.code().context("an exit code")?
    )?;
    Ok(told)
}

#[test]
fn who_reaches_whom_is_told_by_workload() -> Result<()> {
    check(
        "reach",
        &[
            ("shop.yaml", SHOP),
            ("deny.yaml", DENY),
            ("allow.yaml", ALLOW),
        ],
        &[
            "reach . --dialect calico",
            "reach shop.yaml deny.yaml --dialect calico",
            "reach . --to shop/db -o csv",
            "reach . --from 11.0.0.0/8",
            "reach . -o dot",
            "reach . --from shop/wbe",
            "reach missing",
        ],
    )
}

#[test]
fn how_far_workloads_are_open_is_told_one_by_one() -> Result<()> {
    check(
        "exposure",
        &[
            ("shop.yaml", SHOP),
            ("allow.yaml", ALLOW),
            ("open.yaml", OPEN),
        ],
        &[
            "reach . --exposure --dialect calico",
            "reach shop.yaml --exposure",
            "reach . --exposure --dialect calico --to shop/web -o csv",
            "reach . --exposure --dialect calico --to shop/db -o json",
            "reach . --exposure -o dot",
        ],
    )
}

/// A way from one zone into another by way of a third.
const CHAIN: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Namespace, metadata: {name: edge, labels: {cofferdam.io/zone: edge}}},
  {apiVersion: v1, kind: Namespace, metadata: {name: web, labels: {cofferdam.io/zone: web}}},
  {apiVersion: v1, kind: Namespace, metadata: {name: cards, labels: {cofferdam.io/zone: cards}}},
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: proxy, namespace: edge}, spec: {template: {metadata: {labels: {app: proxy}}}}},
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: web}, spec: {template: {metadata: {labels: {app: shop}}}}},
  {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: vault, namespace: cards}, spec: {template: {metadata: {labels: {app: vault}}}}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: edge, namespace: edge}, spec: {policyTypes: [Ingress, Egress], egress: [{to: [{namespaceSelector: {matchLabels: {cofferdam.io/zone: web}}}]}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: web},
   spec: {policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {cofferdam.io/zone: edge}}}], ports: [{port: 8080}]}],
          egress: [{to: [{namespaceSelector: {matchLabels: {cofferdam.io/zone: cards}}}]}, {to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 443}]}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: cards, namespace: cards},
   spec: {policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {cofferdam.io/zone: web}}}], ports: [{port: 5432}]}]}}]}
";

#[test]
fn what_compromised_workloads_reach_is_told_by_hops() -> Result<()> {
    check(
        "blast",
        &[("chain.yaml", CHAIN)],
        &[
            "blast . --dialect calico --from zone/edge",
            "blast . --dialect calico --from pod/web/shop",
            "blast . --dialect calico --from namespace/cards",
            "blast . --dialect calico --top 2",
            "blast . --dialect calico --from zone/edge -o json",
            "blast . --from zone/egde",
            "blast . --from edge",
        ],
    )
}

/// Two zones that nobody may enter or leave, each with one pod on the same node.
const ISOLATED: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Namespace, metadata: {name: web, labels: {cofferdam.io/zone: web}}},
  {apiVersion: v1, kind: Namespace, metadata: {name: vault, labels: {cofferdam.io/zone: vault}}},
  {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: vault}, spec: {nodeName: n1}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: web}, spec: {policyTypes: [Ingress, Egress]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: vault}, spec: {policyTypes: [Ingress, Egress]}}]}
";

const HOST: &str = "{apiVersion: v1, kind: Pod, metadata: {name: hp, namespace: web}, spec: {nodeName: n1, hostNetwork: true}}";

/// It is not known on which nodes its pods will run.
const HOSTS: &str = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agents, namespace: web}, spec: {template: {spec: {hostNetwork: true}}}}";

#[test]
fn what_only_a_common_node_allows_is_told_beside_the_rest() -> Result<()> {
    let without = HOST.replace(", hostNetwork: true", "");
    check(
        "own_node",
        &[
            ("is/isolated.yaml", ISOLATED),
            ("is/host.yaml", HOST),
            ("was/isolated.yaml", ISOLATED),
            ("was/host.yaml", &without),
            ("perhaps/isolated.yaml", ISOLATED),
            ("perhaps/hosts.yaml", HOSTS),
        ],
        &[
            "reach is --dialect calico",
            "reach is --from web --to vault",
            "reach is --from web --to web --dialect calico",
            "reach is --to vault -o csv --dialect calico",
            "reach is --dialect calico -o json",
            "reach is --dialect calico --exposure",
            "reach is --dialect antrea --exposure --to vault -o json",
            "reach is --exposure --to vault -o csv",
            "diff was is --dialect calico",
            "reach perhaps --dialect calico",
            "reach perhaps --dialect calico --exposure --to vault",
            "diff was perhaps --dialect calico",
        ],
    )
}

/// A database that nobody is let in to, and a client that everything is let out of.
const KEPT_IN: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: vault, labels: {app: db}}, spec: {nodeName: n1, containers: [{ports: [{containerPort: 5432, hostPort: 15432}]}]}},
  {apiVersion: v1, kind: Pod, metadata: {name: cache, namespace: vault, labels: {app: cache}}, spec: {nodeName: n1}},
  {apiVersion: v1, kind: Pod, metadata: {name: w, namespace: web}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: vault}, spec: {policyTypes: [Ingress]}}]}
";

const NODE: &str = "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}";

#[test]
fn what_nodes_of_manifests_may_pass_on_counts_as_reached() -> Result<()> {
    let service = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: cache, namespace: vault}}, spec: {{{spec}, ports: [{{port: 80, targetPort: 6379, nodePort: 30080}}]}}}}"
        )
    };
    let node_port = service("type: NodePort, selector: {app: cache}");
    let local = service("type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: cache}");
    let without_selector = service("type: NodePort");
    let to_one = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: web}, spec: {policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.9/32}}], ports: [{port: 443}]}]}}";
    check(
        "passed_on",
        &[
            ("node/kept.yaml", KEPT_IN),
            ("node/node.yaml", NODE),
            ("node/service.yaml", &node_port),
            (
                "node/local/service.yaml",
                &local.replace("cache, namespace", "local, namespace"),
            ),
            ("out/kept.yaml", KEPT_IN),
            ("out/node.yaml", NODE),
            ("out/service.yaml", &node_port),
            ("out/out.yaml", to_one),
            ("nodeless/kept.yaml", KEPT_IN),
            ("nodeless/service.yaml", &local),
            ("nodeless/out.yaml", to_one),
            ("unknown/kept.yaml", KEPT_IN),
            ("unknown/node.yaml", NODE),
            ("unknown/service.yaml", &without_selector),
        ],
        &[
            "blast node/kept.yaml node/node.yaml node/service.yaml --from namespace/web --dialect calico",
            "blast node --from namespace/web --dialect calico",
            "blast node --dialect calico",
            "blast out --from namespace/web --dialect calico",
            "blast nodeless --from namespace/web --dialect calico",
            "blast unknown --from namespace/web --dialect calico -o json",
        ],
    )
}

#[test]
fn replicas_that_policies_tell_apart_stand_by_themselves() -> Result<()> {
    check(
        "replicas",
        &[("list.yaml", REPLICAS)],
        &[
            "reach list.yaml --to a --from a",
            "reach list.yaml --from a/web-5f --to a/web-1",
            "reach list.yaml --from a/web-1 --to a",
        ],
    )
}

#[test]
fn what_is_not_understood_is_named_and_never_called_isolated() -> Result<()> {
    let files = [("shop.yaml", SHOP), ("others.yaml", OTHERS)];
    check(
        "incomplete",
        &files,
        &[
            "reach . --from shop --to shop",
            "explain . --from shop/web --to shop/db --port 80",
            "explain . --from shop/web --to shop/function --port 80",
            "explain . --from shop/function --to shop/web --port 80",
            "explain shop.yaml --from shop/function --to shop/web --port 80",
        ],
    )
}

#[test]
fn of_nothing_that_is_there_nothing_is_called_isolated() -> Result<()> {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: empty}}";
    let files = [
        ("policies/deny.yaml", DENY),
        ("policies/allow.yaml", ALLOW),
        ("less/deny.yaml", DENY),
        ("some/shop.yaml", SHOP),
        ("some/empty.yaml", namespace),
    ];
    check(
        "nothing_there",
        &files,
        &[
            "reach policies --dialect calico",
            "reach policies less --dialect calico -o json",
            "reach policies --dialect calico -o csv",
            "reach policies --dialect calico --exposure",
            "reach policies --dialect calico --from shop",
            "reach some --dialect calico --to empty",
            "reach some --dialect calico --to empty --exposure",
            "explain policies --dialect calico --from 10.0.0.1 --to 10.0.0.2 --port 80",
            "blast policies --dialect calico",
            "blast policies --dialect calico --from namespace/shop",
            "diff less policies --dialect calico",
            "diff some policies --dialect calico",
            "lint less",
        ],
    )
}

#[test]
fn the_order_of_files_and_objects_does_not_matter() -> Result<()> {
    let reach = ["reach . -o json"];
    let one = [("a.yaml", SHOP), ("b.yaml", DENY), ("c.yaml", ALLOW)];
    let other = [("c.yaml", SHOP), ("a.yaml", ALLOW), ("b.yaml", DENY)];
    assert_eq!(told(&one, &reach)?, told(&other, &reach)?);
    Ok(())
}

#[test]
fn an_address_of_a_service_is_what_is_behind_it() -> Result<()> {
    let ask = |to: &str, port: &str, dialect: &str| {
        format!("explain . --from shop/web --to {to} --port {port} --dialect {dialect}")
    };
    let json = ask("10.96.0.7", "3306", "aws-vpc-cni") + " -o json";
    let commands = [
        ask("10.96.0.7", "3306", "calico"),
        ask("10.96.0.7", "3306", "aws-vpc-cni"),
        ask("shop/db[Service]", "3306", "aws-vpc-cni"),
        ask("shop/db", "3306", "calico"),
        ask("shop/db", "5432", "calico"),
        ask("192.168.0.9", "3306", "calico"),
        ask("192.168.0.9", "22", "calico"),
        ask("10.96.0.7", "22", "calico"),
        ask("10.96.0.8", "80", "calico"),
        "explain . --from 198.51.100.1 --to 203.0.113.7 --port 3306 --dialect calico".to_owned(),
        "explain . --from 198.51.100.1 --to shop/db --port 5432 --dialect calico".to_owned(),
        "explain . --from shop/web --to 10.96.0.7 --port 3306".to_owned(),
        json,
        "reach . --from shop/web --dialect aws-vpc-cni".to_owned(),
        "reach . --from shop/web --dialect calico".to_owned(),
    ];
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    check("services", &[("all.yaml", SERVICES)], &commands)
}

/// A pod that is let out to pods, which it may name by their network.
const NETWORKS: &str = "
apiVersion: v1
kind: Node
metadata: {name: one}
status: {addresses: [{type: InternalIP, address: 192.168.0.9}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: app}
spec: {nodeName: one, containers: [{name: web}]}
status: {podIP: 10.0.0.1, hostIP: 192.168.0.9}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data}
spec: {nodeName: two, containers: [{name: db}]}
status: {podIP: 10.0.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: app}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}
";

#[test]
fn a_network_is_who_has_addresses_in_it() -> Result<()> {
    check(
        "networks",
        &[("all.yaml", NETWORKS)],
        &[
            "explain . --from app/web --to 10.0.0.2/32 --port 80 --dialect antrea",
            "explain . --from app/web --to 10.0.0.0/24 --port 80 --dialect antrea",
            "explain . --from app/web --to 192.168.0.0/24 --port 80 --dialect antrea",
        ],
    )
}

/// A load balancer before a pod that lets nobody in, and a pod that may go anywhere.
const BALANCED: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: app}
spec: {containers: [{name: web}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: db}]}
status: {podIP: 10.0.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: data}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {type: LoadBalancer, clusterIP: 10.96.0.9, selector: {app: db}, ports: [{port: 80, nodePort: 30080}]}
status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}
";

/// A node passes on what a pod sends to the address of a load balancer, as its own; not what it sends to that in the cluster.
#[test]
fn a_pod_at_a_load_balancer_is_seen_as_a_node() -> Result<()> {
    let verdict = |to: &str| -> Result<String> {
        let explain = format!("explain . --from app/web --to {to} --port 80 --dialect antrea");
        let told = told(&[("all.yaml", BALANCED)], &[&explain])?;
        let verdict = told.lines().find(|line| line.contains("app/web ->"));
        let verdict = verdict.and_then(|line| line.split_whitespace().next());
        Ok(verdict.unwrap_or_default().to_owned())
    };
    assert_eq!(verdict("203.0.113.9")?, "UNDECIDED");
    assert_eq!(verdict("10.96.0.9")?, "DENIED");
    assert_eq!(verdict("data/db[Service]")?, "DENIED");
    Ok(())
}

/// Two nodes with a pod each behind ports of nodes: of a Service of which any node leads to both, of one of which each leads
/// to its own, and of a pod itself.
const NODES: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}},
  {apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}},
  {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},
   spec: {nodeName: n1, containers: [{ports: [{name: sql, containerPort: 5432, hostPort: 5433}]}]}, status: {podIP: 10.0.0.2}},
  {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {nodeName: n2}, status: {podIP: 10.0.0.1}},
  {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: logs, namespace: shop},
   spec: {template: {metadata: {labels: {app: logs}}, spec: {containers: [{ports: [{containerPort: 514, hostPort: 514}]}]}}}},
  {apiVersion: v1, kind: Service, metadata: {name: any, namespace: shop},
   spec: {type: NodePort, clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 3306, targetPort: sql, nodePort: 30306}]}},
  {apiVersion: v1, kind: Service, metadata: {name: own, namespace: shop},
   spec: {type: NodePort, externalTrafficPolicy: Local, clusterIP: 10.96.0.8, selector: {app: db}, ports: [{port: 3306, targetPort: sql, nodePort: 30307}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: sql, namespace: shop},
   spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: sql}]}]}},
  {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop},
   spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}}]}
";

/// A Service of which the port at nodes has no number yet.
const TO_COME: &str = "{apiVersion: v1, kind: Service, metadata: {name: new, namespace: shop}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}";

#[test]
fn a_port_of_a_node_is_what_is_behind_it() -> Result<()> {
    let ask = |from: &str, to: &str, port: &str| {
        format!("explain nodes.yaml --from {from} --to {to} --port {port} --dialect calico")
    };
    let commands = [
        // Any node leads there, as whoever it likes.
        ask("198.51.100.1", "192.168.0.1", "30306"),
        ask("198.51.100.1", "192.168.0.2", "30306"),
        ask("203.0.113.1", "192.168.0.2", "30306"),
        ask("shop/web", "192.168.0.1", "30306"),
        // Only the node of the pod does, as the client.
        ask("198.51.100.1", "192.168.0.1", "30307"),
        ask("203.0.113.1", "192.168.0.1", "30307"),
        ask("198.51.100.1", "192.168.0.2", "30307"),
        // The pod has a port of its own node.
        ask("198.51.100.1", "192.168.0.1", "5433") + " -o json",
        ask("198.51.100.1", "192.168.0.2", "5433"),
        // Where a pod will run is not known.
        ask("198.51.100.1", "192.168.0.2", "514"),
        // Nothing is behind these, or nothing that is known.
        ask("198.51.100.1", "192.168.0.1", "22"),
        ask("198.51.100.1", "192.168.0.1", "31000"),
        ask("198.51.100.1", "192.168.0.1", "31000").replace("nodes.yaml", "."),
        ask("198.51.100.1", "192.168.0.3", "30306"),
    ];
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let files = [("nodes.yaml", NODES), ("to-come.yaml", TO_COME)];
    check("node_ports", &files, &commands)
}

#[test]
fn a_verdict_is_explained_by_the_rules_of_both_sides() -> Result<()> {
    check(
        "explain",
        &[
            ("shop.yaml", SHOP),
            ("deny.yaml", DENY),
            ("allow.yaml", ALLOW),
        ],
        &[
            "explain . --from shop/web --to shop/db --port 5432 --dialect calico",
            "explain . --from shop/web --to shop/sql --port 3306 --dialect calico",
            "explain . --from shop/web --to shop/db --port 443/UDP --dialect calico",
            "explain . --from shop/web --to 8.0.0.0/6 --port 443 --dialect calico",
            "explain . --from shop/web --to shop/db --port 9/SCTP --dialect cilium",
            "explain . --from shop/web --to 203.0.113.1 --port 9/SCTP --dialect cilium",
            "explain . --from shop/web --to 203.0.113.1 --port 9/SCTP",
            "explain . --from shop/web --to shop/web --port 80 --dialect calico",
            "explain . --from shop/db --to shop/wbe --port 80",
            "explain . --from shop/web --to shop/db --port 0",
        ],
    )
}

/// Administrators leave the ingress of pods to others, of which the last denies it, and let out to the address of a Service only.
const ADMINISTRATORS: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Namespace, metadata: {name: shop}},
  {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, status: {podIP: 10.0.0.1}},
  {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, status: {podIP: 10.0.0.2}},
  {apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 80}]}},
  {apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: one},
   spec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}],
          egress: [{action: Allow, to: [{networks: [10.96.0.7/32]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]}},
  {apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: two},
   spec: {priority: 2, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}}]}
";

const BASELINE: &str = "
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
";

#[test]
fn what_administrators_say_is_told_in_its_order() -> Result<()> {
    check(
        "administrators",
        &[("admin.yaml", ADMINISTRATORS), ("baseline.yaml", BASELINE)],
        &[
            "explain admin.yaml --from shop/web --to shop/db --port 80 --dialect calico",
            "explain . --from shop/web --to shop/db --port 80 --dialect calico",
            "explain admin.yaml --from shop/web --to 10.96.0.7 --port 80 --dialect aws-vpc-cni",
            "reach admin.yaml --from shop/web --dialect aws-vpc-cni",
            "blast admin.yaml --from pod/shop/web --dialect aws-vpc-cni",
        ],
    )
}

#[test]
fn two_states_differ_by_connections() -> Result<()> {
    check(
        "diff",
        &[
            ("one/shop.yaml", SHOP),
            ("one/deny.yaml", DENY),
            ("two/shop.yaml", SHOP),
            ("two/deny.yaml", DENY),
            ("two/allow.yaml", ALLOW),
        ],
        &["diff one two", "diff two one -o json", "diff two two"],
    )
}

#[test]
fn a_revision_of_git_is_a_state_too() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = |path: &str, text: &str| std::fs::write(directory.path().join(path), text);
    std::fs::create_dir(directory.path().join("shop"))?;
    file("shop/shop.yaml", SHOP)?;
    file("shop/deny.yaml", DENY)?;
    file("shop/notes.txt", "no manifest")?;
    // What is left out of archives is a part of the revision nevertheless.
    file("shop/.gitattributes", "deny.yaml export-ignore")?;
    let git = |arguments: &[&str]| -> Result<()> {
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = Command::new("git");
        git.current_dir(directory.path());
        let status = git.args(author).args(arguments).status()?;
        ensure!(status.success(), "git {arguments:?}");
        Ok(())
    };
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "--message", "First"])?;
    file("shop/allow.yaml", ALLOW)?;
    let commands = [
        "diff git:HEAD:shop shop",
        "diff git:HEAD git:HEAD:shop",
        "diff git:HEAD:gone shop",
        "diff git:gone:shop shop",
        "diff git:--output=x:shop shop",
    ];
    let runs: Result<Vec<String>> = commands
        .iter()
        .map(|one| run(directory.path(), one))
        .collect();
    insta::assert_snapshot!("diff_of_revisions", runs?.join("\n"));
    Ok(())
}

const FLEET: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec: { access: { kubeconfig: prod.yaml } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
";

const ZONES: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [application, data], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: web }
spec: { tier: application, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: data, sensitivity: high, trustDomains: [production], namespaces: [{ name: vault }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-vault }
spec: { from: { zone: web }, to: { zone: vault }, ports: [{ port: 5432 }], justification: shop, owner: shop, approval: { by: security, at: 2026-01-01 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: internet-never-reaches-vault }
spec: { never: { from: { internet: true }, to: { zone: vault } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: web-never-reaches-vault }
spec: { never: { from: { zone: web }, to: { zone: vault } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: web-reaches-vault }
spec: { always: { from: { zone: web }, to: { zone: vault }, ports: [{ port: 5432 }] } }
";

const WAIVER: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: for-now }
spec: { for: { finding: web-never-reaches-vault }, reason: moved, approval: { by: security, at: 2026-01-01 }, expires: 2099-12-31 }
";

#[test]
fn guarantees_are_proved_or_refuted_by_a_witness() -> Result<()> {
    let fleet = ("fleet/fleet.yaml", FLEET);
    let zones = ("policies/zones.yaml", ZONES);
    check(
        "prove",
        &[fleet, zones],
        &["prove --model", "prove --model -o json"],
    )?;
    check(
        "prove_waived",
        &[fleet, zones, ("policies/waiver.yaml", WAIVER)],
        &["prove --model"],
    )
}

/// Pods in both zones of `ZONES`.
const APPS: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: web}, spec: {template: {metadata: {labels: {app: shop}}}}},
  {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: vault}, spec: {template: {metadata: {labels: {app: db}}}}}]}
";

/// A pod of one zone in the network of the node on which one of the other runs.
const ON_ONE_NODE: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Pod, metadata: {name: hp, namespace: web}, spec: {nodeName: n1, hostNetwork: true}},
  {apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: vault}, spec: {nodeName: n1}}]}
";

/// What a chart brings along.
const HOLE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-anywhere, namespace: vault}
spec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}
";

const UNLABELLED: &str = "
{kind: List, apiVersion: v1, items: [
  {apiVersion: v1, kind: Namespace, metadata: {name: web}},
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: web}, spec: {template: {metadata: {labels: {app: shop}}}}}]}
";

#[test]
fn zones_of_manifests_are_those_of_the_bundle() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let other = FLEET.replace("name: prod,", "name: other,");
    for (path, text) in [
        ("one/fleet/fleet.yaml", FLEET),
        ("one/policies/zones.yaml", ZONES),
        ("two/fleet/fleet.yaml", FLEET),
        (
            "two/fleet/other.yaml",
            other.split("---").next().context("a cluster")?,
        ),
        ("two/policies/zones.yaml", ZONES),
        ("apps/apps.yaml", APPS),
        ("hosts/hosts.yaml", ON_ONE_NODE),
        ("chart/hole.yaml", HOLE),
        ("unlabelled/web.yaml", UNLABELLED),
        ("elsewhere/shop.yaml", SHOP),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().context("a parent")?)?;
        std::fs::write(path, text)?;
    }
    let compiled = run(directory.path(), "-C one compile --out bundles")?;
    ensure!(compiled.ends_with("exit 0\n"), "{compiled}");
    let commands = [
        "-C one reach apps bundles/prod --zones",
        "-C one reach apps bundles/prod chart --zones",
        "-C one reach apps chart --zones",
        "-C one reach hosts bundles/prod --zones",
        "-C one reach unlabelled --zones",
        "-C one reach elsewhere --zones",
        "-C two reach apps bundles/prod --zones",
        "-C two reach apps bundles/prod --zones --for prdo",
        "-C two reach apps bundles/prod --zones --for prod -o json",
    ];
    let runs: Result<Vec<String>> = commands
        .iter()
        .map(|one| run(directory.path(), one))
        .collect();
    insta::assert_snapshot!("zones", runs?.join("\n"));
    Ok(())
}
