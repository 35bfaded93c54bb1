//! Labels of the namespaces of zones.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
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

fn labels(scope: &Scope<'_>, member: &Member<'_>) -> Labels {
    let security = &member.zone.pod_security;
    let mut labels: Labels = [
        (keys::ZONE, member.zone.name.as_str()),
        (keys::TRUST_DOMAIN, scope.domain.name.as_str()),
        (keys::POD_SECURITY_WARN, security.warn.as_str()),
        (keys::POD_SECURITY_WARN_VERSION, security.version.as_str()),
        (keys::POD_SECURITY_AUDIT, security.audit.as_str()),
        (keys::POD_SECURITY_AUDIT_VERSION, security.version.as_str()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    if let Some(tier) = &member.zone.tier {
        labels.insert(keys::TIER.to_owned(), tier.to_string());
    }
    labels
}
