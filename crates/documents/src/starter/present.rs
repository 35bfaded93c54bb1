//! What a fleet has already, so that a start adds only what is missing.

use std::collections::BTreeSet;

use crate::load::SourceFile;
use crate::parse::parse;
use crate::resolve::cluster::beside;
use crate::tree::{Kind, Node};

/// What documents hold already, however wrong they are otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// The contexts that Cluster documents name.
    pub contexts: Vec<NamedContext>,
    /// Whether there is a zone model.
    pub has_model: bool,
    pub(super) clusters: BTreeSet<String>,
    files: BTreeSet<String>,
    domains: Vec<Domain>,
}

/// A context that a Cluster document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContext {
    /// The cluster.
    pub cluster: String,
    /// The file of its document.
    pub file: String,
    /// The kubeconfig: absolute, below `~/`, or relative to the directory that holds `fleet/`.
    pub kubeconfig: String,
    /// The context; none for the kubeconfig's current one.
    pub context: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Domain {
    name: String,
    /// The labels that it selects by; none where it selects in another way.
    labels: Option<Vec<(String, String)>>,
}

impl Present {
    /// What these files hold.
    ///
    /// # Errors
    ///
    /// Says which file is no YAML, since it may hold anything.
    pub fn of(files: &[SourceFile]) -> Result<Self, String> {
        let mut present = Self::default();
        for file in files {
            let parsed = parse(&file.text);
            if let Some(trouble) = parsed.troubles.first() {
                let (path, line, why) = (&file.path, trouble.at.line, &trouble.message);
                return Err(format!("{path}:{line}: {why}"));
            }
            present.files.insert(file.path.clone());
            for document in &parsed.documents {
                present.note(&file.path, document);
            }
        }
        Ok(present)
    }

    fn note(&mut self, file: &str, document: &Node) {
        let name = text(document, &["metadata", "name"]).unwrap_or_default();
        match text(document, &["kind"]).as_deref() {
            Some("ZoneModel") => self.has_model = true,
            Some("TrustDomain") => self.domains.push(Domain {
                name,
                labels: labels(document),
            }),
            Some("Cluster") => {
                let kubeconfig = text(document, &["spec", "access", "kubeconfig"]);
                self.contexts
                    .extend(kubeconfig.map(|kubeconfig| NamedContext {
                        cluster: name.clone(),
                        file: file.to_owned(),
                        kubeconfig: beside(file, &kubeconfig),
                        context: text(document, &["spec", "access", "context"]),
                    }));
                self.clusters.insert(name);
            }
            Some(_) | None => {}
        }
    }

    pub(super) fn has_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// The trust domain that is told first.
    pub(crate) fn first_domain(&self) -> Option<&str> {
        self.domains.first().map(|domain| domain.name.as_str())
    }

    /// Whether a trust domain selects clusters of this environment, or has its name.
    pub(super) fn selects(&self, environment: &str) -> bool {
        let is_environment =
            |(key, value): &(String, String)| key == "environment" && value == environment;
        self.domains.iter().any(|domain| {
            let labels = domain.labels.as_ref();
            domain.name == environment
                || labels.is_some_and(|labels| labels.iter().all(is_environment))
        })
    }
}

fn text(document: &Node, path: &[&str]) -> Option<String> {
    let mut node = Some(document);
    for key in path {
        node = node?.get(key);
    }
    node.and_then(Node::text).map(str::to_owned)
}

fn labels(domain: &Node) -> Option<Vec<(String, String)>> {
    let clusters = domain.get("spec")?.get("clusters")?;
    if clusters.get("matchExpressions").is_some() {
        return None;
    }
    let Kind::Mapping(entries) = &clusters.get("matchLabels")?.kind else {
        return None;
    };
    let label = |entry: &crate::tree::Entry| {
        let value = entry.value.text().unwrap_or_default();
        (entry.key.clone(), value.to_owned())
    };
    Some(entries.iter().map(label).collect())
}
