//! Networks outside of every cluster.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::names::ExternalNetworkName;
use crate::networks::range_networks;

/// Addresses outside of the clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalNetwork {
    /// Its name.
    pub name: ExternalNetworkName,
    /// Whole networks.
    pub cidrs: Vec<IpNet>,
    /// First and last address, inclusive, of one family.
    pub ranges: Vec<(IpAddr, IpAddr)>,
    /// What is not part of it.
    pub except: Vec<IpNet>,
    /// The VLAN, 1 to 4094.
    pub vlan: Option<u16>,
    /// How far it is trusted.
    pub trust: Trust,
}

impl ExternalNetwork {
    /// Its networks and those that its ranges consist of; what is excepted is among them.
    pub fn networks(&self) -> BTreeSet<IpNet> {
        let ranges = self.ranges.iter();
        let ranges = ranges.flat_map(|(first, last)| range_networks(*first, *last));
        self.cidrs.iter().copied().chain(ranges).collect()
    }
}

/// How far an external network is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Anybody.
    Untrusted,
    /// A partner.
    Partner,
    /// Our own.
    Internal,
}
