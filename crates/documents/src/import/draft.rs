//! Drafts of documents, and the files that they go to.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::names::ClusterName;
use serde_json::{Value, json};

use super::notes::Notes;
use crate::emit::document;
use crate::load::SourceFile;
use crate::raw::API_VERSION;
use crate::starter::name::as_name;

/// A document in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// What a reader is to know, a line each.
    pub(super) remarks: Vec<String>,
    pub(super) spec: Value,
    /// Why it is only a comment, where it is.
    pub(super) inactive: Option<String>,
}

/// Every draft, by the file that it goes to.
#[derive(Debug)]
pub(super) struct Drafts {
    pub(super) zones: Vec<Draft>,
    /// What a reader of the zones is to know, a line each.
    pub(super) about_zones: Vec<String>,
    pub(super) flows: Vec<Draft>,
    pub(super) pools: Vec<Draft>,
}

impl Draft {
    /// `Kind/name`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    fn text(&self) -> String {
        let value = json!({
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": { "name": self.name },
            "spec": self.spec,
        });
        let remarks = self.remarks.iter().map(|remark| comment(remark));
        let text = remarks.collect::<String>() + &document(&value);
        match &self.inactive {
            None => text,
            Some(reason) => {
                let lines = text.lines().map(|line| format!("# {line}\n"));
                let head = comment(&format!("NOT IN FORCE: {reason}"));
                head + "# ---\n" + &lines.collect::<String>()
            }
        }
    }
}

impl Drafts {
    /// Every draft.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Draft> {
        let Self {
            zones,
            about_zones: _,
            flows,
            pools,
        } = self;
        zones.iter_mut().chain(flows).chain(pools)
    }

    /// The files, and for each the drafts in force with the line on which each begins.
    pub(super) fn files(&self, cluster: &ClusterName, notes: &Notes) -> Vec<DraftFile> {
        let Self {
            zones,
            about_zones,
            flows,
            pools,
        } = self;
        let rest = |object: &str| {
            let (kind, _) = object.split_once('/').unwrap_or((object, ""));
            match kind {
                "Namespace" | "Zone" => 0,
                "Node" | "Nodes" | "NodePool" => 2,
                _ => 1,
            }
        };
        let places = [
            (
                format!("policies/{cluster}-zones.yaml"),
                about_zones.as_slice(),
                zones,
            ),
            (format!("policies/{cluster}-flows.yaml"), &[], flows),
            (format!("fleet/{cluster}-node-pools.yaml"), &[], pools),
        ];
        let files = places.into_iter().enumerate();
        let files = files.map(|(number, (path, about, drafts))| {
            let unmapped = notes.all_unmapped();
            let unmapped = unmapped.filter(|one| rest(&one.object) == number);
            let unmapped: Vec<String> = unmapped
                .map(|one| comment(&format!("- {}: {}", one.object, one.reason)))
                .collect();
            file((path, cluster), about, drafts, &unmapped)
        });
        files.flatten().collect()
    }
}

/// A file in the making.
#[derive(Debug)]
pub(super) struct DraftFile {
    pub(super) file: SourceFile,
    /// The first line of each document in force, from 1, with its id.
    pub(super) lines: BTreeMap<u32, String>,
}

fn file(
    (path, cluster): (String, &ClusterName),
    about: &[String],
    drafts: &[Draft],
    unmapped: &[String],
) -> Option<DraftFile> {
    if drafts.is_empty() && unmapped.is_empty() {
        return None;
    }
    let mut text = comment(&format!(
        "Drafted by `cofferdam import` from what lives in cluster `{cluster}`; to be reviewed, and yours from now on."
    ));
    text.extend(about.iter().map(|line| comment(line)));
    let mut lines = BTreeMap::new();
    let (active, inactive): (Vec<&Draft>, Vec<&Draft>) =
        drafts.iter().partition(|draft| draft.inactive.is_none());
    for (number, draft) in active.into_iter().enumerate() {
        if number > 0 {
            text.push_str("---\n");
        }
        let line = u32::try_from(text.lines().count() + 1).unwrap_or(u32::MAX);
        lines.insert(line, draft.id());
        text.push_str(&draft.text());
    }
    for draft in inactive {
        text.push_str("#\n");
        text.push_str(&draft.text());
    }
    if !unmapped.is_empty() {
        text.push_str("#\n# Not in the drafts, or not exactly:\n");
        text.push_str(&unmapped.concat());
    }
    Some(DraftFile {
        file: SourceFile { path, text },
        lines,
    })
}

/// One line, whatever the text holds.
fn comment(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
        .collect();
    format!("# {plain}\n")
}

/// Names that no document of a kind has yet.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Names that are taken.
    pub(super) fn taken<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// The wanted name, or with the cluster behind it, or a number.
    pub(super) fn free(&mut self, wanted: &str, cluster: &ClusterName) -> String {
        let wanted = as_name(wanted);
        let placed = as_name(&format!("{wanted}-{cluster}"));
        let numbered = (2..=u32::MAX).map(|number| format!("{wanted}-{number}"));
        let name = [wanted.clone(), placed]
            .into_iter()
            .chain(numbered)
            .find(|name| !self.0.contains(name))
            .unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}
