//! A bundle that a GitOps controller applies: compared by content, never written by us.

use anyhow::{Context as _, Result};
use cofferdam_integration::shop::{CLUSTER_FILE, SOMEBODY, Shop, WRITER};

/// Applies what `compile` writes, as a controller of another name does.
fn sync(shop: &Shop) -> Result<()> {
    let out = shop.project.path().join("out");
    let out = out.to_str().context("a path")?;
    shop.expect(&["compile", "--out", out], 0)?;
    let directory = format!("{out}/prod");
    let web = std::fs::read_to_string(format!("{directory}/_cluster/namespace-web.yaml"))?;
    assert!(
        web.contains("Prune=false") && web.contains("prune: disabled"),
        "{web}"
    );
    let manager = "--field-manager=argocd-controller";
    let apply = [
        "apply",
        "--server-side",
        manager,
        "--force-conflicts",
        "--recursive",
        "-f",
        &directory,
    ];
    // Namespaces come after what is in them in the listing, so that a first try may lack them.
    shop.cluster
        .kubectl_as(SOMEBODY, &apply)
        .or_else(|_| shop.cluster.kubectl_as(SOMEBODY, &apply))?;
    Ok(())
}

#[test]
fn what_a_gitops_controller_applied_is_in_sync_and_its_drift_is_found() -> Result<()> {
    let shop = Shop::start()?;
    shop.project.edit(
        CLUSTER_FILE,
        "mode: manage",
        "mode: manage\n  delivery: gitops",
    )?;
    let missing = shop.drift()?;
    assert!(
        missing.contains(&"missing NetworkPolicy/cofferdam-default-deny-ingress".to_owned()),
        "{missing:?}"
    );
    sync(&shop)?;
    let pushed = shop.drift()?;
    assert!(
        pushed
            .iter()
            .all(|finding| finding.starts_with("guard-missing "))
            && !pushed.is_empty(),
        "guard rails are ours to push: {pushed:?}"
    );

    let mark = shop.cluster.audit_mark()?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    let written = shop.cluster.audit_since(mark)?;
    let written = written
        .writes_by(WRITER)
        .into_iter()
        .filter(|entry| entry.resource == "networkpolicies");
    assert_eq!(written.count(), 0);

    let deny = "cofferdam-default-deny-egress";
    shop.widen_egress("web", deny)?;
    assert_eq!(shop.drift()?, [format!("changed NetworkPolicy/{deny}")]);
    shop.apply(&[], 1)?;
    assert_eq!(
        shop.drift()?,
        [format!("changed NetworkPolicy/{deny}")],
        "the controller heals, not we"
    );
    sync(&shop)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}
