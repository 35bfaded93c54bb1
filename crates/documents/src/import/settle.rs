//! The drafts, judged beside what is there as `check` judges them: what has an error becomes a comment.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_model::flow::Date;

use super::draft::{DraftFile, Drafts};
use super::notes::Notes;
use super::{Imported, Scene};
use crate::load::{SourceFile, load};

/// Files without any error, beside those that are there.
pub(super) fn settle(
    scene: &Scene<'_>,
    mut drafts: Drafts,
    mut notes: Notes,
    (there, today): (&[SourceFile], &Date),
) -> Result<Imported, String> {
    loop {
        let files = drafts.files(&scene.cluster.name, &notes);
        let taken = files.iter().map(|one| &one.file.path);
        let taken = taken.filter(|path| there.iter().any(|file| file.path == **path));
        let taken: Vec<&str> = taken.map(String::as_str).collect();
        if !taken.is_empty() {
            return Err(format!(
                "there already, and never overwritten: {}; move or delete what is there, and import again",
                taken.join(", ")
            ));
        }
        let drafted = files.iter().map(|one| one.file.clone());
        let all: Vec<SourceFile> = there.iter().cloned().chain(drafted).collect();
        let loaded = load(&all, today);
        let errors = loaded.diagnostics.iter();
        let errors: Vec<&Diagnostic> = errors
            .filter(|one| one.severity == Severity::Error)
            .collect();
        if errors.is_empty() {
            return Ok(finish(drafts, files, notes));
        }
        let faults = faults(&files, &errors);
        if faults.is_empty() {
            let told = errors.iter().map(|one| {
                let (file, line) = (&one.place.file, one.place.line);
                format!("{file}:{line}: {}", one.message)
            });
            let told: Vec<String> = told.collect();
            return Err(format!(
                "the drafts would bring errors: {}",
                told.join("; ")
            ));
        }
        for draft in drafts.all().filter(|draft| draft.inactive.is_none()) {
            if let Some(why) = faults.get(&draft.id()) {
                draft.inactive = Some(why.clone());
                notes.withdraw(&draft.id(), why);
            }
        }
    }
}

/// What is wrong with each draft, by its id.
fn faults(files: &[DraftFile], errors: &[&Diagnostic]) -> BTreeMap<String, String> {
    let mut faults: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for error in errors {
        let mut places = files.iter();
        let file = places.find(|one| one.file.path == error.place.file);
        let before = file.and_then(|one| one.lines.range(..=error.place.line).next_back());
        if let Some((_, id)) = before {
            faults.entry(id.clone()).or_default().insert(&error.message);
        }
    }
    let told = faults.into_iter();
    told.map(|(id, messages)| (id, messages.into_iter().collect::<Vec<_>>().join("; ")))
        .collect()
}

fn finish(mut drafts: Drafts, files: Vec<DraftFile>, notes: Notes) -> Imported {
    let mut drafted: BTreeMap<&'static str, usize> = BTreeMap::new();
    for draft in drafts.all().filter(|draft| draft.inactive.is_none()) {
        *drafted.entry(draft.kind).or_default() += 1;
    }
    let (mapped, unmapped) = notes.finish();
    Imported {
        files: files.into_iter().map(|one| one.file).collect(),
        drafted,
        mapped,
        unmapped,
    }
}
