//! Properties of whole loads: the sample, renaming, schemas, located remarks.

use std::fs;
use std::path::Path;

use super::{BASE, above_notice, file, loaded, remark, shown, today};
use crate::{KINDS, SourceFile, load, schema};

#[test]
fn the_sample_has_no_errors_or_warnings() {
    let loaded = load(&sample(), &today());
    assert_eq!(above_notice(&loaded), Vec::<String>::new());
    let model = loaded.model.unwrap();
    assert_eq!(model.clusters.len(), 3);
    assert_eq!(model.flows.len(), 29);
    assert_eq!(model.capabilities.len(), 3);
    let kubeconfigs: Vec<&str> = model
        .clusters
        .values()
        .map(|c| c.access.kubeconfig.as_str())
        .collect();
    assert_eq!(
        kubeconfigs,
        [
            "fleet/kubeconfigs/management.yaml",
            "fleet/kubeconfigs/prod.yaml",
            "fleet/kubeconfigs/staging.yaml"
        ]
    );
}

#[test]
fn notices_about_the_sample() {
    let loaded = load(&sample(), &today());
    let said: Vec<String> = loaded.diagnostics.iter().map(shown).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn files_and_order_do_not_matter() {
    let first = load(&sample(), &today());
    // Every document in a file of its own, in reverse order.
    let mut split: Vec<SourceFile> = Vec::new();
    for source in sample() {
        for (number, text) in source.text.split("\n---\n").enumerate() {
            let directory = source.path.rsplit_once('/').unwrap().0;
            split.push(file(
                &format!("{directory}/{:03}-{number}.yaml", 999 - split.len()),
                text,
            ));
        }
    }
    split.reverse();
    let second = load(&split, &today());
    assert_eq!(first.model.unwrap(), second.model.unwrap());
}

#[test]
fn the_revision_is_that_of_model_and_fleet_without_capabilities() {
    let base = loaded(BASE).model.unwrap().revision;
    assert_eq!(base.len(), 16);
    let commented = format!("# a comment\n{}", BASE.replace("tiers: [", "tiers:   ["));
    assert_eq!(loaded(&commented).model.unwrap().revision, base);
    let other = BASE.replace("order: 10", "order: 11");
    assert_ne!(loaded(&other).model.unwrap().revision, base);
    let mut files = sample();
    let with = load(&files, &today()).model.unwrap().revision;
    files.retain(|source| !source.path.contains("capabilities"));
    assert_eq!(load(&files, &today()).model.unwrap().revision, with);
}

#[test]
fn byte_order_marks_and_carriage_returns_change_nothing() {
    let plain = loaded(BASE);
    let marked = loaded(&format!("\u{feff}{}", BASE.replace('\n', "\r\n")));
    assert_eq!(plain.model, marked.model);
    let place = marked
        .locate(&remark("ZoneModel", "acme", "apiVersion"))
        .place;
    assert_eq!((place.line, place.column), (1, 13));
}

#[test]
fn every_kind_has_a_schema_with_defaults() {
    for kind in KINDS {
        let schema = schema(kind).unwrap();
        assert_eq!(schema["properties"]["kind"]["const"], kind);
    }
    assert_eq!(schema("Pod"), None);
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema("Cluster").unwrap()).unwrap());
}

#[test]
fn remarks_are_located() {
    let loaded = loaded(BASE);
    for (kind, name, path, line, column) in [
        ("Cluster", "prod", "spec.network.podCidrs[0]", 29, 25),
        ("Cluster", "prod", "spec.network.nodeCidrs", 29, 12),
        ("Cluster", "prod", "", 24, 1),
        ("Cluster", "nowhere", "spec", 0, 0),
    ] {
        let place = loaded.locate(&remark(kind, name, path)).place;
        assert_eq!(
            (place.line, place.column),
            (line, column),
            "{kind} {name} {path}"
        );
    }
}

/// The sample at the top level of the repository.
pub(super) fn sample() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for top in ["fleet", "policies"] {
        gather(&root, top, &mut files);
    }
    files
}

fn gather(root: &Path, below: &str, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{below}/{name}");
        if root.join(&path).is_dir() {
            if name != "kubeconfigs" {
                gather(root, &path, files);
            }
        } else if Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(file(&path, &fs::read_to_string(root.join(&path)).unwrap()));
        }
    }
}
