//! Namespaces that policies of ours admit by a zone label that is not for them.

use super::*;

const ZONE: &str = "cofferdam.io/zone";

/// The shop with namespaces `site` and `web` in zone `front` by their labels.
fn selected() -> Trial {
    let by_label = "namespaces: [{ selector: { matchLabels: { part: web } } }]";
    let mut trial = Trial::shop(
        &SHOP.replace("namespaces: [{ name: web }]", by_label),
        planner,
    );
    trial.cluster.add_namespace("site", &[]);
    for name in ["site", "web"] {
        trial.cluster.act(&label(name, "part", Some("web")));
    }
    trial.apply();
    assert_eq!(about(&trial, "Namespace/web"), Vec::<String>::new());
    trial
}

#[test]
fn a_namespace_that_left_its_zone_and_is_still_admitted_by_its_label_widens() {
    let mut trial = selected();
    trial.cluster.act(&label("web", "part", None));
    let admitted = "critical orphan Namespace/web: the model no longer mentions the namespace, and policies of ours still admit it by that label [widens]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    let found = about(&trial, "Namespace/web");
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    // Of the whole zone nothing is left, until the policies of the others are written anew.
    trial.cluster.act(&label("site", "part", None));
    let found = about(&trial, "Namespace/web");
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    trial.apply();
    let found = about(&trial, "Namespace/web");
    let harmless = "medium orphan Namespace/web: the model no longer mentions the namespace [none]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    assert!(found.contains(&harmless.to_owned()), "{found:#?}");
}

#[test]
fn a_label_that_admits_nobody_else_than_the_model_does_not_widen() {
    let mut trial = selected();
    let by_label = "namespaces: [{ selector: { matchLabels: { part: web } } }]";
    let observed = format!("enforcement: {{ default: observe }}, {by_label}");
    let text = SHOP.replace("namespaces: [{ name: web }]", &observed);
    trial.model = cofferdam_testkit::model(&text);
    assert_eq!(
        about(&trial, "Namespace/web"),
        [
            "medium orphan Namespace/web: the namespace is only observed now, and still has our labels [none]; metadata.labels[cofferdam.io/zone]: nothing -> front"
        ]
    );
}

#[test]
fn a_namespace_that_pretends_widens_where_policies_admit_it_by_its_label() {
    let mut trial = selected();
    trial.cluster.act(&label("default", ZONE, Some("front")));
    let found = about(&trial, "Namespace/default");
    let admitted = "critical impostor-namespace Namespace/default: it carries a zone label that the model does not give it, and policies of ours admit it by that [widens]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    // Without the record nothing in force is ours, and the bundle tells.
    let mut lost = trial.clone();
    lost.cluster.record = None;
    let found = about(&lost, "Namespace/default");
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    // What the model names is admitted by its name, which nobody can forge.
    trial.cluster.act(&label("default", ZONE, Some("back")));
    let found = about(&trial, "Namespace/default");
    let named = "high impostor-namespace Namespace/default: it carries a zone label that the model does not give it; metadata.labels[cofferdam.io/zone]: nothing -> back";
    assert!(found.contains(&named.to_owned()), "{found:#?}");
    // Of what is not enforced yet, nothing is known.
    let staged = SHOP
        .replace("enforcement: enforce", "enforcement: stage")
        .replace(
            "namespaces: [{ name: web }]",
            "namespaces: [{ selector: { matchLabels: { part: web } } }]",
        );
    trial.model = cofferdam_testkit::model(&staged);
    trial.cluster.act(&label("default", ZONE, Some("front")));
    let found = about(&trial, "Namespace/default");
    let staged = named.replace("-> back", "-> front");
    assert!(found.contains(&staged), "{found:#?}");
}

/// The same shop with another zone, of namespace `extra`.
fn with_extra() -> Trial {
    let mut trial = selected();
    let zone = "---
kind: Zone
metadata: { name: aside }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: extra }] }
";
    let by_label = "namespaces: [{ selector: { matchLabels: { part: web } } }]";
    let shop = SHOP.replace("namespaces: [{ name: web }]", by_label);
    trial.model = cofferdam_testkit::model(&format!("{shop}{zone}"));
    trial.cluster.add_namespace("extra", &[]);
    trial
}

#[test]
fn a_namespace_of_another_zone_widens_where_policies_admit_it_by_the_label_it_has() {
    let admitted = |class: &str, verdict: &str| {
        format!(
            "critical {class} Namespace/extra: {verdict}: metadata.labels[cofferdam.io/zone], and policies of ours admit it by that zone label [widens]; metadata.labels[cofferdam.io/zone]: aside -> front"
        )
    };
    let mut trial = with_extra();
    let mut recorded = trial.clone();
    recorded.apply();
    assert_eq!(about(&recorded, "Namespace/extra"), Vec::<String>::new());
    recorded.cluster.act(&label("extra", ZONE, Some("front")));
    assert_eq!(
        about(&recorded, "Namespace/extra"),
        [admitted("changed", "changed")]
    );
    // What nobody recorded is held by whoever labelled it.
    trial.cluster.act(&label("extra", ZONE, Some("front")));
    let held = "held by another manager with another value";
    let found = about(&trial, "Namespace/extra");
    assert!(found.contains(&admitted("conflict", held)), "{found:#?}");
    // Nobody goes by another label; that it may be the wrong one is as urgent as the zones are.
    trial.cluster.act(&label("extra", ZONE, Some("theirs")));
    let found = about(&trial, "Namespace/extra");
    let unknown = format!(
        "medium conflict Namespace/extra: {held}: metadata.labels[cofferdam.io/zone]; metadata.labels[cofferdam.io/zone]: aside -> theirs"
    );
    assert!(found.contains(&unknown), "{found:#?}");
}

#[test]
fn a_label_does_not_widen_where_every_zone_is_admitted() {
    let mut trial = with_extra();
    let flow = SHOP.rsplit_once("---\n").unwrap().1;
    let from_all = flow.replace("from: { zone: front }", "from: { allZones: true }");
    let shop = SHOP.replace(flow, &from_all);
    let zone = "---
kind: Zone
metadata: { name: aside }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: extra }] }
";
    trial.model = cofferdam_testkit::model(&format!("{shop}{zone}"));
    trial.apply();
    trial.cluster.act(&label("extra", ZONE, Some("front")));
    let found = about(&trial, "Namespace/extra");
    let unknown = "medium changed Namespace/extra: changed: metadata.labels[cofferdam.io/zone]; metadata.labels[cofferdam.io/zone]: aside -> front";
    assert_eq!(found, [unknown]);
}
