//! Faults that policies often have, told only where a policy can hardly be meant as it is.

mod address_of_pod;
mod cover;
mod dead_rules;
mod dns_without_tcp;
mod egress_without_dns;
mod every_namespace;
mod host_bits;
mod host_network;
mod ignored_by_plugin;
mod no_effect;
mod no_such_namespace;
mod no_such_port;
mod not_read;
mod or_for_and;
mod over_broad;
mod redundant;
mod scene;
mod selects_nothing;
mod service_port;
mod shadowed_rule;
mod spelling;
mod undone_deny;
mod unpaired_flow;

use std::sync::Arc;

use cofferdam_model::diagnostic::Severity;
use cofferdam_model::dialect::Dialect;
use cofferdam_model::lint::Lint;

use crate::classes::Classes;
use crate::policy::Source;
use scene::Scene;

#[cfg(test)]
mod tests;

/// A fault of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The object that the policy came from; `None` where what has the fault is no object of the input.
    pub source: Option<Source>,
    /// Where in it, such as `spec.ingress[0].from[1]`; empty where the whole is meant.
    pub path: String,
    /// Its kind.
    pub lint: Lint,
    /// The object, as `Kind/[namespace/]name`.
    pub object: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

/// Every fault of the policies, by object and place. What depends on the network plugin is told of those dialects
/// that may be in force: one where it is known.
pub fn lint(classes: &Arc<Classes>, dialects: &[Dialect]) -> Vec<Fault> {
    let scene = Scene::of(classes, dialects);
    let found = Lint::ALL.into_iter().flat_map(|lint| find(lint, &scene));
    let mut faults: Vec<Fault> = found.collect();
    faults.sort();
    faults.dedup();
    faults
}

fn find(lint: Lint, scene: &Scene<'_>) -> Vec<Fault> {
    match lint {
        Lint::InvalidPolicy | Lint::NotUnderstood | Lint::NotModelled => {
            not_read::find(lint, scene)
        }
        Lint::NoSuchNamespace => no_such_namespace::find(scene),
        Lint::SelectsNothing => selects_nothing::find(scene),
        Lint::HostNetwork => host_network::find(scene),
        Lint::OrForAnd => or_for_and::find(scene),
        Lint::EveryNamespace => every_namespace::find(scene),
        Lint::OverBroad => over_broad::find(scene),
        Lint::HostBits => host_bits::find(scene),
        Lint::UndoneDeny => undone_deny::find(scene),
        Lint::NoEffect => no_effect::find(scene),
        Lint::ShadowedRule => shadowed_rule::find(scene),
        Lint::DeadRules => dead_rules::find(scene),
        Lint::EgressWithoutDns => egress_without_dns::find(scene),
        Lint::DnsWithoutTcp => dns_without_tcp::find(scene),
        Lint::UnpairedFlow => unpaired_flow::find(scene),
        Lint::NoSuchPort => no_such_port::find(scene),
        Lint::ServicePort => service_port::find(scene),
        Lint::AddressOfPod => address_of_pod::find(scene),
        Lint::IgnoredByPlugin => ignored_by_plugin::find(scene),
    }
}
