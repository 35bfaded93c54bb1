//! The objects that a question of connectivity is about.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use cofferdam_documents::{Manifest, ManifestPlace, ManifestPlaces};
use cofferdam_model::diagnostic::Diagnostic;
use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_report::wire::reach::Grounds;
use cofferdam_semantics::facts::{Facts, Gap};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::{Reader, reach};

use crate::args::Reading;
use crate::manifests;

/// Objects as facts, with the places where they stand.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) facts: Arc<Facts>,
    /// The dialects under one of which the answer is to hold.
    pub(crate) dialects: Vec<Dialect>,
    files: manifests::Read,
    places: Vec<ManifestPlace>,
}

impl Input {
    /// Reads what was named on the command line.
    pub(crate) fn read(paths: &[PathBuf], reading: &Reading) -> Result<Self> {
        let mut reader = Reader::default();
        let mut places = Vec::new();
        let mut number = 0;
        let files = manifests::read(paths, &mut |manifest| {
            let Manifest { object, place } = manifest;
            reader.read(&object, Source(number));
            places.push(place);
            number += 1;
        })?;
        for diagnostic in &files.diagnostics {
            reader.gap(gap(diagnostic));
        }
        let named = reading.dialect.as_deref();
        let named = DIALECTS
            .into_iter()
            .find(|dialect| Some(dialect.name) == named);
        Ok(Self {
            facts: Arc::new(reader.finish()),
            dialects: named.map_or_else(reach::different_dialects, |one| vec![one]),
            files,
            places,
        })
    }

    /// The file and line of an object.
    pub(crate) fn place(&self, source: Source) -> Option<String> {
        let place = usize::try_from(source.0)
            .ok()
            .and_then(|number| self.places.get(number))?;
        let path = self.files.path(place.file)?;
        Some(format!("{path}:{}", place.line))
    }

    /// File, line and column of a part of an object.
    pub(crate) fn place_of(&self, source: Source, path: &str) -> Result<Option<String>> {
        let place = usize::try_from(source.0)
            .ok()
            .and_then(|number| self.places.get(number));
        let Some(place) = place else {
            return Ok(None);
        };
        let (file, text) = self.files.text(place.file)?;
        let found = ManifestPlaces::new(&text).find(*place, path);
        Ok(found.map(|(line, column)| format!("{file}:{line}:{column}")))
    }

    /// What a report rests on.
    pub(crate) fn grounds(&self) -> Grounds {
        let gaps = self.facts.gaps.iter();
        Grounds {
            incomplete_because: gaps.map(|gap| self.told(gap)).collect(),
            dialect: match self.dialects.as_slice() {
                [one] => one.name,
                _ => "any",
            },
            enforced: "unknown",
            notes: reach::caveats(&self.facts, &self.dialects),
        }
    }

    fn told(&self, gap: &Gap) -> String {
        let place = gap.source.and_then(|source| self.place(source));
        match place {
            Some(place) => format!("{place}: {gap}"),
            None => gap.to_string(),
        }
    }
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
    }
}
