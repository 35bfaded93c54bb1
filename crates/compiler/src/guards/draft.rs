//! A rail before it has its metadata, its binding and its mark.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::names::PoolName;
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::keys;
use cofferdam_objects::name::object_name;
use cofferdam_state::digest::short_digest;
use cofferdam_state::guard::{Attempt, DesiredGuard, GuardLevel, Probe, Rail, binding_kind};
use k8s_openapi::api::admissionregistration::v1::{
    AuditAnnotation, JSONPatch, MatchCondition, MatchResources, MutatingAdmissionPolicyBindingSpec,
    MutatingAdmissionPolicySpec, Mutation, NamedRuleWithOperations,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::{Value, json};

use super::{Ground, cel, subjects};

/// Stands for the mark until the rest of a rail is known.
const MARK: &str = "@mark@";

/// A rail as its file describes it.
#[derive(Debug)]
pub(super) struct Draft {
    /// What it protects.
    pub(super) rail: Rail,
    /// Its pool.
    pub(super) pool: Option<NodePool>,
    /// The name of policy and binding.
    pub(super) name: String,
    /// Which requests it sees.
    pub(super) matches: MatchResources,
    /// Names for expressions.
    pub(super) variables: Vec<(&'static str, String)>,
    /// What it does with them.
    pub(super) effect: Effect,
    /// What is tried to see whether it is in force.
    pub(super) attempt: Attempt,
}

/// What a rail does with the requests that it sees.
#[derive(Debug)]
pub(super) enum Effect {
    /// Refuses those for which an expression does not hold: expression and what is said then.
    Refuse {
        /// What must hold, and what is said where it does not.
        validations: Vec<(String, String)>,
        /// Whether writers may do it all.
        spares_writers: bool,
    },
    /// Changes those for which all conditions hold.
    Change {
        /// Name and expression of what must hold.
        conditions: Vec<(&'static str, String)>,
        /// Expressions, each a list of `JSONPatch`.
        patches: Vec<String>,
    },
}

/// The name of a rail of a pool.
pub(super) fn pool_name(what: &str, pool: &NodePool) -> String {
    name_for(what, &pool.name)
}

/// The name of a rail of a pool with this name. It is the value of a label when the rail is tried out.
pub(super) fn name_for(what: &str, pool: &PoolName) -> String {
    object_name(
        &format!("cofferdam-{what}-"),
        pool.as_str(),
        "",
        &short_digest(pool.as_str()),
    )
}

/// The pool of which a rail of this kind has a name.
pub(super) fn pool_named<'a>(what: &str, name: &'a str) -> Option<&'a str> {
    let pool = name.strip_prefix("cofferdam-")?.strip_prefix(what)?;
    pool.strip_prefix('-').filter(|pool| !pool.is_empty())
}

/// Requests to do something with the objects of a kind; `resources` may name subresources.
pub(super) fn rule(
    group: &str,
    resources: &[&str],
    operations: &[&str],
) -> NamedRuleWithOperations {
    let owned = |all: &[&str]| Some(all.iter().map(|&one| one.to_owned()).collect());
    NamedRuleWithOperations {
        api_groups: owned(&[group]),
        api_versions: owned(&["v1"]),
        operations: owned(operations),
        resources: owned(resources),
        resource_names: None,
        scope: Some("*".to_owned()),
    }
}

/// Requests by a rule, in all namespaces and about all objects.
pub(super) fn everywhere(rule: NamedRuleWithOperations) -> MatchResources {
    MatchResources {
        exclude_resource_rules: None,
        match_policy: Some("Equivalent".to_owned()),
        namespace_selector: Some(LabelSelector::default()),
        object_selector: Some(LabelSelector::default()),
        resource_rules: Some(vec![rule]),
    }
}

/// Namespaces by name, or all others: `operator` is `In` or `NotIn`.
pub(super) fn named<'a>(operator: &str, names: impl IntoIterator<Item = &'a str>) -> LabelSelector {
    let values = names.into_iter().map(ToOwned::to_owned).collect();
    LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: keys::NAMESPACE_NAME.to_owned(),
            operator: operator.to_owned(),
            values: Some(values),
        }]),
        match_labels: None,
    }
}

/// The same requests in these namespaces alone, and pods of the namespace of probes besides: for rails about
/// objects of which we may make none to try them out. What has no namespace is seen whichever are named.
pub(super) fn tried_by_pods(matches: MatchResources, namespaces: &[&str]) -> MatchResources {
    let pods = rule("", &["pods"], &["CREATE"]);
    let own = matches.resource_rules.into_iter().flatten();
    let names = namespaces.iter().copied().chain([keys::PROBE_NAMESPACE]);
    MatchResources {
        namespace_selector: Some(named("In", names)),
        resource_rules: Some(own.chain([pods]).collect()),
        ..matches
    }
}

/// An attempt to create this in the namespace of probes, labelled as a probe of the rail of this name.
pub(super) fn create(name: &str, path: &str, mut object: Value) -> Attempt {
    if let Some(fields) = object.as_object_mut() {
        let metadata = json!({
            "name": "probe",
            "namespace": keys::PROBE_NAMESPACE,
            "labels": { keys::PROBE: name },
        });
        fields.insert("metadata".to_owned(), metadata);
    }
    Attempt::Create {
        path: path.to_owned(),
        object,
    }
}

impl Draft {
    /// The rail with everything that all rails have.
    pub(super) fn finish(self, ground: &Ground<'_>, level: GuardLevel) -> DesiredGuard {
        let kind = match &self.effect {
            Effect::Refuse { .. } => AdmissionKind::ValidatingPolicy,
            Effect::Change { .. } => AdmissionKind::MutatingPolicy,
        };
        let spec = match &self.effect {
            Effect::Refuse {
                validations,
                spares_writers,
            } => self.validating(ground, validations, *spares_writers),
            Effect::Change {
                conditions,
                patches,
            } => self.mutating(conditions, patches),
        };
        let text = spec.to_string();
        let mark = format!("{} {}", self.name, short_digest(&text));
        // What was written as JSON is read as JSON.
        let spec = serde_json::from_str(&text.replace(MARK, &mark)).unwrap_or_default();
        let policy = Arc::new(self.object(ground, kind, spec));
        let binding = |actions: &[&str]| {
            let spec = self.binding(kind, actions);
            Arc::new(self.object(ground, binding_kind(kind), spec))
        };
        DesiredGuard {
            rail: self.rail,
            pool: self.pool.as_ref().map(|pool| pool.name.clone()),
            deny: binding(&["Deny", "Audit"]),
            audit: (!kind.is_mutating()).then(|| binding(&["Warn", "Audit"])),
            level,
            probe: Probe {
                policy: policy.key(),
                attempt: self.attempt.clone(),
                mark,
            },
            policy,
        }
    }

    fn object(&self, ground: &Ground<'_>, kind: AdmissionKind, spec: Value) -> AdmissionObject {
        let owned = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let instance = ground.scope.model.instance.as_str();
        let source = match &self.pool {
            Some(pool) => format!("NodePool/{}", pool.name),
            None => format!("Cluster/{}", ground.scope.cluster.name),
        };
        AdmissionObject {
            kind,
            name: self.name.clone(),
            labels: owned(&[
                (keys::MANAGED_BY, keys::MANAGED_BY_VALUE),
                (keys::INSTANCE, instance),
            ]),
            annotations: owned(&[(keys::SOURCE, &source)]),
            spec,
        }
    }

    /// Probes are refused to everybody; what is asked otherwise only to those who may not.
    fn validating(
        &self,
        ground: &Ground<'_>,
        validations: &[(String, String)],
        spares_writers: bool,
    ) -> Value {
        let guards = &ground.scope.cluster.guards;
        let mut variables = vec![("breakGlass", subjects::is_one_of(&guards.break_glass))];
        let mut spared = "variables.breakGlass".to_owned();
        if spares_writers {
            variables.push(("writer", subjects::is_one_of(&guards.writers)));
            spared = format!("variables.writer || {spared}");
        }
        variables.extend(self.variables.iter().cloned());
        let good = cel::all(validations.iter().map(|(expression, _)| expression.clone()));
        variables.push(("good", good));
        let used = if spares_writers {
            "variables.breakGlass && !variables.writer && !variables.good"
        } else {
            "variables.breakGlass && !variables.good"
        };
        let probe = Validation {
            expression: format!(
                "!(has(request.dryRun) && request.dryRun && object != null && has(object.metadata.labels) && {probe} in object.metadata.labels \
                 && object.metadata.labels[{probe}] == {name})",
                probe = cel::text(keys::PROBE),
                name = cel::text(&self.name)
            ),
            message: Some(format!("a probe, as it should be: {MARK}")),
            message_expression: None,
            reason: None,
        };
        let validations = validations.iter().map(|(expression, message)| Validation {
            expression: format!("{spared} || ({expression})"),
            message: Some(message.clone()),
            message_expression: None,
            reason: Some("Forbidden".to_owned()),
        });
        let spec = ValidatingAdmissionPolicySpec {
            audit_annotations: Some(vec![AuditAnnotation {
                key: "break-glass".to_owned(),
                value_expression: format!(
                    "{used} ? 'allowed to ' + request.userInfo.username + ' as break-glass' : ''"
                ),
            }]),
            failure_policy: Some("Fail".to_owned()),
            match_conditions: None,
            match_constraints: Some(self.matches.clone()),
            param_kind: None,
            validations: Some([probe].into_iter().chain(validations).collect()),
            variables: Some(variables.into_iter().map(variable).collect()),
        };
        json!(spec)
    }

    fn mutating(&self, conditions: &[(&'static str, String)], patches: &[String]) -> Value {
        let condition = |(name, expression): &(&str, String)| MatchCondition {
            name: (*name).to_owned(),
            expression: expression.clone(),
        };
        let noted = format!(
            "variables.probed ? [JSONPatch{{op: 'add', path: '/metadata/annotations', \
             value: {{{}: '{MARK}'}}}}] : []",
            cel::text(keys::PROBE)
        );
        let mutation = |expression: String| Mutation {
            apply_configuration: None,
            json_patch: Some(JSONPatch {
                expression: Some(expression),
            }),
            patch_type: "JSONPatch".to_owned(),
        };
        let spec = MutatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_conditions: Some(conditions.iter().map(condition).collect()),
            match_constraints: Some(self.matches.clone()),
            mutations: Some(
                patches
                    .iter()
                    .cloned()
                    .chain([noted])
                    .map(mutation)
                    .collect(),
            ),
            param_kind: None,
            reinvocation_policy: Some("IfNeeded".to_owned()),
            variables: Some(self.variables.iter().cloned().map(variable).collect()),
        };
        json!(spec)
    }

    fn binding(&self, kind: AdmissionKind, actions: &[&str]) -> Value {
        if kind.is_mutating() {
            return json!(MutatingAdmissionPolicyBindingSpec {
                policy_name: Some(self.name.clone()),
                ..MutatingAdmissionPolicyBindingSpec::default()
            });
        }
        json!(ValidatingAdmissionPolicyBindingSpec {
            policy_name: self.name.clone(),
            validation_actions: actions.iter().map(|&action| action.to_owned()).collect(),
            ..ValidatingAdmissionPolicyBindingSpec::default()
        })
    }
}

fn variable((name, expression): (&'static str, String)) -> Variable {
    Variable {
        name: name.to_owned(),
        expression,
    }
}
