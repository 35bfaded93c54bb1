//! What policies say together to one peer, in the order in which they are asked.

use std::collections::BTreeMap;

use super::Matches;
use crate::policy::{Action, AdminApi, Rank, Stage};
use crate::ports::PortSet;
use crate::verdict::Allowed;

/// What one rule says to a peer.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// The policy, by its number.
    pub(crate) policy: u32,
    /// When it is asked.
    pub(crate) stage: Stage,
    /// What becomes of these ports.
    pub(crate) action: Action,
    /// The ports.
    pub(crate) ports: PortSet,
    /// How sure it is that it says so.
    pub(crate) matches: Matches,
}

/// What the rules that match a peer allow it, out of what arrives where none denies it.
///
/// `said` is in the order of policies, and of rules within each. `isolated` tells whether a policy of a namespace governs
/// the pod in this direction.
pub(crate) fn decide<'a>(
    said: impl IntoIterator<Item = &'a Said>,
    isolated: bool,
    open: &Allowed,
) -> Allowed {
    let mut admin = Tier::default();
    let mut baseline = Tier::default();
    let [mut namespaced, mut perhaps] = [PortSet::none(), PortSet::none()];
    let all = &open.possible;
    for said in said {
        match said.stage {
            Stage::Admin(rank) => admin.take(rank, said),
            Stage::Namespaced => {
                let ports = match said.matches {
                    Matches::Surely => &mut namespaced,
                    Matches::Perhaps => &mut perhaps,
                };
                *ports = ports.or(&said.ports);
            }
            Stage::Baseline(rank) => baseline.take(rank, said),
        }
    }
    let admin = admin.outcome();
    let left = all.without(&admin.decided).or(&admin.pass);
    let (then_allowed, then_denied) = if isolated {
        (namespaced.or(&perhaps), all.without(&namespaced))
    } else {
        let baseline = baseline.outcome();
        let undecided = all.without(&baseline.decided);
        let allowed = undecided.or(&baseline.allow).or(&baseline.pass);
        (allowed, baseline.deny)
    };
    let possible = admin.allow.or(&left.and(&then_allowed)).and(all);
    let denied = admin.deny.or(&left.and(&then_denied));
    Allowed {
        certain: possible.without(&denied).and(&open.certain),
        possible,
    }
}

/// The policies of a tier, by their place in it.
#[derive(Debug, Default)]
struct Tier(BTreeMap<AdminApi, BTreeMap<u16, BTreeMap<u32, Outcome>>>);

/// What may become of ports: those of undefined order stand in several, and so do those of rules that may not match.
#[derive(Debug, Default)]
struct Outcome {
    allow: PortSet,
    deny: PortSet,
    pass: PortSet,
    /// The ports of which something becomes for sure.
    decided: PortSet,
}

impl Outcome {
    /// Adds what a later one says of ports that were not decided before.
    fn then(&mut self, decided: &PortSet, action: Action, ports: &PortSet) {
        let ports = ports.without(decided);
        let of = match action {
            Action::Allow => &mut self.allow,
            Action::Deny => &mut self.deny,
            Action::Pass => &mut self.pass,
        };
        *of = of.or(&ports);
    }

    /// Adds what another of undefined order says of ports that were not decided before.
    fn beside(&mut self, decided: &PortSet, other: &Self) {
        self.then(decided, Action::Allow, &other.allow);
        self.then(decided, Action::Deny, &other.deny);
        self.then(decided, Action::Pass, &other.pass);
        self.decided = self.decided.or(&other.decided);
    }
}

impl Tier {
    fn take(&mut self, rank: Rank, said: &Said) {
        let Rank { api, priority } = rank;
        let of_api = self.0.entry(api).or_default();
        let policy = of_api
            .entry(priority)
            .or_default()
            .entry(said.policy)
            .or_default();
        let decided = policy.decided.clone();
        policy.then(&decided, said.action, &said.ports);
        if said.matches == Matches::Surely {
            policy.decided = decided.or(&said.ports);
        }
    }

    fn outcome(&self) -> Outcome {
        let mut all = Outcome::default();
        for priorities in self.0.values() {
            let mut of_api = Outcome::default();
            for policies in priorities.values() {
                let decided = of_api.decided.clone();
                for policy in policies.values() {
                    of_api.beside(&decided, policy);
                }
            }
            all.beside(&PortSet::none(), &of_api);
        }
        all
    }
}
