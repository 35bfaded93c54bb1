//! Steps about policies, namespace by namespace.
//!
//! An allow isolates as much as a deny does. So wherever a namespace goes from open to isolated, or
//! back, and nobody else isolates it, an open policy stands there from before the first change until
//! after the last one.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::keys;
use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::bundle::{DesiredPolicy, Role, deny_name, open_name, role_of};
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::moves::ordered;
use crate::view::{PolicyState, View};

/// Writes what is wanted, and deletes what left the bundle from namespaces that the model still holds or
/// no longer isolates.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
    let released = view.released();
    let governed = view.governed().into_iter().chain(&released);
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

/// When a policy is written.
pub(crate) fn phase_of(role: Role) -> Phase {
    match role {
        Role::Open(_) => Phase::Open,
        Role::Allow => Phase::Allow,
        Role::Deny(_) => Phase::Deny,
    }
}

fn isolates_in(policy: &DesiredPolicy, direction: Direction) -> bool {
    serde_json::to_value(&policy.object.spec).is_ok_and(|spec| isolates(&spec, direction))
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
        let written = ordered(written, &self.ours);
        let deleted: Vec<Step> = self
            .ours
            .iter()
            .filter(|(name, live)| !live.terminating && !self.wanted.contains_key(**name))
            .filter(|(name, _)| !self.keeps_open(name))
            .map(|(name, live)| self.delete(name, live))
            .collect();
        let opened = Direction::BOTH
            .into_iter()
            .filter(|direction| self.needs_opening(*direction) && self.can_be_opened(*direction));
        let opened = opened.flat_map(|direction| self.open_and_close(direction));
        opened.chain(written).chain(deleted).collect()
    }

    /// Whether a name of the bundle is held by an object that is not ours: without it the rest would
    /// deny what it allows, so that nothing is isolated here for the first time.
    fn is_blocked(&self) -> bool {
        self.view.is_held_up_by_others(self.namespace) || self.is_held_up()
    }

    /// Whether a cut-over is due that has to wait until a policy of ours, which is being deleted, is
    /// gone and can be written anew: one that is wanted, or the open policy itself; or until somebody
    /// else gives the name of the open policy back. Where denies are healed they do not wait, for it is a
    /// tenant who may have set the finalizer.
    fn is_held_up(&self) -> bool {
        let mut cut_over = Direction::BOTH
            .into_iter()
            .filter(|direction| !self.heals(*direction));
        cut_over.any(|direction| {
            let open = open_name(direction);
            let closes =
                self.ours.contains_key(open.as_str()) && !self.wanted.contains_key(open.as_str());
            if self.is_dying(&open) {
                return self.changes_isolation(direction);
            }
            if self.is_open_name_taken(direction) {
                return true;
            }
            self.is_lacking() && (closes || self.needs_opening(direction))
        })
    }

    /// Whether an open policy is needed, and somebody else's object has its name.
    fn is_open_name_taken(&self, direction: Direction) -> bool {
        let open = open_name(direction);
        self.view.is_held_by_others(self.namespace.as_str(), &open) && self.needs_opening(direction)
    }

    fn is_dying(&self, name: &str) -> bool {
        self.ours.get(name).is_some_and(|live| live.terminating)
    }

    /// Whether something that is wanted can only be written anew when it is gone.
    fn is_lacking(&self) -> bool {
        self.wanted.keys().any(|name| self.is_dying(name))
    }

    /// Whether an open policy of ours stays until what is being deleted was written anew. Where the
    /// namespace is healed it goes all the same, or a finalizer would keep it there.
    fn keeps_open(&self, name: &str) -> bool {
        match role_of(name) {
            Role::Open(direction) => self.is_lacking() && !self.heals(direction),
            Role::Allow | Role::Deny(_) => false,
        }
    }

    /// Whether an open policy can be written, and everything that must be in place before it goes. Where a
    /// namespace is healed and they cannot, the denies go back without one: a gap of moments, where
    /// somebody took away what kept everybody out.
    fn can_be_opened(&self, direction: Direction) -> bool {
        let place = self.namespace.as_str();
        let mut wanted = self.wanted.keys();
        let unwritable =
            |name: &str| self.view.is_held_by_others(place, name) || self.is_dying(name);
        !self.is_open_name_taken(direction) && !wanted.any(|name| unwritable(name))
    }

    /// Whether the namespace was denied in a direction before, and is to stay so.
    fn heals(&self, direction: Direction) -> bool {
        self.view.was_denied(self.namespace, direction)
            && self.wanted.contains_key(deny_name(direction).as_str())
    }

    /// Whether the namespace goes from open to isolated or back, with nothing to keep it open.
    fn needs_opening(&self, direction: Direction) -> bool {
        let open = open_name(direction);
        if self.ours.contains_key(open.as_str()) || self.wanted.contains_key(open.as_str()) {
            return false;
        }
        if self
            .view
            .is_isolated_by_others(self.namespace.as_str(), direction)
        {
            return false;
        }
        self.changes_isolation(direction)
    }

    /// Whether policies of ours isolate the namespace before or after, but not both.
    fn changes_isolation(&self, direction: Direction) -> bool {
        let mut staying = self.ours.values().filter(|live| !live.terminating);
        let isolated_now = staying.any(|live| isolates(&live.spec, direction));
        let mut wanted = self.wanted.values();
        let isolated_then = wanted.any(|policy| isolates_in(policy, direction));
        isolated_now != isolated_then
    }

    fn open_and_close(&self, direction: Direction) -> [Step; 2] {
        let object = Arc::new(self.open_policy(direction));
        let close = Action::DeleteOpened {
            namespace: self.namespace.to_string(),
            name: open_name(direction),
        };
        let mut wanted = self.wanted.values();
        let (before, after) = if wanted.any(|policy| isolates_in(policy, direction)) {
            (
                "nothing isolates the pods yet, and the first policy would: kept open meanwhile",
                "every policy of the namespace is in place",
            )
        } else {
            (
                "the pods are to be isolated no longer: open before the first allow goes",
                "no policy isolates the pods any more",
            )
        };
        [
            self.step(
                Phase::Open,
                Action::CreatePolicy { object },
                before,
                Effect::None,
            ),
            self.step(Phase::Close, close, after, Effect::Narrows),
        ]
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

    /// Where the policies of the namespace come from: its zone, or who isolates it.
    fn source(&self) -> Option<String> {
        let zone = self.view.wanted_namespace(self.namespace.as_str());
        let wanted = self.wanted.values();
        let wanted = wanted.filter_map(|policy| policy.object.metadata.annotations.as_ref());
        let live = self.ours.values().map(|live| &live.annotations);
        zone.map(|zone| zone.source.clone()).or_else(|| {
            let sources = wanted.chain(live).filter_map(|one| one.get(keys::SOURCE));
            let mut isolating = sources.filter(|source| source.starts_with("TrustDomain/"));
            isolating.next().cloned()
        })
    }

    /// The open policy of a cut-over, which is in no bundle.
    fn open_policy(&self, direction: Direction) -> NetworkPolicy {
        let labels = [
            (
                keys::MANAGED_BY.to_owned(),
                keys::MANAGED_BY_VALUE.to_owned(),
            ),
            (
                keys::INSTANCE.to_owned(),
                self.view.bundle.instance.to_string(),
            ),
        ];
        let is = |wanted: Direction| direction == wanted;
        let ingress = is(Direction::Ingress).then(NetworkPolicyIngressRule::default);
        let egress = is(Direction::Egress).then(NetworkPolicyEgressRule::default);
        NetworkPolicy {
            metadata: ObjectMeta {
                name: Some(open_name(direction)),
                namespace: Some(self.namespace.to_string()),
                labels: Some(labels.into()),
                annotations: self
                    .source()
                    .map(|source| [(keys::SOURCE.to_owned(), source)].into()),
                ..ObjectMeta::default()
            },
            spec: Some(NetworkPolicySpec {
                pod_selector: Some(LabelSelector::default()),
                policy_types: Some(vec![direction.policy_type().to_owned()]),
                ingress: Some(ingress.into_iter().collect()),
                egress: Some(egress.into_iter().collect()),
            }),
        }
    }
}
