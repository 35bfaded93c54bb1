//! Nodes that lose a label which DaemonSets ask for: their controller ends the pods there.

use std::collections::BTreeSet;

use cofferdam_state::plan::Step;

use crate::guards::told_template;
use crate::view::View;
use cofferdam_model::count::listed;

/// Which pods of DaemonSets end because nodes lose the label by which they are selected, a line for each of them.
pub(crate) fn ending(view: &View<'_>, steps: &[Step]) -> Vec<String> {
    let templates = view.observed.templates.known().into_iter().flatten();
    let daemon_sets = templates.filter(|one| one.workload.starts_with("DaemonSet/"));
    let told = daemon_sets.filter_map(|one| {
        let is_asked_for = |key: &str, value: Option<&String>| {
            value.is_some() && one.node_selector.get(key) == value
        };
        let losing = steps.iter().filter(|step| {
            let mut changes = step.action.node_labels().iter();
            changes.any(|change| is_asked_for(&change.key, change.old.as_ref()))
        });
        let nodes: BTreeSet<String> = losing.map(|step| step.action.object().name).collect();
        (!nodes.is_empty()).then(|| {
            format!(
                "pods of {} end on nodes that lose the label which it asks for: {}",
                told_template(one),
                listed(nodes.iter().map(String::as_str))
            )
        })
    });
    told.collect()
}
