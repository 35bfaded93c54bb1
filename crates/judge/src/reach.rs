//! What could be reached once the plan was carried out: a zone of sensitivity high beyond its flows, what a guarantee
//! excludes, or name resolution and webhooks no longer.
//!
//! Everything that would be live then counts, whoever wrote it. Where something that decides was not read, or nothing
//! enforces policies, nothing is said here: the plan tells that.

mod beyond;
mod cut;
mod guarantees;

use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_model::dialect::Dialect;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::Direction;
use cofferdam_semantics::reach::dialects_of;
use cofferdam_semantics::states::{Draft, State, States};
use cofferdam_state::bundle::deny_name;
use cofferdam_state::segmentation::Segmentation;
use ipnet::IpNet;

use crate::healing::is_bundle_of_last_pass;
use crate::{Case, Refusal};

/// A plan that only brings back what the last pass had put in place closes what it can, whatever else is open: the holes
/// that others made are no reason to leave those that it mends.
pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let Some(outcome) = Outcome::of(case) else {
        return Vec::new();
    };
    let mut refusals = cut::check(&outcome);
    let heals = !case.plan.is_empty() && is_bundle_of_last_pass(case);
    if !heals {
        refusals.extend(beyond::check(&outcome));
        refusals.extend(guarantees::check(&outcome));
    }
    refusals
}

/// A cluster before and after a plan.
struct Outcome<'a> {
    case: &'a Case<'a>,
    capabilities: &'a Capabilities,
    before: Segmentation,
    after: Segmentation,
}

impl<'a> Outcome<'a> {
    fn of(case: &'a Case<'a>) -> Option<Self> {
        let capabilities = case.observed.capabilities.known()?;
        let is_known = case.observed.unread_objects().is_empty();
        if !is_known || capabilities.cni.enforces == Enforces::No {
            return None;
        }
        let before = Segmentation::of(case.observed);
        Some(Self {
            case,
            capabilities,
            after: before.clone().after(case.plan),
            before,
        })
    }

    fn dialects(&self) -> Vec<Dialect> {
        dialects_of(Some(self.capabilities.cni.name.as_str()))
    }

    fn pod_networks(&self) -> Vec<IpNet> {
        self.case.cluster.pod_networks(Some(self.capabilities))
    }

    /// Whether a direction of a namespace is denied by us once the plan was carried out.
    fn is_denied_after(&self, namespace: &str, direction: Direction) -> bool {
        let deny = ObjectKey::policy(namespace, &deny_name(direction));
        self.after.policies.contains_key(&deny)
    }

    /// Two states to be compared.
    fn states(&self, before: &Segmentation, after: &Segmentation) -> (States, State, State) {
        let mut draft = Draft::default();
        for object in self.case.observed.unchanging_objects() {
            draft.shared(&object);
        }
        let mut state = |of: &Segmentation| draft.state(of.objects(), &of.namespaces);
        let (before, after) = (state(before), state(after));
        let states = draft.finish(&self.pod_networks(), &self.dialects());
        (states, before, after)
    }
}
