//! Clusters whose document was deleted: what was written there is still there, and nobody looks at it.

use cofferdam_model::Model;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};

use crate::findings::fixed_severity;

/// One finding for each cluster of which capabilities are stored and no document is left.
pub fn abandoned(model: &Model) -> Vec<Finding> {
    let gone = model.capabilities.values();
    let gone = gone.filter(|stored| !model.clusters.contains_key(&stored.cluster));
    gone.map(|stored| {
        let name = &stored.cluster;
        Finding {
            class: Class::Abandoned,
            cluster: name.clone(),
            zone: None,
            object: ObjectKey::cluster(name.as_str()),
            fields: Vec::new(),
            by: None,
            effect: Effect::Unknown,
            severity: fixed_severity(Class::Abandoned),
            message: "its document was deleted, and what was written there may still be there".to_owned(),
            hint: Some(format!(
                "`cofferdam detach --cluster {name} --remove --kubeconfig FILE` takes it back; then delete \
                 fleet/capabilities/{name}.yaml"
            )),
            changes: None,
            waiver: None,
        }
    })
    .collect()
}
