//! The documents that are in force, and the next ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use cofferdam_documents::{Loaded, SourceFile};
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::Severity;
use cofferdam_pass::{clock, project};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::settings::Settings;

/// Documents without errors, as they were read at one time.
#[derive(Debug)]
pub(crate) struct Revision {
    /// What stands in the files, and the day for which it was read.
    digest: [u8; 32],
    /// The files that it was read from, as paths and texts.
    files: Vec<(String, String)>,
    loaded: Loaded,
    model: Model,
}

impl Revision {
    fn read(directory: &Path) -> Result<Self> {
        let digest = digest_of(directory)?;
        let loaded = project::read(directory)?;
        let files = project::files(directory)?.into_iter();
        let files = files.map(|file| (file.path, file.text)).collect();
        if digest_of(directory)? != digest {
            bail!("the documents change while they are read");
        }
        Self::loaded_from(digest, files, loaded)
    }

    /// Documents as they were kept.
    pub(crate) fn of_files(files: Vec<(String, String)>) -> Result<Self> {
        let sources = files
            .iter()
            .cloned()
            .map(|(path, text)| SourceFile { path, text });
        let loaded = cofferdam_documents::load(&sources.collect::<Vec<_>>(), &clock::today());
        Self::loaded_from([0; 32], files, loaded)
    }

    fn loaded_from(
        digest: [u8; 32],
        files: Vec<(String, String)>,
        mut loaded: Loaded,
    ) -> Result<Self> {
        let Some(model) = loaded.model.take() else {
            let errors = loaded.diagnostics.iter();
            let errors = errors.filter(|one| one.severity == Severity::Error);
            let errors =
                errors.map(|one| format!("{}:{}: {}", one.place.file, one.place.line, one.message));
            bail!(Refused(errors.collect::<Vec<_>>().join("; ")));
        };
        Ok(Self {
            digest,
            files,
            loaded,
            model,
        })
    }

    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// The hash of model and fleet.
    pub(crate) fn name(&self) -> &str {
        &self.model.revision
    }

    pub(crate) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The clusters that belong to a trust domain.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        let clusters = self.model.clusters.values();
        clusters.filter(|cluster| self.model.trust_domain_of(cluster).is_some())
    }
}

/// The errors that documents have.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// The documents of a directory, looked at again and again.
///
/// Documents with errors are told of, and those before them stay in force. What is being written at the moment, such as a
/// file of which only a half is there, is not read: a change counts once it is the same at two looks.
pub(crate) struct Documents {
    directory: PathBuf,
    every: Duration,
    current: watch::Sender<Arc<Revision>>,
}

impl Documents {
    pub(crate) async fn read(directory: &Path, settings: &Settings) -> Result<Self> {
        let first = blocking(directory, Revision::read).await?;
        Ok(Self {
            directory: directory.to_owned(),
            every: settings.documents_every,
            current: watch::Sender::new(Arc::new(first)),
        })
    }

    /// The documents in force.
    pub(crate) fn current(&self) -> Arc<Revision> {
        Arc::clone(&self.current.borrow())
    }

    /// The documents in force, and those that come.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Revision>> {
        self.current.subscribe()
    }

    /// Looks at the documents for as long as anybody cares.
    pub(crate) async fn watch(&self) -> Result<()> {
        let mut ticks = tokio::time::interval(self.every);
        let mut seen = Some(self.current().digest);
        let mut refused = None;
        loop {
            ticks.tick().await;
            let digest = blocking(&self.directory, digest_of).await;
            let digest = told(digest, "the documents cannot be read");
            let is_settled = std::mem::replace(&mut seen, digest) == digest;
            let is_new = digest.is_some_and(|digest| digest != self.current().digest);
            if !is_settled || !is_new || refused == digest {
                continue;
            }
            let revision = blocking(&self.directory, Revision::read).await;
            // What could only not be read is read again.
            let is_refused = revision.as_ref().is_err_and(anyhow::Error::is::<Refused>);
            refused = digest.filter(|_| is_refused);
            if let Some(revision) = told(revision, "the documents cannot be used") {
                tracing::info!(clusters = revision.clusters().count(), "new documents");
                self.current.send_replace(Arc::new(revision));
            }
        }
    }
}

/// What came of reading, or nothing, and then why is told.
fn told<T>(read: Result<T>, what: &str) -> Option<T> {
    read.inspect_err(|error| {
        tracing::error!(
            error = format!("{error:#}"),
            "{what}; those before stay in force"
        );
    })
    .ok()
}

/// Reads files where that holds nobody up.
async fn blocking<T: Send + 'static>(directory: &Path, read: fn(&Path) -> Result<T>) -> Result<T> {
    let directory = directory.to_owned();
    tokio::task::spawn_blocking(move || read(&directory)).await?
}

/// What stands in the files, and the day: waivers expire.
fn digest_of(directory: &Path) -> Result<[u8; 32]> {
    let mut all = Sha256::new();
    all.update(clock::today().0);
    for file in project::files(directory)? {
        for text in [file.path, file.text] {
            all.update(text.len().to_be_bytes());
            all.update(text);
        }
    }
    Ok(all.finalize().into())
}
