//! Who may change which labels and taints of nodes: what the API server evaluates beside the rule.

use std::collections::{BTreeMap, BTreeSet};

use cel::Value as CelValue;
use cofferdam_testkit::SHOP;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::cases;
use super::evaluated::{evaluate, policy, request};

const DOMAINS: [&str; 2] = ["cofferdam.io/", "cofferdam.node-restriction.kubernetes.io/"];

/// What a document says of a pool.
#[derive(Debug, Clone)]
struct Said {
    name: &'static str,
    zone: &'static str,
    manage: Option<&'static str>,
    label: &'static str,
    taint: &'static str,
}

fn said(name: &'static str, zone: &'static str) -> impl Strategy<Value = Said> {
    let manage = option::of(select(vec!["patch", "report"]));
    let label = select(vec![
        "cofferdam.node-restriction.kubernetes.io/pool",
        "example.org/pool",
    ]);
    let taint = select(vec!["cofferdam.io/pool", "dedicated"]);
    (manage, label, taint).prop_map(move |(manage, label, taint)| Said {
        name,
        zone,
        manage,
        label,
        taint,
    })
}

/// The shop with these pools in the place of its own.
fn documents(pools: &[Said]) -> String {
    let own = "metadata: { name: pci }
spec: { trustDomains: [production], nodes: [{ names: ['pci-*'] }], zones: [back] }
";
    let texts = pools.iter().map(|pool| {
        let manage = pool.manage.map(|manage| format!(", manage: {manage}"));
        format!(
            "metadata: {{ name: {name} }}
spec: {{ trustDomains: [production], nodes: [{{ names: ['{name}-*'] }}], zones: [{}], \
             label: {{ key: {} }}, taint: {{ key: {} }}{} }}
",
            pool.zone,
            pool.label,
            pool.taint,
            manage.unwrap_or_default(),
            name = pool.name,
        )
    });
    let texts: Vec<String> = texts.collect();
    let shop = SHOP.replace(own, &texts.join("---\nkind: NodePool\n"));
    assert_ne!(shop, SHOP);
    shop
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    labels: BTreeMap<String, String>,
    /// Key, value and effect.
    taints: BTreeSet<(String, String, String)>,
}

impl Seen {
    fn object(&self) -> Value {
        let taints = self.taints.iter().map(|(key, value, effect)| {
            if value.is_empty() {
                json!({ "key": key, "effect": effect })
            } else {
                json!({ "key": key, "value": value, "effect": effect })
            }
        });
        let taints: Vec<Value> = taints.collect();
        json!({ "metadata": { "name": "one", "labels": self.labels }, "spec": { "taints": taints } })
    }

    fn is_of_cloud(&self) -> bool {
        self.labels.contains_key("agentpool")
    }
}

fn seen() -> impl Strategy<Value = Seen> {
    let pairs: Vec<(&str, &str)> = vec![
        ("cofferdam.node-restriction.kubernetes.io/pool", "pci"),
        ("cofferdam.node-restriction.kubernetes.io/pool", "web"),
        ("cofferdam.io/other", "x"),
        ("example.org/pool", "pci"),
        ("example.org/pool", "web"),
        ("agentpool", "x"),
        ("rack", "7"),
    ];
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let labels = subsequence(pairs.clone(), 0..=pairs.len());
    let labels = labels.prop_map(move |all| all.into_iter().map(pair).collect());
    let keys = select(vec!["cofferdam.io/pool", "dedicated", "theirs"]);
    let values = select(vec!["", "pci", "web"]);
    let effects = select(vec!["NoSchedule", "NoExecute"]);
    let taint = (keys, values, effects).prop_map(|(key, value, effect)| {
        let owned = [key, value, effect].map(str::to_owned);
        let [key, value, effect] = owned;
        (key, value, effect)
    });
    let taints = proptest::collection::btree_set(taint, 0..4);
    (labels, taints).prop_map(|(labels, taints)| Seen { labels, taints })
}

fn change() -> impl Strategy<Value = (Seen, Seen)> {
    (seen(), seen()).prop_flat_map(|(before, after)| {
        let labels = Seen {
            taints: before.taints.clone(),
            ..after.clone()
        };
        let taints = Seen {
            labels: before.labels.clone(),
            ..after.clone()
        };
        let same = before.clone();
        let after = prop_oneof![Just(after), Just(labels), Just(taints), Just(same)];
        (Just(before), after)
    })
}

fn is_under_ours(key: &str) -> bool {
    DOMAINS.iter().any(|domain| key.starts_with(domain))
}

/// Whether everybody who uses a key has left it to the owner of the node.
fn is_owners<'a>(pools: impl Iterator<Item = &'a Said>, is_cloud: bool) -> bool {
    let mut pools = pools;
    pools.all(|pool| match pool.manage {
        Some(manage) => manage == "report",
        None => is_cloud,
    })
}

/// Whether labels, and taints, may be changed so by anybody.
fn may_change(pools: &[Said], before: &Seen, after: &Seen) -> (bool, bool) {
    let is_cloud = before.is_of_cloud() || after.is_of_cloud();
    let keys = before.labels.keys().chain(after.labels.keys());
    let mut changed = keys.filter(|key| before.labels.get(*key) != after.labels.get(*key));
    let labels = changed.all(|key| {
        let users = pools.iter().filter(|pool| pool.label == key);
        !is_under_ours(key) && is_owners(users, is_cloud)
    });
    let mut changed = before.taints.symmetric_difference(&after.taints);
    let taints = changed.all(|taint| {
        let (key, value, effect) = taint;
        let users = pools.iter().filter(|pool| pool.taint == key);
        let is_set_by = |manage: Option<&str>| {
            let mut own = pools.iter().filter(|pool| pool.manage == manage);
            effect == "NoSchedule" && own.any(|pool| pool.taint == key && pool.name == value)
        };
        let is_added = after.taints.contains(taint);
        (!is_under_ours(key) && is_owners(users, is_cloud))
            || is_set_by(Some("report"))
            || (is_added && is_cloud && is_set_by(None))
    });
    (labels, taints)
}

proptest! {
    #![proptest_config(cases(96))]
    #[test]
    fn who_owns_a_pool_has_its_label_and_taint_and_nobody_else_those_of_others(
        first in said("pci", "back"),
        second in said("web", "front"),
        (before, after) in change(),
    ) {
        let pools = [first, second];
        let policy = policy(&documents(&pools), "cofferdam-nodes");
        let given = [
            ("request", request("UPDATE", "nodes")),
            ("oldObject", before.object()),
            ("object", after.object()),
        ];
        // After that which refuses probes.
        let found = evaluate(&policy, "validations", &given.into()).split_off(1);
        let (labels, taints) = may_change(&pools, &before, &after);
        prop_assert_eq!(found, [CelValue::Bool(labels), CelValue::Bool(taints)]);
    }
}
