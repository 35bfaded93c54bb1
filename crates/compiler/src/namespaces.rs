//! Labels of the namespaces of zones.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{Enforcement, PodSecurity, PodSecurityLevel};
use cofferdam_objects::keys;
use cofferdam_state::bundle::DesiredNamespace;

use crate::backend::Scope;
use crate::members::Member;

/// Every namespace of a zone with the labels that its enforcement asks for.
pub(crate) fn desired_namespaces(scope: &Scope<'_>) -> BTreeMap<NamespaceName, DesiredNamespace> {
    let desired = |(name, member): (&NamespaceName, &Member<'_>)| {
        let written = member.enforcement > Enforcement::Observe;
        let namespace = DesiredNamespace {
            zone: member.zone.name.clone(),
            sensitivity: member.zone.sensitivity,
            enforcement: member.enforcement,
            create: member.rule.create && written,
            labels: if written {
                labels(scope, member)
            } else {
                Labels::new()
            },
            labels_if_absent: match (&member.rule.team, written) {
                (Some(team), true) => [(keys::TEAM.to_owned(), team.clone())].into(),
                (Some(_) | None, _) => Labels::new(),
            },
            source: format!("Zone/{}", member.zone.name),
        };
        (name.clone(), namespace)
    };
    scope.members.iter().map(desired).collect()
}

/// A notice for each zone of which a level is not enforced because nobody asks the server first.
pub(crate) fn remarks(scope: &Scope<'_>) -> BTreeSet<Remark> {
    let members = scope.members.values().filter(|member| {
        scope.cluster.delivery == Delivery::Gitops
            && member.enforcement == Enforcement::Enforce
            && member.zone.pod_security.enforce > PodSecurityLevel::Privileged
    });
    let remark = |member: &Member<'_>| Remark {
        document: DocumentId {
            kind: "Zone",
            name: member.zone.name.to_string(),
        },
        path: "spec.podSecurity".to_owned(),
        severity: Severity::Notice,
        code: "pod-security-not-delivered",
        message: format!(
            "no `enforce` level is written for GitOps to apply, as in cluster `{}`: nobody would ask first which pods \
             it refuses",
            scope.cluster.name
        ),
        hint: Some(format!(
            "try `kubectl label --dry-run=server namespace NAME {}={}`, and set it where that warns of nothing",
            keys::POD_SECURITY_ENFORCE,
            member.zone.pod_security.enforce.as_str()
        )),
    };
    members.map(remark).collect()
}

fn labels(scope: &Scope<'_>, member: &Member<'_>) -> Labels {
    let mut labels = vec![
        (keys::ZONE, member.zone.name.as_str()),
        (keys::TRUST_DOMAIN, scope.domain.name.as_str()),
    ];
    labels.extend(
        member
            .zone
            .tier
            .as_ref()
            .map(|tier| (keys::TIER, tier.as_str())),
    );
    labels.extend(pod_security(scope, member));
    labels
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn pod_security<'a>(
    scope: &Scope<'_>,
    member: &Member<'a>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let PodSecurity {
        enforce,
        warn,
        audit,
        version,
    } = &member.zone.pod_security;
    let told = [
        (keys::POD_SECURITY_WARN, warn.as_str()),
        (keys::POD_SECURITY_WARN_VERSION, version.as_str()),
        (keys::POD_SECURITY_AUDIT, audit.as_str()),
        (keys::POD_SECURITY_AUDIT_VERSION, version.as_str()),
    ];
    let enforced = [
        (keys::POD_SECURITY_ENFORCE, enforce.as_str()),
        (keys::POD_SECURITY_ENFORCE_VERSION, version.as_str()),
    ];
    // Whoever applies manifests asks nobody first which pods a level would refuse.
    let is_enforced =
        member.enforcement == Enforcement::Enforce && scope.cluster.delivery == Delivery::Push;
    let enforced = enforced.into_iter().filter(move |_| is_enforced);
    let unsynced = has_openshift_sync(scope).then_some((keys::OPENSHIFT_LABEL_SYNC, "false"));
    told.into_iter().chain(enforced).chain(unsynced)
}

/// Whether OpenShift's controller would set the Pod Security labels by its own lights.
fn has_openshift_sync(scope: &Scope<'_>) -> bool {
    let kinds = scope.capabilities.iter().flat_map(|known| &known.kinds);
    let mut groups = kinds.filter_map(|kind| kind.split('/').next());
    groups.any(|group| group == keys::OPENSHIFT_SECURITY_GROUP)
}
