//! Guarantees of a real cluster: proved after an apply, and broken by what somebody else adds.

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::Shop;
use serde_json::Value;

const GUARANTEES: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: internet-never-reaches-orders }
spec: { never: { from: { internet: true }, to: { zone: back, namespaces: [orders] } } }
";

const FOREIGN: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: temporary, namespace: orders }
spec: { podSelector: {}, ingress: [{}] }
";

/// The verdicts as the model wants it, and as the cluster is, with the witness of the second.
fn proofs(shop: &Shop, code: i32) -> Result<(Value, Value, Value)> {
    let run = shop.expect(&["prove", "-o", "json"], code)?;
    let report: Value = serde_json::from_str(&run.stdout)?;
    let at = |path: &str| report.pointer(path).cloned().unwrap_or_default();
    Ok((
        at("/clusters/0/proofs/0/verdict"),
        at("/clusters/1/proofs/0/verdict"),
        at("/clusters/1/proofs/0/witness"),
    ))
}

#[test]
fn a_guarantee_holds_until_somebody_opens_the_cluster() -> Result<()> {
    let shop = Shop::start()?;
    shop.project.write("policies/guarantees.yaml", GUARANTEES)?;
    // Before anything is applied the cluster is open, whatever the documents ask for.
    let (model, live, _) = proofs(&shop, 2)?;
    assert_eq!((model, live), ("proved".into(), "broken".into()));

    shop.apply(&[], 0)?;
    let (model, live, _) = proofs(&shop, 0)?;
    assert_eq!((model, live), ("proved".into(), "proved".into()));

    shop.cluster.apply_yaml(ADMIN, FOREIGN)?;
    let (model, live, witness) = proofs(&shop, 2)?;
    assert_eq!((model, live), ("proved".into(), "broken".into()));
    assert_eq!(witness[0]["ports"], "all", "{witness}");
    let to = witness[0]["to"].as_str().unwrap_or_default();
    assert!(to.starts_with("orders/"), "{witness}");
    Ok(())
}
