//! Policies, and what is found in them.

mod flows;
mod redundancy;
mod selectors;
mod unheeded;

use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_model::lint::Lint;
use serde_json::Value;

use super::{Fault, lint};
use crate::policy::Source;
use crate::{Classes, Reader, reach};

/// A rule that lets names be looked up.
const DNS: &str = "{ports: [{port: 53, protocol: UDP}, {port: 53}]}";

const DOCUMENTATION: &str = include_str!("../../../../docs/lints.md");

/// Two pods of a namespace, and one of another.
const PODS: &str = "
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, status: {podIP: 10.0.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: bank, labels: {app: api}}, status: {podIP: 10.0.0.3}}
";

/// A policy of namespace `shop`, in a document of its own.
fn policy(name: &str, spec: &str) -> String {
    let head = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy";
    format!("---\n{{{head}, metadata: {{name: {name}, namespace: shop}}, spec: {{{spec}}}}}\n")
}

/// What is found in some YAML; `plugin` is empty where it is not known.
fn faults(yaml: &str, plugin: &str) -> Vec<Fault> {
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(serde_yaml::Deserializer::from_str(yaml)) {
        let object: Value = serde::Deserialize::deserialize(object).unwrap();
        reader.read(&object, Source(number));
    }
    let classes = Arc::new(Classes::of(&Arc::new(reader.finish())));
    let dialects: Vec<Dialect> = match plugin {
        "" => reach::different_dialects(),
        name => vec![Dialect::of_plugin(name).unwrap()],
    };
    lint(&classes, &dialects)
}

/// Compares what is found with `severity lint object path`.
#[track_caller]
fn check(yaml: &str, plugin: &str, expected: &[&str]) {
    let told = faults(yaml, plugin).into_iter().map(|fault| {
        let (severity, lint) = (fault.severity.as_str(), fault.lint.id());
        let told = format!("{severity} {lint} {} {}", fault.object, fault.path);
        told.trim_end().to_owned()
    });
    let told: Vec<String> = told.collect();
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

/// What is found of one policy beside the pods.
#[track_caller]
fn check_one(spec: &str, expected: &[&str]) {
    check(&format!("{PODS}{}", policy("a", spec)), "", expected);
}

/// The section of a lint in the documentation: its text, and its examples.
fn section(lint: Lint) -> Option<(&'static str, Vec<&'static str>)> {
    let head = format!("\n## {}\n", lint.id());
    let (_, rest) = DOCUMENTATION.split_once(&head)?;
    let text = rest.split("\n## ").next()?;
    let blocks = text.split("```yaml\n").skip(1);
    Some((
        text,
        blocks
            .filter_map(|block| block.split("```").next())
            .collect(),
    ))
}

#[test]
fn the_bad_example_of_each_lint_gives_it_and_the_good_one_nothing() {
    for lint in Lint::ALL {
        let (text, examples) =
            section(lint).unwrap_or_else(|| panic!("no section `{}`", lint.id()));
        let [bad, good] = examples[..] else {
            panic!("`{}` has {} examples", lint.id(), examples.len())
        };
        let mut plugins = DIALECTS.map(|one| one.name).into_iter();
        let plugin = plugins.find(|name| text.contains(&format!("`--dialect {name}`")));
        let plugin = plugin.unwrap_or_default();
        let ids = |yaml| -> Vec<&str> {
            let found = faults(yaml, plugin);
            found.iter().map(|fault| fault.lint.id()).collect()
        };
        assert_eq!(
            ids(bad),
            [lint.id()],
            "bad example: {:#?}",
            faults(bad, plugin)
        );
        assert_eq!(ids(good), [""; 0], "good example of `{}`", lint.id());
    }
}

#[test]
fn the_documentation_tells_of_lints_that_are_there_in_their_order() {
    let heads = DOCUMENTATION
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let ids = Lint::ALL.map(Lint::id);
    assert_eq!(heads.collect::<Vec<_>>(), ids);
}
