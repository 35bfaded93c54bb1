//! Where nothing is cut by what a plan isolates: pods are isolated already, or an open policy keeps them
//! open meanwhile.

use std::collections::BTreeSet;

use cofferdam_model::names::NamespaceName;
use cofferdam_objects::policy::{Direction, allows_everything, isolates, selects_every_pod};
use cofferdam_objects::selector;
use cofferdam_state::bundle::{Role, role_of};
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::Phase;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::Case;
use crate::healing::is_healed;
use crate::standing::Standing;

/// Namespaces and directions.
pub(crate) type Places<'a> = BTreeSet<(&'a str, Direction)>;

/// Of the namespaces in which the plan writes policies, those that it may isolate.
pub(crate) fn kept_open<'a>(case: &Case<'a>) -> Places<'a> {
    let written = case.plan.steps.iter();
    let written = written.filter_map(|step| step.action.written_policy());
    let places: BTreeSet<&str> = written
        .filter_map(|policy| policy.metadata.namespace.as_deref())
        .collect();
    let opened = opened(case);
    let isolated = places.into_iter().flat_map(|place| {
        let directions = isolated(case, place).into_iter();
        directions.map(move |direction| (place, direction))
    });
    isolated.chain(opened).collect()
}

/// Whether it is an open policy that opens: it selects every pod, and lets everything through in its
/// direction.
pub(crate) fn opens_everything(object: &NetworkPolicy) -> bool {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let Role::Open(direction) = role_of(name) else {
        return false;
    };
    let Some(spec) = &object.spec else {
        return false;
    };
    let everybody = spec.pod_selector.as_ref().is_none_or(selector::is_empty);
    let one_way = |spec: &serde_json::Value| {
        let mut open = Direction::BOTH.into_iter();
        open.all(|one| isolates(spec, one) == (one == direction))
            && allows_everything(spec, direction)
    };
    everybody && serde_json::to_value(spec).is_ok_and(|spec| one_way(&spec))
}

/// What the plan opens first.
fn opened<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a str, Direction)> {
    case.plan.phase(Phase::Open).filter_map(|step| {
        let policy = step.action.written_policy()?;
        let metadata = &policy.metadata;
        match role_of(metadata.name.as_deref()?) {
            Role::Open(direction) if opens_everything(policy) => {
                Some((metadata.namespace.as_deref()?, direction))
            }
            Role::Open(_) | Role::Allow | Role::Deny(_) => None,
        }
    })
}

/// The directions in which policies that stay isolate a namespace already.
///
/// One of ours that selects few pods leaves the others open, and does not count, except where the
/// namespace is healed. One of others counts whomever it selects: an open policy would let in those whom
/// it keeps apart, so that there is none, and the plan says that the way has a gap.
fn isolated(case: &Case<'_>, place: &str) -> Vec<Direction> {
    let first = (place.to_owned(), String::new());
    let live = case.observed.policies.known().into_iter();
    let live = live.flat_map(|live| live.range(first.clone()..));
    let here = live.take_while(|((of, _), _)| of == place);
    let rewritten = rewritten_to_open(case, place);
    let staying =
        here.filter(|((_, name), live)| !live.terminating && !rewritten.contains(name.as_str()));
    let staying: Vec<(&str, &LivePolicy)> = staying
        .map(|((_, name), live)| (name.as_str(), live))
        .collect();
    let namespace = NamespaceName::parse(place).ok();
    let standing = Standing::of(case);
    let is_ours = |name: &str, live: &LivePolicy| {
        let ours = |namespace| standing.is_ours(namespace, name, live);
        namespace.as_ref().is_some_and(ours)
    };
    let healed = |direction| {
        let healed = |namespace| is_healed(case, namespace, direction);
        namespace.as_ref().is_some_and(healed)
    };
    let isolated = Direction::BOTH.into_iter().filter(|direction| {
        let direction = *direction;
        let mut isolating = staying
            .iter()
            .filter(|(_, live)| isolates(&live.spec, direction));
        isolating.any(|(name, live)| {
            selects_every_pod(&live.spec) || !is_ours(name, live) || healed(direction)
        })
    });
    isolated.collect()
}

/// The policies of a namespace that are something else from the first.
fn rewritten_to_open<'a>(case: &Case<'a>, place: &str) -> BTreeSet<&'a str> {
    let opening = case.plan.phase(Phase::Open);
    let written = opening.filter_map(|step| step.action.written_policy());
    let here = written.filter(|policy| policy.metadata.namespace.as_deref() == Some(place));
    here.filter_map(|policy| policy.metadata.name.as_deref())
        .collect()
}
