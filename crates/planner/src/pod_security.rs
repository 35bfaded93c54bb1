//! Pod Security levels that are to be enforced: only where the server, asked beforehand, names no pod that
//! violates them, and no template of a workload does. Once enforced, such pods run on, and their replacements and
//! those that are to come are refused.

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::held::HeldStep;
use cofferdam_state::observed::{LiveNamespace, Reading};
use cofferdam_state::plan::{Operation, Phase};
use cofferdam_state::pod_security::{EnforceAnswer, EnforceQuestion};

use crate::view::{KeyState, View};

/// The labels that make a level enforced. One without the other is another level.
pub(crate) const ENFORCE_KEYS: [&str; 2] = [
    keys::POD_SECURITY_ENFORCE,
    keys::POD_SECURITY_ENFORCE_VERSION,
];

/// How the server introduces the pods that violate a level, in the warnings of Pod Security admission.
const VIOLATION: &str = "existing pods in namespace ";

/// What stands between a namespace and the level that its zone asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is asked for, it is in place, or another manager holds a key of it.
    Settled,
    /// No pod violates it, and none that is to come.
    Clean,
    /// Pods violate it, or will.
    Breaks {
        /// What the server said of those that run.
        pods: Vec<String>,
        /// The workloads whose next pods do, with the reasons.
        workloads: Vec<String>,
    },
    /// It is not known whether pods violate it, and why.
    Unknown(String),
}

/// What is to be asked of the server before anything is planned; nothing where it is in place already.
pub fn enforce_questions(view: &View<'_>) -> Vec<EnforceQuestion> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let namespaces = living(view);
    namespaces
        .filter_map(|(name, wanted, live)| question(view, name, wanted, live))
        .collect()
}

/// Namespaces of zones that are there, and stay.
pub(crate) fn living<'a>(
    view: &View<'a>,
) -> impl Iterator<Item = (&'a NamespaceName, &'a DesiredNamespace, &'a LiveNamespace)> {
    let live = view.observed.namespaces.known();
    let wanted = view.bundle.namespaces.iter();
    wanted.filter_map(move |(name, wanted)| {
        let live = live?.get(name.as_str())?;
        (!live.terminating).then_some((name, wanted, live))
    })
}

fn question(
    view: &View<'_>,
    name: &NamespaceName,
    wanted: &DesiredNamespace,
    live: &LiveNamespace,
) -> Option<EnforceQuestion> {
    let object = ObjectKey::namespace(name.as_str());
    let [level, version] = ENFORCE_KEYS.map(|key| wanted.labels.get(key));
    let (level, version) = (level?, version?);
    let states = ENFORCE_KEYS.into_iter().zip([level, version]);
    let states: Vec<KeyState> = states
        .map(|(key, value)| view.key_state((&object, &live.uid), key, value, live.labels.get(key)))
        .collect();
    let in_place = states.iter().all(|state| *state == KeyState::InSync);
    (!in_place && !states.contains(&KeyState::Conflict)).then(|| EnforceQuestion {
        namespace: name.to_string(),
        uid: live.uid.clone(),
        level: level.clone(),
        version: version.clone(),
    })
}

/// How the level of a namespace stands.
pub(crate) fn standing(
    view: &View<'_>,
    (name, wanted, live): (&NamespaceName, &DesiredNamespace, &LiveNamespace),
) -> Standing {
    let Some(question) = question(view, name, wanted, live) else {
        return Standing::Settled;
    };
    let Some(answer) = view.observed.enforce_answers.get(&question) else {
        return Standing::Unknown("the server was not asked".to_owned());
    };
    let EnforceAnswer { pods, workloads } = answer;
    match (said_of_pods(pods), workloads) {
        (Ok(pods), Reading::Known(workloads)) if pods.is_empty() && workloads.is_empty() => {
            Standing::Clean
        }
        (Ok(pods), Reading::Unknown(why)) if pods.is_empty() => Standing::Unknown(why.clone()),
        (Ok(pods), workloads) => Standing::Breaks {
            pods,
            workloads: workloads.known().cloned().unwrap_or_default(),
        },
        (Err(why), _) => Standing::Unknown(why),
    }
}

/// The pods that violate a level with the reasons, by what the server said; the error says why that is not
/// known.
fn said_of_pods(answer: &Reading<Vec<String>>) -> Result<Vec<String>, String> {
    let warnings = match answer {
        Reading::Known(warnings) => warnings,
        Reading::Unknown(why) => return Err(why.clone()),
    };
    let (head, pods): (Vec<String>, Vec<String>) = warnings
        .iter()
        .cloned()
        .partition(|warning| warning.starts_with(VIOLATION));
    if head.is_empty() && !pods.is_empty() {
        // Such as that it looked at some pods only, or that the namespace is exempt.
        Err(format!("the server says: {}", pods.join("; ")))
    } else if pods.is_empty() {
        Ok(head)
    } else {
        Ok(pods)
    }
}

/// Levels that wait.
pub(crate) fn held<'a>(view: &'a View<'_>) -> impl Iterator<Item = HeldStep> + 'a {
    let pushed = (view.delivery == Delivery::Push).then(|| living(view));
    pushed.into_iter().flatten().filter_map(|one| {
        let (name, wanted, _) = one;
        let (reason, hint) = match standing(view, one) {
            Standing::Settled | Standing::Clean => return None,
            Standing::Breaks { pods, workloads } => {
                (would_break(wanted, &pods, &workloads), mending(wanted))
            }
            Standing::Unknown(why) => (not_known(wanted, &why), ASKING.to_owned()),
        };
        Some(HeldStep {
            operation: Operation::Patch,
            object: ObjectKey::namespace(name.as_str()),
            phase: Phase::Labels,
            reason,
            hint,
        })
    })
}

/// That pods violate the level, or will, which ones and why.
pub(crate) fn would_break(
    wanted: &DesiredNamespace,
    pods: &[String],
    workloads: &[String],
) -> String {
    let level = level(wanted);
    let of_pods =
        (!pods.is_empty()).then(|| format!("the replacements of running pods: {}", named(pods)));
    let of_workloads = (!workloads.is_empty())
        .then(|| format!("the next pods of workloads: {}", named(workloads)));
    let refused: Vec<String> = of_pods.into_iter().chain(of_workloads).collect();
    format!("enforced, {level} would refuse {}", refused.join("; and "))
}

/// The first of them, and how many there are more.
fn named(all: &[String]) -> String {
    const NAMED: usize = 5;
    let named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", named.join("; "))
}

/// That it is not known whether pods violate the level.
pub(crate) fn not_known(wanted: &DesiredNamespace, why: &str) -> String {
    let level = level(wanted);
    format!("whether {level} would refuse pods is not known: {why}")
}

fn level(wanted: &DesiredNamespace) -> String {
    let [level, version] =
        ENFORCE_KEYS.map(|key| wanted.labels.get(key).map_or("", String::as_str));
    format!("Pod Security level `{level}` ({version})")
}

/// What helps against pods that violate a level.
pub(crate) fn mending(wanted: &DesiredNamespace) -> String {
    format!(
        "change the workloads, or lower `podSecurity.enforce` of Zone `{}`, or keep the namespace at `stage`",
        wanted.zone
    )
}

/// What helps where the server gave no clear answer.
pub(crate) const ASKING: &str = "the server is asked by a dry run of the label, which needs the right to patch \
                                 namespaces (`cofferdam rbac --profile policies`)";
