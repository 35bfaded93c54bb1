//! In which zone, or else where, an end of a connection is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::Model;
use cofferdam_model::names::{ExternalNetworkName, ZoneName};
use cofferdam_model::networks::{cover, not_public, outermost, range_networks};
use cofferdam_semantics::states::Place;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::change::Region;
use ipnet::IpNet;

/// The regions of a cluster and around it.
pub(super) struct Regions {
    zones: BTreeMap<String, ZoneName>,
    external: Vec<External>,
    not_public: BTreeSet<IpNet>,
}

struct External {
    name: ExternalNetworkName,
    networks: BTreeSet<IpNet>,
    except: BTreeSet<IpNet>,
}

impl Regions {
    pub(super) fn of(bundle: &Bundle, model: &Model) -> Self {
        let zones = bundle.namespaces.iter();
        let external = model.external_networks.values();
        Self {
            zones: zones
                .map(|(name, wanted)| (name.to_string(), wanted.zone.clone()))
                .collect(),
            external: external
                .map(|one| External {
                    name: one.name.clone(),
                    networks: outermost(one.networks()),
                    except: outermost(one.except.iter().copied()),
                })
                .collect(),
            not_public: outermost(not_public()),
        }
    }

    pub(super) fn of_place(&self, place: Place<'_>) -> Region {
        match place {
            Place::Pod(pod) => match self.zones.get(&*pod.namespace) {
                Some(zone) => Region::Zone(zone.clone()),
                None if pod.place.host_network => Region::Nodes,
                None => Region::NoZone,
            },
            Place::Nodes(_) => Region::Nodes,
            Place::Outside(ranges) => self.outside(ranges),
        }
    }

    /// An external network only where it holds all of the addresses; the internet where any of them is public.
    fn outside(&self, ranges: &[(IpAddr, IpAddr)]) -> Region {
        let networks = ranges
            .iter()
            .flat_map(|(first, last)| range_networks(*first, *last));
        let networks: Vec<IpNet> = networks.collect();
        let within = |all: &BTreeSet<IpNet>| networks.iter().all(|network| cover(all, network));
        let is_excepted = |external: &External| {
            networks.iter().any(|network| {
                let mut except = external.except.iter();
                except.any(|one| one.contains(network) || network.contains(one))
            })
        };
        let mut external = self.external.iter();
        let known = external.find(|one| within(&one.networks) && !is_excepted(one));
        match known {
            Some(known) => Region::ExternalNetwork(known.name.clone()),
            None if within(&self.not_public) => Region::Outside,
            None => Region::Internet,
        }
    }
}
