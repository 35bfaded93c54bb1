//! Leaving, cut off after any write.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::audit::AuditEntry;
use cofferdam_integration::leaving::{OURS, WHOLE, held, is_gone, start};
use cofferdam_integration::proxy::Proxy;
use cofferdam_integration::shop::{CLUSTER_FILE, Shop, WRITER};

/// Half of this is the time to kill a process in, between a write at the server and its answer at the process.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Kills a detachment as soon as the server has carried out a write that none before it was killed after, and
/// returns that; `None` where the detachment came to its end.
fn kill(shop: &Shop, killed_after: &BTreeSet<String>) -> Result<Option<String>> {
    let mark = shop.cluster.audit_mark()?;
    let arguments = [&["detach", "--yes", "--settle", "0s"], &WHOLE[..]].concat();
    let mut child = shop.project.spawn(&arguments)?;
    loop {
        let seen = shop.cluster.audit_glance(mark)?;
        let writes = seen.writes_by(WRITER).into_iter().map(told);
        if let Some(write) = writes
            .into_iter()
            .find(|write| !killed_after.contains(write))
        {
            child.kill()?;
            child.wait()?;
            return Ok(Some(write));
        }
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "the detachment ended with {status}");
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn told(write: &AuditEntry) -> String {
    let AuditEntry {
        verb,
        resource,
        namespace,
        name,
        ..
    } = write;
    format!("{verb} {resource} {namespace}/{name}")
}

#[test]
fn a_detachment_that_is_killed_after_any_write_is_taken_up_by_the_next() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    let proxy = Proxy::start(shop.cluster.port(), ROUND_TRIP)?;
    shop.reach_through(&proxy)?;
    // One request at a time, so that each write can be the last.
    let one = "  mode: manage\n  limits: { inFlight: 1 }\n";
    shop.project.edit(CLUSTER_FILE, "  mode: manage\n", one)?;

    let mut killed_after = BTreeSet::new();
    while let Some(write) = kill(&shop, &killed_after)? {
        let names = shop.policies("books")?;
        let has = |name: &str| names.iter().any(|one| one == name);
        let whole = has("cofferdam-default-deny-ingress") && has("cofferdam-flow-web-to-orders-in");
        assert!(
            names.is_empty() || has("cofferdam-open-ingress") || whole,
            "after {write}: {names:?}"
        );
        killed_after.insert(write);
        // As if its time were over, for which the next would wait.
        let lease = ["delete", "lease", "cofferdam", "--ignore-not-found"];
        shop.cluster
            .kubectl(&[&["-n", "cofferdam-system"], &lease[..]].concat())?;
    }
    // A machine that is busy may be too late for some of them.
    let kinds = killed_after
        .iter()
        .filter_map(|write| write.rsplit_once(' '));
    let kinds: BTreeSet<&str> = kinds.map(|(kind, _)| kind).collect();
    for kind in [
        "patch leases",
        "patch configmaps",
        "delete validatingadmissionpolicybindings",
        "delete validatingadmissionpolicies",
        "patch networkpolicies",
        "delete networkpolicies",
        "patch namespaces",
    ] {
        ensure!(kinds.contains(kind), "{kind}: {killed_after:#?}");
    }
    ensure!(killed_after.len() > 40, "{killed_after:#?}");
    assert_eq!(held(&shop)?, before);
    for name in OURS {
        assert!(is_gone(&shop, name)?, "{name}");
    }
    Ok(())
}
