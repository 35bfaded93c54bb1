//! What could be reached once the plan was carried out.

use cofferdam_model::capabilities::Callee;
use cofferdam_model::flow::{Port, PortNumber, Protocol};
use cofferdam_model::names::NamespaceName;
use cofferdam_testkit::pod;
use serde_json::{Value, json};

use super::*;

/// The shop as it is enforced, with something of others in it, and a plan for this version of its documents.
fn refused(acts: &[Act], text: &str) -> Vec<String> {
    let mut trial = shop(SHOP);
    trial.apply();
    for act in acts {
        trial.cluster.act(act);
    }
    trial.model = cofferdam_testkit::model(text);
    shown(&Scene::of(&trial).judge())
}

fn write(namespace: &str, spec: Value) -> Act {
    Act::WritePolicy {
        namespace: namespace.to_owned(),
        name: "theirs".to_owned(),
        spec,
    }
}

fn open() -> Value {
    json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]})
}

#[track_caller]
fn check(acts: &[Act], text: &str, want: &[&str]) {
    let told = refused(acts, text);
    let matches = told.len() == want.len()
        && told
            .iter()
            .zip(want)
            .all(|(told, want)| told.starts_with(want));
    assert!(matches, "{told:#?}");
}

/// The shop with another word in its documents, so that a plan is for something new.
fn renewed() -> String {
    SHOP.replace("port: 8080", "port: 8443")
}

const BEYOND: &str = "beyond-flows: zone `back` of sensitivity high would stay reachable beyond its flows: 0.0.0.0/0 -> orders/server[Pod] on all, which is open today already, by NetworkPolicy/orders/theirs (delete NetworkPolicy/orders/theirs, make a flow of it, or waive it";

#[test]
fn a_sensitive_zone_that_others_opened_is_told_whether_or_not_there_is_anything_to_do() {
    check(&[], SHOP, &[]);
    check(&[], &renewed(), &[]);
    check(&[write("orders", open())], SHOP, &[BEYOND]);
    check(&[write("orders", open())], &renewed(), &[BEYOND]);
}

#[test]
fn others_may_open_what_is_not_sensitive_and_allow_what_is_allowed() {
    check(&[write("web", open())], SHOP, &[]);
    let mut same = open();
    same["ingress"] = json!([{"ports": [{"port": 8080}], "from": [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}]}]);
    check(&[write("orders", same)], SHOP, &[]);
}

#[test]
fn what_somebody_answers_for_is_no_reason() {
    let waiver = "
---
kind: Waiver
metadata: { name: theirs }
spec:
  for: { finding: foreign-policy, object: NetworkPolicy/orders/theirs }
  reason: moved soon
  approval: { by: security, at: 2026-09-01 }
  expires: DAY
";
    let until = |day: &str| format!("{SHOP}{}", waiver.replace("DAY", day));
    check(&[write("orders", open())], &until("2099-01-01"), &[]);
    check(&[write("orders", open())], &until("2026-09-02"), &[BEYOND]);
}

/// Whoever opens a sensitive zone does not keep us from mending another hole.
#[test]
fn what_only_mends_goes_on_beside_what_others_opened() {
    let lost = Act::DeletePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-default-deny-egress".to_owned(),
    };
    check(&[write("orders", open()), lost], SHOP, &[]);
}

#[test]
fn a_zone_that_is_not_denied_yet_is_no_reason() {
    let mut trial = shop(&SHOP.replace(
        "sensitivity: high",
        "sensitivity: high\n  enforcement: stage",
    ));
    trial.apply();
    trial.cluster.act(&write("orders", open()));
    assert_eq!(shown(&Scene::of(&trial).judge()), Vec::<String>::new());
}

const NEVER: &str = "
---
kind: Guarantee
metadata: { name: web-is-left-alone }
spec: { never: { from: { zone: back }, to: { zone: front } } }
";

#[test]
fn a_guarantee_that_the_plan_breaks_or_that_is_broken_where_we_deny_is_a_reason() {
    let with = |text: &str| format!("{text}{NEVER}");
    check(&[], &with(SHOP), &[]);
    let let_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]});
    let acts = [write("web", open()), write("orders", let_out)];
    check(
        &acts,
        &with(SHOP),
        &[
            "guarantee-broken: guarantee `web-is-left-alone` would be broken: orders/server[Pod] -> web/server[Pod] on all",
        ],
    );
    let waived = "
---
kind: Waiver
metadata: { name: known }
spec: { for: { finding: web-is-left-alone }, reason: soon, approval: { by: security, at: 2026-09-01 }, expires: 2099-01-01 }
";
    check(&acts, &format!("{}{waived}", with(SHOP)), &[]);
}

#[test]
fn a_way_out_of_what_is_denied_that_somebody_else_opened_is_a_reason() {
    let guarded = format!(
        "{SHOP}
---
kind: Guarantee
metadata: {{ name: nothing-leaks }}
spec: {{ never: {{ from: {{ zone: back }}, to: {{ internet: true }} }} }}
"
    );
    let let_out = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]});
    let acts = [write("orders", let_out)];
    let because =
        "guarantee-broken: guarantee `nothing-leaks` would be broken: orders/server[Pod] -> ";
    check(&acts, &guarded, &[because]);
}

/// The policy that lets name queries out is not among what is written.
#[test]
fn a_plan_that_cuts_name_resolution_is_refused() {
    let mut trial = shop(SHOP);
    let server = pod("kube-system", "dns", &[("k8s-app", "kube-dns")]);
    trial.cluster.pods.push(server);
    let mut scene = Scene::of(&trial);
    let is_dns = |step: &Step| step.action.object().name == "cofferdam-allow-dns";
    scene.plan.steps.retain(|step| !is_dns(step));
    scene
        .bundle
        .policies
        .retain(|(_, name), _| name != "cofferdam-allow-dns");
    let told = shown(&scene.judge());
    let wants = ["orders", "web"].map(|namespace| {
        format!("cuts-dns: pods of namespace `{namespace}` could no longer resolve names: TCP 53; UDP 53 of the servers in `kube-system`")
    });
    for want in wants {
        assert!(told.iter().any(|one| one.starts_with(&want)), "{told:#?}");
    }
}

/// The pods of `orders` answer a webhook, and the policy that lets the control plane in is not among what is written.
#[test]
fn a_plan_that_cuts_a_webhook_is_refused() {
    let mut trial = shop(SHOP);
    trial.cluster.capabilities.callees.push(Callee {
        caller: "ValidatingWebhookConfiguration/orders".to_owned(),
        namespace: NamespaceName::parse("orders").unwrap(),
        service: "hook".to_owned(),
        pod_labels: [("app".to_owned(), "orders".to_owned())].into(),
        target: Some(Port {
            protocol: Protocol::Tcp,
            port: PortNumber::Number(9443),
        }),
    });
    let mut scene = Scene::of(&trial);
    let cuts = |scene: &Scene| {
        let told = shown(&scene.judge()).into_iter();
        told.filter(|one| one.starts_with("cuts-webhook"))
            .collect::<Vec<String>>()
    };
    assert_eq!(cuts(&scene), Vec::<String>::new());
    let is_derived = |name: &str| name.starts_with("cofferdam-derived-");
    scene
        .plan
        .steps
        .retain(|step| !is_derived(&step.action.object().name));
    assert_eq!(
        cuts(&scene),
        [
            "cuts-webhook: ValidatingWebhookConfiguration/orders could no longer be called: TCP 9443 of the pods behind Service orders/hook (declare `network.controlPlaneCidrs` of the cluster)"
        ]
    );
}
