//! Why nothing of a cluster could be read: it was not reached, or it answered and gave nothing.

use cofferdam_cluster::{Category, ConnectOptions, Connection, Error};
use cofferdam_model::cluster::Cluster;
use cofferdam_report::wire::denied::Denied;
use cofferdam_state::observed::Observed;

/// Why a cluster could not be read.
#[derive(Debug, Clone)]
pub struct Unreachable {
    /// Why.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// That it answered all the same, and what.
    pub denied: Option<Denied>,
}

impl Unreachable {
    /// A cluster that gave no answer, for a reason that nothing is known to help against.
    pub fn silent(reason: String) -> Self {
        Self {
            reason,
            hint: None,
            denied: None,
        }
    }
}

impl From<Error> for Unreachable {
    fn from(error: Error) -> Self {
        Self {
            reason: error.reason(),
            hint: error.hint().map(ToOwned::to_owned),
            denied: None,
        }
    }
}

/// Why nothing was read where so many parts are unknown that all failed for one and the same reason.
pub fn why_unread(
    cluster: &Cluster,
    options: &ConnectOptions,
    connection: &Connection,
    observed: &Observed,
) -> Option<Unreachable> {
    let unknowns = observed.unknowns();
    let reason = observed.uid.unknown()?;
    if unknowns.len() < 8 {
        return None;
    }
    let last = connection.last_failure();
    let (category, hint) = last.map_or((None, None), |(category, hint)| {
        (Some(category), Some(hint))
    });
    if category == Some(Category::Forbidden) {
        return Some(forbidden(cluster, options, observed));
    }
    Some(Unreachable {
        reason: reason.to_owned(),
        hint,
        denied: (category == Some(Category::Unauthorized)).then_some(Denied::Unauthorized),
    })
}

/// What follows from others, and is nothing that rights are about.
const DERIVED: [&str; 2] = ["identity of the cluster", "capabilities"];

fn forbidden(cluster: &Cluster, options: &ConnectOptions, observed: &Observed) -> Unreachable {
    let who = observed.identity.known();
    let who = who.map_or_else(
        || "the credential".to_owned(),
        |who| format!("`{}`", who.user),
    );
    let unknowns = observed.unknowns().into_iter();
    let parts: Vec<&str> = unknowns
        .map(|(part, _)| part)
        .filter(|part| !DERIVED.contains(part))
        .collect();
    let file = options.kubeconfig.as_ref();
    let file = file.map_or_else(String::new, |file| {
        format!(" --kubeconfig {}", file.display())
    });
    let name = &cluster.name;
    Unreachable {
        reason: format!("forbidden: {who} may not read {}", parts.join(", ")),
        hint: Some(format!(
            "`cofferdam rbac --profile observe --cluster {name}{file}` prints the rights; let somebody who may \
             grant them apply it"
        )),
        denied: Some(Denied::Forbidden),
    }
}
