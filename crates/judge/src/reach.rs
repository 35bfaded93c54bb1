//! What could be reached once the plan was carried out: a zone of sensitivity high beyond its flows, what a guarantee
//! excludes, or name resolution and webhooks no longer.
//!
//! Everything that would be live then counts, whoever wrote it. What cannot be judged because something that decides was
//! not read is refused as well. Where nothing enforces policies, nothing is said here: the plan tells that.

mod beyond;
mod cut;
mod doubt;
mod guarantees;
mod holes;

use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_model::dialect::Dialect;
use cofferdam_objects::key::{Kind, ObjectKey};
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
    /// What decides what can be reached and was not read, one line for each reason.
    unread: Vec<String>,
}

impl<'a> Outcome<'a> {
    fn of(case: &'a Case<'a>) -> Option<Self> {
        let capabilities = case.observed.capabilities.known()?;
        // Whatever else is unknown is refused as such.
        let is_read = case.observed.unknowns().is_empty();
        if !is_read || capabilities.cni.enforces == Enforces::No {
            return None;
        }
        let before = Segmentation::of(case.observed);
        Some(Self {
            case,
            capabilities,
            after: before.clone().after(case.plan),
            before,
            unread: case.observed.unread_objects(),
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

    /// Whether anything is denied by us once the plan was carried out.
    fn denies_after(&self) -> bool {
        let mut policies = self.after.policies.keys();
        policies.any(|key| {
            let mut denies = Direction::BOTH.map(deny_name).into_iter();
            key.kind == Kind::NetworkPolicy && denies.any(|deny| key.name == deny)
        })
    }

    /// States to be compared.
    fn states<const N: usize>(&self, all: [&Segmentation; N]) -> (States, [State; N]) {
        let mut draft = Draft::of_cluster(self.case.observed.unchanging_objects());
        let all = all.map(|one| draft.state(one.objects(), &one.namespaces));
        let states = draft.finish(&self.pod_networks(), &self.dialects());
        (states, all)
    }
}
