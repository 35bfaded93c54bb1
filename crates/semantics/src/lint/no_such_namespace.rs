//! Policies in namespaces that are not there.

use cofferdam_model::lint::Lint;

use super::Fault;
use super::scene::{Scene, warning};
use super::spelling::nearest;

/// Namespaces that every cluster has.
const ALWAYS_THERE: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let namespaces = &scene.facts().namespaces;
    if namespaces.values().all(|one| one.source.is_none()) {
        return Vec::new();
    }
    let policies = scene.namespaced().map(|(_, policy)| policy);
    let homeless = policies.filter(|policy| {
        let name = &*policy.id.namespace;
        !namespaces.contains_key(name) && !ALWAYS_THERE.contains(&name)
    });
    let faults = homeless.map(|policy| {
        let name = &policy.id.namespace;
        let message = format!("there is no namespace `{name}` among the objects");
        let path = "metadata.namespace".to_owned();
        let fault = warning(Lint::NoSuchNamespace, policy, path, message);
        match nearest(name, namespaces.keys().map(|name| &**name)) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault,
        }
    });
    faults.collect()
}
