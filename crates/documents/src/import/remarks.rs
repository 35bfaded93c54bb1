//! What of the policies no draft says, and where drafts are wider or narrower.

use std::collections::BTreeSet;

use cofferdam_objects::policy::Direction;

use super::Scene;
use super::edges::By;
use super::flows::NAMED;
use super::notes::Notes;
use super::ports::Ports;
use super::rules::{Allow, Side, Sides};
use super::zones::Zones;

/// Tells what of the policies no draft says, and where drafts are wider or narrower.
pub(super) fn tell(
    scene: &Scene<'_>,
    zones: &Zones,
    (sides, used, skip): (&Sides, &By, &By),
    notes: &mut Notes,
) {
    for ((namespace, direction), side) in sides {
        let object = format!("Namespace/{namespace}");
        let field = direction.field();
        if scene.live.policies.is_some() && side.open {
            let reason = format!(
                "narrower in the draft: nothing isolates its {field}; `enforce` would deny what no flow allows"
            );
            notes.unmapped(&object, reason);
        } else if !side.open && !side.isolates_all() {
            let reason = format!(
                "narrower in the draft: pods that no policy selects are open for {field}; `enforce` would deny them what no flow allows"
            );
            notes.unmapped(&object, reason);
        }
        tell_derived(scene, namespace, (*direction, side), notes);
        for allow in &side.allows {
            let by = (allow.policy.clone(), allow.place.clone());
            if !skip.contains(&by) {
                tell_rule(zones, (namespace, side), (allow, used.contains(&by)), notes);
            }
        }
    }
    for ((namespace, name), policy) in scene.live.policies.iter().flatten() {
        if let (Some(zone), false) = (zones.of.get(namespace), policy.ours) {
            // That it isolates is what `enforce` does.
            let object = format!("NetworkPolicy/{namespace}/{name}");
            notes.mapped(&object, format!("Zone/{zone}"));
        }
    }
}

/// What the compiler adds by itself where policies isolate.
fn tell_derived(
    scene: &Scene<'_>,
    namespace: &str,
    (direction, side): (Direction, &Side),
    notes: &mut Notes,
) {
    let known = &scene.live.capabilities;
    if side.open {
        return;
    }
    let called = known
        .callees
        .iter()
        .any(|one| one.namespace.as_str() == namespace);
    if called && direction == Direction::Ingress {
        let reason = "wider in the draft: the control plane may call its webhooks, whatever its policies say";
        notes.unmapped(format!("Namespace/{namespace}"), reason);
    }
    let mesh = known.mesh.as_ref();
    if mesh.is_some_and(|mesh| mesh.enrolled.contains(namespace)) {
        let reason = "wider in the draft: ports, probes and control plane of the mesh are let through, whatever its policies say";
        notes.unmapped(format!("Namespace/{namespace}"), reason);
    }
}

fn tell_rule(
    zones: &Zones,
    (namespace, side): (&str, &Side),
    (allow, is_used): (&Allow, bool),
    notes: &mut Notes,
) {
    let place = &allow.place;
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    for (names, _) in &allow.peers {
        let others = names.iter().filter(|name| !zones.of.contains_key(*name));
        outside.extend(others.map(String::as_str));
    }
    let drafted = allow
        .peers
        .iter()
        .flat_map(|(names, _)| names)
        .any(|name| zones.of.contains_key(name));
    if !outside.is_empty() {
        let first: Vec<&str> = outside.iter().copied().take(NAMED).collect();
        let more = outside.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let reason = format!(
            "{place}: namespaces that are in no drafted zone are left out: {}{more}",
            first.join(", ")
        );
        notes.unmapped(&allow.policy, reason);
    }
    if side.open && !(allow.anything && allow.pods.is_empty() && allow.ports == Ports::All) {
        let reason =
            format!("{place}: another rule of `{namespace}` opens everything: no flow is drafted");
        notes.unmapped(&allow.policy, reason);
    } else if side.open {
        let reason =
            format!("{place}: allows everything; no flow is drafted, and `enforce` would deny it");
        notes.unmapped(&allow.policy, reason);
    } else if !is_used && (drafted || allow.anything) {
        let reason = format!("{place}: no draft says it: the other end lets nothing of it through");
        notes.unmapped(&allow.policy, reason);
    }
}
