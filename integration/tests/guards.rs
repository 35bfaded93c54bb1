//! Guard rails on real API servers.

use anyhow::Result;
use cofferdam_integration::shop::Shop;

#[test]
fn first() -> Result<()> {
    let shop = Shop::start()?;
    println!("{}", shop.expect(&["plan"], 2)?.stdout);
    let run = shop.apply(&[], 0)?;
    println!("{}\n{}", run.stdout, run.stderr);
    println!("{:?}", shop.drift()?);
    println!("{}", shop.expect(&["plan"], 0)?.stdout);
    Ok(())
}
