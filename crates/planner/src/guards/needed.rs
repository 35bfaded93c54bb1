//! Who needs a pin: pods that tolerate the taints of nodes by it alone.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::key::ObjectKey;
use cofferdam_state::guard::Rail;
use cofferdam_state::observed::{LivePod, Template};
use cofferdam_state::plan::{Action, Step, TaintPatch};
use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::pin_text::{PinText, namespaces};
use super::pins::pin_in_force;
use super::{Obstacle, pool_of, told_pod, told_template};
use crate::findings::{taint_text, tolerates_taint};
use crate::pools::{PooledNode, nodes, taint_of};
use crate::view::View;
use cofferdam_model::count::listed;

/// Nodes that keep a taint, and who would be kept from them were it not for a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    taint: String,
    nodes: BTreeSet<String>,
    who: BTreeSet<String>,
}

impl From<Need> for Obstacle {
    fn from(need: Need) -> Self {
        Self {
            reason: need.reason(),
            hint: need.hint(),
        }
    }
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
        let unknown = self.who.iter().any(|who| who.starts_with("Pod/"));
        let by_hand = if unknown {
            " (whether what makes a Pod has one cannot be seen: once it has, delete the pin with kubectl)"
        } else {
            ""
        };
        format!(
            "take `{0}` off these nodes where it is set, or add a toleration for it to them{by_hand}",
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
    let text = PinText::of(&pin.spec);
    let is_bound = |node: &PooledNode<'_>| {
        let mut labels = node.live.labels.iter();
        labels.any(|(key, value)| text.binds_to(key, value))
    };
    for node in nodes(view).filter(is_bound) {
        let taints = node.live.taints.iter();
        for taint in taints.filter(|taint| text.makes_tolerate(taint) && !goes(&node, taint)) {
            let (_, nodes) = kept
                .entry(taint_text(taint))
                .or_insert_with(|| (taint.clone(), BTreeSet::new()));
            nodes.insert(node.object.to_string());
        }
    }
    kept.into_iter().find_map(|(text, (taint, nodes))| {
        let who = intolerant_of(view, namespaces(&pin.spec).as_ref(), &taint);
        (!who.is_empty()).then_some(Need {
            taint: text,
            nodes,
            who,
        })
    })
}

/// The same, once steps about nodes are done.
pub(crate) fn needed_after(view: &View<'_>, name: &str, steps: &[Step]) -> Option<Need> {
    let patches = steps
        .iter()
        .filter_map(|step| Some((step.action.object(), step.action.node_taints()?)));
    let patches: BTreeMap<ObjectKey, &TaintPatch> = patches.collect();
    needed(view, name, |node, taint| {
        let patch = patches.get(&node.object);
        patch.is_some_and(|patch| !patch.new.contains(taint))
    })
}

/// What pins let go of although their pools stay tainted, a line each: its new pods find other nodes, or none.
pub(crate) fn let_go(view: &View<'_>, steps: &[Step]) -> Vec<String> {
    let pins = steps.iter().filter_map(|step| {
        let Action::ReplaceGuard { object, .. } = &step.action else {
            return None;
        };
        let guard = view.bundle.guards.get(&object.name)?;
        let pool = pool_of(view, guard).filter(|_| guard.rail == Rail::Pin)?;
        let before = namespaces(&pin_in_force(view, &object.name)?.spec)?;
        let after = namespaces(&guard.policy.spec)?;
        let dropped: BTreeSet<&str> = before.difference(&after).copied().collect();
        let who = intolerant_of(view, Some(&dropped), &taint_of(pool));
        (!who.is_empty()).then(|| {
            format!(
                "new pods of {} are bound to pool `{}` no longer, and do not tolerate its taint: they run on other nodes, \
                 or not at all",
                listed(who.iter().map(String::as_str)),
                pool.name
            )
        })
    });
    pins.collect()
}

/// What runs, or is to run, in these namespaces, or in all, and does not tolerate a taint by its own template.
fn intolerant_of(
    view: &View<'_>,
    chosen: Option<&BTreeSet<&str>>,
    taint: &Taint,
) -> BTreeSet<String> {
    let (Some(pods), Some(templates)) =
        (view.observed.pods.known(), view.observed.templates.known())
    else {
        return ["pods or workloads that could not be read".to_owned()].into();
    };
    let concerns = |namespace: &str| chosen.is_none_or(|chosen| chosen.contains(namespace));
    let tolerate = |tolerations: &[Toleration]| tolerates_taint(tolerations, taint);
    let of_workloads = templates
        .iter()
        .filter(|one| concerns(&one.namespace) && !tolerate(&one.tolerations))
        .map(told_template);
    let known: BTreeSet<(&str, &str)> = templates.iter().map(place).collect();
    // What a pod tolerates may come from the pin: only its template tells.
    let of_nobody = pods
        .iter()
        .filter(|pod| concerns(&pod.namespace) && !pod.finished && !pod.is_mirror())
        .filter(|pod| !is_of(&known, pod))
        .map(told_pod);
    of_workloads.chain(of_nobody).collect()
}

pub(super) fn place(template: &Template) -> (&str, &str) {
    (template.namespace.as_str(), template.workload.as_str())
}

/// Whether a workload that is known makes a pod.
pub(super) fn is_of(known: &BTreeSet<(&str, &str)>, pod: &LivePod) -> bool {
    pod.workload.as_ref().is_some_and(|(kind, name)| {
        known.contains(&(pod.namespace.as_str(), format!("{kind}/{name}").as_str()))
    })
}
