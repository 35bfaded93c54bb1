//! Ends of flows and guarantees.

use std::collections::BTreeSet;

use cofferdam_model::flow::{ClusterService, End, PodEnd, ZoneChoice};
use cofferdam_model::labels::Selector;
use cofferdam_model::names::{ExternalNetworkName, NamespaceName, ZoneName};

use crate::finding::Reporter;
use crate::raw::flow as raw;
use crate::resolve::label::{is_subdomain, selector};
use crate::resolve::names::Names;
use crate::resolve::optional::optional;

const CHOICES: &str =
    "`zone`, `zones`, `allZones`, `externalNetwork`, `internet` and `clusterService`";

/// Reads an end.
pub(crate) fn end(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::End,
    names: &Names,
) -> Option<End> {
    let raw::End {
        zone,
        zones,
        all_zones,
        external_network,
        internet,
        cluster_service,
        namespaces,
        workload,
        service_accounts,
    } = raw;
    for (field, value) in [("allZones", all_zones), ("internet", internet)] {
        if *value == Some(false) {
            let path = format!("{path}.{field}");
            let message = format!("`{field}: false` says nothing");
            reporter
                .error(&path, "end-choice", message)
                .hint("leave it out");
            return None;
        }
    }
    let choices = [
        zone.is_some(),
        zones.is_some(),
        all_zones.is_some(),
        external_network.is_some(),
        internet.is_some(),
        cluster_service.is_some(),
    ];
    let count = choices.iter().filter(|chosen| **chosen).count();
    if count != 1 {
        let message = format!("wanted exactly one of {CHOICES}, found {count}");
        reporter.error(path, "end-choice", message);
        return None;
    }
    let narrowed = !namespaces.is_empty() || workload.is_some() || !service_accounts.is_empty();
    let chosen = if let Some(name) = external_network {
        let path = format!("{path}.externalNetwork");
        let reference = ("ExternalNetwork", name.as_str());
        End::ExternalNetwork(names.reference(
            reporter,
            &path,
            reference,
            ExternalNetworkName::parse,
        )?)
    } else if internet.is_some() {
        End::Internet
    } else if let Some(service) = cluster_service {
        End::ClusterService(cluster_service_of(*service))
    } else {
        return pod_end(reporter, path, raw, names).map(End::Pods);
    };
    if narrowed {
        let message = "`namespaces`, `workload` and `serviceAccounts` narrow zones only";
        reporter.error(path, "end-choice", message);
    }
    Some(chosen)
}

fn pod_end(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::End,
    names: &Names,
) -> Option<PodEnd> {
    let zones = if let Some(name) = &raw.zone {
        let path = format!("{path}.zone");
        let zone = names.reference(reporter, &path, ("Zone", name.as_str()), ZoneName::parse);
        zone.map(|zone| ZoneChoice::Named([zone].into()))
    } else if let Some(list) = &raw.zones {
        let path = format!("{path}.zones");
        let zones = names.references(reporter, &path, ("Zone", list.as_slice()), ZoneName::parse);
        zones.map(ZoneChoice::Named)
    } else {
        Some(ZoneChoice::All)
    };
    let namespaces = read_namespaces(reporter, &format!("{path}.namespaces"), &raw.namespaces);
    let workload = optional(raw.workload.as_ref(), |workload| {
        selector(reporter, &format!("{path}.workload"), workload)
    });
    if workload
        .as_ref()
        .is_some_and(|w| w.as_ref().is_some_and(Selector::is_empty))
    {
        let message = "an empty selector narrows nothing";
        let hint = "leave `workload` out to mean whole namespaces";
        reporter
            .error(&format!("{path}.workload"), "invalid-selector", message)
            .hint(hint);
    }
    for (index, account) in raw.service_accounts.iter().enumerate() {
        if !is_subdomain(account) {
            let path = format!("{path}.serviceAccounts[{index}]");
            let message = format!("`{account}` is not a valid name: it is no DNS name");
            reporter.error(&path, "invalid-name", message);
        }
    }
    Some(PodEnd {
        zones: zones?,
        namespaces: namespaces?,
        workload: workload?,
        service_accounts: raw.service_accounts.clone(),
    })
}

fn read_namespaces(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &[String],
) -> Option<BTreeSet<NamespaceName>> {
    let mut read = Some(BTreeSet::new());
    for (index, text) in raw.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match reporter.name(&path, text, NamespaceName::parse) {
            Some(name) => {
                if read.as_mut().is_some_and(|read| !read.insert(name)) {
                    let message = format!("`{text}` is here twice");
                    reporter.error(&path, "duplicate-item", message);
                }
            }
            None => read = None,
        }
    }
    read
}

fn cluster_service_of(raw: raw::ClusterService) -> ClusterService {
    match raw {
        raw::ClusterService::ApiServer => ClusterService::ApiServer,
        raw::ClusterService::Nodes => ClusterService::Nodes,
        raw::ClusterService::Dns => ClusterService::Dns,
        raw::ClusterService::ControlPlane => ClusterService::ControlPlane,
        raw::ClusterService::CloudMetadata => ClusterService::CloudMetadata,
    }
}

/// Reports ends that cannot be on their side, and pairs without a zone.
pub(crate) fn check_pair(reporter: &mut Reporter<'_>, path: &str, from: &End, to: &End) {
    let at = |side: &str| {
        if path.is_empty() {
            side.to_owned()
        } else {
            format!("{path}.{side}")
        }
    };
    if let End::ClusterService(service) = from
        && !matches!(
            service,
            ClusterService::Nodes | ClusterService::ControlPlane
        )
    {
        let message = format!("`{}` opens no connections", service.as_str());
        let hint = "callers of webhooks are `controlPlane`";
        reporter
            .error(&at("from.clusterService"), "end-side", message)
            .hint(hint);
    }
    if let End::ClusterService(ClusterService::ControlPlane) = to {
        let message = "`controlPlane` accepts no connections";
        let hint = "the Kubernetes API is `apiServer`";
        reporter
            .error(&at("to.clusterService"), "end-side", message)
            .hint(hint);
    }
    if !matches!(from, End::Pods(_)) && !matches!(to, End::Pods(_)) {
        let message = "neither end is a zone: nothing here can allow or deny that";
        reporter.error(&at("to"), "no-zone-end", message);
    }
}
