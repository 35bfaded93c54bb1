//! The objects that a question of connectivity is about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use cofferdam_documents::{FileId, Manifest, ManifestPlace, ManifestPlaces};
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::diagnostic::{Diagnostic, Place};
use cofferdam_model::dialect::Dialect;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_pass::reading::facts_of;
use cofferdam_report::wire::reach::Grounds;
use cofferdam_semantics::facts::{Facts, Gap, GapKind};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::{Reader, reach, service_addresses};
use serde_json::Value;

use crate::args::{Arguments, Live, Objects, Reading, Selection};
use crate::fleet::examine;
use crate::manifests;
use crate::revision::Revision;

/// Objects as facts, with what is known of where they are.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) facts: Arc<Facts>,
    /// The dialects under one of which the answer is to hold.
    pub(crate) dialects: Vec<Dialect>,
    /// Whether policies are enforced.
    enforced: &'static str,
    files: Option<Files>,
}

/// The files that objects were read from.
#[derive(Debug)]
struct Files {
    /// What was asked for: paths, or a revision.
    asked: String,
    read: manifests::Read,
    places: Vec<ManifestPlace>,
}

impl Input {
    /// Reads what was named on the command line: files, or a live cluster.
    pub(crate) async fn read(arguments: &Arguments, objects: &Objects) -> Result<Self> {
        let Objects {
            paths,
            cluster,
            reading,
            live,
        } = objects;
        match cluster {
            Some(name) => Self::of_cluster(arguments, &live.selection(name), reading).await,
            None => Self::of_paths(paths, reading),
        }
    }

    /// Reads a path, the cluster that `cluster:NAME` names, or the revision that `git:NAME:PATH` names.
    pub(crate) async fn read_state(
        arguments: &Arguments,
        state: &str,
        (reading, live): (&Reading, &Live),
    ) -> Result<Self> {
        if let Some(name) = state.strip_prefix("cluster:") {
            return Self::of_cluster(arguments, &live.selection(name), reading).await;
        }
        match Revision::parse(state) {
            Some(revision) => Self::of_revision(&revision, (state, reading)),
            None => Self::of_paths(&[PathBuf::from(state)], reading),
        }
    }

    /// Reads files and directories of manifests.
    pub(crate) fn of_paths(paths: &[PathBuf], reading: &Reading) -> Result<Self> {
        let asked = manifests::listed(paths);
        Self::of_manifests(asked, reading, |take| manifests::read(paths, take))
    }

    /// Reads manifests as those of a cluster of which this is known; also the objects themselves.
    pub(crate) fn of_cluster_to_be(
        paths: &[PathBuf],
        known: Option<&Capabilities>,
    ) -> Result<(Self, Vec<Value>)> {
        let cni = known.map(|known| &known.cni);
        let reading = Reading {
            dialect: cni.map(|cni| cni.name.clone()),
        };
        let mut objects = Vec::new();
        let asked = manifests::listed(paths);
        let input = Self::of_manifests(asked, &reading, |take| {
            manifests::read(paths, &mut |manifest| {
                objects.push(manifest.object.clone());
                take(manifest);
            })
        })?;
        let enforced = cni.map_or("unknown", |cni| cni.enforces.as_str());
        Ok((Self { enforced, ..input }, objects))
    }

    /// Reads the manifests of a revision.
    fn of_revision(revision: &Revision<'_>, (asked, reading): (&str, &Reading)) -> Result<Self> {
        let files = revision.files()?;
        let read = |take: &mut dyn FnMut(Manifest)| Ok(manifests::read_texts(files, take));
        Self::of_manifests(format!("`{asked}`"), reading, read)
    }

    fn of_manifests(
        asked: String,
        reading: &Reading,
        read: impl FnOnce(&mut dyn FnMut(Manifest)) -> Result<manifests::Read>,
    ) -> Result<Self> {
        let mut reader = Reader::default();
        let mut places = Vec::new();
        let mut number = 0;
        let read = read(&mut |manifest| {
            let Manifest { object, place } = manifest;
            reader.read(&object, Source(number));
            places.push(place);
            number += 1;
        })?;
        for diagnostic in &read.diagnostics {
            reader.gap(gap(diagnostic));
        }
        Ok(Self {
            facts: Arc::new(reader.finish()),
            dialects: dialects(reading, None),
            enforced: "unknown",
            files: Some(Files {
                asked,
                read,
                places,
            }),
        })
    }

    async fn of_cluster(
        arguments: &Arguments,
        selection: &Selection,
        reading: &Reading,
    ) -> Result<Self> {
        let loaded = project::read(&arguments.directory)?;
        let model = project::model(&loaded)?;
        let directory = &arguments.directory;
        let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
        let Some(one) = examined.first() else {
            anyhow::bail!("no cluster was looked at");
        };
        Ok(Self::of_examined(one, reading))
    }

    /// What a live cluster was seen to hold.
    pub(crate) fn of_examined(one: &Examined<'_>, reading: &Reading) -> Self {
        let cni = one.observed.capabilities.known().map(|known| &known.cni);
        Self {
            facts: Arc::new(facts_of(&one.observed)),
            dialects: dialects(reading, cni.map(|cni| cni.name.as_str())),
            enforced: cni.map_or("unknown", |cni| cni.enforces.as_str()),
            files: None,
        }
    }

    /// The file and line of an object; none of a live one.
    pub(crate) fn place(&self, source: Source) -> Option<String> {
        let files = self.files.as_ref()?;
        let place = files.place(source)?;
        let path = files.read.path(place.file)?;
        Some(format!("{path}:{}", place.line))
    }

    /// File, line and column of a part of an object; none of a live one.
    pub(crate) fn place_of(&self, source: Source, path: &str) -> Result<Option<String>> {
        let files = self.files.as_ref();
        let Some((files, place)) = files.and_then(|files| Some((files, files.place(source)?)))
        else {
            return Ok(None);
        };
        let (file, text) = files.read.text(place.file)?;
        let found = ManifestPlaces::new(&text).find(place, path);
        Ok(found.map(|(line, column)| format!("{file}:{line}:{column}")))
    }

    /// What is wrong with the files themselves.
    pub(crate) fn of_files(&self) -> &[Diagnostic] {
        let files = self.files.as_ref();
        files.map_or(&[], |files| &files.read.diagnostics)
    }

    /// The places of parts of objects, in the order of the question; of live objects only the paths. Each file is
    /// read once more.
    pub(crate) fn places_of<'p>(
        &self,
        parts: impl IntoIterator<Item = (Option<Source>, &'p str)>,
    ) -> Result<Vec<Place>> {
        let (mut found, mut sources) = (Vec::new(), Vec::new());
        for (source, path) in parts {
            sources.push(source);
            found.push(Place {
                path: path.to_owned(),
                ..Place::default()
            });
        }
        if let Some(files) = &self.files {
            files.fill(&sources, &mut found)?;
        }
        Ok(found)
    }

    /// What a report rests on.
    pub(crate) fn grounds(&self) -> Grounds {
        let gaps = self.facts.gaps.iter().map(|gap| self.told(gap));
        Grounds {
            incomplete_because: gaps.chain(self.without_pods()).collect(),
            dialect: match self.dialects.as_slice() {
                [one] => one.name,
                _ => "any",
            },
            enforced: self.enforced,
            notes: reach::caveats(&self.facts, &self.dialects),
        }
    }

    /// The same for what all connections are told of, where those through Services are not.
    pub(crate) fn grounds_of_connections(&self) -> Grounds {
        let mut grounds = self.grounds();
        let by_services = service_addresses::told(&self.facts, &self.dialects);
        // Where it is only one reading of several, it is no more than a note.
        match self.dialects.as_slice() {
            [_] => grounds.incomplete_because.extend(by_services),
            _ => grounds.notes.extend(by_services),
        }
        grounds
    }

    /// That manifests hold nobody of whom anything could be told. A cluster that was read and has no pod has none; what is
    /// not among manifests may be elsewhere.
    pub(crate) fn without_pods(&self) -> Option<String> {
        let files = self.files.as_ref()?;
        let is_without = self.facts.pods.is_empty();
        is_without.then(|| format!("there is no pod and no workload in {}", files.asked))
    }

    /// The same of namespaces that were asked for, one by one.
    pub(crate) fn namespaces_without_pods<'n>(
        &self,
        asked: impl IntoIterator<Item = &'n str>,
    ) -> Vec<String> {
        if self.files.is_none() || self.facts.pods.is_empty() {
            return Vec::new();
        }
        let is_without = |name: &&str| {
            let mut pods = self.facts.pods.iter();
            !pods.any(|pod| *pod.namespace == **name)
        };
        let without: BTreeSet<&str> = asked.into_iter().filter(is_without).collect();
        let told = without.into_iter();
        told.map(|name| format!("there is no pod and no workload in namespace `{name}`"))
            .collect()
    }

    /// Why pods and Services may be there that are not known, one line each.
    pub(crate) fn may_be_in(&self) -> Vec<String> {
        let gaps = self.facts.gaps.iter();
        let gaps = gaps.filter(|gap| gap.kind.may_hide_pods());
        gaps.map(|gap| self.told(gap))
            .chain(self.without_pods())
            .collect()
    }

    /// A gap with the place of its object.
    pub(crate) fn told(&self, gap: &Gap) -> String {
        let place = gap.source.and_then(|source| self.place(source));
        match place {
            Some(place) => format!("{place}: {gap}"),
            None => gap.to_string(),
        }
    }
}

impl Files {
    fn place(&self, source: Source) -> Option<ManifestPlace> {
        let number = usize::try_from(source.0).ok()?;
        self.places.get(number).copied()
    }

    /// Writes file, line and column beside the paths of parts of these objects.
    fn fill(&self, sources: &[Option<Source>], parts: &mut [Place]) -> Result<()> {
        let mut by_file: BTreeMap<FileId, Vec<(ManifestPlace, usize)>> = BTreeMap::new();
        for (number, source) in sources.iter().enumerate() {
            if let Some(object) = source.and_then(|source| self.place(source)) {
                let of_file = by_file.entry(object.file).or_default();
                of_file.push((object, number));
            }
        }
        for (file, mut wanted) in by_file {
            let (name, text) = self.read.text(file)?;
            let mut places = ManifestPlaces::new(&text);
            // They are found fastest in the order of the file.
            wanted.sort_unstable();
            for (object, number) in wanted {
                if let Some(place) = parts.get_mut(number) {
                    name.clone_into(&mut place.file);
                    let spot = places.find(object, &place.path);
                    (place.line, place.column) = spot.unwrap_or((object.line, object.column));
                }
            }
        }
        Ok(())
    }
}

/// The dialect that was named, or that of the plugin that was detected; else every one that reads differently.
fn dialects(reading: &Reading, detected: Option<&str>) -> Vec<Dialect> {
    reach::dialects_of(reading.dialect.as_deref().or(detected))
}

/// What could not be read of a file.
fn gap(diagnostic: &Diagnostic) -> Gap {
    let place = &diagnostic.place;
    Gap {
        object: match place.line {
            0 => place.file.clone(),
            line => format!("{}:{line}:{}", place.file, place.column),
        },
        reason: diagnostic.message.clone(),
        source: None,
        kind: GapKind::NotRead,
    }
}
