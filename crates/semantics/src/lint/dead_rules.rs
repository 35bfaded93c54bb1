//! Rules of a direction that `policyTypes` leaves out.

use cofferdam_model::lint::Lint;
use cofferdam_objects::policy::Direction;

use super::Fault;
use super::scene::{Scene, warning};
use crate::policy::SlipKind;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let slips = scene.slips();
    let faults = slips.filter_map(|(policy, slip)| {
        let SlipKind::LeftOut { direction, is_open } = slip.kind else {
            return None;
        };
        let field = direction.field();
        let word = match direction {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        };
        let message = format!(
            "these rules never count: `policyTypes` has no {word}, so that the policy says nothing of {field}"
        );
        let fault = warning(Lint::DeadRules, policy, slip.path.clone(), message);
        let fault = fault.hint(format!("add `{word}` to `policyTypes`, or remove the rules"));
        Some(if is_open { fault.notice() } else { fault })
    });
    faults.collect()
}
