//! Drift: how a cluster differs from its bundle. One file per subject.

mod admitted;
mod capabilities;
mod change;
mod foreign;
mod guards;
mod held_open;
mod host_network;
mod identity;
mod lost;
mod misplaced;
mod namespaces;
mod nodes;
mod pod_security;
mod policies;
mod unassigned;
mod unmodelled;
mod unpinned;
mod unwanted;

use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding, Severity, severity_of_effect};

use crate::view::View;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;

pub(crate) use namespaces::sensitivity_at;
pub use nodes::intolerant;
pub(crate) use nodes::{intolerant_if, may_tolerate, taint_text, tolerates_taint, toleration_hint};

/// Every finding about one cluster, sorted; waivers are not applied yet.
///
/// What could not be read gives findings of class `unknown`, and nothing is concluded from it.
pub fn find(view: &View<'_>, cluster: &Cluster, stored: Option<&Capabilities>) -> Vec<Finding> {
    let mut found = identity::check(view, cluster);
    found.extend(capabilities::check(view, stored));
    if found
        .iter()
        .all(|finding| finding.class != Class::WrongCluster)
    {
        found.extend(namespaces::check(view));
        found.extend(pod_security::check(view));
        found.extend(policies::check(view));
        found.extend(unwanted::check(view));
        found.extend(lost::check(view));
        found.extend(foreign::check(view));
        found.extend(unmodelled::check(view));
        found.extend(held_open::check(view));
        found.extend(host_network::check(view));
        found.extend(unassigned::check(view));
        found.extend(nodes::check(view));
        found.extend(guards::check(view));
        found.extend(misplaced::check(view));
        found.extend(unpinned::check(view));
    }
    found.sort_by(|a, b| {
        (a.severity, a.class, &a.object, &a.message)
            .cmp(&(b.severity, b.class, &b.object, &b.message))
    });
    found
}

/// What manifests can mend: namespaces and policies.
pub(crate) fn of_manifests(view: &View<'_>) -> Vec<Finding> {
    let mut found = namespaces::check(view);
    found.extend(policies::check(view));
    found
}

/// That a cluster is not the one which its document means.
pub fn wrong_cluster(view: &View<'_>, message: String) -> Finding {
    let object = ObjectKey::cluster(view.bundle.cluster.as_str());
    finding(view, Class::WrongCluster, object, message)
        .with_hint("check `access` and `identity` of the Cluster document")
}

/// A finding with nothing but the necessary.
pub(crate) fn finding(
    view: &View<'_>,
    class: Class,
    object: ObjectKey,
    message: String,
) -> Finding {
    Finding {
        class,
        cluster: view.bundle.cluster.clone(),
        zone: None,
        object,
        fields: Vec::new(),
        by: None,
        effect: Effect::Unknown,
        changes: None,
        severity: fixed_severity(class),
        message,
        hint: None,
        waiver: None,
    }
}

/// Severity where the class decides; `changed`, `missing` and `foreign-policy` go by effect, and so does
/// what is in our name or left of us and lets in whom it kept out.
pub(crate) fn fixed_severity(class: Class) -> Option<Severity> {
    match class {
        Class::Missing | Class::Changed | Class::ForeignPolicy | Class::Unknown => None,
        Class::NotEnforced
        | Class::GuardMissing
        | Class::WrongCluster
        | Class::ImpostorNamespace
        | Class::ImpostorObject
        | Class::NameTaken => Some(Severity::High),
        Class::Abandoned
        | Class::Orphan
        | Class::Conflict
        | Class::MissingNamespace
        | Class::NodePool
        | Class::MisplacedPod
        | Class::BundleSkew
        | Class::CrossCluster
        | Class::UnassignedNamespace
        | Class::PodSecurityWouldBreak => Some(Severity::Medium),
        Class::CapabilitiesChanged => Some(Severity::Low),
    }
}

impl Judged for Finding {
    fn with_effect(mut self, effect: Effect, sensitivity: Option<Sensitivity>) -> Self {
        self.effect = effect;
        let by_effect = severity_of_effect(effect, sensitivity);
        // What lets in, or may let in, whom the zone keeps out is no less urgent because it is in our name.
        let in_our_name = matches!(self.class, Class::ImpostorNamespace | Class::ImpostorObject);
        let severity = match self.severity {
            Some(fixed) if in_our_name => fixed.min(by_effect),
            Some(fixed) => fixed,
            None => by_effect,
        };
        self.severity = Some(severity);
        self
    }

    fn in_zone(mut self, zone: Option<&ZoneName>) -> Self {
        self.zone = zone.cloned();
        self
    }

    fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// How findings are completed.
pub(crate) trait Judged {
    /// With its effect, and the severity that follows where the class leaves that open.
    fn with_effect(self, effect: Effect, sensitivity: Option<Sensitivity>) -> Self;
    /// With its zone.
    fn in_zone(self, zone: Option<&ZoneName>) -> Self;
    /// With what to do.
    fn with_hint(self, hint: &str) -> Self;
}
