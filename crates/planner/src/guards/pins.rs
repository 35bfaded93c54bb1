//! Pins: on which nodes they may bind pods, and when pods cannot do without them.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::PROBE_NAMESPACE;
use cofferdam_state::footing::Footing;
use cofferdam_state::guard::{DesiredGuard, Rail};
use cofferdam_state::observed::{LiveAdmission, LivePod, Template};
use cofferdam_state::plan::{Action, Step, TaintPatch, taint_field};
use k8s_openapi::api::core::v1::{Taint, Toleration};
use serde_json::Value;

use super::{GuardState, Obstacle, is_served, live, live_level, obstacles, pool_of, state};
use crate::findings::{intolerant_if, taint_text, tolerates_taint};
use crate::listed::listed;
use crate::pools::{PooledNode, nodes};
use crate::steps::is_taint_wanted;
use crate::view::{KeyState, View};

/// Whether the pin of a pool is in force, or can be before taints are written.
pub(crate) fn can_pin(view: &View<'_>, pool: &NodePool) -> bool {
    let mut guards = view.bundle.guards.values();
    let pin =
        guards.find(|guard| guard.rail == Rail::Pin && guard.pool.as_ref() == Some(&pool.name));
    pin.is_some_and(|pin| {
        let free = [&pin.policy, &pin.deny];
        is_served(view, pin)
            && free
                .iter()
                .all(|object| state(view, object) != GuardState::Taken)
            && (live_level(view, pin).is_some() || obstacles(view, pin).is_empty())
    })
}

/// Why a pin may not be written as it is wanted: pods would be bound to nodes that do not exist, or lose what lets
/// them tolerate a taint that stays. One that only lets go of namespaces may always be.
pub(super) fn obstacle(view: &View<'_>, pin: &DesiredGuard, pool: &NodePool) -> Option<Obstacle> {
    let bound = live(view, &pin.policy.key()).filter(|_| live(view, &pin.deny.key()).is_some());
    if bound.is_some_and(|live| only_lets_go(live, &pin.policy.spec)) {
        return None;
    }
    if serving(view, pool).is_none() {
        return Some(Obstacle {
            reason: format!(
                "pool `{}` has no ready node that has its label, or is about to get it, and that pods could be bound to",
                pool.name
            ),
            hint: format!(
                "mend `spec.nodes` of NodePool `{}`, or its nodes; `cofferdam apply` labels them",
                pool.name
            ),
        });
    }
    // Taken for granted that this pin is in force: it is, before a taint is written.
    let tolerated = intolerant_if(view, pool, true).is_empty();
    let need = needed(view, &pin.policy.name, |node, taint| {
        let due = (tolerated && is_taint_wanted(view, node, pool)).then_some(pool);
        let replaced = node.is_recorded(&taint_field(taint)) && !node.waits_for_taint(due);
        makes_tolerate(&pin.policy.spec, taint) || (replaced && node.pools.len() < 2)
    })?;
    Some(Obstacle {
        reason: need.reason(),
        hint: need.hint(),
    })
}

/// Whether a pin that is there does as the wanted one, to the same namespaces and maybe some more.
fn only_lets_go(live: &LiveAdmission, wanted: &Value) -> bool {
    let (before, after) = (namespaces(&live.spec), namespaces(wanted));
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    changes_of_spec(&live.spec) == changes_of_spec(wanted) && after.is_subset(&before)
}

/// What a policy writes into the specs of pods; how it marks probes is another matter.
fn changes_of_spec(policy: &Value) -> Option<Vec<&Value>> {
    let mutations = policy.get("mutations")?.as_array()?.iter();
    let of_spec = mutations.filter(|one| one.to_string().contains("'/spec/"));
    Some(of_spec.collect())
}

/// The nodes whose label steps let pods of a pool find a node: none of them where one has the label already.
/// `None` where no ready node has it or gets it.
fn serving(view: &View<'_>, pool: &NodePool) -> Option<BTreeSet<ObjectKey>> {
    let ready = || nodes(view).filter(|node| node.live.ready && node.is_only_in(pool));
    if ready().any(|node| node.label_state(pool) == KeyState::InSync) {
        return Some(BTreeSet::new());
    }
    // Taken for granted that the pin is in force: it is, before a taint is written.
    let tolerated = intolerant_if(view, pool, true).is_empty();
    let due = ready().filter(|node| {
        let taint = (tolerated && is_taint_wanted(view, node, pool)).then_some(pool);
        match node.label_state(pool) {
            KeyState::Missing => true,
            KeyState::Changed => {
                !node.keeps_labels(taint) || !node.live.labels.contains_key(&pool.label.0)
            }
            KeyState::InSync | KeyState::Conflict => false,
        }
    });
    let due: BTreeSet<ObjectKey> = due.map(|node| node.object).collect();
    (!due.is_empty()).then_some(due)
}

/// What steps about pins rest on: that some node gets the label which pods are bound to, and that every node loses
/// the taint which pods come to tolerate no longer. So do those that taint new nodes.
pub(crate) fn footings(view: &View<'_>, steps: &[Step]) -> BTreeMap<ObjectKey, Footing> {
    let mut footings = BTreeMap::new();
    for step in steps {
        let object = step.action.object();
        let footing = match &step.action {
            Action::CreateGuard { object } | Action::ReplaceGuard { object, .. } => Footing {
                any: binding_to(view, &object.name).unwrap_or_default(),
                all: untainted(view, &object.name, Some(&object.spec), steps),
            },
            Action::DeleteGuard { name, .. } => Footing {
                any: BTreeSet::new(),
                all: untainted(view, name, None, steps),
            },
            Action::CreateNamespace { .. }
            | Action::PatchNamespace { .. }
            | Action::PatchNode { .. }
            | Action::CreatePolicy { .. }
            | Action::ReplacePolicy { .. }
            | Action::DeletePolicy { .. }
            | Action::DeleteOpened { .. } => continue,
        };
        if footing != Footing::default() {
            footings.insert(object, footing);
        }
    }
    footings
}

/// The nodes that are labelled before pods can be bound by a rail of this name.
fn binding_to(view: &View<'_>, name: &str) -> Option<BTreeSet<ObjectKey>> {
    let guard = view.bundle.guards.get(name)?;
    match guard.rail {
        Rail::Pin | Rail::Registration => serving(view, pool_of(view, guard)?),
        Rail::Namespaces
        | Rail::Nodes
        | Rail::Policies
        | Rail::Record
        | Rail::Lease
        | Rail::Probes
        | Rail::Pods
        | Rail::DaemonSets => None,
    }
}

/// The nodes that lose a taint which the pin of this name makes pods tolerate, and its new text, if any, does not.
fn untainted(
    view: &View<'_>,
    name: &str,
    becomes: Option<&Value>,
    steps: &[Step],
) -> BTreeSet<ObjectKey> {
    let Some(pin) = pin_in_force(view, name) else {
        return BTreeSet::new();
    };
    let matters = |taint: &Taint| {
        makes_tolerate(&pin.spec, taint)
            && !becomes.is_some_and(|becomes| {
                becomes.get("mutations").is_none() || makes_tolerate(becomes, taint)
            })
    };
    let untaints = steps.iter().filter(|step| {
        matches!(&step.action, Action::PatchNode { taints: Some(taints), .. }
            if taints.old.iter().any(|taint| matters(taint) && !taints.new.contains(taint)))
    });
    untaints.map(|step| step.action.object()).collect()
}

/// Nodes that keep a taint, and who would be kept from them were it not for a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    taint: String,
    nodes: BTreeSet<String>,
    who: BTreeSet<String>,
}

impl Need {
    /// Why the pin stays as it is, in one line.
    pub(crate) fn reason(&self) -> String {
        format!(
            "new pods of {} need it: they tolerate `{}` of {} by it alone",
            listed(self.who.iter().map(String::as_str)),
            self.taint,
            listed(self.nodes.iter().map(String::as_str))
        )
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        format!(
            "take `{0}` off these nodes where it is set, or add a toleration for it to them",
            self.taint
        )
    }
}

/// Who needs the pin of this name, as it is there, while nodes keep their taints, but for those of which `goes` holds.
pub(crate) fn needed(
    view: &View<'_>,
    name: &str,
    goes: impl Fn(&PooledNode<'_>, &Taint) -> bool,
) -> Option<Need> {
    let pin = pin_in_force(view, name)?;
    let mut kept: BTreeMap<String, (Taint, BTreeSet<String>)> = BTreeMap::new();
    for node in nodes(view).filter(|node| binds_to(&pin.spec, node)) {
        let taints = node.live.taints.iter();
        for taint in taints.filter(|taint| makes_tolerate(&pin.spec, taint) && !goes(&node, taint))
        {
            let (_, nodes) = kept
                .entry(taint_text(taint))
                .or_insert_with(|| (taint.clone(), BTreeSet::new()));
            nodes.insert(node.object.to_string());
        }
    }
    kept.into_iter().find_map(|(text, (taint, nodes))| {
        let who = intolerant_of(view, pin, &taint);
        (!who.is_empty()).then_some(Need {
            taint: text,
            nodes,
            who,
        })
    })
}

/// The same, once steps about nodes are done.
pub(crate) fn needed_after(view: &View<'_>, name: &str, steps: &[Step]) -> Option<Need> {
    let patches = steps.iter().filter_map(|step| {
        let Action::PatchNode {
            name,
            taints: Some(taints),
            ..
        } = &step.action
        else {
            return None;
        };
        Some((name.as_str(), taints))
    });
    let patches: BTreeMap<&str, &TaintPatch> = patches.collect();
    needed(view, name, |node, taint| {
        let patch = patches.get(node.object.name.as_str());
        patch.is_some_and(|patch| !patch.new.contains(taint))
    })
}

/// Whether the rail of this name is a pin; one whose policy cannot be found is taken for one.
pub(crate) fn is_pin_named(view: &View<'_>, name: &str) -> bool {
    let policy = live(
        view,
        &ObjectKey::admission(AdmissionKind::MutatingPolicy, name),
    );
    policy.is_none_or(|policy| is_pin(&policy.spec))
}

/// The live policy of this name, where it changes pods and its binding is there too.
fn pin_in_force<'a>(view: &View<'a>, name: &str) -> Option<&'a LiveAdmission> {
    live(
        view,
        &ObjectKey::admission(AdmissionKind::MutatingBinding, name),
    )?;
    let policy = live(
        view,
        &ObjectKey::admission(AdmissionKind::MutatingPolicy, name),
    )?;
    is_pin(&policy.spec).then_some(policy)
}

/// Whether a policy that changes what is admitted changes pods, and not nodes.
fn is_pin(spec: &Value) -> bool {
    let rules = spec.pointer("/matchConstraints/resourceRules");
    let rules = rules.and_then(Value::as_array).into_iter().flatten();
    let resources = rules.filter_map(|rule| rule.get("resources")?.as_array());
    let seen: BTreeSet<&str> = resources.flatten().filter_map(Value::as_str).collect();
    seen.contains("pods") && !seen.contains("nodes")
}

/// Whether a policy's text has pods tolerate a taint: it names its key, value and effect.
fn makes_tolerate(spec: &Value, taint: &Taint) -> bool {
    let value = taint.value.as_deref().unwrap_or_default();
    names_all(spec, [&taint.key, value, &taint.effect])
}

/// Whether a policy's text binds pods to a node: it names one of its labels.
fn binds_to(spec: &Value, node: &PooledNode<'_>) -> bool {
    let mut labels = node.live.labels.iter();
    labels.any(|(key, value)| names_all(spec, [key.as_str(), value]))
}

fn names_all<'a>(spec: &Value, words: impl IntoIterator<Item = &'a str>) -> bool {
    let written = changes_of_spec(spec).into_iter().flatten();
    let written: String = written.map(ToString::to_string).collect();
    let mut words = words.into_iter();
    words.all(|word| written.contains(&format!("'{word}'")))
}

/// The namespaces whose pods a policy sees, that of probes aside; none where it does not name them.
fn namespaces(spec: &Value) -> Option<BTreeSet<&str>> {
    let chosen = spec.pointer("/matchConstraints/namespaceSelector/matchExpressions/0/values")?;
    let names = chosen.as_array()?.iter().filter_map(Value::as_str);
    Some(names.filter(|name| *name != PROBE_NAMESPACE).collect())
}

/// What runs, or is to run, in a pin's namespaces and does not tolerate a taint by its own template.
fn intolerant_of(view: &View<'_>, pin: &LiveAdmission, taint: &Taint) -> BTreeSet<String> {
    let (Some(pods), Some(templates)) =
        (view.observed.pods.known(), view.observed.templates.known())
    else {
        return ["pods or workloads that could not be read".to_owned()].into();
    };
    let chosen = namespaces(&pin.spec);
    let concerns = |namespace: &str| {
        chosen
            .as_ref()
            .is_none_or(|chosen| chosen.contains(namespace))
    };
    let tolerate = |tolerations: &[Toleration]| tolerates_taint(tolerations, taint);
    let of_workloads = templates
        .iter()
        .filter(|one| concerns(&one.namespace) && !tolerate(&one.tolerations))
        .map(super::told_template);
    let known: BTreeSet<(&str, &str)> = templates.iter().map(place).collect();
    // What a pod tolerates may come from the pin: only its template tells.
    let of_nobody = pods
        .iter()
        .filter(|pod| concerns(&pod.namespace) && !pod.finished && !is_of(&known, pod))
        .map(super::told_pod);
    of_workloads.chain(of_nobody).collect()
}

fn place(template: &Template) -> (&str, &str) {
    (template.namespace.as_str(), template.workload.as_str())
}

fn is_of(known: &BTreeSet<(&str, &str)>, pod: &LivePod) -> bool {
    pod.workload.as_ref().is_some_and(|(kind, name)| {
        known.contains(&(pod.namespace.as_str(), format!("{kind}/{name}").as_str()))
    })
}
