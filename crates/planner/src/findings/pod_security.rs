//! Pod Security levels that are not enforced yet, because pods violate them or nobody knows.

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::bundle::DesiredNamespace;
use cofferdam_state::finding::{Class, Effect, Finding};
use cofferdam_state::observed::LiveNamespace;

use super::namespaces::difference;
use super::{Judged, finding};
use crate::pod_security::{
    ASKING, ENFORCE_KEYS, Standing, living, mending, not_known, standing, would_break,
};
use crate::view::View;

/// `pod-security-would-break` and `unknown`.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let found = living(view).filter_map(|one| {
        let (name, wanted, live) = one;
        let object = ObjectKey::namespace(name.as_str());
        let one = match standing(view, one) {
            Standing::Settled | Standing::Clean => return None,
            Standing::Breaks { pods, workloads } => {
                let message = would_break(wanted, &pods, &workloads);
                let one = finding(view, Class::PodSecurityWouldBreak, object, message)
                    .with_effect(Effect::None, Some(wanted.sensitivity))
                    .with_hint(&mending(wanted));
                Finding {
                    fields: fields(wanted, live),
                    ..one
                }
            }
            Standing::Unknown(why) => {
                let message = not_known(wanted, &why);
                finding(view, Class::Unknown, object, message).with_hint(ASKING)
            }
        };
        Some(one.in_zone(Some(&wanted.zone)))
    });
    found.collect()
}

fn fields(wanted: &DesiredNamespace, live: &LiveNamespace) -> Vec<Difference> {
    let keys = ENFORCE_KEYS.into_iter();
    let pairs = keys.map(|key| (key, wanted.labels.get(key), live.labels.get(key)));
    let unlike = pairs.filter(|(_, want, have)| want != have);
    unlike
        .map(|(key, want, have)| difference(key, want, have))
        .collect()
}
