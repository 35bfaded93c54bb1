//! The `ZoneModel` document.

use std::collections::BTreeSet;

use cofferdam_model::names::{InstanceName, NamespaceName, TierName};

use crate::finding::Reporter;
use crate::raw::zone_model::{Defaults, ZoneModelSpec};
use crate::raw::{Document, Metadata};
use crate::resolve::pod_security::version;
use crate::resolve::time::days;

/// What a zone model says itself.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) instance: InstanceName,
    pub(crate) tiers: Vec<TierName>,
    pub(crate) system_namespaces: BTreeSet<NamespaceName>,
    pub(crate) review_every_days: u32,
}

/// Reads the zone model.
pub(crate) fn zone_model(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, ZoneModelSpec>,
) -> Option<Frame> {
    let instance = reporter.name(
        "metadata.name",
        &document.metadata.name,
        InstanceName::parse,
    );
    let ZoneModelSpec {
        tiers,
        system_namespaces,
        defaults,
    } = &document.spec;
    let Defaults {
        pod_security: _,
        pod_security_version,
        within_zone: _,
        enforcement: _,
        review_every,
    } = defaults;
    let version_path = "spec.defaults.podSecurityVersion";
    let pinned = version(reporter, version_path, pod_security_version);
    let review_every_days = days(reporter, "spec.defaults.reviewEvery", review_every);
    let system: Vec<Option<NamespaceName>> = system_namespaces
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let path = format!("spec.systemNamespaces[{index}]");
            reporter.name(&path, text, NamespaceName::parse)
        })
        .collect();
    pinned?;
    Some(Frame {
        tiers: read_tiers(reporter, tiers)?,
        instance: instance?,
        system_namespaces: system.into_iter().collect::<Option<_>>()?,
        review_every_days: review_every_days?,
    })
}

fn read_tiers(reporter: &mut Reporter<'_>, raw: &[String]) -> Option<Vec<TierName>> {
    let mut seen = BTreeSet::new();
    let mut tiers = Some(Vec::new());
    for (index, text) in raw.iter().enumerate() {
        let path = format!("spec.tiers[{index}]");
        if text == "none" {
            let message = "a tier may not be called `none`";
            let hint = "zones outside of the path say `tier: none`";
            reporter.error(&path, "reserved-name", message).hint(hint);
        }
        if !seen.insert(text) {
            reporter.error(&path, "duplicate-item", format!("`{text}` is here twice"));
        }
        match reporter.name(&path, text, TierName::parse) {
            Some(tier) => {
                if let Some(tiers) = tiers.as_mut() {
                    tiers.push(tier);
                }
            }
            None => tiers = None,
        }
    }
    tiers
}
