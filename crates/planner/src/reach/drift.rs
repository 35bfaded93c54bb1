//! What each finding does to what can be reached.
//!
//! A finding is weighed twice: against the cluster as it is but for this finding, and against the cluster in which every
//! finding is mended but this one. Policies add up, so that of two that open the same, neither does beside the other;
//! and what takes two to open, neither does alone. What opens either way counts. What those that open nothing for
//! themselves open together is laid at the door of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::states::{Between, Draft, Solved, State};
use cofferdam_state::change::{Changes, Region};
use cofferdam_state::finding::{Class, Effect, Finding, Severity, severity_of_effect};
use cofferdam_state::segmentation::Segmentation;
use serde_json::Value;

use super::{ByRegion, Ground, Scene, state, told};
use crate::findings::sensitivity_at;

/// Writes beside each finding about a policy or a label what it opens and closes, and the effect and severity that
/// follow. Where something that decides was not read, nothing is written: what the findings say stands.
pub fn weigh(findings: &mut [Finding], ground: Ground<'_>) {
    let Ok(live) = ground.segmentation() else {
        return;
    };
    let governed = ground.view.governed_names();
    let deviations = findings.iter().map(|finding| {
        // Where the model no longer mentions a namespace, nothing says what it should hold.
        let mut namespace = finding.object.namespace.iter();
        let is_governed = namespace.all(|namespace| governed.contains(namespace.as_str()));
        (is_governed && !is_open_by_intent(finding, ground))
            .then(|| Deviation::of(finding, &live, ground))
            .flatten()
    });
    let deviations: Vec<Option<Deviation>> = deviations.collect();
    if deviations.iter().all(Option::is_none) {
        return;
    }
    let mut draft = ground.draft();
    let is = state(&mut draft, &live);
    let steps: Vec<Option<Mending>> = deviations
        .iter()
        .map(|one| one.as_ref().map(|one| one.mending(&mut draft)))
        .collect();
    let mended = steps.iter().flatten().fold(is.clone(), Mending::mended);
    let mut scene = Scene::new(ground.declared(), draft);
    let is_first = ground.view.record().is_none();
    let weighed = findings.iter().zip(steps);
    // Where nothing was ever applied everything is missing, and the plan tells what that opens.
    let weighed = weighed.map(|(finding, step)| {
        let counts = !(is_first && finding.class == Class::Missing);
        step.filter(|_| counts)
    });
    let weighed: Vec<Option<Mending>> = weighed.collect();
    let solved = scene.solve(&is);
    let mut weights = weights(&mut scene, ((&is, &solved), &mended), &weighed);
    share_the_rest(&mut scene, (&is, &solved), weighed.iter().zip(&mut weights));
    let because = scene.states.incomplete_because();
    for (finding, weight) in findings.iter_mut().zip(weights) {
        if let Some(weight) = weight {
            write(finding, told(weight), &because, ground);
        }
    }
}

/// Whether it is a policy of others where our policies keep everything open: what it will do there once the zone is
/// enforced is not known.
fn is_open_by_intent(finding: &Finding, ground: Ground<'_>) -> bool {
    let namespace = finding.object.namespace.as_deref();
    let wanted = namespace.and_then(|namespace| ground.view.wanted_namespace(namespace));
    finding.class == Class::ForeignPolicy
        && wanted.is_some_and(|wanted| wanted.enforcement != Enforcement::Enforce)
}

/// How the cluster differs from what it should be because of one finding.
enum Deviation {
    Policy {
        key: ObjectKey,
        have: Option<Value>,
        want: Option<Value>,
    },
    Labels {
        namespace: String,
        have: Labels,
        want: Labels,
    },
}

impl Deviation {
    /// None where the finding is about nothing that decides what can be reached.
    fn of(finding: &Finding, live: &Segmentation, ground: Ground<'_>) -> Option<Self> {
        match finding.class {
            Class::Missing
            | Class::Changed
            | Class::ForeignPolicy
            | Class::ImpostorObject
            | Class::ImpostorNamespace
            | Class::NameTaken
            | Class::Conflict => {}
            // What is left of us stands as it was asked for once; nothing says what it should be now.
            Class::Orphan
            | Class::UnassignedNamespace
            | Class::MissingNamespace
            | Class::NodePool
            | Class::MisplacedPod
            | Class::PodSecurityWouldBreak
            | Class::NotEnforced
            | Class::GuardMissing
            | Class::CapabilitiesChanged
            | Class::BundleSkew
            | Class::CrossCluster
            | Class::WrongCluster
            | Class::Abandoned
            | Class::Unknown => return None,
        }
        match finding.object.kind {
            Kind::NetworkPolicy | Kind::OtherPolicy(_) => Self::of_policy(finding, live, ground),
            Kind::Namespace => Self::of_labels(finding, live),
            Kind::Node
            | Kind::ConfigMap
            | Kind::Lease
            | Kind::Pod
            | Kind::Service
            | Kind::Admission(_)
            | Kind::Cluster => None,
        }
    }

    fn of_policy(finding: &Finding, live: &Segmentation, ground: Ground<'_>) -> Option<Self> {
        let key = finding.object.clone();
        let have = live.policies.get(&key).cloned();
        // What is being deleted stands for a while, and is then gone: that is two states, and `find` told the worse.
        if finding.class == Class::Missing && have.is_some() {
            return None;
        }
        let namespace = key.namespace.as_deref();
        let namespace = namespace.filter(|_| key.kind == Kind::NetworkPolicy);
        let wanted = namespace.and_then(|namespace| {
            let wanted = ground.view.wanted_policy(namespace, &key.name)?;
            serde_json::to_value(&wanted.object.spec).ok()
        });
        (have.is_some() || wanted.is_some()).then_some(Self::Policy {
            key,
            have,
            want: wanted,
        })
    }

    fn of_labels(finding: &Finding, live: &Segmentation) -> Option<Self> {
        let namespace = finding.object.name.clone();
        let have = live.namespaces.get(&namespace)?.clone();
        let mut want = have.clone();
        for field in &finding.fields {
            let key = field.path.strip_prefix("metadata.labels[")?;
            let key = key.strip_suffix(']')?;
            match field.want.as_ref().and_then(Value::as_str) {
                Some(value) => want.insert(key.to_owned(), value.to_owned()),
                None => want.remove(key),
            };
        }
        Some(Self::Labels {
            namespace,
            have,
            want,
        })
    }

    fn mending(&self, draft: &mut Draft) -> Mending {
        match self {
            Self::Policy { key, have, want } => {
                let mut source = |spec: &Value| draft.policy(&Segmentation::object(key, spec));
                Mending::Policy {
                    have: have.as_ref().map(&mut source),
                    want: want.as_ref().map(source),
                }
            }
            Self::Labels {
                namespace,
                have,
                want,
            } => {
                let (namespace, _) = draft.namespace(namespace, want);
                let keys: BTreeSet<&String> = have.keys().chain(want.keys()).collect();
                let values =
                    |key: &String| (key.clone(), have.get(key).cloned(), want.get(key).cloned());
                let keys = keys.into_iter().map(values);
                let keys = keys.filter(|(_, have, want)| have != want);
                Mending::Labels {
                    namespace,
                    keys: keys.collect(),
                }
            }
        }
    }
}

/// What mends a finding, in the words of states.
enum Mending {
    Policy {
        have: Option<Source>,
        want: Option<Source>,
    },
    Labels {
        namespace: Arc<str>,
        /// Keys, each with its value as it is and as it should be.
        keys: Vec<KeyValues>,
    },
}

/// A key with two values; none where it is absent.
type KeyValues = (String, Option<String>, Option<String>);

impl Mending {
    fn mended(mut state: State, mending: &Self) -> State {
        match mending {
            Self::Policy { have, want } => replace(&mut state.policies, *have, *want),
            Self::Labels { namespace, keys } => {
                let wanted = keys.iter().map(|(key, _, want)| (key, want));
                relabel(&mut state, namespace, wanted);
            }
        }
        state
    }

    fn unmended(mut state: State, mending: &Self) -> State {
        match mending {
            Self::Policy { have, want } => replace(&mut state.policies, *want, *have),
            Self::Labels { namespace, keys } => {
                let there = keys.iter().map(|(key, have, _)| (key, have));
                relabel(&mut state, namespace, there);
            }
        }
        state
    }
}

fn replace(policies: &mut BTreeSet<Source>, out: Option<Source>, into: Option<Source>) {
    if let Some(out) = out {
        policies.remove(&out);
    }
    policies.extend(into);
}

/// Gives keys of a namespace these values, and leaves the others: another finding may be about them.
fn relabel<'a>(
    state: &mut State,
    namespace: &Arc<str>,
    keys: impl Iterator<Item = (&'a String, &'a Option<String>)>,
) {
    let known = state.labels.get(namespace);
    let mut labels = known.map(|known| (**known).clone()).unwrap_or_default();
    for (key, value) in keys {
        match value {
            Some(value) => labels.insert(key.clone(), value.clone()),
            None => labels.remove(key),
        };
    }
    state.labels.insert(Arc::clone(namespace), Arc::new(labels));
}

/// What each finding opens and closes, either way.
fn weights(
    scene: &mut Scene,
    ((is, solved_is), mended): ((&State, &Solved), &State),
    mendings: &[Option<Mending>],
) -> Vec<Option<ByRegion>> {
    let solved_mended = scene.solve(mended);
    let weights = mendings.iter().map(|mending| {
        let mending = mending.as_ref()?;
        let without = scene.solve(&Mending::mended(is.clone(), mending));
        let mut weight = scene.changes(&without, solved_is);
        let alone = scene.solve(&Mending::unmended(mended.clone(), mending));
        weight.add(scene.changes(&solved_mended, &alone));
        Some(weight)
    });
    weights.collect()
}

/// Lays at the door of all findings that open nothing, each for itself, what they open together.
fn share_the_rest<'a>(
    scene: &mut Scene,
    (is, solved): (&State, &Solved),
    weighed: impl Iterator<Item = (&'a Option<Mending>, &'a mut Option<ByRegion>)>,
) {
    let both = weighed.filter_map(|(mending, weight)| Some((mending.as_ref()?, weight.as_mut()?)));
    let harmless = both.filter(|(_, weight)| weight.opens.is_empty());
    let harmless: Vec<(&Mending, &mut ByRegion)> = harmless.collect();
    let mendings = harmless.iter().map(|(mending, _)| *mending);
    let without = scene.solve(&mendings.fold(is.clone(), Mending::mended));
    let together = scene.changes(&without, solved).opens;
    for (_, weight) in harmless {
        weight.add(ByRegion {
            opens: together.clone(),
            closes: BTreeMap::new(),
        });
    }
}

impl ByRegion {
    pub(super) fn add(&mut self, other: Self) {
        add(&mut self.opens, other.opens);
        add(&mut self.closes, other.closes);
    }
}

fn add(all: &mut BTreeMap<(Region, Region), Between>, more: BTreeMap<(Region, Region), Between>) {
    for (ends, between) in more {
        let known = all.entry(ends).or_default();
        known.ports = known.ports.or(&between.ports);
        let is_better = match (&known.witness, &between.witness) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(known), Some(other)) => other.exists && !known.exists,
        };
        if is_better {
            known.witness = between.witness;
        }
    }
}

fn write(finding: &mut Finding, changes: Changes, because: &[String], ground: Ground<'_>) {
    let effect = match (changes.opens.is_empty(), changes.closes.is_empty()) {
        (false, _) => Effect::Widens,
        (true, _) if !because.is_empty() => Effect::Unknown,
        (true, false) => Effect::Narrows,
        (true, true) => Effect::None,
    };
    let by_effect = severity_of_effect(effect, sensitivity(finding, &changes, ground));
    let severity = match (finding.class, finding.severity) {
        (Class::ForeignPolicy, _) => by_effect,
        // Without effect it is still not as written.
        (Class::Missing | Class::Changed, _) if finding.object.kind == Kind::NetworkPolicy => {
            by_effect.min(Severity::Low)
        }
        // More rests on labels than what can be reached: guard rails go by them too.
        (_, Some(known)) if effect == Effect::Widens => known.min(by_effect),
        (_, Some(known)) => known,
        (_, None) => by_effect,
    };
    let is_of_cluster = finding.object.namespace.is_none();
    if finding.class == Class::ForeignPolicy && (finding.zone.is_some() || is_of_cluster) {
        effect_told(effect, because).clone_into(&mut finding.message);
    }
    finding.effect = effect;
    finding.severity = Some(severity);
    finding.changes = Some(changes);
}

/// The highest of the zone of the finding, and of the zones that it opens.
fn sensitivity(finding: &Finding, changes: &Changes, ground: Ground<'_>) -> Option<Sensitivity> {
    let opened = changes.opens.iter().filter_map(|one| one.to.zone());
    let zones = opened.chain(&finding.zone);
    let known = zones.filter_map(|zone| ground.model.zones.get(zone));
    let known = known.map(|zone| zone.sensitivity).max();
    let namespace = finding.object.namespace.as_deref();
    known.max(namespace.and_then(|namespace| sensitivity_at(ground.view, namespace)))
}

fn effect_told(effect: Effect, because: &[String]) -> String {
    match effect {
        Effect::Widens => "opens connections that the model does not allow".to_owned(),
        Effect::Narrows => "denies connections that the model allows".to_owned(),
        Effect::None => "changes nothing: what it allows is allowed without it, too".to_owned(),
        Effect::Unknown => format!(
            "opens nothing as far as can be told, but {}",
            because.first().map_or("", String::as_str)
        ),
    }
}
