//! Pod Security levels that are to be enforced: only where the server, asked beforehand, names no pod that
//! violates them. Once enforced, such pods run on and their replacements are refused.

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::held::HeldStep;
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::{Operation, Phase};
use cofferdam_state::pod_security::EnforceQuestion;

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
    /// No pod violates it.
    Clean,
    /// Pods violate it: what the server said of them.
    Breaks(Vec<String>),
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
    match (answer.known(), answer.unknown()) {
        (Some(warnings), _) if warnings.is_empty() => Standing::Clean,
        (Some(warnings), _) => {
            let (head, pods): (Vec<_>, Vec<_>) = warnings
                .iter()
                .cloned()
                .partition(|warning| warning.starts_with(VIOLATION));
            if head.is_empty() {
                // Such as that it looked at some pods only, or that the namespace is exempt.
                Standing::Unknown(format!("the server says: {}", pods.join("; ")))
            } else if pods.is_empty() {
                Standing::Breaks(head)
            } else {
                Standing::Breaks(pods)
            }
        }
        (None, reason) => Standing::Unknown(reason.unwrap_or_default().to_owned()),
    }
}

/// Levels that wait.
pub(crate) fn held<'a>(view: &'a View<'_>) -> impl Iterator<Item = HeldStep> + 'a {
    let pushed = (view.delivery == Delivery::Push).then(|| living(view));
    pushed.into_iter().flatten().filter_map(|one| {
        let (name, wanted, _) = one;
        let (reason, hint) = match standing(view, one) {
            Standing::Settled | Standing::Clean => return None,
            Standing::Breaks(pods) => (would_break(wanted, &pods), mending(wanted)),
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

/// That pods violate the level, which ones and why.
pub(crate) fn would_break(wanted: &DesiredNamespace, pods: &[String]) -> String {
    /// How many are named.
    const NAMED: usize = 5;
    let level = level(wanted);
    let named: Vec<&str> = pods.iter().take(NAMED).map(String::as_str).collect();
    let more = match pods.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "enforced, {level} would refuse the replacements of running pods: {}{more}",
        named.join("; ")
    )
}

/// That it is not known whether pods violate the level.
pub(crate) fn not_known(wanted: &DesiredNamespace, why: &str) -> String {
    let level = level(wanted);
    format!("whether {level} would refuse pods that run is not known: {why}")
}

fn level(wanted: &DesiredNamespace) -> String {
    let [level, version] =
        ENFORCE_KEYS.map(|key| wanted.labels.get(key).map_or("", String::as_str));
    format!("Pod Security level `{level}` ({version})")
}

/// What helps against pods that violate a level.
pub(crate) fn mending(wanted: &DesiredNamespace) -> String {
    format!(
        "change the pods, or lower `podSecurity.enforce` of Zone `{}`, or keep the namespace at `stage`",
        wanted.zone
    )
}

/// What helps where the server gave no clear answer.
pub(crate) const ASKING: &str = "the server is asked by a dry run of the label, which needs the right to patch \
                                 namespaces (`cofferdam rbac --profile policies`)";
