//! Guard rails on their way in, what holds them up, and whom they would lock out.

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::guarded::{
    Answer, OUTSIDE, POOL, POOL_FILE, TENANT, ask, drift, standings, start, start_pool, workload,
};
use cofferdam_integration::shop::{CLUSTER_FILE, Shop};
use cofferdam_integration::{ClusterOptions, SeedOptions, Version};
use serde_json::{Value, json};

const RAILS: [&str; 5] = ["lease", "namespaces", "nodes", "policies", "probes"];

/// The rails that every cluster has, and some of the pool, all at one level.
fn rails(level: &str, of_pool: &[&str]) -> Vec<String> {
    let general = RAILS.iter().map(|name| (*name).to_owned());
    let of_pool = of_pool.iter().map(|name| format!("{name}-back"));
    let all = general.chain(["record".to_owned()]).chain(of_pool);
    let mut all: Vec<String> = all
        .map(|name| format!("cofferdam-{name} {level}"))
        .collect();
    all.sort();
    all
}

/// The finding `guard-missing` about the rail of this name.
fn guard_missing(shop: &Shop, name: &str) -> Result<Option<Value>> {
    let findings = shop.findings()?;
    Ok(findings.into_iter().find(|finding| {
        finding.pointer("/class") == Some(&json!("guard-missing"))
            && finding.pointer("/object/name") == Some(&json!(name))
    }))
}

#[test]
fn rails_note_first_and_refuse_by_the_end_of_the_first_pass() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let (before, code) = standings(&shop)?;
    let all = ["daemon-sets", "pin", "pods", "registration"];
    assert_eq!((before, code), (rails("missing", &all), 2));
    let mark = shop.cluster.audit_mark()?;
    shop.apply(&[], 0)?;
    assert_eq!(standings(&shop)?, (rails("deny", &all), 0));
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;

    let audit = shop.cluster.audit_since(mark)?;
    let writes = audit.writes_by("cofferdam");
    let of = |name: &str, verb: &str| {
        writes.iter().position(|write| {
            write.resource == "validatingadmissionpolicybindings"
                && write.name == name
                && write.verb == verb
        })
    };
    let label = writes
        .iter()
        .rposition(|write| write.resource == "networkpolicies");
    for name in ["cofferdam-namespaces", "cofferdam-pods-back"] {
        let (made, denies) = (of(name, "patch"), of(name, "update"));
        assert!(
            made.is_some() && made < label && label < denies,
            "{name}: {made:?} {label:?} {denies:?}"
        );
    }
    Ok(())
}

#[test]
fn where_pods_cannot_be_pinned_the_finding_says_so_and_everything_else_is_guarded() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod").version(Version::V1_33))?;
    // Pods of the zone do not tolerate the taint, and nothing makes their successors do so.
    shop.apply(&[], 1)?;
    let (told, code) = standings(&shop)?;
    let mut wanted = rails("deny", &["daemon-sets", "pods"]);
    wanted.extend(["pin", "registration"].map(|name| format!("cofferdam-{name}-back notServed")));
    wanted.sort();
    assert_eq!((told, code), (wanted, 2));
    let finding = guard_missing(&shop, "cofferdam-pin-back")?.unwrap_or_default();
    let message = finding.pointer("/message").and_then(Value::as_str);
    assert_eq!(
        message,
        Some(
            "nothing protects where pods of a pool's zones run: this API server does not serve MutatingAdmissionPolicy"
        )
    );
    let taints = shop.cluster.get_json(&["node", "prod-node-1"])?;
    assert_eq!(taints.pointer("/spec/taints"), None);

    let tolerates = r#"{"spec":{"template":{"spec":{"tolerations":[{"key":"cofferdam.io/pool","operator":"Exists"}]}}}}"#;
    let patch = [
        "-n",
        "orders",
        "patch",
        "deployment",
        "orders",
        "--type=merge",
        "-p",
        tolerates,
    ];
    shop.cluster.kubectl_as(TENANT, &patch)?;
    let pods = [
        "-n",
        "orders",
        "delete",
        "pods",
        "--all",
        "--force",
        "--grace-period=0",
    ];
    shop.cluster.kubectl_as(TENANT, &pods)?;
    shop.apply(&[], 0)?;
    let node = shop.cluster.get_json(&["node", "prod-node-1"])?;
    assert_eq!(
        node.pointer("/spec/taints/0/key"),
        Some(&json!("cofferdam.io/pool"))
    );
    Ok(())
}

#[test]
fn a_rail_that_would_refuse_what_runs_only_notes_until_that_is_mended() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let everywhere = json!({ "tolerations": [{ "operator": "Exists" }] });
    let agent = workload("DaemonSet", OUTSIDE, "agent", &everywhere);
    shop.cluster.apply_yaml(ADMIN, &agent.to_string())?;
    shop.apply(&[], 1)?;
    let (told, code) = standings(&shop)?;
    let mut wanted = rails("deny", &["daemon-sets", "pin", "registration"]);
    wanted.push("cofferdam-pods-back audit".to_owned());
    wanted.sort();
    assert_eq!((told, code), (wanted, 2));
    let finding = guard_missing(&shop, "cofferdam-pods-back")?.unwrap_or_default();
    assert_eq!(finding.pointer("/severity"), Some(&json!("high")));
    let text = |path: &str| {
        let text = finding.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    assert!(
        text("/message").contains("DaemonSet/play/agent"),
        "{finding}"
    );
    assert!(
        text("/hint").contains("`guests` of NodePool `back`"),
        "{finding}"
    );
    assert_eq!(
        drift(&shop)?,
        ["guard-missing ValidatingAdmissionPolicy/cofferdam-pods-back"]
    );
    // Until then it is noted what it would refuse, and nobody is stopped.
    let stray = workload("DaemonSet", OUTSIDE, "other", &everywhere);
    ask(
        &shop.cluster,
        TENANT,
        &["apply", "-f", "-"],
        &stray.to_string(),
        Answer::Done,
    )?;
    shop.cluster
        .kubectl_as(TENANT, &["-n", OUTSIDE, "delete", "daemonset", "other"])?;

    let guests = "guests: [{ namespace: monitoring, daemonSet: exporter }, { namespace: play, daemonSet: agent }]";
    let old = "guests: [{ namespace: monitoring, daemonSet: exporter }]";
    shop.project.write(POOL_FILE, &POOL.replace(old, guests))?;
    shop.apply(&[], 0)?;
    let all = ["daemon-sets", "pin", "pods", "registration"];
    assert_eq!(standings(&shop)?, (rails("deny", &all), 0));
    shop.expect(&["plan"], 0)?;
    Ok(())
}

#[test]
fn nobody_locks_themselves_out_by_rails_that_name_others() -> Result<()> {
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    let document = shop.project.read(CLUSTER_FILE)?;
    shop.project
        .edit(CLUSTER_FILE, "user:cofferdam", "user:else")?;
    shop.apply(&[], 1)?;
    let held = shop.project.run(&["plan"])?.stdout;
    assert!(
        held.contains("`user:cofferdam`, as whom we write"),
        "{held}"
    );
    assert!(held.contains("doctor --pin"), "{held}");
    assert_eq!(standings(&shop)?, (rails("audit", &[]), 2));
    let label = [
        "label",
        "namespace",
        "web",
        "cofferdam.io/tier=data",
        "--overwrite",
    ];
    shop.cluster.kubectl_as(TENANT, &label)?;

    shop.project.write(CLUSTER_FILE, &document)?;
    shop.apply(&[], 0)?;
    assert_eq!(standings(&shop)?, (rails("deny", &[]), 0));

    shop.project
        .edit(CLUSTER_FILE, "user:cofferdam", "user:another")?;
    // Also beside other work, nothing of it is begun.
    for lost in [None, Some("cofferdam-allow-dns")] {
        if let Some(policy) = lost {
            shop.lose_policy("web", policy)?;
        }
        let mark = shop.cluster.audit_mark()?;
        let refused = shop.apply(&[], 1)?.stdout;
        for word in ["would be locked out", "`user:cofferdam`", "doctor --pin"] {
            assert!(refused.contains(word), "{word}: {refused}");
        }
        let audit = shop.cluster.audit_since(mark)?;
        assert_eq!(audit.writes_by("cofferdam"), Vec::<&_>::new());
        let plan = shop.expect(&["plan"], 1)?.stdout;
        assert!(plan.contains("would be locked out"), "{plan}");
    }
    shop.project.write(CLUSTER_FILE, &document)?;
    shop.apply(&[], 0)?;
    shop.project.write(CLUSTER_FILE, &document)?;
    assert_eq!(standings(&shop)?, (rails("deny", &[]), 0));
    Ok(())
}

#[test]
fn who_is_no_writer_is_refused_before_anything_is_written_and_can_take_the_rails_away() -> Result<()>
{
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    shop.apply(&[], 0)?;
    let own = shop.cluster.kubeconfig("cofferdam")?.display().to_string();
    let other = shop.cluster.kubeconfig(TENANT)?.display().to_string();
    shop.project.edit(CLUSTER_FILE, &own, &other)?;
    shop.lose_policy("web", "cofferdam-allow-dns")?;

    let mark = shop.cluster.audit_mark()?;
    let refused = shop.apply(&[], 1)?;
    for word in [
        "user:cofferdam",
        "`user:tenant`",
        "doctor --pin",
        "guards --remove",
    ] {
        assert!(refused.stdout.contains(word), "{word}: {}", refused.stdout);
    }
    assert_eq!(
        shop.cluster.audit_since(mark)?.writes_by(TENANT),
        Vec::<&_>::new()
    );

    let forged = [
        "label",
        "namespace",
        "web",
        "cofferdam.io/tier=data",
        "--overwrite",
    ];
    let refused = Answer::Refused("only Cofferdam writes them");
    ask(&shop.cluster, TENANT, &forged, "", refused)?;
    shop.expect(&["guards", "--remove"], 1)?;
    let shown = shop.expect(&["guards", "--remove", "--dry-run"], 2)?;
    assert!(
        shown.stdout.contains("cofferdam-namespaces"),
        "{}",
        shown.stdout
    );
    assert_eq!(standings(&shop)?, (rails("deny", &[]), 0));

    let removed = shop.expect(&["guards", "--remove", "--yes"], 0)?;
    // Nobody has to wait any more.
    shop.cluster.kubectl_as(TENANT, &forged)?;
    for rail in RAILS {
        let told = format!("{}{}", removed.stderr, removed.stdout);
        let told: Vec<&str> = told
            .lines()
            .filter(|line| line.contains(&format!("cofferdam-{rail}")))
            .collect();
        let gone = format!("  cofferdam-{rail}: removed, and in force no more");
        assert_eq!(told, [gone], "{}", removed.stderr);
    }
    assert_eq!(standings(&shop)?, (rails("missing", &[]), 2));
    let kinds = "validatingadmissionpolicies,validatingadmissionpolicybindings";
    let left = shop.cluster.kubectl(&["get", kinds, "--output=name"])?;
    assert_eq!(left, "");
    shop.expect(&["guards", "--remove", "--yes"], 0)?;

    // As the hint says.
    let told = shop.expect(&["doctor", "--pin"], 0)?;
    assert!(
        told.stderr
            .contains("added user:tenant to the writers of prod"),
        "{}",
        told.stderr
    );
    assert!(shop.project.read(CLUSTER_FILE)?.contains("user:tenant"));

    shop.project.edit(CLUSTER_FILE, &other, &own)?;
    shop.apply(&[], 0)?;
    assert_eq!(standings(&shop)?, (rails("deny", &[]), 0));
    Ok(())
}
