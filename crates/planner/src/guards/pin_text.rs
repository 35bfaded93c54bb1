//! What the text of a pin says.

use std::collections::BTreeSet;

use cofferdam_objects::keys::PROBE_NAMESPACE;
use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

/// Whether a policy that changes what is admitted changes pods, and not nodes.
pub(super) fn is_pin(spec: &Value) -> bool {
    let rules = spec.pointer("/matchConstraints/resourceRules");
    let rules = rules.and_then(Value::as_array).into_iter().flatten();
    let resources = rules.filter_map(|rule| rule.get("resources")?.as_array());
    let seen: BTreeSet<&str> = resources.flatten().filter_map(Value::as_str).collect();
    seen.contains("pods") && !seen.contains("nodes")
}

/// What a pin writes into the specs of pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PinText(String);

impl PinText {
    /// That of the policy with this spec; how it marks probes is another matter.
    pub(crate) fn of(policy: &Value) -> Self {
        let mutations = policy.get("mutations").and_then(Value::as_array);
        let mutations = mutations.into_iter().flatten().map(ToString::to_string);
        Self(mutations.filter(|one| one.contains("'/spec/")).collect())
    }

    /// Whether it has pods tolerate a taint, of whichever effect.
    pub(super) fn makes_tolerate(&self, taint: &Taint) -> bool {
        let value = taint.value.as_deref().unwrap_or_default();
        let key = &taint.key;
        self.0.contains(&format!(
            "{{key: '{key}', operator: 'Equal', value: '{value}'}}"
        ))
    }

    /// Whether it binds pods to nodes with a label.
    pub(crate) fn binds_to(&self, key: &str, value: &str) -> bool {
        self.0.contains(&format!("{{'{key}': '{value}'}}"))
    }
}

/// The namespaces whose pods a policy sees, that of probes aside; none where it does not name them.
pub(super) fn namespaces(spec: &Value) -> Option<BTreeSet<&str>> {
    let chosen = spec.pointer("/matchConstraints/namespaceSelector/matchExpressions/0/values")?;
    let names = chosen.as_array()?.iter().filter_map(Value::as_str);
    Some(names.filter(|name| *name != PROBE_NAMESPACE).collect())
}
