//! The part of a plan that was asked for.

use std::collections::BTreeSet;

use cofferdam_model::count::counted;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_planner::view::View;
use cofferdam_state::footing::Footing;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::{Action, DueProbe, Phase, Plan};

/// A part of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Namespaces and their labels.
    Namespaces,
    /// NetworkPolicies.
    Policies,
    /// Labels and taints of nodes.
    Nodes,
    /// Guard rails: admission policies and their bindings.
    Guards,
}

impl Part {
    fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Namespaces => kind == Kind::Namespace,
            Self::Policies => kind == Kind::NetworkPolicy,
            Self::Nodes => kind == Kind::Node,
            Self::Guards => matches!(kind, Kind::Admission(_)),
        }
    }
}

/// What of a plan is meant; all of it where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Only<'a> {
    parts: &'a [Part],
    places: Option<&'a BTreeSet<ObjectKey>>,
}

impl<'a> Only<'a> {
    /// Everything.
    pub const EVERYTHING: Self = Self {
        parts: &[],
        places: None,
    };

    /// These parts; every part where none is named.
    pub fn parts(parts: &'a [Part]) -> Self {
        Self {
            parts,
            ..Self::EVERYTHING
        }
    }

    /// These objects; of a namespace, also whatever is in it.
    pub fn places(places: &'a BTreeSet<ObjectKey>) -> Self {
        Self {
            places: Some(places),
            ..Self::EVERYTHING
        }
    }

    /// Whether nothing is left out.
    pub fn is_everything(&self) -> bool {
        *self == Self::EVERYTHING
    }

    /// Whether an object is meant.
    pub fn holds(&self, object: &ObjectKey) -> bool {
        let mut places = self.places.into_iter().flatten();
        self.holds_some(object.kind)
            && (self.places.is_none() || places.any(|one| *one == place_of(object)))
    }

    /// Whether objects of a kind may be meant.
    fn holds_some(&self, kind: Kind) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| part.holds(kind))
    }

    /// Whether every object of a kind is meant.
    fn holds_all(&self, kind: Kind) -> bool {
        self.places.is_none() && self.holds_some(kind)
    }
}

/// The namespace that an object is in; the object itself where it is in none. The policy of a guard rail and its binding
/// are in one place.
pub fn place_of(object: &ObjectKey) -> ObjectKey {
    if let Kind::Admission(_) = object.kind {
        return ObjectKey {
            kind: Kind::Admission(AdmissionKind::ValidatingPolicy),
            ..object.clone()
        };
    }
    let namespace = object.namespace.as_deref();
    namespace.map_or_else(|| object.clone(), ObjectKey::namespace)
}

/// Leaves in the plan what was asked for and can be done without the rest; returns what waits of that.
pub fn held_back(view: &View<'_>, plan: &mut Plan, only: &Only<'_>) -> Vec<HeldStep> {
    let all = plan.steps.len();
    let mut held = narrow(plan, only);
    let left_out = all - plan.steps.len() - held.len();
    if left_out > 0 {
        let steps = counted(left_out, "step");
        plan.notices.push(format!("`--only` leaves out {steps}"));
    }
    let waiting = cofferdam_planner::held_back(view).into_iter();
    held.extend(waiting.filter(|step| only.holds(&step.object)));
    held
}

/// What is in the way of what was asked for, and why.
pub fn blocked(view: &View<'_>, only: &Only<'_>) -> Vec<(ObjectKey, String)> {
    let blocked = cofferdam_planner::blocked(view).into_iter();
    blocked
        .filter(|(object, _)| only.holds(object) || only.holds_all(Kind::NetworkPolicy))
        .collect()
}

/// Leaves in the plan what was asked for and can be done without the rest; returns what was asked for
/// and cannot: policies of namespaces that only the rest would create.
fn narrow(plan: &mut Plan, only: &Only<'_>) -> Vec<HeldStep> {
    // Every notice is about policies: what they isolate, and whether anything enforces them.
    if !only.holds_some(Kind::NetworkPolicy) {
        plan.notices.clear();
    }
    let mut held = unfounded(plan, only);
    held.extend(unpinned(plan, only));
    plan.probes.retain(|due| is_probed(due, only));
    if only.holds_some(Kind::Namespace) {
        plan.steps.retain(|step| only.holds(&step.action.object()));
        return held;
    }
    let created = plan.steps.iter().filter_map(|step| {
        let Action::CreateNamespace { name, .. } = &step.action else {
            return None;
        };
        Some(name.clone())
    });
    let created: BTreeSet<String> = created.collect();
    plan.steps.retain(|step| {
        let object = step.action.object();
        if !only.holds(&object) {
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

/// Whether a guard rail is tried out: because it is written, or because taints that are written rest on it.
fn is_probed(due: &DueProbe, only: &Only<'_>) -> bool {
    only.holds(&due.probe.policy)
        || (due.before == Some(Phase::Taint) && only.holds_some(Kind::Node))
}

/// Takes guard rails out of the plan that rest on labels or taints of nodes which are left out.
fn unfounded(plan: &mut Plan, only: &Only<'_>) -> Vec<HeldStep> {
    if only.holds_all(Kind::Node) {
        return Vec::new();
    }
    let mut held = Vec::new();
    let footings = &plan.footings;
    plan.steps.retain(|step| {
        let object = step.action.object();
        let footing = footings.get(&object);
        let mut objects = footing.into_iter().flat_map(Footing::objects);
        let Some(node) = objects.find(|object| !only.holds(object)) else {
            return true;
        };
        if only.holds(&object) {
            held.push(HeldStep {
                operation: step.action.operation(),
                object,
                phase: step.phase,
                reason: format!(
                    "it rests on what is to be written to {node}, and `--only` leaves that out"
                ),
                hint: "write it by `--only nodes` before, or both by `--only nodes,guards`"
                    .to_owned(),
            });
        }
        false
    });
    held
}

/// Takes taints out of the plan that rest on a pin which is left out.
fn unpinned(plan: &mut Plan, only: &Only<'_>) -> Vec<HeldStep> {
    let pins = plan.probes.iter();
    let pins = pins.filter(|due| due.before == Some(Phase::Taint));
    let pins: BTreeSet<&str> = pins.map(|due| due.probe.policy.name.as_str()).collect();
    let left_out = plan.steps.iter().find_map(|step| {
        let object = step.action.written_guard()?;
        let waits = pins.contains(object.name.as_str()) && !only.holds(&object.key());
        waits.then(|| object.name.clone())
    });
    let Some(pin) = left_out else {
        return Vec::new();
    };
    let mut held = Vec::new();
    plan.steps.retain(|step| {
        let object = step.action.object();
        let rests = step.phase == Phase::Taint && only.holds(&object);
        if rests {
            held.push(HeldStep {
                operation: step.action.operation(),
                object,
                phase: step.phase,
                reason: format!("guard rail `{pin}` is not in force, and `--only` leaves it out"),
                hint: "put it in by `--only guards` before, or both by `--only nodes,guards`"
                    .to_owned(),
            });
        }
        !rests
    });
    held
}

#[cfg(test)]
mod tests {
    use cofferdam_model::cluster::Delivery;
    use cofferdam_testkit::{SHOP, Trial};

    use super::*;

    fn planner(
        bundle: &cofferdam_state::bundle::Bundle,
        observed: &cofferdam_state::observed::Observed,
        model: &cofferdam_model::Model,
    ) -> Result<Plan, Vec<String>> {
        let view = View::new(bundle, observed, Delivery::Push);
        cofferdam_planner::plan(&view, model)
    }

    /// What is left of a first plan in which one namespace is to be created: the kinds of steps, those of
    /// that namespace, what is held back, and what is said of the rest.
    #[track_caller]
    fn check(only: &[Part], kinds: &[&str], there: usize, held: usize, rest: Option<&str>) {
        let mut trial = Trial::shop(SHOP, planner);
        let created = trial.cluster.namespaces.remove("web");
        assert!(created.is_some());
        let model = SHOP.replace("name: web }", "name: web, create: true }");
        assert_ne!(model, SHOP);
        trial.model = cofferdam_testkit::model(&model);
        let mut plan = trial.plan();
        assert!(!plan.notices.is_empty());
        let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
        let view = View::new(&bundle, &observed, Delivery::Push);
        let waiting = held_back(&view, &mut plan, &Only::parts(only));
        let (told, notices): (Vec<_>, Vec<_>) = plan
            .notices
            .iter()
            .partition(|notice| notice.starts_with("`--only`"));
        let policies = only.is_empty() || only.contains(&Part::Policies);
        assert_eq!(!notices.is_empty(), policies);
        assert_eq!(told.first().map(|notice| notice.as_str()), rest);
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
    fn rails_that_rest_on_each_other_are_written_without_nodes() {
        let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
        let text = SHOP.replace("mode: manage", writers);
        let mut trial = Trial::shop(&text, planner);
        trial.cluster.capabilities.admission.validating_policies = true;
        trial.cluster.capabilities.admission.mutating_policies = true;
        trial.cluster.pods.clear();
        trial.cluster.add_namespace("ledger", &[]);
        trial.apply();
        let both = "namespaces: [{ name: orders }, { name: ledger }]";
        let text = text.replace("namespaces: [{ name: orders }]", both);
        trial.model = cofferdam_testkit::model(&text);
        let mut plan = trial.plan();
        let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
        let view = View::new(&bundle, &observed, Delivery::Push);
        assert_eq!(
            held_back(&view, &mut plan, &Only::parts(&[Part::Guards])),
            Vec::new()
        );
        let steps = plan.steps.iter().map(|step| step.action.object().name);
        let steps: BTreeSet<String> = steps.collect();
        assert!(steps.contains("cofferdam-pin-pci"), "{steps:?}");
        assert!(steps.contains("cofferdam-pods-pci"), "{steps:?}");
    }

    #[test]
    fn policies_wait_for_namespaces_that_are_left_out() {
        check(&[], &["Namespace", "NetworkPolicy", "Node"], 9, 0, None);
        check(
            &[Part::Policies],
            &["NetworkPolicy"],
            0,
            9,
            Some("`--only` leaves out 4 steps"),
        );
        check(
            &[Part::Policies, Part::Nodes],
            &["NetworkPolicy", "Node"],
            0,
            9,
            Some("`--only` leaves out 2 steps"),
        );
        check(
            &[Part::Namespaces, Part::Policies],
            &["Namespace", "NetworkPolicy"],
            9,
            0,
            Some("`--only` leaves out 2 steps"),
        );
        check(
            &[Part::Nodes],
            &["Node"],
            0,
            0,
            Some("`--only` leaves out 20 steps"),
        );
    }
}
