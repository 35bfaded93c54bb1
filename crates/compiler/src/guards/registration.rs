//! New nodes of a pool have its taint from the moment they register, so that nothing lands on them before
//! the next apply. The label waits for that: NodeRestriction refuses it at registration. Another label says that
//! the taint is ours, and not one that the node brought, until a record does.

use cofferdam_model::labels::{Operator, Selector};
use cofferdam_model::node_pool::{CLOUD_POOL_LABELS, ManageTaint, NodeChoice, NodePool, Taint};
use cofferdam_objects::keys;
use cofferdam_state::digest::short_digest;
use cofferdam_state::guard::Rail;
use cofferdam_state::plan::taint_field;
use k8s_openapi::api::core::v1 as core;

use super::draft::{Draft, Effect, everywhere, pool_name, rule, tried_by_pods};
use super::probes::{is_probe_of, pod_attempt};
use super::{Ground, cel};

/// In the names of rails of this kind.
pub(super) const WHAT: &str = "registration";

/// None where the pool's owner sets the taint. A node that another pool selects too is left alone: nobody knows
/// whose it is.
pub(super) fn rail(ground: &Ground<'_>, pool: &NodePool) -> Option<Draft> {
    if pool.manage == Some(ManageTaint::Report) {
        return None;
    }
    let name = pool_name(WHAT, pool);
    let probed = is_probe_of(&name);
    let selected = cel::any(pool.nodes.iter().map(is_chosen));
    let others = ground.pools.iter().map(|(other, _)| *other);
    let others = others.filter(|other| other.name != pool.name);
    let contested = cel::any(others.flat_map(|other| &other.nodes).map(is_chosen));
    let clouds = cel::list(CLOUD_POOL_LABELS);
    let by_cloud = match pool.manage {
        None => format!("{LABELS}.exists(k, k in {clouds})"),
        Some(_) => "false".to_owned(),
    };
    let (key, effect) = (&pool.taint.key, pool.taint.effect.as_str());
    let taint = format!(
        "Object.spec.taints{{key: {}, value: {}, effect: {}}}",
        cel::text(key),
        cel::text(&pool.taint.value),
        cel::text(effect)
    );
    let mark = cel::text(keys::REGISTERED);
    let which = cel::text(&registered_with(&pool.taint));
    let has = format!(
        "object.spec.taints.exists(t, t.key == {} && t.effect == {})",
        cel::text(key),
        cel::text(effect)
    );
    Some(Draft {
        rail: Rail::Registration,
        pool: Some(pool.clone()),
        matches: tried_by_pods(everywhere(rule("", &["nodes"], &["CREATE"])), &[]),
        variables: vec![("probed", probed.clone())],
        effect: Effect::Change {
            conditions: vec![
                (
                    "of-the-pool",
                    format!("({probed}) || request.resource.resource == 'nodes' && ({selected})"),
                ),
                ("not-of-a-cloud", format!("!({by_cloud})")),
                (
                    "of-no-other-pool",
                    format!("request.resource.resource != 'nodes' || !({contested})"),
                ),
            ],
            patches: vec![
                format!(
                    "variables.probed || has(object.spec.taints) && {has} ? [] \
                     : has(object.metadata.labels) ? [JSONPatch{{op: 'add', path: '/metadata/labels/' \
                     + jsonpatch.escapeKey({mark}), value: {which}}}] \
                     : [JSONPatch{{op: 'add', path: '/metadata/labels', value: {{{mark}: {which}}}}}]"
                ),
                format!(
                    "variables.probed ? [] \
                     : !has(object.spec.taints) ? [JSONPatch{{op: 'add', path: '/spec/taints', value: [{taint}]}}] \
                     : {has} ? [] : [JSONPatch{{op: 'add', path: '/spec/taints/-', value: {taint}}}]"
                ),
            ],
        },
        attempt: pod_attempt(&name),
        name,
    })
}

/// What [`keys::REGISTERED`] says of a taint.
fn registered_with(taint: &Taint) -> String {
    short_digest(taint_field(&core::Taint {
        key: taint.key.clone(),
        value: None,
        effect: taint.effect.as_str().to_owned(),
        time_added: None,
    }))
}

const LABELS: &str = "(has(object.metadata.labels) ? object.metadata.labels : {})";

fn is_chosen(choice: &NodeChoice) -> String {
    match choice {
        NodeChoice::Selector(selector) => is_selected(selector),
        NodeChoice::Names(globs) => cel::any(globs.iter().map(|glob| {
            let pattern = cel::text(&pattern(glob));
            format!("object.metadata.name.matches({pattern})")
        })),
        NodeChoice::ProviderIds(prefixes) => cel::any(prefixes.iter().map(|prefix| {
            let prefix = cel::text(prefix);
            format!("has(object.spec.providerID) && object.spec.providerID.startsWith({prefix})")
        })),
    }
}

fn is_selected(selector: &Selector) -> String {
    let pairs = selector.match_labels.iter().map(|(key, value)| {
        let (key, value) = (cel::text(key), cel::text(value));
        format!("{key} in {LABELS} && {LABELS}[{key}] == {value}")
    });
    let expressions = selector.match_expressions.iter().map(|expression| {
        let key = cel::text(&expression.key);
        let list = |values: &[String]| cel::list(values.iter().map(String::as_str));
        match &expression.operator {
            Operator::In(values) => {
                format!("{key} in {LABELS} && {LABELS}[{key}] in {}", list(values))
            }
            Operator::NotIn(values) => {
                format!(
                    "!({key} in {LABELS}) || !({LABELS}[{key}] in {})",
                    list(values)
                )
            }
            Operator::Exists => format!("{key} in {LABELS}"),
            Operator::DoesNotExist => format!("!({key} in {LABELS})"),
        }
    });
    cel::all(pairs.chain(expressions))
}

/// A glob of `*` and `?` as a regular expression (RE2) for the whole text.
fn pattern(glob: &str) -> String {
    let mut out = String::from("^");
    for c in glob.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            c if c.is_ascii_alphanumeric() || c == '-' => out.push(c),
            c => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn globs_become_patterns_of_the_whole_name() {
        for (glob, want) in [
            ("pci-*", "^pci-.*$"),
            ("n?.example.org", r"^n.\.example\.org$"),
        ] {
            assert_eq!(pattern(glob), want);
        }
    }
}
