//! What keeps a namespace open on its way from open to isolated, or back.

use std::sync::Arc;

use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::keys;
use cofferdam_objects::policy::{Direction, allows_everything, isolates, selects_every_pod};
use cofferdam_state::bundle::{DesiredPolicy, Role, deny_name, open_name, role_of};
use cofferdam_state::finding::Effect;
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;

use super::Transition;

impl Transition<'_> {
    /// Whether a cut-over is due that has to wait until a policy of ours, which is being deleted, is
    /// gone and can be written anew: one that is wanted, or the open policy itself; or until somebody
    /// else gives the name of the open policy back. Where denies are healed they do not wait, for it is a
    /// tenant who may have set the finalizer.
    pub(super) fn is_held_up(&self) -> bool {
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
    pub(super) fn is_open_name_taken(&self, direction: Direction) -> bool {
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
    pub(super) fn keeps_open(&self, name: &str) -> bool {
        match role_of(name) {
            Role::Open(direction) => self.is_lacking() && !self.heals(direction),
            Role::Allow | Role::Deny(_) => false,
        }
    }

    /// Whether an open policy can be written, and everything that must be in place before it goes. Where a
    /// namespace is healed and they cannot, the denies go back without one: a gap of moments, where
    /// somebody took away what kept everybody out.
    pub(super) fn can_be_opened(&self, direction: Direction) -> bool {
        let place = self.namespace.as_str();
        let mut wanted = self.wanted.keys();
        let unwritable =
            |name: &str| self.view.is_held_by_others(place, name) || self.is_dying(name);
        !self.is_dying(&open_name(direction))
            && !self.is_open_name_taken(direction)
            && !wanted.any(|name| unwritable(name))
    }

    /// Whether the namespace was denied in a direction before, and is to stay so.
    pub(super) fn heals(&self, direction: Direction) -> bool {
        self.view.was_denied(self.namespace, direction)
            && self.wanted.contains_key(deny_name(direction).as_str())
    }

    /// Whether an open policy comes first and goes last.
    pub(super) fn opens(&self, direction: Direction) -> bool {
        self.needs_opening(direction) && self.can_be_opened(direction)
    }

    /// Whether the namespace goes from open to isolated or back, with nothing to keep it open.
    fn needs_opening(&self, direction: Direction) -> bool {
        let is_wanted = self.wanted.contains_key(open_name(direction).as_str());
        !is_wanted
            && !self.is_open(direction)
            && !self
                .view
                .is_isolated_by_others(self.namespace.as_str(), direction)
            && self.changes_isolation(direction)
    }

    /// Whether an open policy of ours stands as we write it: one that somebody edited may open less.
    fn is_open(&self, direction: Direction) -> bool {
        let live = self.ours.get(open_name(direction).as_str());
        live.is_some_and(|live| {
            !live.terminating && spec_differences(&open_spec(direction), &live.spec).is_empty()
        })
    }

    /// Whether policies of ours isolate the namespace before or after, but not both.
    fn changes_isolation(&self, direction: Direction) -> bool {
        let mut wanted = self.wanted.values();
        let isolated_then = wanted.any(|policy| isolates(&spec_of(policy), direction));
        if isolated_then {
            return !self.is_isolated(direction);
        }
        // An edited open policy may isolate the other direction, and must do so no longer when the open
        // policy of that goes.
        self.staying().any(|(name, live)| {
            isolates(&live.spec, direction) || role_of(name) == Role::Open(direction)
        })
    }

    /// Whether policies of ours isolate every pod, and let nobody through after all: who selects some leaves
    /// the others open. Where the namespace is healed, what is isolated still is not opened for their sake.
    fn is_isolated(&self, direction: Direction) -> bool {
        let every_pod = |spec: &Value| isolates(spec, direction) && selects_every_pod(spec);
        let any_pod = |spec: &Value| isolates(spec, direction);
        let isolated = |by: &dyn Fn(&Value) -> bool| {
            self.staying()
                .any(|(name, live)| by(&live.spec) && self.remains(name, by))
        };
        let is_opened = self.staying().any(|(_, live)| {
            allows_everything(&live.spec, direction) && selects_every_pod(&live.spec)
        });
        (!is_opened && isolated(&every_pod)) || (self.heals(direction) && isolated(&any_pod))
    }

    /// Our policies that nobody deletes.
    fn staying(&self) -> impl Iterator<Item = (&str, &LivePolicy)> {
        let ours = self.ours.iter().map(|(name, live)| (*name, *live));
        ours.filter(|(_, live)| !live.terminating)
    }

    /// Whether something is true of a policy until everything is in place: what is not as wanted is
    /// rewritten before that, and so may be an open policy.
    fn remains(&self, name: &str, is_true: &dyn Fn(&Value) -> bool) -> bool {
        match (self.wanted.get(name), role_of(name)) {
            (Some(wanted), _) => is_true(&spec_of(wanted)),
            (None, Role::Open(_)) => false,
            (None, Role::Allow | Role::Deny(_)) => true,
        }
    }

    /// Whether it is an open policy that is written back first, so that this pass deletes what it wrote.
    pub(super) fn is_opened_first(&self, name: &str) -> bool {
        match role_of(name) {
            Role::Open(direction) => self.opens(direction),
            Role::Allow | Role::Deny(_) => false,
        }
    }

    pub(super) fn open_and_close(&self, direction: Direction) -> [Step; 2] {
        let object = Arc::new(self.open_policy(direction));
        let close = Action::DeleteOpened {
            namespace: self.namespace.to_string(),
            name: open_name(direction),
        };
        let mut wanted = self.wanted.values();
        let isolates = wanted.any(|policy| isolates(&spec_of(policy), direction));
        let live = self.ours.get(open_name(direction).as_str());
        let before = match (live, isolates) {
            (Some(_), true) => {
                "somebody changed it, and the first deny would isolate pods: kept open meanwhile"
            }
            (Some(_), false) => {
                "somebody changed it, and the pods are to be isolated no longer: open before the first allow goes"
            }
            (None, true) => {
                "nothing isolates the pods yet, and the first policy would: kept open meanwhile"
            }
            (None, false) => {
                "the pods are to be isolated no longer: open before the first allow goes"
            }
        };
        let after = if isolates {
            "every policy of the namespace is in place"
        } else {
            "no policy isolates the pods any more"
        };
        let (open, effect) = match live {
            Some(live) => {
                let action = Action::ReplacePolicy {
                    object,
                    uid: live.uid.clone(),
                    resource_version: live.resource_version.clone(),
                };
                (action, Effect::Unknown)
            }
            None => (Action::CreatePolicy { object }, Effect::None),
        };
        [
            self.step(Phase::Open, open, before, effect),
            self.step(Phase::Close, close, after, Effect::Narrows),
        ]
    }

    /// Where the policies of the namespace come from: its zone, or who isolates what no zone holds.
    fn source(&self) -> String {
        let zone = self.view.wanted_namespace(self.namespace.as_str());
        zone.map_or_else(
            || format!("TrustDomain/{}", self.view.bundle.trust_domain),
            |zone| zone.source.clone(),
        )
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
        NetworkPolicy {
            metadata: ObjectMeta {
                name: Some(open_name(direction)),
                namespace: Some(self.namespace.to_string()),
                labels: Some(labels.into()),
                annotations: Some([(keys::SOURCE.to_owned(), self.source())].into()),
                ..ObjectMeta::default()
            },
            spec: Some(open_spec(direction)),
        }
    }
}

/// Every pod, and everything in one direction.
fn open_spec(direction: Direction) -> NetworkPolicySpec {
    let is = |wanted: Direction| direction == wanted;
    let ingress = is(Direction::Ingress).then(NetworkPolicyIngressRule::default);
    let egress = is(Direction::Egress).then(NetworkPolicyEgressRule::default);
    NetworkPolicySpec {
        pod_selector: Some(LabelSelector::default()),
        policy_types: Some(vec![direction.policy_type().to_owned()]),
        ingress: Some(ingress.into_iter().collect()),
        egress: Some(egress.into_iter().collect()),
    }
}

fn spec_of(policy: &DesiredPolicy) -> Value {
    serde_json::to_value(&policy.object.spec).unwrap_or_default()
}
