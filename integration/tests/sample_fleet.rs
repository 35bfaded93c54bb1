//! The sample fleet on real API servers: in sync once it is applied, until somebody opens its cardholder data.

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::sample_fleet::SampleFleet;
use serde_json::{Value, json};

const ALLOW_ALL: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: temporary, namespace: ledger }
spec: { podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}] }
";

/// Every pair of zones, or of a zone and what is in none, between which it opens something.
const OPENED: [&str; 15] = [
    "zone cardholder -> zone cardholder",
    "zone cardholder -> namespaces of no zone",
    "zone cardholder -> the nodes",
    "zone cardholder -> external network card-scheme",
    "zone cardholder -> external network core-banking",
    "zone cardholder -> external network office",
    "zone cardholder -> the internet",
    "zone cardholder -> addresses outside",
    "namespaces of no zone -> zone cardholder",
    "the nodes -> zone cardholder",
    "external network card-scheme -> zone cardholder",
    "external network core-banking -> zone cardholder",
    "external network office -> zone cardholder",
    "the internet -> zone cardholder",
    "addresses outside -> zone cardholder",
];

const PROD: [&str; 2] = ["--cluster", "prod"];

#[test]
fn an_allow_all_before_cardholder_data_is_found_explained_disproved_and_stops_plans() -> Result<()>
{
    let fleet = SampleFleet::start()?;
    fleet.expect(&["apply", "--yes", "--settle", "0s"], 0)?;
    all_is_well(&fleet)?;

    fleet.prod().apply_yaml(ADMIN, ALLOW_ALL)?;
    it_is_critical(&fleet)?;
    it_is_explained(&fleet)?;
    it_breaks_guarantees(&fleet)?;
    it_stops_plans(&fleet)?;

    let delete = ["-n", "ledger", "delete", "networkpolicy", "temporary"];
    fleet.prod().kubectl(&delete)?;
    all_is_well(&fleet)
}

fn all_is_well(fleet: &SampleFleet) -> Result<()> {
    let drift = json(fleet, &["drift"], 0)?;
    assert_eq!(verdicts(&drift)?, ["inSync", "inSync", "inSync"]);
    let plan = json(fleet, &["plan"], 0)?;
    assert_eq!(at(&plan, "/opens"), &json!([]));
    let proofs = proofs(fleet, 0)?;
    ensure!(
        proofs.iter().all(|(_, verdict, _)| verdict == "proved"),
        "{proofs:?}"
    );
    Ok(())
}

fn it_is_critical(fleet: &SampleFleet) -> Result<()> {
    let drift = json(fleet, &["drift"], 2)?;
    assert_eq!(verdicts(&drift)?, ["inSync", "inSync", "drifted"]);
    let findings = list(&drift, "/clusters/2/findings")?;
    let is_foreign = |finding: &&Value| at(finding, "/class") == "foreign-policy";
    let finding = findings.iter().find(is_foreign).context("no finding")?;
    let told = [
        "/severity",
        "/effect",
        "/zone",
        "/object/namespace",
        "/object/name",
    ];
    let told = told.map(|path| at(finding, path));
    assert_eq!(
        told,
        ["critical", "widens", "cardholder", "ledger", "temporary"]
    );

    let opens = list(finding, "/opens")?;
    let pair = |one: &Value| format!("{} -> {}", text(one, "/from"), text(one, "/to"));
    let pairs: Vec<String> = opens.iter().map(pair).collect();
    assert_eq!(pairs, OPENED);
    let inward = opens
        .iter()
        .find(|one| text(one, "/from") == "the internet");
    let inward = inward.context("no way in")?;
    assert_eq!(at(inward, "/fromZone"), &Value::Null);
    assert_eq!(at(inward, "/toZone"), "cardholder");
    assert_eq!(at(inward, "/witness/to"), "ledger/postgres[Deployment]");
    Ok(())
}

fn it_is_explained(fleet: &SampleFleet) -> Result<()> {
    let ends = [
        "--from",
        "198.51.100.99",
        "--to",
        "ledger/postgres",
        "--port",
        "5432",
    ];
    let report = json(fleet, &[&["explain"], &PROD[..], &ends].concat(), 0)?;
    assert_eq!(at(&report, "/verdict"), "allowed");
    let rules = list(&report, "/answers/0/ingress/rules")?;
    let policies: Vec<&str> = rules.iter().map(|rule| text(rule, "/policy")).collect();
    assert_eq!(policies, ["NetworkPolicy/ledger/temporary"]);
    Ok(())
}

fn it_breaks_guarantees(fleet: &SampleFleet) -> Result<()> {
    let broken = proofs(fleet, 2)?.into_iter();
    let broken = broken.filter(|(_, verdict, _)| verdict == "broken");
    let broken: Vec<(String, String)> = broken.map(|(name, _, witness)| (name, witness)).collect();
    let want = [
        (
            "cardholder-never-reaches-internet",
            "ledger/postgres[Deployment] -> 1.0.0.0",
        ),
        (
            "internet-never-reaches-cardholder",
            "1.0.0.0 -> ledger/postgres[Deployment]",
        ),
    ];
    assert_eq!(
        broken,
        want.map(|(name, witness)| (name.to_owned(), witness.to_owned()))
    );
    Ok(())
}

fn it_stops_plans(fleet: &SampleFleet) -> Result<()> {
    for command in [&["plan"][..], &["apply", "--yes", "--settle", "0s"]] {
        let report = json(fleet, &[command, &PROD].concat(), 1)?;
        let cluster = at(&report, "/clusters/0");
        assert_eq!(at(cluster, "/state"), "refused");
        let reason: Vec<&str> = text(cluster, "/reason").lines().collect();
        let [beyond, leaks, broken] = reason.as_slice() else {
            anyhow::bail!("{cluster:#}")
        };
        let beyond_flows =
            "zone `cardholder` of sensitivity high would stay reachable beyond its flows: ";
        ensure!(beyond.starts_with(beyond_flows), "{beyond}");
        let guarantee = "guarantee `cardholder-never-reaches-internet` would be broken: ledger/postgres[Deployment] -> 1.0.0.0 ";
        ensure!(leaks.starts_with(guarantee), "{leaks}");
        let guarantee = "guarantee `internet-never-reaches-cardholder` would be broken: 1.0.0.0 -> ledger/postgres[Deployment] ";
        ensure!(broken.starts_with(guarantee), "{broken}");
        let hint = text(cluster, "/hint");
        ensure!(
            hint.starts_with("delete NetworkPolicy/ledger/temporary,"),
            "{hint}"
        );
    }
    Ok(())
}

/// The guarantees of `prod` as it is: name, verdict, and the connection that shows it broken.
fn proofs(fleet: &SampleFleet, code: i32) -> Result<Vec<(String, String, String)>> {
    let report = json(fleet, &[&["prove"], &PROD[..]].concat(), code)?;
    let clusters = list(&report, "/clusters")?;
    let live = clusters.iter().find(|one| at(one, "/on") == "live");
    let proofs = list(live.context("nothing live")?, "/proofs")?.iter();
    let told = proofs.map(|proof| {
        let [from, to] = ["/witness/0/from", "/witness/0/to"].map(|path| text(proof, path));
        let [name, verdict] = ["/guarantee", "/verdict"].map(|path| text(proof, path).to_owned());
        (name, verdict, format!("{from} -> {to}"))
    });
    Ok(told.collect())
}

fn verdicts(report: &Value) -> Result<Vec<&str>> {
    let clusters = list(report, "/clusters")?.iter();
    Ok(clusters.map(|cluster| text(cluster, "/verdict")).collect())
}

fn json(fleet: &SampleFleet, arguments: &[&str], code: i32) -> Result<Value> {
    fleet
        .expect(&[arguments, &["-o", "json"]].concat(), code)?
        .json()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, path: &str) -> Result<&'v Vec<Value>> {
    let list = at(value, path).as_array();
    list.with_context(|| format!("no {path} in {value:#}"))
}
