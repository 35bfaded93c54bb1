//! Networks with bits beyond their prefix: one address was meant, or another network.

use cofferdam_model::lint::Lint;
use ipnet::IpNet;

use super::Fault;
use super::scene::{Scene, warning};
use crate::policy::SlipKind;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let slips = scene.slips();
    let faults = slips.filter_map(|(policy, slip)| {
        let SlipKind::HostBits(network) = slip.kind else {
            return None;
        };
        let whole = network.trunc();
        let message = format!("`{network}` is all of `{whole}`: it has bits beyond its prefix");
        let fault = warning(Lint::HostBits, policy, slip.path.clone(), message);
        let address = IpNet::from(network.addr());
        Some(fault.hint(format!(
            "write `{whole}` for the network, or `{address}` for the address"
        )))
    });
    faults.collect()
}
