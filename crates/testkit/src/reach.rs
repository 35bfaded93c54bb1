//! What the policies of a cluster allow, told from the live objects alone.
//!
//! Written without the questions of `objects` and without the planner, so that a mistake there does
//! not hide itself here.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::keys::INSTANCE;
use serde_json::Value;

use crate::cluster::Cluster;

/// A direction as objects spell it: its word in `policyTypes`, its rules, and the peers in them.
const DIRECTIONS: [(&str, &str, &str); 2] =
    [("Ingress", "ingress", "from"), ("Egress", "egress", "to")];

/// What pods of a namespace may do in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Everything: nothing isolates them, or something lets everything through again.
    Everything,
    /// Single peers and ports, each with the selector of its policy.
    Only(BTreeSet<String>),
}

/// What is allowed, by namespace and `Ingress` or `Egress`.
pub type Reach = BTreeMap<(String, &'static str), Allowed>;

/// What the policies of a cluster allow in each of its namespaces.
pub fn reach(cluster: &Cluster) -> Reach {
    let places = cluster
        .namespaces
        .keys()
        .flat_map(|name| DIRECTIONS.map(|direction| (name.clone(), direction)));
    places
        .map(|(name, direction)| {
            let specs: Vec<&Value> = cluster
                .policies
                .iter()
                .filter(|((namespace, _), _)| *namespace == name)
                .map(|(_, live)| &*live.spec)
                .filter(|spec| isolates(spec, direction))
                .collect();
            ((name, direction.0), allowed(&specs, direction))
        })
        .collect()
}

/// What the policies of a cluster allow a pod with these labels, in whichever namespace it were. Places
/// where somebody else's policy isolates any pod are left out: the way there may have a gap.
pub fn reach_of_pod(cluster: &Cluster, labels: &[(&str, &str)]) -> Reach {
    let mut seen = cluster.clone();
    seen.policies.retain(|_, live| selects(&live.spec, labels));
    for live in seen.policies.values_mut() {
        let mut spec = (*live.spec).clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("podSelector");
        }
        live.spec = spec.into();
    }
    let theirs = |((of, word), _): &(&(String, &'static str), &Allowed)| {
        let mut policies = cluster.policies.iter();
        policies.any(|((namespace, _), live)| {
            let direction = DIRECTIONS.iter().find(|(one, _, _)| one == word);
            namespace == of
                && !live.labels.contains_key(INSTANCE)
                && direction.is_some_and(|direction| isolates(&live.spec, *direction))
        })
    };
    let reached = reach(&seen);
    let left = reached.iter().filter(|place| !theirs(place));
    left.map(|(place, allowed)| (place.clone(), allowed.clone()))
        .collect()
}

impl Allowed {
    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, one) | (one, Self::Everything) => one.clone(),
            (Self::Only(a), Self::Only(b)) => Self::Only(a.intersection(b).cloned().collect()),
        }
    }

    /// Whether it allows all that another does.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Only(_), Self::Everything) => false,
            (Self::Only(a), Self::Only(b)) => a.is_superset(b),
        }
    }
}

/// Every namespace and direction in which something is cut that was allowed before and will be
/// allowed after.
pub fn cuts(before: &Reach, now: &Reach, after: &Reach) -> Vec<String> {
    let open = Allowed::Everything;
    let cut = now.iter().filter(|(place, allowed)| {
        let was = before.get(*place).unwrap_or(&open);
        let will = after.get(*place).unwrap_or(&open);
        !allowed.covers(&was.and(will))
    });
    cut.map(|((namespace, direction), allowed)| format!("{direction} of {namespace}: {allowed:?}"))
        .collect()
}

/// Whether a policy selects a pod with these labels.
fn selects(spec: &Value, labels: &[(&str, &str)]) -> bool {
    let pods = spec.get("podSelector").unwrap_or(&Value::Null);
    let expressions = list(pods, "matchExpressions");
    assert!(expressions.is_empty(), "nobody reads {pods}");
    let wanted = pods.get("matchLabels").and_then(Value::as_object);
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, value)| labels.iter().any(|(k, v)| k == key && v == value))
}

fn isolates(spec: &Value, (word, rules, _): (&str, &str, &str)) -> bool {
    let types = spec.get("policyTypes").and_then(Value::as_array);
    match types.filter(|types| !types.is_empty()) {
        Some(types) => types.iter().any(|one| one == word),
        None => word == "Ingress" || !list(spec, rules).is_empty(),
    }
}

fn allowed(specs: &[&Value], (_, rules, peers): (&str, &str, &str)) -> Allowed {
    if specs.is_empty() {
        return Allowed::Everything;
    }
    let mut only = BTreeSet::new();
    for spec in specs {
        let pods = spec.get("podSelector").unwrap_or(&Value::Null);
        let everybody = [pods.get("matchLabels"), pods.get("matchExpressions")]
            .iter()
            .all(Option::is_none);
        for rule in list(spec, rules) {
            if everybody && list(rule, peers).is_empty() && list(rule, "ports").is_empty() {
                return Allowed::Everything;
            }
            for peer in each(list(rule, peers)) {
                for port in each(list(rule, "ports")) {
                    only.insert(format!("{pods} {peer} {port}"));
                }
            }
        }
    }
    Allowed::Only(only)
}

/// Every item as text; of none, that it is any.
fn each(items: &[Value]) -> Vec<String> {
    if items.is_empty() {
        return vec!["any".to_owned()];
    }
    items.iter().map(ToString::to_string).collect()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let items = value.get(field).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}
