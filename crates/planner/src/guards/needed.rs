//! Who needs a pin: pods that tolerate the taints of nodes by it alone.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_state::observed::{LiveAdmission, LivePod, Template};
use cofferdam_state::plan::{Action, Step, TaintPatch};
use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::Obstacle;
use super::pin_text::{PinText, namespaces};
use super::pins::pin_in_force;
use crate::findings::{taint_text, tolerates_taint};
use crate::listed::listed;
use crate::pools::{PooledNode, nodes};
use crate::view::View;

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
