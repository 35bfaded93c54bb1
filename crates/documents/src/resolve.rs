//! Documents of the right shape into the model's types.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::diagnostic::DocumentId;
use cofferdam_model::names::InstanceName;
use serde::{Deserialize, de::DeserializeOwned};

use crate::finding::{Finding, Reporter};
use crate::raw::zone_model::ZoneModelSpec;
use crate::raw::{Document, Metadata};
use crate::resolve::names::Names;
use crate::resolve::zone_model::Frame;
use crate::revision::revision;
use crate::tree::Node;

pub(crate) mod address;
pub(crate) mod capabilities;
pub(crate) mod cluster;
pub(crate) mod end;
pub(crate) mod external_network;
pub(crate) mod flow;
pub(crate) mod guarantee;
pub(crate) mod healing;
pub(crate) mod label;
pub(crate) mod names;
pub(crate) mod node_pool;
pub(crate) mod optional;
pub(crate) mod pod_security;
pub(crate) mod ports;
pub(crate) mod time;
pub(crate) mod trust_domain;
pub(crate) mod waiver;
pub(crate) mod zone;
pub(crate) mod zone_model;

/// A document whose kind is known.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) id: DocumentId,
    pub(crate) file: String,
    pub(crate) node: Node,
    /// Its shape is that of its kind, and no earlier document has its name.
    pub(crate) good: bool,
}

/// The model as far as single documents make it.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) model: Model,
    /// Some document of these kinds is not in the model.
    pub(crate) broken: BTreeSet<&'static str>,
}

/// Makes the model of all good documents; `cut` tells that others may exist.
pub(crate) fn resolve(documents: &[Read], findings: &mut Vec<Finding>, cut: bool) -> Option<Draft> {
    let names = gather(documents, cut);
    let mut draft = Draft {
        model: empty()?,
        broken: documents
            .iter()
            .filter(|document| !document.good)
            .map(|document| document.id.kind)
            .collect(),
    };
    draft.model.revision = revision(
        documents
            .iter()
            .filter(|document| document.id.kind != "Capabilities")
            .map(|document| &document.node),
    );
    for (number, document) in documents.iter().enumerate() {
        let mut reporter = Reporter::new(number, findings);
        if document.good && add(&mut draft.model, document, &names, &mut reporter).is_none() {
            draft.broken.insert(document.id.kind);
        }
    }
    Some(draft)
}

fn gather(documents: &[Read], cut: bool) -> Names {
    let mut names = Names {
        incomplete: cut,
        ..Names::default()
    };
    for document in documents {
        let id = &document.id;
        names
            .by_kind
            .entry(id.kind)
            .or_default()
            .insert(id.name.clone());
    }
    let model = documents
        .iter()
        .find(|document| document.id.kind == "ZoneModel");
    let read = model
        .filter(|model| model.good)
        .and_then(|model| Document::<Metadata, ZoneModelSpec>::deserialize(&model.node).ok());
    if let Some(read) = read {
        names.tiers = Some(read.spec.tiers);
        names.defaults = read.spec.defaults;
    }
    names
}

fn empty() -> Option<Model> {
    Some(Model {
        instance: InstanceName::parse("unknown").ok()?,
        tiers: Vec::new(),
        system_namespaces: BTreeSet::new(),
        review_every_days: 180,
        zones: BTreeMap::new(),
        flows: BTreeMap::new(),
        external_networks: BTreeMap::new(),
        guarantees: BTreeMap::new(),
        waivers: BTreeMap::new(),
        clusters: BTreeMap::new(),
        trust_domains: BTreeMap::new(),
        node_pools: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        revision: String::new(),
    })
}

fn add(
    model: &mut Model,
    document: &Read,
    names: &Names,
    reporter: &mut Reporter<'_>,
) -> Option<()> {
    match document.id.kind {
        "Cluster" => {
            let typed = typed(document, reporter)?;
            let read = cluster::cluster(reporter, &typed, &document.file)?;
            model.clusters.insert(read.name.clone(), read);
        }
        "TrustDomain" => {
            let typed = typed(document, reporter)?;
            let read = trust_domain::trust_domain(reporter, &typed)?;
            model.trust_domains.insert(read.name.clone(), read);
        }
        "NodePool" => {
            let typed = typed(document, reporter)?;
            let read = node_pool::node_pool(reporter, &typed, names)?;
            model.node_pools.insert(read.name.clone(), read);
        }
        "Capabilities" => {
            let typed = typed(document, reporter)?;
            let read = capabilities::capabilities(reporter, &typed)?;
            model.capabilities.insert(read.cluster.clone(), read);
        }
        "ZoneModel" => {
            let typed = typed(document, reporter)?;
            let read = zone_model::zone_model(reporter, &typed)?;
            let Frame {
                instance,
                tiers,
                system_namespaces,
                review_every_days,
            } = read;
            model.instance = instance;
            model.tiers = tiers;
            model.system_namespaces = system_namespaces;
            model.review_every_days = review_every_days;
        }
        "Zone" => {
            let typed = typed(document, reporter)?;
            let read = zone::zone(reporter, &typed, names)?;
            model.zones.insert(read.name.clone(), read);
        }
        "Flow" => {
            let typed = typed(document, reporter)?;
            let read = flow::flow(reporter, &typed, names)?;
            model.flows.insert(read.name.clone(), read);
        }
        "ExternalNetwork" => {
            let typed = typed(document, reporter)?;
            let read = external_network::external_network(reporter, &typed)?;
            model.external_networks.insert(read.name.clone(), read);
        }
        "Guarantee" => {
            let typed = typed(document, reporter)?;
            let read = guarantee::guarantee(reporter, &typed, names)?;
            model.guarantees.insert(read.name.clone(), read);
        }
        _ => {
            let typed = typed(document, reporter)?;
            let read = waiver::waiver(reporter, &typed, names)?;
            model.waivers.insert(read.name.clone(), read);
        }
    }
    Some(())
}

/// The typed text of a document whose shape was found good.
fn typed<T: DeserializeOwned>(document: &Read, reporter: &mut Reporter<'_>) -> Option<T> {
    match T::deserialize(&document.node) {
        Ok(read) => Some(read),
        Err(error) => {
            let message =
                format!("the document does not read although its shape is right: {error}");
            reporter.error("", "internal", message);
            None
        }
    }
}
