//! Which nodes are tainted as they register: what the API server evaluates beside our own reading.

use cel::Value as CelValue;
use cofferdam_model::labels::Labels;
use cofferdam_testkit::{SHOP, Trial};
use proptest::option;
use proptest::prelude::{Strategy, prop_assert_eq, proptest};
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::evaluated::{evaluate, policy, request};
use super::{cases, planner};

/// The shop with a second pool, each with these entries of `nodes`.
fn documents(first: &[&str], second: &[&str]) -> String {
    let pool = |name: &str, zone: &str, nodes: &[&str]| {
        format!(
            "metadata: {{ name: {name} }}
spec: {{ trustDomains: [production], nodes: [{}], zones: [{zone}] }}
",
            nodes.join(", ")
        )
    };
    let own = pool("pci", "back", &["{ names: ['pci-*'] }"]);
    let both = [pool("pci", "back", first), pool("web", "front", second)];
    let shop = SHOP.replace(&own, &both.join("---\nkind: NodePool\n"));
    assert_ne!(shop, SHOP);
    shop
}

fn choices() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "{ names: ['pci-*'] }",
        "{ names: ['*-1', 'w?b'] }",
        "{ providerIds: ['aws:///'] }",
        "{ selector: { matchLabels: { disk: fast } } }",
        "{ selector: { matchExpressions: [{ key: disk, operator: NotIn, values: [slow] }] } }",
        "{ selector: { matchExpressions: [{ key: rack, operator: Exists }] } }",
    ];
    subsequence(all, 1..3)
}

fn labels() -> impl Strategy<Value = Labels> {
    let all = vec![
        ("disk", "fast"),
        ("disk", "slow"),
        ("rack", "7"),
        ("agentpool", "x"),
    ];
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    subsequence(all, 0..4).prop_map(move |all| all.into_iter().map(owned).collect())
}

proptest! {
    #![proptest_config(cases(128))]
    #[test]
    fn a_node_is_tainted_for_the_only_pool_that_selects_it(
        first in choices(),
        second in choices(),
        name in select(vec!["pci-1", "web-1", "wab", "other"]),
        labels in labels(),
        provider in option::of(select(vec!["aws:///a/1", "gce://b"])),
    ) {
        let text = documents(&first, &second);
        let mut node = json!({ "metadata": { "name": name, "labels": labels }, "spec": {} });
        if let Some(provider) = provider {
            node["spec"]["providerID"] = json!(provider);
        }
        let given = [
            ("request", request("CREATE", "nodes")),
            ("object", node),
            ("oldObject", Value::Null),
        ];
        let bundle = Trial::shop(&text, planner).bundle();
        let selecting = bundle.pools.iter().filter(|pool| {
            pool.selects(name, &labels, provider.unwrap_or_default())
        });
        let selecting: Vec<&str> = selecting.map(|pool| pool.name.as_str()).collect();
        let of_cloud = labels.contains_key("agentpool");
        for pool in ["pci", "web"] {
            let policy = policy(&text, &format!("cofferdam-registration-{pool}"));
            let conditions = evaluate(&policy, "matchConditions", &given.clone().into());
            let found = conditions.iter().all(|one| *one == CelValue::Bool(true));
            prop_assert_eq!(found, selecting == [pool] && !of_cloud, "{}", pool);
        }
    }
}
