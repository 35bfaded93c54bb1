//! What each guard rail sees, by model, by writers and by enforcement.

use std::collections::BTreeSet;

use cofferdam_state::guard::{Attempt, DesiredGuard, GuardLevel};
use cofferdam_testkit::SHOP;
use serde_json::Value;

use super::*;

fn guarded(subjects: &str) -> String {
    let guards = format!("mode: manage, guards: {subjects}");
    SHOP.replace("mode: manage", &guards)
}

fn writers() -> String {
    guarded("{ writers: ['user:cofferdam'] }")
}

fn rails(documents: &str) -> Vec<DesiredGuard> {
    let mut cluster = Cluster::new("prod");
    for name in ["web", "orders", "calico-system"] {
        cluster.add_namespace(name, &[]);
    }
    let system = ["calico-system", keys::PROBE_NAMESPACE];
    let system = system.map(|name| cofferdam_model::names::NamespaceName::parse(name).unwrap());
    cluster.capabilities.system_namespaces.extend(system);
    bundle(&model(documents), &cluster)
        .guards
        .into_values()
        .collect()
}

/// Of each rail about pods: operator and names of the namespaces that it sees.
fn seen(rail: &DesiredGuard) -> (String, BTreeSet<String>) {
    let expression =
        &rail.policy.spec["matchConstraints"]["namespaceSelector"]["matchExpressions"][0];
    assert_eq!(expression["key"], NAMESPACE_NAME, "{}", rail.name());
    let names = expression["values"].as_array().unwrap().iter();
    let names = names.map(|name| name.as_str().unwrap().to_owned());
    (
        expression["operator"].as_str().unwrap().to_owned(),
        names.collect(),
    )
}

#[test]
fn rails_of_pools_with_long_names_can_be_tried_out() {
    for letters in [3, 40, 41, 48, 49, 63] {
        let pool = "p".repeat(letters);
        let text = writers().replace("name: pci }", &format!("name: {pool} }}"));
        let rails = rails(&text);
        let of_pool: Vec<&DesiredGuard> = rails.iter().filter(|rail| rail.pool.is_some()).collect();
        assert_eq!(of_pool.len(), 4);
        for rail in of_pool {
            assert!(rail.name().len() <= 63, "{}", rail.name());
        }
        let names: BTreeSet<&str> = rails.iter().map(DesiredGuard::name).collect();
        assert_eq!(names.len(), rails.len());
    }
}

#[test]
fn rails_about_pods_see_where_they_belong_and_never_the_system() {
    for rail in rails(&writers()) {
        let about_pods = rail.policy.spec["matchConstraints"]["resourceRules"][0]["resources"]
            == serde_json::json!(["pods"]);
        if !about_pods {
            continue;
        }
        let (operator, names) = seen(&rail);
        for system in [
            "kube-system",
            "kube-public",
            "kube-node-lease",
            "cofferdam-system",
            "calico-system",
        ] {
            let is_seen = (operator == "In") == names.contains(system);
            assert!(!is_seen, "{} sees {system}", rail.name());
        }
        let probes = (operator == "In") == names.contains("cofferdam-probe");
        assert!(probes, "{} cannot be tried out", rail.name());
        let orders = (operator == "In") == names.contains("orders");
        assert_eq!(
            orders,
            rail.name() == "cofferdam-pin-pci",
            "{}",
            rail.name()
        );
    }
}

#[test]
fn rails_go_as_far_as_the_namespace_that_goes_furthest_and_nowhere_without_writers() {
    let levels = |documents: &str| {
        let rails = rails(documents);
        let levels: BTreeSet<GuardLevel> = rails.iter().map(|rail| rail.level).collect();
        (rails.len(), levels.into_iter().collect::<Vec<_>>())
    };
    let at =
        |level: &str| writers().replace("enforcement: enforce", &format!("enforcement: {level}"));
    assert_eq!(levels(&at("observe")), (0, vec![]));
    assert_eq!(levels(&at("stage")), (6, vec![GuardLevel::Audit]));
    assert_eq!(levels(&at("enforce")), (10, vec![GuardLevel::Deny]));
    assert_eq!(levels(SHOP), (0, vec![]));
    let half = at("stage").replace("sensitivity: low", "sensitivity: low, enforcement: enforce");
    // The pool's own zone is not enforced.
    assert_eq!(levels(&half), (6, vec![GuardLevel::Deny]));
    let reported = writers().replace("zones: [back]", "zones: [back], manage: report");
    assert_eq!(levels(&reported).0, 9);
}

#[test]
fn nothing_in_a_name_ends_the_text_that_it_is_in() {
    let subjects = r#"{ writers: ["user:o'brien", "user:x' || true || '", "user:EXAMPLE\\op"], breakGlass: ["group:it's us"] }"#;
    for rail in rails(&guarded(subjects)) {
        let Some(variables) = rail.policy.spec["variables"].as_array() else {
            continue;
        };
        for variable in variables {
            let text = variable["expression"].as_str().unwrap();
            let wanted = match variable["name"].as_str().unwrap() {
                "writer" => {
                    r"(request.userInfo.username in ['o\'brien', 'x\' || true || \'', 'EXAMPLE\\op'])"
                }
                "breakGlass" => {
                    r"(has(request.userInfo.groups) && request.userInfo.groups.exists(g, g in ['it\'s us']))"
                }
                _ => continue,
            };
            assert_eq!(text, wanted, "{}", rail.name());
        }
    }
}

#[test]
fn every_rail_fails_closed_and_none_asks_for_fields_of_namespaces_in_match_conditions() {
    for rail in rails(&writers()) {
        let spec = &rail.policy.spec;
        assert_eq!(spec["failurePolicy"], "Fail", "{}", rail.name());
        assert!(
            !spec["matchConditions"]
                .to_string()
                .contains("namespaceObject"),
            "{}",
            rail.name()
        );
        if rail.is_mutating() {
            assert_eq!(rail.audit, None);
            continue;
        }
        assert_eq!(actions(&rail.deny.spec), ["Deny", "Audit"]);
        assert_eq!(
            actions(&rail.audit.as_ref().unwrap().spec),
            ["Warn", "Audit"]
        );
    }
}

#[test]
fn the_text_of_a_rail_is_told_by_its_mark() {
    let marks = |documents: &str| -> BTreeSet<(String, String)> {
        let rails = rails(documents).into_iter();
        let probes = rails.map(|rail| (rail.name().to_owned(), rail.probe.mark));
        probes.collect()
    };
    let (before, after) = (
        marks(&writers()),
        marks(&guarded("{ writers: ['user:else'] }")),
    );
    let same: Vec<&str> = before
        .intersection(&after)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        same,
        [
            "cofferdam-daemon-sets-pci",
            "cofferdam-pin-pci",
            "cofferdam-pods-pci",
            "cofferdam-probes",
            "cofferdam-registration-pci"
        ]
    );
    for rail in rails(&writers()) {
        let bears = rail.policy.spec.to_string().contains(&rail.probe.mark);
        assert!(bears, "{}", rail.name());
    }
}

/// Whether the constraints of a rail let it see a request; `namespace` is none for what has none.
fn sees(rail: &DesiredGuard, operation: &str, resource: &str, namespace: Option<&str>) -> bool {
    let constraints = &rail.policy.spec["matchConstraints"];
    let has = |rule: &Value, field: &str, value: &str| {
        let all = rule[field].as_array().unwrap();
        all.iter().any(|one| one == value)
    };
    let mut rules = constraints["resourceRules"].as_array().unwrap().iter();
    let is_asked =
        rules.any(|rule| has(rule, "resources", resource) && has(rule, "operations", operation));
    let selectors = constraints["namespaceSelector"]["matchExpressions"].as_array();
    let mut selectors = selectors.into_iter().flatten();
    is_asked
        && namespace.is_none_or(|namespace| {
            selectors.all(|one| (one["operator"] == "In") == has(one, "values", namespace))
        })
}

#[test]
fn every_rail_sees_its_probe_and_no_more_pods_for_the_sake_of_it() {
    for rail in rails(&writers()) {
        let name = rail.name();
        let (operation, resource) = match &rail.probe.attempt {
            Attempt::Create { path, object } => {
                assert_eq!(object["metadata"]["labels"][keys::PROBE], *name);
                assert_eq!(object["metadata"]["namespace"], keys::PROBE_NAMESPACE);
                ("CREATE", path.rsplit('/').next().unwrap())
            }
            Attempt::LabelNamespace { key, value } => {
                assert_eq!((key.as_str(), value.as_str()), (keys::PROBE, name));
                ("UPDATE", "namespaces")
            }
        };
        let place = Some(keys::PROBE_NAMESPACE);
        assert!(sees(&rail, operation, resource, place), "{name}");
        let about_pods = ["cofferdam-pods-pci", "cofferdam-pin-pci"].contains(&name);
        let everywhere = ["web", "orders"].iter();
        let elsewhere = everywhere.filter(|place| sees(&rail, "CREATE", "pods", Some(place)));
        assert_eq!(elsewhere.count(), usize::from(about_pods), "{name}");
    }
    let rail = |name: &str| {
        let mut all = rails(&writers()).into_iter();
        all.find(|rail| rail.name() == name).unwrap()
    };
    assert!(sees(&rail("cofferdam-nodes"), "UPDATE", "nodes", None));
    let registration = rail("cofferdam-registration-pci");
    assert!(sees(&registration, "CREATE", "nodes", None));
    for (name, resource) in [
        ("cofferdam-record", "configmaps"),
        ("cofferdam-lease", "leases"),
    ] {
        let own = Some(keys::SYSTEM_NAMESPACE);
        assert!(sees(&rail(name), "DELETE", resource, own), "{name}");
        assert!(
            !sees(&rail(name), "DELETE", resource, Some("web")),
            "{name}"
        );
    }
}

fn actions(spec: &Value) -> Vec<&str> {
    let actions = spec["validationActions"].as_array().into_iter().flatten();
    actions.filter_map(Value::as_str).collect()
}
