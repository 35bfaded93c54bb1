//! What documents lack before anything can be imported: a zone model, and a trust domain.

use cofferdam_model::names::TrustDomainName;
use serde_json::json;

use crate::emit::document;
use crate::load::SourceFile;
use crate::parse::parse;
use crate::raw::API_VERSION;
use crate::starter::{DOMAINS_FILE, MODEL_FILE, Present, model};
use crate::tree::{Kind, Node};

/// A trust domain for a cluster where there is none at all, and a zone model where there is none.
///
/// # Errors
///
/// Says which file is no YAML, since it may hold anything.
pub fn foundation(files: &[SourceFile], cluster: &str) -> Result<Vec<SourceFile>, String> {
    let present = Present::of(files)?;
    let mut added = Vec::new();
    let domain = if let Some(domain) = present.first_domain() {
        domain.to_owned()
    } else {
        let (name, text) = domain(files, cluster);
        added.push(SourceFile {
            path: DOMAINS_FILE.to_owned(),
            text,
        });
        name
    };
    if !present.has_model {
        added.push(SourceFile {
            path: MODEL_FILE.to_owned(),
            text: model(&domain),
        });
    }
    Ok(added)
}

/// A trust domain called after the label `environment` of the cluster; it takes in every cluster where the
/// cluster has none.
fn domain(files: &[SourceFile], cluster: &str) -> (String, String) {
    let environment = files.iter().find_map(|file| {
        let parsed = parse(&file.text);
        let found = parsed.documents.iter().find(|document| {
            let name = at(document, &["metadata", "name"]).and_then(Node::text);
            document.get("kind").and_then(Node::text) == Some("Cluster") && name == Some(cluster)
        })?;
        let labels = at(found, &["metadata", "labels"])?;
        let Kind::Mapping(_) = &labels.kind else {
            return None;
        };
        labels.get("environment")?.text().map(str::to_owned)
    });
    let good = |text: &String| text != "default" && TrustDomainName::parse(text).is_ok();
    let environment = environment.filter(good);
    let (name, clusters) = match environment {
        Some(environment) => {
            let selector = json!({ "matchLabels": { "environment": environment } });
            (environment, selector)
        }
        None => ("main".to_owned(), json!({})),
    };
    let value = json!({
        "apiVersion": API_VERSION,
        "kind": "TrustDomain",
        "metadata": { "name": name },
        "spec": { "clusters": clusters, "rollout": { "order": 20 } },
    });
    let head = "# Drafted by `cofferdam import`: clusters that share a level of trust.\n";
    (name, format!("{head}{}", document(&value)))
}

fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, key| node.get(key))
}
