//! What `init` writes, from nothing and beside what is there.

use super::{above_notice, file, shown, today};
use crate::{ContextStart, Present, SourceFile, load, starter};

#[test]
fn a_start_has_no_error() {
    let contexts = [
        "arn:aws:eks:eu:1:cluster/Prod-EU",
        "staging",
        "staging!",
        "-",
        "1",
        "on",
    ];
    let contexts = starts(&contexts);
    for contexts in [&contexts[..], &[]] {
        let files = starter(contexts, &Present::default());
        let loaded = load(&files, &today());
        assert_eq!(above_notice(&loaded), Vec::<String>::new());
        assert_eq!(loaded.model.unwrap().clusters.len(), contexts.len());
    }
}

/// The zone and the flow that stand in the model as comments are good when they are taken in.
#[test]
fn what_a_start_has_as_comments_has_no_error_either() {
    let other = file(
        "fleet/trust-domains.yaml",
        "apiVersion: cofferdam.io/v1alpha1\nkind: TrustDomain\nmetadata: { name: lab }\nspec: { clusters: { matchLabels: { environment: lab } }, rollout: { order: 1 } }\n",
    );
    for (present, contexts) in [
        (&[][..], &["prod-eu"][..]),
        (&[], &["staging", "prod"]),
        (&[], &[]),
        (&[other], &[]),
    ] {
        let start = starter(&starts(contexts), &Present::of(present).unwrap());
        let mut text = text_of(&start);
        let sample = text.split_off(text.find("# ---").unwrap());
        text.extend(
            sample
                .lines()
                .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap())),
        );
        let all = [present, &[file("policies/all.yaml", &text)]].concat();
        let loaded = load(&all, &today());
        assert_eq!(above_notice(&loaded), Vec::<String>::new());
        assert_eq!(loaded.model.unwrap().flows.len(), 1);
    }
}

fn starts(contexts: &[&str]) -> Vec<ContextStart> {
    let start = |context: &&str| ContextStart {
        context: (*context).to_owned(),
        kubeconfig: "~/.kube/config".to_owned(),
    };
    contexts.iter().map(start).collect()
}

#[test]
fn a_start_adds_what_is_missing_and_nothing_that_is_there() {
    let add = |files: &[SourceFile], contexts: &[&str]| {
        let added = starter(&starts(contexts), &Present::of(files).unwrap());
        let paths = added.iter().map(|file| file.path.clone());
        let paths: Vec<String> = paths.collect();
        let all = [files, &added].concat();
        let loaded = load(&all, &today());
        let said: Vec<String> = loaded.diagnostics.iter().map(shown).collect();
        assert!(loaded.model.is_some(), "{said:?}");
        (paths, all)
    };
    let (paths, first) = add(&[], &["staging"]);
    let domains = "fleet/trust-domains.yaml";
    let model = "policies/model.yaml";
    assert_eq!(paths, ["fleet/clusters/staging.yaml", domains, model]);
    assert_eq!(add(&first, &[]).0, Vec::<String>::new());
    let (paths, second) = add(&first, &["staging", "prod"]);
    assert_eq!(
        paths,
        [
            "fleet/clusters/staging-2.yaml",
            "fleet/clusters/prod.yaml",
            "fleet/trust-domain-production.yaml",
        ]
    );
    let (paths, _) = add(&second, &["production-2"]);
    assert_eq!(paths, ["fleet/clusters/production-2.yaml"]);
    // A trust domain of another name that selects the same clusters is enough.
    let other = text_of(&first).replace(
        "name: staging\nspec:\n  clusters",
        "name: other\nspec:\n  clusters",
    );
    let (paths, _) = add(&[file("fleet/all.yaml", &other)], &["stage"]);
    assert_eq!(paths, ["fleet/clusters/stage.yaml"]);
}

#[test]
fn a_context_that_says_it_is_no_production_is_not_taken_for_it() {
    for (context, want) in [
        ("non-prod-eu", "staging"),
        ("pre_prod", "staging"),
        ("eu-nonprod", "staging"),
        ("prod-eu", "production"),
    ] {
        let text = text_of(&starter(&starts(&[context]), &Present::default()));
        let label = format!("    environment: {want} #");
        assert!(text.lines().any(|line| line.starts_with(&label)), "{text}");
    }
}

#[test]
fn a_start_knows_which_contexts_are_named_already() {
    let files = starter(&starts(&["staging"]), &Present::default());
    let present = Present::of(&files).unwrap();
    let named: Vec<_> = present
        .contexts
        .iter()
        .map(|c| (&*c.cluster, &*c.file, &*c.kubeconfig, c.context.as_deref()))
        .collect();
    let file_of = "fleet/clusters/staging.yaml";
    assert_eq!(
        named,
        [("staging", file_of, "~/.kube/config", Some("staging"))]
    );
    let broken = [file("fleet/a.yaml", "a: [")];
    let why =
        "fleet/a.yaml:2: not valid YAML: while parsing a node, did not find expected node content";
    assert_eq!(Present::of(&broken), Err(why.to_owned()));
}

fn text_of(files: &[SourceFile]) -> String {
    let texts: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
    texts.join("---\n")
}
