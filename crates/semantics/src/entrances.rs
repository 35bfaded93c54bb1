//! Ways in from outside resolved: which Ingress or route leads to which pods, and who connects to these.

mod controllers;
mod routes;

use std::collections::BTreeSet;

use crate::facts::{BackendReference, Facts, Gap, GapKind, ObjectName, PortReference};
use crate::policy::Source;
use crate::services::{self, AskedPort, Backend, NoBackend};

pub use controllers::Controller;

/// A way in: an Ingress, or a route at a Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// The Ingress or route.
    pub id: ObjectName,
    /// The Gateway of a route.
    pub gateway: Option<ObjectName>,
    /// Who connects to what is behind it.
    pub controller: Controller,
    /// Whether it is reached from private networks alone.
    pub is_internal: bool,
    /// What is behind it.
    pub backends: BTreeSet<Backend>,
}

/// Every way in, and what could not be resolved.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The ways in.
    pub entrances: Vec<Entrance>,
    /// What may lead somewhere, and it is not known where.
    pub gaps: BTreeSet<Gap>,
    /// What leads nowhere, or out of the cluster, one line each.
    pub notes: BTreeSet<String>,
}

/// Resolves Ingresses and routes.
pub fn resolve(facts: &Facts) -> Resolved {
    let mut resolved = Resolved::default();
    for ingress in &facts.entrances.ingresses {
        let (id, source) = (&ingress.id, ingress.source);
        let backends = resolved.backends(facts, (id, source), &ingress.backends);
        resolved.entrances.push(Entrance {
            id: id.clone(),
            gateway: None,
            controller: controllers::of_ingress(facts, &ingress.class),
            is_internal: ingress.is_internal,
            backends,
        });
    }
    for route in &facts.entrances.routes {
        resolved.route(facts, route);
    }
    resolved
}

impl Resolved {
    /// What references lead to; what cannot be resolved is told.
    fn backends(
        &mut self,
        facts: &Facts,
        (of, source): (&ObjectName, Source),
        references: &[BackendReference],
    ) -> BTreeSet<Backend> {
        let mut backends = BTreeSet::new();
        for reference in references {
            match backends_of(facts, of, reference) {
                Ok(more) => backends.extend(more),
                Err(Unresolved::Unknown(reason)) => self.gap(of, source, reason),
                Err(Unresolved::Nowhere(reason)) => self.note(of, &reason),
            }
        }
        backends
    }

    fn gap(&mut self, of: &ObjectName, source: Source, reason: String) {
        self.gaps.insert(Gap {
            object: of.to_string(),
            reason,
            source: Some(source),
            kind: GapKind::NotRead,
        });
    }

    fn note(&mut self, of: &ObjectName, reason: &str) {
        self.notes.insert(format!("{of}: {reason}"));
    }
}

/// Why a reference leads to nothing that is known.
enum Unresolved {
    /// It may lead somewhere.
    Unknown(String),
    /// It leads to no pod.
    Nowhere(String),
}

fn backends_of(
    facts: &Facts,
    of: &ObjectName,
    reference: &BackendReference,
) -> Result<Vec<Backend>, Unresolved> {
    let BackendReference { group, id, port } = reference;
    let ObjectName {
        kind,
        namespace,
        name,
    } = id;
    if (&**group, &**kind) != ("", "Service") {
        let reason = format!("leads to {id}, which is no Service: not followed");
        return Err(Unresolved::Unknown(reason));
    }
    if !routes::may_refer(facts, of, reference) {
        let reason = format!(
            "may not lead to {id}: no ReferenceGrant of namespace {namespace} says that it may"
        );
        return Err(Unresolved::Nowhere(reason));
    }
    let Some(service) = services::named(facts, namespace, name) else {
        let reason = format!("leads to {id}, which is not among the objects");
        return Err(Unresolved::Unknown(reason));
    };
    let port = match port {
        Some(PortReference::Number(number)) => AskedPort::Number(*number),
        Some(PortReference::Name(name)) => AskedPort::Name(name),
        None => {
            let reason = format!("leads to no port of {id}: names none");
            return Err(Unresolved::Nowhere(reason));
        }
    };
    let protocol = routes::protocol(&of.kind);
    services::backends(facts, service, port, Some(protocol)).map_err(|why| {
        let told = format!("leads to {id}, which {}", why.told());
        match why {
            NoBackend::NoSelector => Unresolved::Unknown(told),
            NoBackend::NoPort
            | NoBackend::NoEndpoint
            | NoBackend::ExternalName
            | NoBackend::NoPod
            | NoBackend::NoTarget
            | NoBackend::NoneOnNode => Unresolved::Nowhere(told),
        }
    })
}
