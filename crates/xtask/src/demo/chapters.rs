//! The story, from three untouched clusters to three that are in sync, drifted, and in sync again.

use std::time::Instant;

use anyhow::{Result, bail};
use cofferdam_integration::Cluster;
use serde_json::Value;

use super::controller;
use super::drifts::{self, Healer};
use super::leaving;
use super::project;
use super::terminal::{Show, Terminal, Typed};
use super::to_try;

const NOTHING_TYPED: Typed<'static> = Typed {
    editor: None,
    input: None,
};

/// Shorter than the default, since nothing enforces policies here that would have to catch up.
pub(super) const APPLY: [&str; 4] = ["apply", "--yes", "--settle", "2s"];

/// The phases of a namespace's steps, in the order that is promised.
const PHASES: [&str; 5] = ["labels", "open", "allow", "deny", "close"];

/// Tells it all, but leaving where clusters are kept; the first claim that does not hold ends the story.
pub(super) fn tell(
    terminal: &Terminal,
    clusters: &[Cluster],
    (start, keep): (Instant, bool),
) -> Result<()> {
    scene(terminal)?;
    let found = leaving::snapshot(clusters)?;
    rights(terminal)?;
    doctor(terminal)?;
    check(terminal)?;
    plan(terminal)?;
    apply(terminal)?;
    pool(terminal, clusters)?;
    drift(terminal)?;
    heal(terminal)?;
    settle_the_rest(terminal)?;
    guards(terminal, clusters)?;
    controller::watch(terminal)?;
    if keep {
        to_try::stay(terminal, clusters)?;
    } else {
        leaving::leave(terminal, clusters, &found)?;
    }
    let end = if keep {
        ""
    } else {
        "; and nothing was left behind"
    };
    Terminal::chapter("The end")?;
    Terminal::say(&format!(
        "Six drifts were made, found with tool and user, and healed or settled, then refused{end}. All of it was checked. \
         It took {} seconds.",
        start.elapsed().as_secs()
    ))
}

fn scene(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("The company")?;
    Terminal::say(
        "Acme sells things and takes cards. It has three clusters: staging, management and prod. Each is a \
         real etcd and kube-apiserver on this machine, seeded with nodes, workloads and a network plugin. \
         (There are no kubelets: nothing runs, and policies are stored but not enforced.) In prod, two \
         of four nodes are meant for card data. Nobody has segmented anything yet:",
    )?;
    let get = |what: &[&str]| {
        terminal.kubectl(
            "admin",
            &[&["--context", "prod", "get"], what].concat(),
            &NOTHING_TYPED,
        )
    };
    get(&["nodes", "-L", "fleet.node-restriction.kubernetes.io/pool"])?;
    get(&["deployments", "-A"])?;
    get(&["networkpolicies", "-A"])?;
    Terminal::say(
        "Its platform team has written down who may talk to whom, once for all clusters: the zone model in \
         policies/ and the clusters in fleet/, which are those of this repository.",
    )
}

fn rights(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Rights")?;
    Terminal::say(
        "Cofferdam gets a user with the least rights, not cluster-admin. The same goes to all three clusters:",
    )?;
    for profile in ["policies", "nodes", "guards"] {
        for (cluster, shown) in [("prod", true), ("staging", false), ("management", false)] {
            terminal.grant(profile, cluster, shown)?;
        }
    }
    Ok(())
}

fn doctor(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Doctor")?;
    Terminal::say(
        "What are these clusters, and can they be worked with? Their identities are pinned, so that nothing \
         is ever written to another one, and what they can do is stored.",
    )?;
    terminal
        .cofferdam(&["doctor", "--pin", "--write"], 0, Show::OfEach(9))
        .map(drop)
}

fn check(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Check")?;
    Terminal::say("Are the documents right? Notices tell what plain NetworkPolicies cannot do.")?;
    terminal
        .cofferdam(&["check"], 0, Show::Ends(1, 5))
        .map(drop)
}

fn plan(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Plan")?;
    Terminal::say(
        "What would be written where, and why? Exit code 2 says that there are differences.",
    )?;
    terminal.cofferdam(&["plan"], 2, Show::OfEach(5))?;
    Terminal::say(
        "Of one namespace, in order: labels; open policies, so that nothing is cut off halfway; allows; \
         denies; and only when all of these are acknowledged and have settled, the open ones go.",
    )?;
    let only = ["plan", "--cluster", "prod"];
    let all = terminal.cofferdam(&only, 2, Show::Containing("/payments"))?;
    let steps = all.lines().filter(|line| line.contains("/payments"));
    let phases: Vec<&str> = steps
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let rank = |phase: &&str| PHASES.iter().position(|known| known == phase);
    if phases.len() < PHASES.len() || !phases.is_sorted_by_key(rank) {
        bail!("the steps are not in the promised order: {phases:?}");
    }
    Ok(())
}

fn apply(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Apply")?;
    Terminal::say("Staging goes first, prod last; a wave that fails stops the next.")?;
    terminal.cofferdam(&APPLY, 0, Show::From("Plan: "))?;
    terminal.cofferdam(&["status"], 2, Show::All)?;
    terminal.expect(["inSync", "inSync", "drifted"])?;
    Terminal::say(
        "All is written, and the next plan is empty. In prod something runs where it should not:",
    )?;
    terminal.cofferdam(&["plan"], 0, Show::All)?;
    let found = terminal.cofferdam(&["drift", "--cluster", "prod"], 2, Show::All)?;
    if !found.contains("misplaced-pod") || !found.contains("rollout restart deployment/web") {
        bail!("`drift` does not say which pods are to be restarted");
    }
    Ok(())
}

fn pool(terminal: &Terminal, clusters: &[Cluster]) -> Result<()> {
    Terminal::chapter("Nodes of their own")?;
    let Some(prod) = clusters.iter().find(|cluster| cluster.name() == "prod") else {
        bail!("there is no prod");
    };
    restart_strangers(prod)?;
    Terminal::say(
        "Their teams restart them. (No controllers run here, so the demo has played the one that replaces the pods.)",
    )?;
    terminal.cofferdam(&["status"], 0, Show::All)?;
    terminal.expect(["inSync"; 3])?;
    Terminal::say(
        "The nodes for card data are tainted, and an admission policy of the API server pins every new pod of \
         that zone to them: Erin need not know of any of it.",
    )?;
    let context = ["--context", "prod"];
    let nodes = ["get", "nodes", "-o", COLUMNS];
    terminal.kubectl("admin", &[&context[..], &nodes].concat(), &NOTHING_TYPED)?;
    let create = ["create", "--dry-run=server", "-o", PINNED, "-f", "-"];
    let shell = POD.replace("NAMESPACE", "ledger").replace(
        "tolerations: [{ operator: Exists }]",
        "restartPolicy: Never",
    );
    let typed = Typed {
        editor: None,
        input: Some(&shell),
    };
    terminal.kubectl("erin", &[&context[..], &create].concat(), &typed)?;
    terminal
        .cofferdam(&["guards", "--cluster", "prod"], 0, Show::All)
        .map(drop)
}

fn guards(terminal: &Terminal, clusters: &[Cluster]) -> Result<()> {
    Terminal::chapter("Refused")?;
    Terminal::say(
        "All of that was possible because the documents name all engineers as break-glass: guard rails let them pass, \
         and the audit log says so. From now on nobody but Cofferdam may change what it wrote.",
    )?;
    for cluster in clusters {
        project::break_glass(&terminal.project, cluster.name(), false)?;
    }
    terminal.cofferdam(&APPLY, 0, Show::From("Plan: "))?;
    Terminal::say(
        "Argo CD syncs its namespace with the forged zone label, to prod this time. (In staging zones are only staged yet, and rails only warn.)",
    )?;
    let apply = [
        "--context",
        "prod",
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "-",
    ];
    terminal.refused(
        "argocd",
        &apply,
        drifts::IMPOSTOR,
        "only Cofferdam writes them",
    )?;
    Terminal::say("A release tries to run on the nodes for card data:")?;
    let apply = ["--context", "prod", "apply", "-f", "-"];
    let batch = POD.replace("NAMESPACE", "catalog");
    terminal.refused("release-bot", &apply, &batch, "dedicated to other zones")?;
    Terminal::say("Bob deletes what looks to be in his way, and Dave frees a node:")?;
    let name = "cofferdam-default-deny-egress";
    let delete = [
        "--context",
        "prod",
        "-n",
        "ledger",
        "delete",
        "networkpolicy",
        name,
    ];
    terminal.refused("bob", &delete, "", "only Cofferdam writes them")?;
    let taint = [
        "--context",
        "prod",
        "taint",
        "nodes",
        "prod-node-1",
        "cofferdam.io/pool-",
    ];
    terminal.refused("dave", &taint, "", "only Cofferdam writes them")?;
    terminal.cofferdam(&["status"], 0, Show::All)?;
    terminal.expect(["inSync"; 3])
}

fn drift(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Six drifts")?;
    Terminal::say(
        "As in many companies, too many people and programs may do too much. A Tuesday:",
    )?;
    for drift in &drifts::ALL {
        drift.make(terminal)?;
    }
    Terminal::chapter("Found")?;
    Terminal::say(
        "What is not as written, how bad is it, and who made it? The tool is a claim that the tool makes about \
         itself (the field manager); the user is in the API server's audit log, which each Cluster document \
         names. Of what was deleted, only the audit log knows.",
    )?;
    terminal.cofferdam(&["drift"], 2, Show::All)?;
    let report = terminal.report(&["drift"])?;
    let mut lines = Vec::new();
    for (number, drift) in (1..).zip(&drifts::ALL) {
        lines.push(format!("{number}. {}", drift.check_found(&report)?));
    }
    Terminal::say(
        "The demo has checked in `drift -o json` that all six are there, with tool and user:",
    )?;
    Terminal::list(&lines)
}

fn heal(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Healed")?;
    Terminal::say(
        "What is ours is put back. What is not ours is not touched, not even to do good.",
    )?;
    terminal.cofferdam(&APPLY, 0, Show::All)?;
    terminal.cofferdam(&["drift"], 2, Show::All)?;
    let report = terminal.report(&["drift"])?;
    for drift in &drifts::ALL {
        let is_there = drift.finding(&report).is_some();
        if is_there != (drift.healed_by == Healer::Person) {
            let verb = if is_there {
                "was not healed"
            } else {
                "vanished though it is not ours"
            };
            bail!("a drift {verb}: {}", drift.story);
        }
    }
    Terminal::say(
        "Four are healed. The chart's policy and Argo CD's namespace are for their owners.",
    )
}

fn settle_the_rest(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("Settled")?;
    Terminal::say("The label of the impostor is taken off where it came from.")?;
    let unlabel = [
        "--context",
        "staging",
        "label",
        "namespace",
        "scratch",
        "cofferdam.io/zone-",
    ];
    terminal.kubectl("argocd", &unlabel, &NOTHING_TYPED)?;
    Terminal::say(
        "The chart needs a month to lose its policy. Security accepts that, in writing: this goes into \
         policies/assurance/waivers.yaml.",
    )?;
    let waiver = WAIVER
        .trim()
        .replace("EXPIRES", &project::next_month()?.to_string());
    Terminal::list(&waiver.lines().map(str::to_owned).collect::<Vec<_>>())?;
    project::add_waiver(&terminal.project, &waiver)?;
    terminal.cofferdam(&APPLY, 0, Show::All)?;
    terminal.cofferdam(&["drift", "--cluster", "prod"], 0, Show::All)?;
    terminal.cofferdam(&["status"], 0, Show::All)?;
    terminal.expect(["inSync"; 3])
}

/// Takes the pods of others from the nodes for card data; the taint keeps what takes their place away.
fn restart_strangers(prod: &Cluster) -> Result<()> {
    let text = |value: &Value, path: &str| {
        let text = value.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let nodes = prod.get_json(&[
        "nodes",
        "-l",
        "fleet.node-restriction.kubernetes.io/pool=pci",
    ])?;
    let items = |list: &Value| list.get("items").and_then(Value::as_array).cloned();
    let nodes = items(&nodes).unwrap_or_default();
    let nodes: Vec<String> = nodes
        .iter()
        .map(|node| text(node, "/metadata/name"))
        .collect();
    for pod in items(&prod.get_json(&["pods", "-A"])?).unwrap_or_default() {
        let namespace = text(&pod, "/metadata/namespace");
        let of_zone = ["payments", "vault", "ledger"].contains(&namespace.as_str());
        let of_node = text(&pod, "/metadata/ownerReferences/0/kind") == "DaemonSet";
        if nodes.contains(&text(&pod, "/spec/nodeName")) && !of_zone && !of_node {
            let name = text(&pod, "/metadata/name");
            prod.kubectl(&[
                "-n",
                &namespace,
                "delete",
                "pod",
                &name,
                "--grace-period=0",
                "--force",
            ])?;
        }
    }
    Ok(())
}

const COLUMNS: &str = "custom-columns=NODE:.metadata.name,TAINTS:.spec.taints[*].key";

const PINNED: &str = "jsonpath={.spec.nodeSelector}{\"\\n\"}{.spec.tolerations[-1:]}{\"\\n\"}";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: { name: batch, namespace: NAMESPACE }
spec:
  tolerations: [{ operator: Exists }]
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
  containers:
    - name: batch
      image: busybox
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
";

const WAIVER: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: orders-chart }
spec:
  for: { finding: foreign-policy, cluster: prod, object: NetworkPolicy/orders/orders-allow-all }
  reason: the next release of the chart drops it
  compensatingControl: orders asks every caller for a token
  approval: { by: security, at: 2026-11-01, ticket: SEC-1401 }
  expires: EXPIRES
";
