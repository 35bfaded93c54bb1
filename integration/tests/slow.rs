//! A cluster far away is slow, and is neither given up nor called dead.

use std::time::Duration;

use anyhow::Result;
use cofferdam_integration::proxy::Proxy;
use cofferdam_integration::shop::{CLUSTER_FILE, Shop, WRITER};

#[test]
fn a_cluster_far_away_is_read_and_written_however_long_it_takes() -> Result<()> {
    let shop = Shop::start()?;
    let proxy = Proxy::start(shop.cluster.port(), Duration::from_millis(800))?;
    let kubeconfig = shop.cluster.kubeconfig(WRITER)?;
    let text = std::fs::read_to_string(&kubeconfig)?;
    let far = kubeconfig.with_file_name("far.yaml");
    std::fs::write(&far, text.replace(&shop.cluster.url(), &proxy.url()))?;
    std::fs::set_permissions(&far, std::fs::metadata(&kubeconfig)?.permissions())?;
    let (near, far) = (kubeconfig.display().to_string(), far.display().to_string());
    shop.project.edit(CLUSTER_FILE, &near, &far)?;

    // A pass takes many round trips and far longer than this; each answer alone does not.
    let patience = ["--timeout", "3s"];
    shop.apply(&patience, 0)?;
    shop.expect(&[&["drift"], &patience[..]].concat(), 0)?;

    drop(proxy);
    let lost = shop.expect(&[&["drift"], &patience[..]].concat(), 3)?;
    assert!(lost.stdout.contains("UNKNOWN"), "{}", lost.stdout);
    Ok(())
}
