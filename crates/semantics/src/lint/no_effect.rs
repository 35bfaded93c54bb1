//! Policies that could go with nothing changed.

use cofferdam_model::lint::Lint;

use super::scene::{Scene, listed, warning};
use super::{Fault, redundant, selects_nothing, undone_deny};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let idle = redundant::policies(scene).into_iter();
    let faults = idle.filter_map(|idle| {
        let policy = scene.policy(idle.number)?;
        // Of what is compiled, the documents are judged and not the policies.
        if policy.is_compiled {
            return None;
        }
        // These have a lint of their own that says why.
        if undone_deny::is_undone(scene, policy)
            || selects_nothing::subject(scene, policy).is_some()
        {
            return None;
        }
        let does = if idle.others.len() == 1 { "does" } else { "do" };
        let others = listed(&idle.others);
        let message =
            format!("without this policy nothing changes: {others} {does} all that it does");
        let fault = warning(Lint::NoEffect, policy, String::new(), message);
        let hint = "remove it, or look for what was to be different";
        Some(fault.notice().hint(hint))
    });
    faults.collect()
}
