//! What the network plugin of a cluster does not do. Told only of clusters of which the plugin is stored.

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::dialect::{Dialect, Sctp};
use cofferdam_model::flow::{Flow, Ports, Protocol};
use cofferdam_model::lint::Lint;
use cofferdam_model::names::ClusterName;

use super::{clusters_named, on_flow};
use crate::rules::presence::pairs;

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let flows = model.flows.values();
    flows.filter_map(|flow| sctp(model, flow)).collect()
}

fn sctp(model: &Model, flow: &Flow) -> Option<Remark> {
    let Ports::Some(ports) = &flow.ports else {
        return None;
    };
    let place = ports
        .iter()
        .position(|port| port.protocol == Protocol::Sctp)?;
    let pairs = pairs(model, flow);
    let clusters = pairs.iter().flat_map(|(from, to)| [*from, *to]);
    let dropping: BTreeMap<&ClusterName, &str> = clusters
        .filter_map(|cluster| {
            let dialect = dialect(model, cluster)?;
            (dialect.sctp == Sctp::MayBeOff).then_some((&cluster.name, dialect.name))
        })
        .collect();
    let plugin = dropping.values().next()?;
    let named = clusters_named(dropping.keys().map(|name| name.as_str()));
    let message = format!("SCTP arrives under {plugin} only where it is switched on ({named})");
    let hint = "switch SCTP on in the network plugin, or use TCP or UDP";
    let path = format!("spec.ports[{place}].protocol");
    Some(on_flow(Lint::IgnoredByPlugin, flow, path, (message, hint)))
}

/// How the network plugin of a cluster reads policies, where it is stored and known.
pub(super) fn dialect(model: &Model, cluster: &Cluster) -> Option<Dialect> {
    let stored = model.capabilities.get(&cluster.name)?;
    Dialect::of_plugin(&stored.cni.name)
}
