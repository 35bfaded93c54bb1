//! What every namespace of a zone gets: open policies while staged, denies when enforced, and what its
//! pods may reach among themselves.

use cofferdam_model::labels::Selector;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::trust_domain::Unassigned;
use cofferdam_model::zone::{Enforcement, WithinZone};
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::{deny_name, open_name};

use super::builder::{Builder, Draft, Rule};
use super::peers::namespaces_peer;
use crate::members::{Member, namespaces_of};

/// Adds open policies or denies, and `cofferdam-within-zone`. Ingress stays open where `held_open`.
pub(super) fn add_baseline(
    builder: &mut Builder<'_>,
    namespace: &NamespaceName,
    member: &Member<'_>,
    held_open: bool,
) {
    let source = format!("Zone/{}", member.zone.name);
    for direction in Direction::BOTH {
        let held = held_open && direction == Direction::Ingress;
        let draft = if member.enforcement == Enforcement::Enforce && !held {
            deny(direction)
        } else {
            open(direction)
        };
        builder.add(
            namespace,
            Draft {
                source: source.clone(),
                ..draft
            },
        );
    }
    let peers = match member.zone.within_zone {
        WithinZone::Deny => return,
        WithinZone::SameNamespace => [namespace.clone()].into(),
        WithinZone::Allow => {
            let none = std::collections::BTreeSet::new();
            namespaces_of(builder.scope.members, &member.zone.name, &none)
                .map(|(name, _)| name.clone())
                .collect()
        }
    };
    let rule = Rule {
        peers: vec![namespaces_peer(&peers)],
        ports: Vec::new(),
    };
    builder.add(
        namespace,
        Draft {
            name: "cofferdam-within-zone".to_owned(),
            ingress: Some(vec![rule.clone()]),
            egress: Some(vec![rule]),
            source,
            ..Draft::default()
        },
    );
}

/// Denies everything in namespaces that no zone holds, where the trust domain asks for it.
pub(super) fn isolate_unassigned(builder: &mut Builder<'_>) {
    let scope = builder.scope;
    let (Unassigned::Isolate, Some(capabilities)) =
        (scope.domain.unassigned_namespaces, scope.capabilities)
    else {
        return;
    };
    for namespace in capabilities.namespaces.keys() {
        let system = scope
            .model
            .is_system_namespace(namespace.as_str(), Some(capabilities));
        if system || scope.members.contains_key(namespace) {
            continue;
        }
        for direction in Direction::BOTH {
            let source = format!("TrustDomain/{}", scope.domain.name);
            builder.add(
                namespace,
                Draft {
                    source,
                    ..deny(direction)
                },
            );
        }
        super::dns::add_dns(builder, namespace);
    }
}

fn open(direction: Direction) -> Draft {
    let everything = vec![Rule::default()];
    Draft {
        pods: Selector::default(),
        ..Draft::one_way(open_name(direction), direction, everything)
    }
}

fn deny(direction: Direction) -> Draft {
    Draft {
        pods: Selector::default(),
        ..Draft::one_way(deny_name(direction), direction, Vec::new())
    }
}
