//! What guard rails leave to the owners of pools.

use anyhow::Result;
use cofferdam_integration::ClusterOptions;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{Answer, POOL, POOL_FILE, TENANT, ask, start_pool};
use cofferdam_integration::shop::Shop;

const LABELS: &str = "labels of node pools say which zones a node is dedicated to";
const TAINTS: &str = "taints of node pools keep other pods off";

fn check(shop: &Shop, cases: &[(&str, Answer<'_>)]) -> Result<()> {
    for (words, wanted) in cases {
        let arguments: Vec<&str> = words.split(' ').collect();
        ask(&shop.cluster, TENANT, &arguments, "", *wanted)?;
    }
    Ok(())
}

#[test]
fn who_owns_a_pool_sets_changes_and_takes_away_its_taint_and_label() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let node = "node prod-node-1";
    let own = |extra: &str| POOL.replace("zones: [back]", &format!("zones: [back]\n  {extra}"));
    let reported = own("manage: report\n  label: { key: example.org/pool }");
    shop.project.write(POOL_FILE, &reported)?;
    shop.apply(&[], 0)?;
    let tainted = |value: &str| format!("taint {node} cofferdam.io/pool{value}");
    let labelled = |rest: &str| format!("label {node} {rest} --overwrite");
    let taint = Refused(TAINTS);
    check(
        &shop,
        &[
            (&tainted("=back:NoSchedule"), Done),
            (&tainted("=other:NoSchedule --overwrite"), taint),
            (&tainted("-"), Done),
            (&labelled("example.org/pool=theirs"), Done),
            (&labelled("cofferdam.io/x=y"), Refused(LABELS)),
        ],
    )?;
    // Unless the document says it, a node is a cloud's by its label, and what is under our domains stays ours.
    let clouds = own("taint: { key: dedicated }\n  label: { key: example.org/pool }");
    shop.project.write(POOL_FILE, &clouds)?;
    shop.apply(&["--allow-weakening"], 0)?;
    let dedicated = |value: &str| format!("taint {node} dedicated{value}");
    check(
        &shop,
        &[
            (&dedicated("=other:NoSchedule --overwrite"), taint),
            (&labelled("example.org/pool=theirs"), Refused(LABELS)),
            (&labelled("karpenter.sh/nodepool=x"), Done),
            (&dedicated("=other:NoSchedule --overwrite"), Done),
            (&dedicated("-"), Done),
            (&labelled("example.org/pool=theirs"), Done),
        ],
    )
}
