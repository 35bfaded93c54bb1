//! Texts, and the objects and findings that they give, side by side.

use std::fmt::Write;

use super::*;

mod json;
mod scalars;
mod yaml;

/// What is read of a text: each object as `line:column` and its JSON, each finding after `!`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_files(&[("a", text)], expected);
}

/// The same of several files, each with its name.
#[track_caller]
fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let (mut manifests, mut seen) = (Manifests::default(), Vec::new());
    for (path, text) in files {
        let mut objects = Vec::new();
        let told = manifests.read(path, text, &mut |manifest| objects.push(manifest));
        for manifest in &objects {
            assert_eq!(manifests.path(manifest.place.file), Some(*path));
            let ManifestPlace { line, column, .. } = manifest.place;
            seen.push(format!("{line}:{column} {}", manifest.object));
        }
        seen.extend(told.iter().map(shown));
        places_are_found(text, &objects);
    }
    assert_eq!(seen, expected, "\n{}", seen.join("\n"));
}

/// Every object is found again where it begins.
#[track_caller]
fn places_are_found(text: &str, objects: &[Manifest]) {
    let mut places = ManifestPlaces::new(text);
    for manifest in objects {
        let place = manifest.place;
        assert_eq!(places.find(place, ""), Some((place.line, place.column)));
    }
}

fn shown(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        place,
        severity,
        code,
        message,
        hint,
    } = diagnostic;
    let mut shown = format!("! {}:{} {code}", place.line, place.column);
    if !place.path.is_empty() {
        write!(shown, " [{}]", place.path).unwrap();
    }
    if *severity != cofferdam_model::diagnostic::Severity::Error {
        write!(shown, " {}", severity.as_str()).unwrap();
    }
    write!(shown, " {message}").unwrap();
    if let Some(hint) = hint {
        write!(shown, " ({hint})").unwrap();
    }
    shown
}

#[test]
fn an_object_is_there_once_in_all_files() {
    let policy = |version: &str, metadata: &str| {
        format!(
            "apiVersion: networking.k8s.io/{version}\nkind: NetworkPolicy\nmetadata: {{ {metadata} }}\n"
        )
    };
    check_files(
        &[
            ("a.yaml", &policy("v1", "name: web")),
            (
                "b.yaml",
                &policy("v1beta1", "name: web, namespace: default"),
            ),
            ("c.yaml", &policy("v1", "name: web, namespace: shop")),
            (
                "d.json",
                r#"{"apiVersion":"crd/v1","kind":"NetworkPolicy","metadata":{"name":"web"}}"#,
            ),
            ("e.yaml", &policy("v1", "generateName: web-")),
            ("f.yaml", &policy("v1", "generateName: web-")),
        ],
        &[
            r#"1:1 {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"web"}}"#,
            "! 3:19 duplicate-object [metadata.name] there are two objects `default/NetworkPolicy/web` (the other is at a.yaml:1:1; only that one is read)",
            r#"1:1 {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"web","namespace":"shop"}}"#,
            r#"1:1 {"apiVersion":"crd/v1","kind":"NetworkPolicy","metadata":{"name":"web"}}"#,
            r#"1:1 {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"generateName":"web-"}}"#,
            r#"1:1 {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"generateName":"web-"}}"#,
        ],
    );
}

#[test]
fn text_is_asked_for_where_kubernetes_takes_nothing_else() {
    check(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    env: yes\n    other: ~\n    text: 'yes'\n",
        &[
            "! 5:10 not-a-string [metadata.labels.env] the boolean `true` stands where Kubernetes takes text only (put it in quotes)",
        ],
    );
    check(
        "{\"apiVersion\": \"v1\",\n\"kind\": \"Pod\",\n\"metadata\":{\n\"labels\": {\"env\": true}}}",
        &[
            "! 4:19 not-a-string [metadata.labels.env] the boolean `true` stands where Kubernetes takes text only (put it in quotes)",
        ],
    );
    check(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: 5}\nspec:\n  podSelector:\n    matchExpressions:\n    - {key: on, operator: In, values: [a, 1.10]}\n  ingress:\n  - from:\n    - namespaceSelector: {matchLabels: {env: on}}\n",
        &[
            "! 3:18 not-a-string [metadata.name] the number `5` stands where Kubernetes takes text only (put it in quotes)",
            "! 7:13 not-a-string [spec.podSelector.matchExpressions[0].key] the boolean `true` stands where Kubernetes takes text only (put it in quotes)",
            "! 7:43 not-a-string [spec.podSelector.matchExpressions[0].values[1]] the number `1.1` stands where Kubernetes takes text only (put it in quotes)",
            "! 10:46 not-a-string [spec.ingress[0].from[0].namespaceSelector.matchLabels.env] the boolean `true` stands where Kubernetes takes text only (put it in quotes)",
        ],
    );
    check(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: 1}, ports: [{port: 0x50}]}\n",
        &[
            "! 4:24 not-a-string [spec.selector.app] the number `1` stands where Kubernetes takes text only (put it in quotes)",
        ],
    );
    check(
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: a}\nspec: {nodeSelector: {matchLabels: {pool: no}}}\n",
        &[
            "! 4:43 not-a-string [spec.nodeSelector.matchLabels.pool] the boolean `false` stands where Kubernetes takes text only (put it in quotes)",
        ],
    );
    check(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {properties: {labels: {nullable: true}}}\n",
        &[
            r#"1:1 {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"a"},"spec":{"properties":{"labels":{"nullable":true}}}}"#,
        ],
    );
}

#[test]
fn a_path_is_found_down_to_its_deepest_part() {
    let yaml = "# first\n---\napiVersion: v1\nkind: List\nitems:\n- &a\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: é, labels: {\"a.b/c\": x}}\n- apiVersion: v1\n  kind: Service\n  spec:\n    ports:\n    - port: 1\n    - port: 2\n";
    let json = "{\"kind\": \"List\", \"items\": [\n{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"é\", \"labels\": {\"a.b/c\": \"x\"}}},\n{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"spec\": {\"ports\": [{\"port\": 1},\n {\"port\": 2}]}}]}";
    for (text, expected) in [
        (yaml, [(9, 41), (15, 13), (13, 5), (10, 3)]),
        (json, [(2, 83), (4, 11), (3, 59), (3, 1)]),
    ] {
        let mut objects = Vec::new();
        let told =
            Manifests::default().read("a", text, &mut |manifest| objects.push(manifest.place));
        assert_eq!((objects.len(), told), (2, vec![]));
        let mut places = ManifestPlaces::new(text);
        let found = [
            places.find(objects[0], "metadata.labels[\"a.b/c\"]"),
            places.find(objects[1], "spec.ports[1].port"),
            places.find(objects[1], "spec.ports[2].port"),
            places.find(objects[1], "status"),
        ];
        assert_eq!(found.map(Option::unwrap), expected);
        let nowhere = ManifestPlace {
            column: 99,
            ..objects[0]
        };
        assert_eq!(places.find(nowhere, ""), None);
    }
}
