//! Sets of networks. In their order a network comes before everything that lies in it, so that one look
//! to the left finds what covers a network, however many there are.

use std::collections::BTreeSet;

use ipnet::IpNet;

/// The networks that no other one of them contains. None has bits beyond its prefix.
pub fn outermost(networks: impl IntoIterator<Item = IpNet>) -> BTreeSet<IpNet> {
    let all: BTreeSet<IpNet> = networks.into_iter().collect();
    let mut last: Option<IpNet> = None;
    all.into_iter()
        .filter(|network| {
            let covered = last.is_some_and(|last| last.contains(network));
            if !covered {
                last = Some(*network);
            }
            !covered
        })
        .collect()
}

/// The one of the outermost networks that contains a network.
pub fn covering<'a>(outermost: &'a BTreeSet<IpNet>, network: &IpNet) -> Option<&'a IpNet> {
    let before = outermost.range(..=*network).next_back();
    before.filter(|before| before.contains(network))
}

/// Those of the outermost networks that lie in a network.
pub fn within<'a>(
    outermost: &'a BTreeSet<IpNet>,
    network: &'a IpNet,
) -> impl Iterator<Item = &'a IpNet> {
    let from = outermost.range(*network..);
    from.take_while(move |inner| network.contains(*inner))
}
