//! The story, from three untouched clusters to three that are in sync, drifted, and in sync again.

use std::time::Instant;

use anyhow::{Result, bail};
use cofferdam_integration::Cluster;
use serde_json::Value;

use super::drifts::{self, Healer};
use super::project;
use super::terminal::{Show, Terminal, Typed};

const NOTHING_TYPED: Typed = Typed {
    editor: None,
    input: None,
};

/// Shorter than the default, since nothing enforces policies here that would have to catch up.
const APPLY: [&str; 4] = ["apply", "--yes", "--settle", "2s"];

/// The phases of a namespace's steps, in the order that is promised.
const PHASES: [&str; 5] = ["labels", "open", "allow", "deny", "close"];

/// Tells it all; every claim is checked, and the first that does not hold ends the story.
pub(super) fn tell(terminal: &Terminal, clusters: &[Cluster], start: Instant) -> Result<()> {
    scene(terminal)?;
    rights(terminal)?;
    doctor(terminal)?;
    check(terminal)?;
    plan(terminal)?;
    apply(terminal)?;
    taint(terminal, clusters)?;
    drift(terminal)?;
    heal(terminal)?;
    settle_the_rest(terminal)?;
    Terminal::chapter("The end")?;
    Terminal::say(&format!(
        "Six drifts were made, found with tool and user, and healed or settled; all of it was checked. \
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
    for profile in ["policies", "nodes"] {
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
    Terminal::say(
        "Staging goes first, prod last; a wave that fails stops the next. Exit code 1 says that not all is \
         in place yet.",
    )?;
    terminal.cofferdam(&APPLY, 1, Show::From("Plan: "))?;
    terminal.cofferdam(&["status"], 2, Show::All)?;
    expect(terminal, ["inSync", "inSync", "drifted"])?;
    let found = terminal.cofferdam(&["drift", "--cluster", "prod"], 2, Show::All)?;
    if !found.contains("is held back: Deployment/ledger/postgres") {
        bail!("`drift` does not say which workload holds the taint back");
    }
    Terminal::say(
        "Two are in sync. In prod one thing waits: the nodes for card data get their taint only when \
         everything that runs there tolerates it, and the ledger's database does not.",
    )
}

fn taint(terminal: &Terminal, clusters: &[Cluster]) -> Result<()> {
    Terminal::chapter("The taint that waited")?;
    Terminal::say("Erin owns the ledger, and adds the toleration.")?;
    let arguments = [
        "--context",
        "prod",
        "-n",
        "ledger",
        "patch",
        "deployment",
        "postgres",
        "--type=json",
        "-p",
        TOLERATE,
    ];
    terminal.kubectl("erin", &arguments, &NOTHING_TYPED)?;
    let Some(prod) = clusters.iter().find(|cluster| cluster.name() == "prod") else {
        bail!("there is no prod");
    };
    roll_out(prod)?;
    Terminal::say(
        "(No controllers run here, so the demo has played the one that replaces the pods.)",
    )?;
    terminal.cofferdam(&APPLY, 0, Show::All)?;
    terminal.kubectl(
        "admin",
        &["--context", "prod", "get", "nodes", "-o", COLUMNS],
        &NOTHING_TYPED,
    )?;
    Terminal::say("Now all three are in sync, and the next plan is empty.")?;
    terminal.cofferdam(&["status"], 0, Show::All)?;
    terminal.cofferdam(&["plan"], 0, Show::All).map(drop)
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
    expect(terminal, ["inSync"; 3])
}

/// The verdicts on staging, management and prod must be these.
fn expect(terminal: &Terminal, verdicts: [&str; 3]) -> Result<()> {
    let report = terminal.report(&["status"])?;
    let clusters = report.get("clusters").and_then(Value::as_array);
    let found: Vec<&Value> = clusters
        .into_iter()
        .flatten()
        .filter_map(|cluster| cluster.get("verdict"))
        .collect();
    if found != verdicts {
        bail!("staging, management and prod are {found:?}, not {verdicts:?}");
    }
    Ok(())
}

/// Gives the ledger's pods what their Deployment asks for now.
fn roll_out(prod: &Cluster) -> Result<()> {
    let toleration = TOLERATE_POD;
    let names = prod.kubectl(&["-n", "ledger", "get", "pods", "-o", "name"])?;
    for pod in names.lines() {
        prod.kubectl(&[
            "-n",
            "ledger",
            "patch",
            pod,
            "--type=json",
            "-p",
            toleration,
        ])?;
    }
    Ok(())
}

const TOLERATE: &str = r#"[{"op": "add", "path": "/spec/template/spec/tolerations", "value": [{"key": "cofferdam.io/pool", "value": "pci"}]}]"#;
const TOLERATE_POD: &str = r#"[{"op": "add", "path": "/spec/tolerations/-", "value": {"key": "cofferdam.io/pool", "value": "pci"}}]"#;
const COLUMNS: &str = "custom-columns=NODE:.metadata.name,TAINTS:.spec.taints[*].key";

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
