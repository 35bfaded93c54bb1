//! What of a cluster is put back, and what is left to people.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::class::Class;
use cofferdam_model::healing::{Response, response};
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::trust_domain::TrustDomain;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy::Direction;
use cofferdam_pass::only::place_of;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::finding::{Effect, Finding};
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::{Action, Phase, Plan, Step};

/// So often a field is put back within [`REMEMBERED_SECONDS`] before that is left to people.
pub(crate) const CHANGED_BACK: usize = 3;

/// That something was put back is remembered for so long; whoever fights over it then is tried again.
pub(crate) const REMEMBERED_SECONDS: i64 = 3_600;

/// What is put back.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Remedy {
    /// Namespaces, nodes and guard rails that become again what they must be.
    pub(crate) places: BTreeSet<ObjectKey>,
    /// Policies of others that go.
    pub(crate) removals: Vec<Step>,
}

impl Remedy {
    /// Whether nothing is put back.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.removals.is_empty()
    }
}

/// What decides over what is put back.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'a> {
    pub(crate) model: &'a Model,
    pub(crate) domain: &'a TrustDomain,
    pub(crate) findings: &'a [Finding],
    /// Ids of findings that somebody accepts for now.
    pub(crate) accepted: &'a BTreeSet<String>,
    pub(crate) struggles: &'a Struggles,
    /// In seconds.
    pub(crate) now: i64,
}

impl Grounds<'_> {
    /// What is done about a finding.
    pub(crate) fn response(&self, finding: &Finding) -> Response {
        self.response_to(finding.zone.as_ref(), finding.class)
    }

    fn response_to(&self, zone: Option<&ZoneName>, class: Class) -> Response {
        let zone = zone.and_then(|zone| self.model.zones.get(zone));
        response(zone, self.domain, class)
    }

    /// Whether somebody changes an object back whenever it is put right.
    pub(crate) fn is_fought(&self, object: &ObjectKey) -> bool {
        self.struggles.is_fought(&object.to_string(), self.now)
    }

    /// What is put back of what a plan would write.
    ///
    /// A namespace is put back as a whole or not at all, for the order of steps within it is what keeps its pods from being
    /// cut off: one thing in it that is left to people leaves all of it to them. A policy of somebody else goes only from a
    /// namespace in which everything of ours is in place and denies both directions: there, it can do nothing but allow.
    pub(crate) fn remedy(&self, plan: &Plan, bundle: &Bundle, observed: &Observed) -> Remedy {
        let mut by_object: BTreeMap<ObjectKey, Vec<&Finding>> = BTreeMap::new();
        for finding in self.findings {
            by_object
                .entry(finding.object.clone())
                .or_default()
                .push(finding);
        }
        let (mut places, mut left) = (BTreeSet::new(), BTreeSet::new());
        for step in &plan.steps {
            let object = step.action.object();
            let findings = by_object.get(&object).map(Vec::as_slice);
            let is_healed = self.is_healed(step, findings.unwrap_or_default());
            let place = place_of(&object);
            if is_healed { &mut places } else { &mut left }.insert(place);
        }
        places.retain(|place| !left.contains(place));
        let touched: BTreeSet<ObjectKey> = plan
            .steps
            .iter()
            .map(|step| place_of(&step.action.object()))
            .collect();
        let foreign = self.findings.iter();
        let foreign = foreign.filter(|one| {
            !touched.contains(&place_of(&one.object)) && is_denied(bundle, &one.object)
        });
        Remedy {
            places,
            removals: foreign
                .filter_map(|one| self.removal(one, observed))
                .collect(),
        }
    }

    fn is_healed(&self, step: &Step, findings: &[&Finding]) -> bool {
        let is_fought = self.is_fought(&step.action.object());
        // What belongs to the model and was never found amiss, such as a node that just joined.
        let by_itself = || {
            let kind = step.action.object().kind;
            let class = if kind == Kind::Node {
                Class::NodePool
            } else if let Kind::Admission(_) = kind {
                Class::GuardMissing
            } else {
                Class::Missing
            };
            self.response_to(step.zone.as_ref(), class) == Response::Heal
        };
        let is_healed = |finding: &&Finding| {
            self.response(finding) == Response::Heal && !self.accepted.contains(&finding.id())
        };
        !is_fought
            && if findings.is_empty() {
                by_itself()
            } else {
                findings.iter().all(is_healed)
            }
    }

    /// The removal of a policy of somebody else, where that is asked for and only takes away what it opened.
    fn removal(&self, finding: &Finding, observed: &Observed) -> Option<Step> {
        let is_meant = finding.class == Class::ForeignPolicy
            && finding.object.kind == Kind::NetworkPolicy
            && finding.effect == Effect::Widens
            && finding.waiver.is_none()
            && self.response(finding) == Response::Heal
            && !self.accepted.contains(&finding.id())
            && !self.is_fought(&finding.object);
        let namespace = finding.object.namespace.clone().filter(|_| is_meant)?;
        let name = finding.object.name.clone();
        let key = (namespace, name);
        let live = observed.policies.known()?.get(&key)?;
        let is_ours = observed
            .our_record()
            .is_none_or(|record| record.holds(&finding.object, ""));
        (!is_ours && !live.terminating).then(|| Step {
            phase: Phase::Prune,
            action: Action::DeletePolicy {
                namespace: key.0,
                name: key.1,
                uid: live.uid.clone(),
                resource_version: live.resource_version.clone(),
            },
            reason: "it opens what the model does not, and `healing` says that such policies go"
                .to_owned(),
            effect: Effect::Narrows,
            zone: finding.zone.clone(),
        })
    }
}

/// Whether our denies isolate the pods of a policy's namespace in both directions, so that it can do nothing but allow.
fn is_denied(bundle: &Bundle, policy: &ObjectKey) -> bool {
    let namespace = policy.namespace.as_deref();
    let namespace = namespace.and_then(|name| NamespaceName::parse(name).ok());
    let both = [Direction::Ingress, Direction::Egress];
    namespace.is_some_and(|name| {
        both.into_iter()
            .all(|direction| bundle.denies(&name, direction))
    })
}

/// Fields that are put back and changed again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Struggles {
    /// When each field of each object was put back, in seconds.
    put_back: BTreeMap<String, BTreeMap<String, Vec<i64>>>,
}

impl Struggles {
    /// Takes note of fields that were put back at a time, as `OBJECT PATH`; the object alone where it was as a whole.
    pub(crate) fn note<'a>(&mut self, fields: impl IntoIterator<Item = &'a String>, at: i64) {
        for field in fields {
            let (object, path) = field.split_once(' ').unwrap_or((field, ""));
            let paths = self.put_back.entry(object.to_owned()).or_default();
            let times = paths.entry(path.to_owned()).or_default();
            times.retain(|other| (at - other).abs() < REMEMBERED_SECONDS);
            times.push(at);
        }
    }

    /// Whether somebody changes an object back whenever it is put right.
    pub(crate) fn is_fought(&self, object: &str, now: i64) -> bool {
        let paths = self.put_back.get(object);
        let recent = |times: &Vec<i64>| times.iter().filter(|at| is_recent(**at, now)).count();
        paths.is_some_and(|paths| paths.values().any(|times| recent(times) >= CHANGED_BACK))
    }

    /// Forgets an object that is as it must be, by itself.
    pub(crate) fn forget(&mut self, object: &str) {
        self.put_back.remove(object);
    }
}

fn is_recent(at: i64, now: i64) -> bool {
    (0..REMEMBERED_SECONDS).contains(&(now - at))
}

/// The fields of what is put back, as [`Struggles`] notes them.
pub(crate) fn fields(remedy: &Remedy, findings: &[Finding]) -> Vec<String> {
    let removed: BTreeSet<ObjectKey> = remedy
        .removals
        .iter()
        .map(|step| step.action.object())
        .collect();
    let is_meant = |finding: &&Finding| {
        removed.contains(&finding.object)
            || (remedy.places.contains(&place_of(&finding.object))
                && finding.class != Class::ForeignPolicy)
    };
    let found = findings.iter().filter(is_meant);
    let fields = found.flat_map(|finding| {
        let object = finding.object.to_string();
        let paths = finding
            .fields
            .iter()
            .map(|field| format!("{object} {}", field.path));
        let mut paths: Vec<String> = paths.collect();
        if paths.is_empty() {
            paths.push(object);
        }
        paths
    });
    fields.collect()
}

#[cfg(test)]
mod tests;
