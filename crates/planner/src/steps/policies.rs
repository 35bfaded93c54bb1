//! Steps about policies, namespace by namespace.
//!
//! An allow isolates as much as a deny does. So wherever a namespace goes from open to isolated, or
//! back, and nobody else isolates it, an open policy stands there from before the first change until
//! after the last one.

mod cut_over;

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::{DesiredPolicy, Role, open_name, role_of};
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};

use super::moves::ordered;
use crate::view::{PolicyState, View};

/// Writes what is wanted, and deletes what left the bundle from namespaces that the model still holds or
/// no longer isolates.
pub(crate) fn steps(view: &View<'_>) -> Vec<Step> {
    let governed = view.governed().into_iter().chain(view.released());
    let usable = governed.filter(|name| view.is_usable(name));
    usable
        .flat_map(|name| Transition::of(view, name).steps())
        .collect()
}

/// The open policies that a namespace cannot do without on its way, and whose names somebody else's
/// objects have.
pub(crate) fn open_names_taken(view: &View<'_>, namespace: &NamespaceName) -> Vec<String> {
    let transition = Transition::of(view, namespace);
    let taken = Direction::BOTH
        .into_iter()
        .filter(|direction| transition.is_open_name_taken(*direction))
        .filter(|direction| !transition.heals(*direction));
    taken.map(open_name).collect()
}

/// What a namespace would get, were it not for somebody else's object that has a name of the bundle there.
pub(crate) fn waiting(view: &View<'_>, namespace: &NamespaceName) -> Vec<Step> {
    let transition = Transition::of(view, namespace);
    if !transition.is_blocked() {
        return Vec::new();
    }
    let wanted = transition.wanted.values();
    wanted
        .filter_map(|policy| transition.write(policy))
        .collect()
}

/// When a policy is written.
pub(crate) fn phase_of(role: Role) -> Phase {
    match role {
        Role::Open(_) => Phase::Open,
        Role::Allow => Phase::Allow,
        Role::Deny(_) => Phase::Deny,
    }
}

/// One namespace on its way.
struct Transition<'a> {
    view: &'a View<'a>,
    namespace: &'a NamespaceName,
    wanted: BTreeMap<&'a str, &'a DesiredPolicy>,
    ours: BTreeMap<&'a str, &'a LivePolicy>,
}

impl<'a> Transition<'a> {
    fn of(view: &'a View<'a>, namespace: &'a NamespaceName) -> Self {
        let wanted = view.wanted_policies(namespace);
        Self {
            view,
            namespace,
            wanted,
            ours: view.our_policies(namespace.as_str()),
        }
    }

    fn steps(&self) -> Vec<Step> {
        if self.is_blocked() {
            return Vec::new();
        }
        let written = self.wanted.values();
        let written: Vec<Step> = written.filter_map(|policy| self.write(policy)).collect();
        let leaving = self.ours.iter().filter(|(name, live)| {
            !live.terminating && !self.wanted.contains_key(**name) && !self.keeps_open(name)
        });
        let leaving: Vec<_> = leaving.collect();
        // Nearly everywhere everything is in place, and who is isolated by what is not asked.
        if written.is_empty() && leaving.is_empty() {
            return Vec::new();
        }
        let deleted = leaving
            .into_iter()
            .filter(|(name, _)| !self.is_opened_first(name))
            .map(|(name, live)| self.delete(name, live));
        let written = ordered(written, &self.ours);
        let opened = Direction::BOTH
            .into_iter()
            .filter(|direction| self.opens(*direction))
            .flat_map(|direction| self.open_and_close(direction));
        opened.chain(written).chain(deleted).collect()
    }

    /// Whether a name of the bundle is held by an object that is not ours: without it the rest would
    /// deny what it allows, so that nothing is isolated here for the first time.
    fn is_blocked(&self) -> bool {
        self.view.is_held_up_by_others(self.namespace) || self.is_held_up()
    }

    fn write(&self, policy: &DesiredPolicy) -> Option<Step> {
        let name = policy.object.metadata.name.as_deref().unwrap_or_default();
        let phase = phase_of(policy.role);
        let reason = match self
            .view
            .policy_state(self.namespace.as_str(), name, policy)
        {
            PolicyState::Missing => {
                let action = Action::CreatePolicy {
                    object: Arc::clone(&policy.object),
                };
                let effect = match policy.role {
                    Role::Allow => Effect::Widens,
                    Role::Deny(_) => Effect::Narrows,
                    Role::Open(_) => Effect::None,
                };
                return Some(self.step(phase, action, "not there", effect));
            }
            PolicyState::InSync
            | PolicyState::NameTaken
            | PolicyState::Impostor
            | PolicyState::Terminating => return None,
            PolicyState::Remade(_) => "deleted and made again by somebody else".to_owned(),
            PolicyState::Changed(fields) => {
                let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
                format!("differs in {}", paths.join(", "))
            }
        };
        let live = self.ours.get(name)?;
        let action = Action::ReplacePolicy {
            object: Arc::clone(&policy.object),
            uid: live.uid.clone(),
            resource_version: live.resource_version.clone(),
        };
        Some(self.step(phase, action, &reason, Effect::Unknown))
    }

    fn delete(&self, name: &str, live: &LivePolicy) -> Step {
        let (phase, effect) = match role_of(name) {
            Role::Open(_) => (Phase::Close, Effect::Narrows),
            Role::Allow => (Phase::Prune, Effect::Narrows),
            Role::Deny(_) => (Phase::Prune, Effect::Widens),
        };
        let action = Action::DeletePolicy {
            namespace: self.namespace.to_string(),
            name: name.to_owned(),
            uid: live.uid.clone(),
            resource_version: live.resource_version.clone(),
        };
        self.step(phase, action, self.reason_to_delete(role_of(name)), effect)
    }

    fn reason_to_delete(&self, role: Role) -> &'static str {
        let wanted = self.view.wanted_namespace(self.namespace.as_str());
        match (wanted.map(|wanted| wanted.enforcement), role) {
            (Some(Enforcement::Observe), _) => "the namespace is only observed now",
            (Some(Enforcement::Stage), Role::Deny(_)) => {
                "the namespace is only staged now, and nothing is denied there"
            }
            (Some(Enforcement::Enforce), Role::Open(direction)) => {
                if self.can_be_opened(direction) {
                    "the namespace is enforced now, and every policy is in place"
                } else {
                    "the namespace was enforced before, and waits for nothing that cannot be written"
                }
            }
            (Some(Enforcement::Stage | Enforcement::Enforce) | None, _) => {
                "the model no longer asks for it"
            }
        }
    }

    fn step(&self, phase: Phase, action: Action, reason: &str, effect: Effect) -> Step {
        let zone = self
            .view
            .wanted_namespace(self.namespace.as_str())
            .map(|w| w.zone.clone());
        Step {
            phase,
            action,
            reason: reason.to_owned(),
            effect,
            zone,
        }
    }
}
