//! Whether a credential may do all that letting go takes: rights that lack at the end would leave a cluster half
//! let go of.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_cluster::{Connection, Error, Right};
use cofferdam_judge::Refusal;
use cofferdam_model::cluster::Mode;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys::{RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_pass::examined::Examined;
use cofferdam_state::detach::{Detachment, Scope};
use cofferdam_state::plan::Action;
use futures_util::future::try_join_all;

use crate::args::Profile;
use crate::rights::{ADMISSION, grant};

/// That rights lack, all of them at once, or that the server does not tell.
pub(super) async fn refusal(one: &Examined<'_>, detachment: &Detachment) -> Option<Refusal> {
    let connection = one.connection.as_ref()?;
    if one.cluster.mode == Mode::ReadOnly {
        return None;
    }
    let needs = needs(detachment, one.observed.our_record().is_some());
    match lacking(connection, &needs).await {
        Ok(lacking) if lacking.is_empty() => None,
        Ok(lacking) => {
            let rails = lacking.iter().any(|right| right.group == ADMISSION);
            let former = " (with `--former-pool NAME` for each pool that left the model)";
            let grant = grant(one, Profile::Detach);
            let told: Vec<String> = lacking.iter().map(ToString::to_string).collect();
            Some(refused(
                format!("the credential lacks rights: {}", told.join(", ")),
                format!("{grant}{}", if rails { former } else { "" }),
            ))
        }
        Err(error) => Some(refused(
            format!(
                "whether rights suffice cannot be told: {}",
                error.reason()
            ),
            "the credential must be allowed to create selfsubjectaccessreviews, as every user is by default".to_owned(),
        )),
    }
}

fn refused(message: String, hint: String) -> Refusal {
    Refusal {
        code: "rights",
        message,
        hint: Some(hint),
        sources: Vec::new(),
    }
}

/// What a credential needs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Rights about single objects.
    rights: BTreeSet<Right>,
    /// Namespaces in which everything must be listed before they are deleted.
    listed: BTreeSet<String>,
}

fn needs(detachment: &Detachment, has_record: bool) -> Needs {
    let mut needs = Needs::default();
    let nothing = match &detachment.scope {
        Scope::Cluster => detachment.last.is_empty(),
        Scope::Zone { namespaces, .. } => namespaces.is_empty() || !has_record,
    };
    if nothing {
        return needs;
    }
    for step in &detachment.plan.steps {
        let object = step.action.object();
        let verbs = verbs(&step.action);
        let rights = verbs.iter().filter_map(|verb| right(verb, &object));
        needs.rights.extend(rights);
    }
    let own = |kind| ObjectKey {
        kind,
        namespace: Some(SYSTEM_NAMESPACE.to_owned()),
        name: RECORD_NAME.to_owned(),
    };
    let lease = ["get", "update"].map(|verb| right(verb, &own(Kind::Lease)));
    needs.rights.extend(lease.into_iter().flatten());
    if has_record {
        needs.rights.extend(right("patch", &own(Kind::ConfigMap)));
    }
    for object in &detachment.last {
        needs.rights.extend(right("delete", object));
        if object.kind == Kind::Namespace {
            needs.rights.extend(right("get", object));
            needs.listed.insert(object.name.clone());
        }
    }
    needs
}

/// How an action goes over the wire: what is made by an apply is created and patched.
fn verbs(action: &Action) -> &'static [&'static str] {
    match action {
        Action::CreateNamespace { .. }
        | Action::CreatePolicy { .. }
        | Action::CreateGuard { .. } => &["create", "patch"],
        Action::PatchNamespace { .. }
        | Action::PatchNode { .. }
        | Action::ReleasePolicy { .. }
        | Action::ReplacePolicy { .. } => &["patch"],
        Action::ReplaceGuard { .. } => &["update"],
        Action::DeletePolicy { .. } | Action::DeleteGuard { .. } | Action::DeleteOpened { .. } => {
            &["delete"]
        }
    }
}

/// A right about one object; none for kinds that are never written.
fn right(verb: &'static str, object: &ObjectKey) -> Option<Right> {
    let (group, resource) = match object.kind {
        Kind::Namespace => ("", "namespaces"),
        Kind::Node => ("", "nodes"),
        Kind::ConfigMap => ("", "configmaps"),
        Kind::Lease => ("coordination.k8s.io", "leases"),
        Kind::NetworkPolicy => ("networking.k8s.io", "networkpolicies"),
        Kind::Admission(kind) => (ADMISSION, kind.plural()),
        Kind::Pod | Kind::Service | Kind::OtherPolicy(_) | Kind::Cluster => return None,
    };
    Some(Right {
        verb,
        group,
        resource,
        namespace: object.namespace.clone(),
        name: Some(object.name.clone()),
    })
}

/// How many objects are told one by one where a right lacks for all of them.
const TOLD_SINGLY: usize = 3;

/// What of it the server does not allow.
async fn lacking(connection: &Connection, needs: &Needs) -> Result<Vec<Right>, Error> {
    let mut kinds: BTreeMap<Right, Vec<Right>> = BTreeMap::new();
    for right in &needs.rights {
        let of_kind = Right {
            namespace: None,
            name: None,
            ..right.clone()
        };
        kinds.entry(of_kind).or_default().push(right.clone());
    }
    let of_kinds = kinds.into_iter().map(|(of_kind, rights)| async move {
        let (asks_all, whole) = (rights.len() > 1, of_kind.clone());
        if asks_all && connection.may(&of_kind).await? {
            return Ok(Vec::new());
        }
        let number = rights.len();
        let denied = denied(connection, rights).await?;
        let all = number > TOLD_SINGLY && denied.len() == number;
        Ok(if all { vec![whole] } else { denied })
    });
    let listed = needs.listed.iter().map(|namespace| async move {
        let everything = Right {
            verb: "list",
            group: "*",
            resource: "*",
            namespace: Some(namespace.clone()),
            name: None,
        };
        let allowed = connection.may_list_everything(namespace).await?;
        Ok((!allowed).then_some(everything))
    });
    let (of_kinds, listed) = tokio::try_join!(try_join_all(of_kinds), try_join_all(listed))?;
    let listed = listed.into_iter().flatten();
    Ok(of_kinds.into_iter().flatten().chain(listed).collect())
}

/// What is denied of rights of one verb and kind that are not given everywhere: they may be given by namespace, or
/// by name.
async fn denied(connection: &Connection, rights: Vec<Right>) -> Result<Vec<Right>, Error> {
    let mut places: BTreeMap<Option<String>, Vec<Right>> = BTreeMap::new();
    for right in rights {
        places
            .entry(right.namespace.clone())
            .or_default()
            .push(right);
    }
    let places = places.into_iter().map(|(place, rights)| async move {
        if let ([first, _, ..], Some(_)) = (rights.as_slice(), &place) {
            let there = Right {
                name: None,
                ..first.clone()
            };
            if connection.may(&there).await? {
                return Ok(Vec::new());
            }
        }
        let answers = try_join_all(rights.iter().map(|right| connection.may(right))).await?;
        let answers = rights.into_iter().zip(answers);
        Ok(answers
            .filter(|(_, allowed)| !allowed)
            .map(|(right, _)| right)
            .collect::<Vec<Right>>())
    });
    let denied: Vec<Vec<Right>> = try_join_all(places).await?;
    Ok(denied.into_iter().flatten().collect())
}
