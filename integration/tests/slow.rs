//! A cluster far away is slow, and is neither given up nor called dead.

use std::time::Duration;

use anyhow::Result;
use cofferdam_integration::proxy::Proxy;
use cofferdam_integration::shop::Shop;

#[test]
fn a_cluster_far_away_is_read_and_written_however_long_it_takes() -> Result<()> {
    let shop = Shop::start()?;
    let proxy = Proxy::start(shop.cluster.port(), Duration::from_millis(800))?;
    shop.reach_through(&proxy)?;

    // A pass takes many round trips and far longer than this; each answer alone does not.
    let patience = ["--timeout", "3s"];
    shop.apply(&patience, 0)?;
    shop.expect(&[&["drift"], &patience[..]].concat(), 0)?;

    drop(proxy);
    let lost = shop.expect(&[&["drift"], &patience[..]].concat(), 3)?;
    assert!(lost.stdout.contains("UNKNOWN"), "{}", lost.stdout);
    Ok(())
}
