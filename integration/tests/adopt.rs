//! Taking over what others made, or what a lost record held.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::{SOMEBODY, Shop};

fn start(version: Version) -> Result<Shop> {
    let options = ClusterOptions::new("prod").version(version);
    Shop::start_with(options, SeedOptions::default())
}

const ARGO: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cofferdam-default-deny-ingress, namespace: orders, labels: { app.kubernetes.io/instance: argo } }
spec: { podSelector: {}, policyTypes: [Ingress] }
";

fn others_are_taken_over(version: Version) -> Result<()> {
    let shop = start(version)?;
    shop.cluster.apply_yaml(SOMEBODY, ARGO)?;
    let theirs = ["label", "namespace", "orders", "cofferdam.io/tier=theirs"];
    shop.cluster.kubectl_as(SOMEBODY, &theirs)?;
    shop.apply(&[], 1)?;
    let found = shop.drift()?;
    let taken = "name-taken NetworkPolicy/cofferdam-default-deny-ingress".to_owned();
    let conflict = "conflict Namespace/orders".to_owned();
    assert!(
        found.contains(&taken) && found.contains(&conflict),
        "{found:?}"
    );

    let adopt =
        |more: &[&str], code| shop.expect(&[&["adopt", "--cluster", "prod"], more].concat(), code);
    let policy = "NetworkPolicy/orders/cofferdam-default-deny-ingress";
    let shown = adopt(&["--all", "--dry-run"], 2)?.stdout;
    assert!(
        shown.contains("metadata.labels[cofferdam.io/tier]: theirs -> application"),
        "{shown}"
    );
    assert!(shown.contains(policy), "{shown}");
    let near = adopt(
        &[
            "--yes",
            "NetworkPolicy/orders/cofferdam-default-deny-ingres",
        ],
        1,
    )?
    .stdout;
    assert!(
        near.contains(&format!("did you mean `{policy}`?")),
        "{near}"
    );
    let unasked = adopt(&["--yes", "Namespace/kube-system"], 1)?.stdout;
    assert!(unasked.contains("asks for nothing there"), "{unasked}");
    let unconfirmed = shop.project.run(&["adopt", "--cluster", "prod", policy])?;
    assert_eq!(unconfirmed.code, 1);

    // Only the record is written.
    let before =
        shop.cluster
            .get_json(&["-n", "orders", "netpol", "cofferdam-default-deny-ingress"])?;
    adopt(&["--yes", policy], 0)?;
    adopt(
        &["--yes", "Namespace/orders", "--key", "cofferdam.io/tier"],
        0,
    )?;
    let after =
        shop.cluster
            .get_json(&["-n", "orders", "netpol", "cofferdam-default-deny-ingress"])?;
    assert_eq!(after, before);
    let planned = shop.expect(&["plan", "-o", "json"], 2)?.json()?;
    let steps = planned["clusters"][0]["steps"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let steps: Vec<String> = steps
        .iter()
        .map(|step| format!("{} {}", step["op"], step["object"]["name"]))
        .collect();
    assert!(
        steps.contains(&"\"update\" \"cofferdam-default-deny-ingress\"".to_owned()),
        "{steps:?}"
    );
    assert!(
        steps.contains(&"\"patch\" \"orders\"".to_owned()),
        "{steps:?}"
    );
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn others_are_taken_over_on_1_36() -> Result<()> {
    others_are_taken_over(Version::V1_36)
}

#[test]
fn others_are_taken_over_on_1_33() -> Result<()> {
    others_are_taken_over(Version::V1_33)
}

#[test]
fn a_lost_record_is_restored() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    shop.expect(&["guards", "--remove", "--yes"], 0)?;
    shop.apply(&[], 0)?;
    let lose = ["-n", "cofferdam-system", "delete", "configmap", "cofferdam"];
    shop.cluster.kubectl(&lose)?;
    let guards = shop.expect(&["guards"], 2)?;
    let plan = shop.expect(&["plan"], 2)?;
    for word in [
        "cofferdam-namespaces: it bears our label, and is not in our record",
        "kubectl replace --force -f record.yaml",
        "cofferdam adopt --cluster prod --all",
    ] {
        assert!(guards.stdout.contains(word), "{word}: {}", guards.stdout);
    }
    assert!(!plan.stdout.contains("somebody else's"), "{}", plan.stdout);
    let findings = shop.findings()?;
    let of_rails = findings
        .iter()
        .filter(|one| one["class"] == "guard-missing");
    let said: Vec<String> = of_rails
        .map(|one| format!("{} {}", one["message"], one["hint"]))
        .collect();
    assert!(
        !said.is_empty()
            && said
                .iter()
                .all(|one| one.contains("bears our label") && one.contains("record.yaml")),
        "{said:?}"
    );
    let refused = shop.expect(&["detach", "--cluster", "prod", "--remove", "--yes"], 1)?;
    assert!(
        refused.stdout.contains("adopt --cluster prod --all"),
        "{}",
        refused.stdout
    );
    shop.expect(&["adopt", "--cluster", "prod", "--all", "--yes"], 0)?;
    let again = shop.expect(&["adopt", "--cluster", "prod", "--all", "--dry-run"], 0)?;
    assert!(again.stdout.contains("0 objects"), "{}", again.stdout);
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;
    Ok(())
}
