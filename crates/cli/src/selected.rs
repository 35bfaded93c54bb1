//! The clusters that a command line means.

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::{ClusterName, TrustDomainName};

use crate::args::Selection;

/// The selected clusters, in the order of their trust domains' rollout and of their names.
pub(crate) fn select<'a>(model: &'a Model, selection: &Selection) -> Result<Vec<&'a Cluster>> {
    some_clusters(model)?;
    let clusters = || model.clusters.keys().map(ClusterName::as_str);
    for name in &selection.cluster {
        known("cluster", name, clusters())?;
    }
    let domains = || model.trust_domains.keys().map(TrustDomainName::as_str);
    for name in &selection.trust_domain {
        known("trust domain", name, domains())?;
    }
    if selection.kubeconfig.is_some() && selection.cluster.len() != 1 {
        bail!("`--kubeconfig` needs exactly one `--cluster`");
    }
    let is_meant =
        |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    let domain_of = |cluster: &Cluster| model.trust_domain_of(cluster).map(|domain| &domain.name);
    let wanted = |cluster: &&Cluster| {
        let domain = domain_of(cluster).map_or("", TrustDomainName::as_str);
        is_meant(&selection.cluster, cluster.name.as_str())
            && is_meant(&selection.trust_domain, domain)
    };
    let mut selected: Vec<&Cluster> = model.clusters.values().filter(wanted).collect();
    if selected.is_empty() {
        bail!("{}", nothing_meant(model, selection));
    }
    let order = |cluster: &&Cluster| {
        let domain = model.trust_domain_of(cluster);
        (
            domain.map(|domain| (domain.rollout.order, &domain.name)),
            cluster.name.clone(),
        )
    };
    selected.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(selected)
}

/// That the fleet has clusters: nothing that is said of none of them is worth anything.
pub(crate) fn some_clusters(model: &Model) -> Result<()> {
    if model.clusters.is_empty() {
        bail!(
            "the fleet has no clusters; `cofferdam init --kubeconfig FILE` writes a document for each context"
        );
    }
    Ok(())
}

/// That a name of the command line exists; else which there are, and which was probably meant.
pub(crate) fn known<'a>(
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<()> {
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    let all: Vec<&str> = names.clone().collect();
    let meant = did_you_mean(name, names).map(|meant| format!(" ({meant})"));
    bail!(
        "there is no {what} `{name}`; there are {}{}",
        all.join(", "),
        meant.unwrap_or_default()
    )
}

/// Why names that all exist select nothing together.
fn nothing_meant(model: &Model, selection: &Selection) -> String {
    let clusters = model.clusters.values();
    let asked = clusters.filter(|cluster| {
        selection
            .cluster
            .iter()
            .any(|one| one == cluster.name.as_str())
    });
    let places: Vec<String> = asked
        .filter_map(|cluster| {
            let domain = &model.trust_domain_of(cluster)?.name;
            Some(format!("`{}` is in trust domain `{domain}`", cluster.name))
        })
        .collect();
    if places.is_empty() {
        return format!(
            "no cluster is in trust domain {}",
            selection.trust_domain.join(", ")
        );
    }
    format!(
        "`--cluster` and `--trust-domain` must both hold, and {}",
        places.join(", ")
    )
}
