//! The part of a plan that was asked for.

use std::collections::BTreeSet;

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_planner::view::View;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::{Action, Plan};

use crate::args::Part;

/// Whether a part of the bundle was asked for.
pub(crate) fn is_chosen(kind: Kind, only: &[Part]) -> bool {
    only.is_empty()
        || only.iter().any(|part| match part {
            Part::Namespaces => kind == Kind::Namespace,
            Part::Policies => kind == Kind::NetworkPolicy,
            Part::Nodes => kind == Kind::Node,
        })
}

/// Leaves in the plan what was asked for and can be done without the rest; returns what waits of that.
pub(crate) fn held_back(view: &View<'_>, plan: &mut Plan, only: &[Part]) -> Vec<HeldStep> {
    let mut held = narrow(plan, only);
    let waiting = cofferdam_planner::held_back(view).into_iter();
    held.extend(waiting.filter(|step| is_chosen(step.object.kind, only)));
    held
}

/// What is in the way of what was asked for, and why.
pub(crate) fn blocked(view: &View<'_>, only: &[Part]) -> Vec<(ObjectKey, String)> {
    let blocked = cofferdam_planner::blocked(view).into_iter();
    blocked
        .filter(|(object, _)| is_chosen(object.kind, only) || is_chosen(Kind::NetworkPolicy, only))
        .collect()
}

/// Leaves in the plan what was asked for and can be done without the rest; returns what was asked for
/// and cannot: policies of namespaces that only the rest would create.
fn narrow(plan: &mut Plan, only: &[Part]) -> Vec<HeldStep> {
    // Every notice is about policies: what they isolate, and whether anything enforces them.
    if !is_chosen(Kind::NetworkPolicy, only) {
        plan.notices.clear();
    }
    if is_chosen(Kind::Namespace, only) {
        plan.steps
            .retain(|step| is_chosen(step.action.object().kind, only));
        return Vec::new();
    }
    let created = plan.steps.iter().filter_map(|step| {
        let Action::CreateNamespace { name, .. } = &step.action else {
            return None;
        };
        Some(name.clone())
    });
    let created: BTreeSet<String> = created.collect();
    let mut held = Vec::new();
    plan.steps.retain(|step| {
        let object = step.action.object();
        if !is_chosen(object.kind, only) {
            return false;
        }
        let namespace = object.namespace.clone();
        let Some(missing) = namespace.filter(|namespace| created.contains(namespace)) else {
            return true;
        };
        held.push(HeldStep {
            operation: step.action.operation(),
            object,
            phase: step.phase,
            reason: format!("namespace `{missing}` does not exist, and `--only` leaves it out"),
            hint: "create it by `--only namespaces`, before or in the same run".to_owned(),
        });
        false
    });
    held
}

#[cfg(test)]
mod tests {
    use cofferdam_testkit::{SHOP, Trial};

    use super::*;

    fn planner(
        bundle: &cofferdam_state::bundle::Bundle,
        observed: &cofferdam_state::observed::Observed,
        model: &cofferdam_model::Model,
    ) -> Result<Plan, Vec<String>> {
        let view = View::new(bundle, observed, cofferdam_model::cluster::Delivery::Push);
        cofferdam_planner::plan(&view, model)
    }

    /// What is left of a first plan in which one namespace is to be created: the kinds of steps, those of
    /// that namespace, and what is held back.
    #[track_caller]
    fn check(only: &[Part], kinds: &[&str], there: usize, held: usize) {
        let mut trial = Trial::shop(SHOP, planner);
        let created = trial.cluster.namespaces.remove("web");
        assert!(created.is_some());
        let model = SHOP.replace("name: web }", "name: web, create: true }");
        assert_ne!(model, SHOP);
        trial.model = cofferdam_testkit::model(&model);
        let mut plan = trial.plan();
        assert!(!plan.notices.is_empty());
        let waiting = narrow(&mut plan, only);
        let policies = only.is_empty() || only.contains(&Part::Policies);
        assert_eq!(!plan.notices.is_empty(), policies);
        let objects: Vec<ObjectKey> = plan.steps.iter().map(|step| step.action.object()).collect();
        let left: BTreeSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
        assert_eq!(left, kinds.iter().copied().collect());
        let of_web = |object: &&ObjectKey| object.namespace.as_deref() == Some("web");
        assert_eq!(objects.iter().filter(of_web).count(), there);
        assert_eq!(
            waiting.iter().filter(|step| of_web(&&step.object)).count(),
            held
        );
        assert_eq!(waiting.len(), held);
    }

    #[test]
    fn policies_wait_for_namespaces_that_are_left_out() {
        check(&[], &["Namespace", "NetworkPolicy", "Node"], 9, 0);
        check(&[Part::Policies], &["NetworkPolicy"], 0, 9);
        check(
            &[Part::Policies, Part::Nodes],
            &["NetworkPolicy", "Node"],
            0,
            9,
        );
        check(
            &[Part::Namespaces, Part::Policies],
            &["Namespace", "NetworkPolicy"],
            9,
            0,
        );
        check(&[Part::Nodes], &["Node"], 0, 0);
    }
}
