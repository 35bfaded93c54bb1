//! What a zone of sensitivity high is open to beyond its flows: from when, by what, and which connection is told.

use serde_json::{Value, json};

use super::*;

/// Plans the shop on a cluster with these policies of others in `orders`, by name and rules of ingress, after an apply
/// or before the first.
fn judged(text: &str, is_applied: bool, theirs: &[(&str, Value)]) -> Vec<Refusal> {
    let mut trial = shop(text);
    if is_applied {
        trial.apply();
    }
    for (name, rules) in theirs {
        trial.cluster.act(&Act::WritePolicy {
            namespace: "orders".to_owned(),
            name: (*name).to_owned(),
            spec: json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules}),
        });
    }
    Scene::of(&trial).judge()
}

/// What is refused beyond flows, as far as the hint.
#[track_caller]
fn check(theirs: &[(&str, Value)], want: &str) {
    let staged = SHOP.replace("sensitivity: low,", "sensitivity: low, enforcement: stage,");
    let told = judged(&staged, true, theirs).into_iter();
    let told: Vec<String> = told
        .map(|one| format!("{}: {}", one.code, one.message))
        .collect();
    let zone =
        "beyond-flows: zone `back` of sensitivity high would stay reachable beyond its flows: ";
    assert_eq!(told, [format!("{zone}{want}")]);
}

fn from_block(cidr: &str, ports: &Value) -> Value {
    json!([{"from": [{"ipBlock": {"cidr": cidr}}], "ports": ports}])
}

fn from_namespace(name: &str) -> Value {
    let labels = json!({"kubernetes.io/metadata.name": name});
    json!([{"from": [{"namespaceSelector": {"matchLabels": labels}}]}])
}

#[test]
fn the_worst_connection_is_told() {
    let from_web = ("a-web", from_namespace("web"));
    let from_nobody = ("b-nobody", from_namespace("default"));
    let from_office = ("c-office", from_block("10.9.0.0/16", &json!([])));
    let from_internet = (
        "d-internet",
        from_block("203.0.113.0/24", &json!([{"port": 443}])),
    );
    let wider = (
        "e-internet",
        from_block("198.51.100.0/24", &json!([{"port": 1, "endPort": 9}])),
    );
    let all = [from_web, from_nobody, from_office, from_internet, wider];
    let told = |number: usize| {
        let named = all[..number].iter();
        let named = named.map(|(name, _)| format!("NetworkPolicy/orders/{name}"));
        named.collect::<Vec<_>>().join(", ")
    };
    for (number, way) in [
        (
            1,
            "web/server[Pod] -> orders/server[Pod] on TCP 1-8079,8081-65535; UDP 1-65535; SCTP 1-65535",
        ),
        (
            2,
            "default/no labels[any new pod] -> orders/no labels[any new pod] on all",
        ),
        (3, "10.9.0.0/16 -> orders/server[Pod] on all"),
        (4, "203.0.113.0/24 -> orders/server[Pod] on TCP 443"),
        (5, "198.51.100.0/24 -> orders/server[Pod] on TCP 1-9"),
    ] {
        let want = format!("{way}, which is open today already, by {}", told(number));
        check(&all[..number], &want);
    }
}

const TO_DO: &str = "delete NetworkPolicy/orders/theirs, make a flow of it, or waive it by a Waiver with `for: { finding: foreign-policy, cluster: prod, object: … }`";

#[test]
fn what_was_open_before_the_first_rollout_says_so_and_what_lets_it_begin() {
    let theirs = ("theirs", from_block("203.0.113.0/24", &json!([])));
    let way = "203.0.113.0/24 -> orders/server[Pod] on all, which is open today already, by NetworkPolicy/orders/theirs";
    let told = |is_applied| shown(&judged(SHOP, is_applied, std::slice::from_ref(&theirs)));
    let refused = format!(
        "beyond-flows: zone `back` of sensitivity high would stay reachable beyond its flows: {way} ({TO_DO}"
    );
    let explain = "; `cofferdam reach` and `explain` tell why)";
    assert_eq!(told(true), [format!("{refused}{explain}")]);
    let begin = "; until then `enforcement: stage` lets the rollout of zone `back` begin";
    assert_eq!(told(false), [format!("{refused}{begin}{explain}")]);
    let staged = SHOP.replace(
        "sensitivity: high",
        "sensitivity: high\n  enforcement: stage",
    );
    assert_eq!(judged(&staged, false, &[theirs]), []);
}

#[test]
fn policies_that_let_nothing_in_are_not_blamed() {
    let theirs = [
        ("theirs", from_block("203.0.113.0/24", &json!([]))),
        ("denying", json!([])),
    ];
    let told = judged(SHOP, false, &theirs);
    let told: Vec<&str> = told.iter().filter_map(|one| one.hint.as_deref()).collect();
    assert!(told[0].starts_with(TO_DO), "{told:#?}");
}

#[test]
fn what_the_plan_itself_opens_is_not_said_to_be_open_today() {
    let mut trial = shop(SHOP);
    trial.apply();
    let mut text = SHOP.replace("port: 8080", "port: 8443");
    text.push_str("# other documents\n");
    trial.model = cofferdam_testkit::model(&text);
    let mut scene = Scene::of(&trial);
    let object = json!({
        "metadata": {"namespace": "orders", "name": "cofferdam-hole"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    });
    let object: k8s_openapi::api::networking::v1::NetworkPolicy =
        serde_json::from_value(object).unwrap();
    scene.add(
        Phase::Allow,
        Action::CreatePolicy {
            object: object.into(),
        },
    );
    let told = scene.judge().into_iter();
    let told = told.filter(|one| one.code == "beyond-flows");
    let told: Vec<String> = told.map(|one| one.message).collect();
    assert_eq!(
        told,
        [
            "zone `back` of sensitivity high would be reachable beyond its flows: 0.0.0.0/0 -> orders/server[Pod] on all"
        ]
    );
}
