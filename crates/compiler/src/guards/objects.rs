//! Our own objects: only writers make, change or delete what is in our name.
//!
//! What leaves with its namespace may go: the namespace would stay `Terminating` for ever otherwise, for the
//! namespace controller and for administrators alike. Writes that change nothing are everybody's, since
//! storage migration makes them.

use cofferdam_objects::keys;
use cofferdam_state::guard::{Attempt, Rail};
use k8s_openapi::api::admissionregistration::v1::MatchResources;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::json;

use super::cel;
use super::draft::{Draft, Effect, create, everywhere, rule, tried_by_pods};
use super::probes::pod_attempt;

/// These rails by name.
pub(super) const RAILS: [(&str, Rail); 3] = [
    (POLICIES, Rail::Policies),
    (RECORD, Rail::Record),
    (LEASE, Rail::Lease),
];

const POLICIES: &str = "cofferdam-policies";
const RECORD: &str = "cofferdam-record";
const LEASE: &str = "cofferdam-lease";
const OPERATIONS: [&str; 3] = ["CREATE", "UPDATE", "DELETE"];

pub(super) fn rails() -> [Draft; 3] {
    let policies = rule("networking.k8s.io", &["networkpolicies"], &OPERATIONS);
    let mut ours = everywhere(policies);
    ours.object_selector = Some(LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: keys::INSTANCE.to_owned(),
            operator: "Exists".to_owned(),
            values: None,
        }]),
        match_labels: None,
    });
    [
        rail(
            (Rail::Policies, POLICIES, POLICY_MESSAGE),
            ours,
            &["spec"],
            policy_attempt(POLICIES),
        ),
        rail(
            (Rail::Record, RECORD, OWN_MESSAGE),
            in_our_namespace("", "configmaps"),
            &["data", "binaryData", "immutable"],
            pod_attempt(RECORD),
        ),
        rail(
            (Rail::Lease, LEASE, OWN_MESSAGE),
            in_our_namespace("coordination.k8s.io", "leases"),
            &["spec"],
            pod_attempt(LEASE),
        ),
    ]
}

/// Nobody gives an object an owner with which it would go. The garbage collector takes away those that are gone.
const OWNERS: &str = "!has(object.metadata.ownerReferences) || has(oldObject.metadata.ownerReferences) \
     && object.metadata.ownerReferences.all(o, o in oldObject.metadata.ownerReferences)";
/// Nobody holds up that it goes. Whoever waited for that gives up a finalizer afterwards; the server lets
/// nobody add one then.
const FINALIZERS: &str = "has(oldObject.metadata.deletionTimestamp) \
     || has(object.metadata.finalizers) == has(oldObject.metadata.finalizers) \
     && (!has(object.metadata.finalizers) || object.metadata.finalizers == oldObject.metadata.finalizers)";

const POLICY_MESSAGE: &str = "network policies labelled cofferdam.io/instance are those of the zone model, and only \
     Cofferdam writes them: to allow a connection, ask your platform team for a Flow; policies of your own go without \
     this label";
const OWN_MESSAGE: &str =
    "Cofferdam keeps here what it wrote in this cluster, and only Cofferdam writes it";

fn rail(
    (rail, name, message): (Rail, &str, &str),
    matches: MatchResources,
    content: &[&str],
    attempt: Attempt,
) -> Draft {
    let same = ["metadata.labels", "metadata.annotations"];
    let same = same.iter().chain(content).map(|field| {
        format!(
            "has(object.{field}) == has(oldObject.{field}) \
             && (!has(object.{field}) || object.{field} == oldObject.{field})"
        )
    });
    let kept = [OWNERS.to_owned(), FINALIZERS.to_owned()];
    let unchanged = format!(
        "request.operation == 'UPDATE' && {}",
        cel::all(same.chain(kept))
    );
    // Network policies are seen by our label, whatever they are called.
    let other = if rail == Rail::Policies {
        "false".to_owned()
    } else {
        let (place, name) = (
            cel::text(keys::SYSTEM_NAMESPACE),
            cel::text(keys::RECORD_NAME),
        );
        format!(
            "request.namespace != {place} || request.resource.resource == 'pods' \
             || (object != null ? object.metadata.name != {name} : oldObject.metadata.name != {name})"
        )
    };
    Draft {
        rail,
        pool: None,
        name: name.to_owned(),
        matches,
        variables: vec![
            (
                "leaving",
                "namespaceObject != null && has(namespaceObject.metadata.deletionTimestamp)"
                    .to_owned(),
            ),
            ("unchanged", unchanged),
            ("other", other),
        ],
        effect: Effect::Refuse {
            validations: vec![(
                "variables.other || variables.leaving || variables.unchanged".to_owned(),
                message.to_owned(),
            )],
            spares_writers: true,
        },
        attempt,
    }
}

/// Objects of a kind in our own namespace. That it is ours is asked of the object, and not by `resourceNames`:
/// the deletion of a collection names none.
fn in_our_namespace(group: &str, resource: &str) -> MatchResources {
    let ours = everywhere(rule(group, &[resource], &OPERATIONS));
    tried_by_pods(ours, &[keys::SYSTEM_NAMESPACE])
}

fn policy_attempt(name: &str) -> Attempt {
    let path = "/apis/networking.k8s.io/v1/namespaces/cofferdam-probe/networkpolicies";
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": { "podSelector": {}, "policyTypes": ["Ingress"] },
    });
    let mut attempt = create(name, path, policy);
    // It is by this label that the rail sees it.
    if let Attempt::Create { object, .. } = &mut attempt
        && let Some(labels) = object.pointer_mut("/metadata/labels")
        && let Some(labels) = labels.as_object_mut()
    {
        labels.insert(keys::INSTANCE.to_owned(), "probe".into());
    }
    attempt
}
