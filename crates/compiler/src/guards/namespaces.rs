//! Our labels on namespaces, and the Pod Security levels of zones: only writers change them. Only they delete
//! the two namespaces that are ours.

use cofferdam_objects::keys;
use cofferdam_state::guard::{Attempt, Rail};

use super::cel;
use super::draft::{Draft, Effect, everywhere, rule};

/// Its name.
pub(super) const NAME: &str = "cofferdam-namespaces";

const DELETES: &str = "request.operation == 'DELETE'";

pub(super) fn rail() -> Draft {
    let ours = cel::same_under(
        "variables.before",
        "variables.after",
        &[keys::OUR_DOMAIN],
        &[],
    );
    let security = cel::same_under(
        "variables.before",
        "variables.after",
        &[keys::POD_SECURITY_DOMAIN],
        &[],
    );
    let in_zone = format!("{} in variables.before", cel::text(keys::ZONE));
    // What is on its way out already is asked for again by controllers.
    let kept = format!(
        "!({DELETES}) || has(oldObject.metadata.deletionTimestamp) || !(oldObject.metadata.name in {})",
        cel::list([keys::SYSTEM_NAMESPACE, keys::PROBE_NAMESPACE])
    );
    // Labels can be changed through the subresources too.
    let resources = ["namespaces", "namespaces/status", "namespaces/finalize"];
    Draft {
        rail: Rail::Namespaces,
        pool: None,
        name: NAME.to_owned(),
        matches: everywhere(rule("", &resources, &["CREATE", "UPDATE", "DELETE"])),
        variables: vec![
            ("before", cel::metadata("oldObject", "labels")),
            ("after", cel::metadata("object", "labels")),
        ],
        effect: Effect::Refuse {
            validations: vec![
                (
                    format!("{DELETES} || ({ours})"),
                    "labels cofferdam.io/* say which zone a namespace is in, and only Cofferdam writes them: \
                     leave them out, and ask your platform team to put the namespace into a zone of the zone \
                     model"
                        .to_owned(),
                ),
                (
                    format!("{DELETES} || !({in_zone}) || ({security})"),
                    "the Pod Security levels of this namespace are those of its zone, and only Cofferdam writes \
                     them: change the pods, or ask your platform team to change `podSecurity` of the zone"
                        .to_owned(),
                ),
                (
                    kept,
                    "Cofferdam keeps here what it wrote in this cluster, and tries its guard rails out: to let go of \
                     the cluster, run `cofferdam detach`, which deletes this namespace last"
                        .to_owned(),
                ),
            ],
            spares_writers: true,
        },
        attempt: Attempt::LabelNamespace {
            key: keys::PROBE.to_owned(),
            value: NAME.to_owned(),
        },
    }
}
