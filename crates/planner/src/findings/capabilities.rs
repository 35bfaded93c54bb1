//! Whether policies are enforced at all, and whether the cluster is still what is stored of it.

use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Finding};
use serde_json::Value;

use super::{Judged, finding};
use crate::view::View;

/// `not-enforced` and `capabilities-changed`.
pub(super) fn check(view: &View<'_>, stored: Option<&Capabilities>) -> Vec<Finding> {
    let Some(live) = view.observed.capabilities.known() else {
        return Vec::new();
    };
    let object = || ObjectKey::cluster(view.bundle.cluster.as_str());
    let mut found = Vec::new();
    if live.cni.enforces != Enforces::Yes {
        let verdict = match live.cni.enforces {
            Enforces::Yes | Enforces::No => "does not enforce NetworkPolicy",
            Enforces::Unknown => "is not known to enforce NetworkPolicy",
        };
        let message = format!("`{}` {verdict}: {}", live.cni.name, live.cni.evidence);
        let hint = "policies are accepted here and have no effect until a plugin enforces them";
        found.push(finding(view, Class::NotEnforced, object(), message).with_hint(hint));
    }
    if let Some(stored) = stored {
        let fields = changes(stored, live);
        if !fields.is_empty() {
            let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
            let message = format!("no longer as stored: {}", paths.join(", "));
            let hint = "`cofferdam doctor --write` stores what is there now";
            let changed = finding(view, Class::CapabilitiesChanged, object(), message);
            found.push(Finding {
                fields,
                ..changed.with_hint(hint)
            });
        }
    }
    found
}

/// What a bundle depends on and is not as stored. Namespaces, nodes and their addresses come and go;
/// what follows from them is found in the policies themselves.
fn changes(stored: &Capabilities, live: &Capabilities) -> Vec<Difference> {
    let facts = [
        ("version", stored.version.clone(), live.version.clone()),
        ("cni", cni_text(stored), cni_text(live)),
        ("dns", dns_text(stored), dns_text(live)),
        (
            "apiServer",
            format!("{:?}", stored.api_server),
            format!("{:?}", live.api_server),
        ),
        ("mesh", mesh_text(stored), mesh_text(live)),
        (
            "callees",
            format!("{:?}", stored.callees),
            format!("{:?}", live.callees),
        ),
    ];
    let changed = facts.into_iter().filter(|(_, stored, live)| stored != live);
    changed
        .map(|(path, stored, live)| Difference {
            path: path.to_owned(),
            want: Some(Value::String(stored)),
            have: Some(Value::String(live)),
        })
        .collect()
}

fn cni_text(known: &Capabilities) -> String {
    format!(
        "{} enforces: {}",
        known.cni.name,
        known.cni.enforces.as_str()
    )
}

fn dns_text(known: &Capabilities) -> String {
    format!("{:?} {:?}", known.dns.servers, known.dns.node_local)
}

fn mesh_text(known: &Capabilities) -> String {
    known
        .mesh
        .as_ref()
        .map_or_else(String::new, |mesh| mesh.kind.as_str().to_owned())
}
