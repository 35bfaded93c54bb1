//! The way from texts to a model.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::count::counted;
use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Place, Remark, Severity};
use cofferdam_model::flow::Date;

use crate::finding::{Finding, Reporter};
use crate::nearest::{did_you_mean, one_of};
use crate::parse::{Trouble, parse};
use crate::raw::{KINDS, schema};
use crate::resolve::{Read, resolve};
use crate::rules;
use crate::shape::Shape;
use crate::tree::{Kind, Node, Spot};
use crate::waive::{WAIVABLE, Waivers};

/// Findings about the shape of one document that are listed one by one.
const MAX_FINDINGS: usize = 1000;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path, relative to the directory that holds `fleet/` and `policies/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A file or directory that should hold documents and could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// The path, relative to the directory that holds `fleet/` and `policies/`.
    pub path: String,
    /// Why, as a sentence about it.
    pub reason: String,
}

/// What the files say.
#[derive(Debug)]
pub struct Loaded {
    /// The model; `None` when there is any error.
    pub model: Option<Model>,
    /// Every finding, by file, line and column.
    pub diagnostics: Vec<Diagnostic>,
    /// Every document whose kind is known, in the order of the files.
    pub documents: Vec<DocumentId>,
    read: Vec<Read>,
    index: BTreeMap<DocumentId, usize>,
    pub(crate) waivers: Waivers,
}

/// Reads every document of every file.
///
/// All findings come at once. Waivable errors that a waiver covers on `today` are notices.
pub fn load(files: &[SourceFile], today: &Date) -> Loaded {
    load_partly(files, &[], today)
}

/// The same where some files could not be read: each is an error beside those of the others, and what
/// only it may have defined is not said to be missing.
pub fn load_partly(files: &[SourceFile], unread: &[Unread], today: &Date) -> Loaded {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut loading = Loading::default();
    for Unread { path, reason } in unread {
        let trouble = Trouble {
            at: Spot::default(),
            code: "unreadable-file",
            message: reason.clone(),
            hint: None,
        };
        loading.say(path, "", trouble);
        loading.cut = true;
    }
    for file in &files {
        loading.read(file);
    }
    loading.check_shapes();
    loading.check_names();
    let draft = resolve(&loading.read, &mut loading.findings, loading.cut);
    let index = loading.index();
    let mut waivers = Waivers::default();
    let mut model = None;
    if let Some(draft) = draft {
        let places = rules::Places {
            index: &index,
            files: loading.read.iter().map(|read| &*read.file).collect(),
        };
        rules::judge(&draft, &places, today, &mut loading.findings);
        waivers = Waivers::new(&draft.model, today);
        say_what_is_unused(&waivers, &index, &mut loading);
        model = Some(draft.model);
    }
    let mut loaded = Loaded {
        model: None,
        diagnostics: loading.diagnostics,
        documents: loading.read.iter().map(|read| read.id.clone()).collect(),
        read: loading.read,
        index,
        waivers,
    };
    let found: Vec<Diagnostic> = loading
        .findings
        .into_iter()
        .map(|f| loaded.place(f))
        .collect();
    loaded.diagnostics.extend(found);
    loaded.check_presence(&files, loading.cut);
    loaded.diagnostics.sort();
    loaded.diagnostics.dedup();
    loaded.model = model.filter(|_| !loaded.has_error());
    loaded
}

/// Tells waivers that cover nothing, where nothing else may hide what they are for.
fn say_what_is_unused(
    waivers: &Waivers,
    index: &BTreeMap<DocumentId, usize>,
    loading: &mut Loading,
) {
    let hides = |finding: &Finding| {
        finding.severity == Severity::Error && !WAIVABLE.contains(&finding.code)
    };
    if !loading.diagnostics.is_empty() || loading.findings.iter().any(hides) {
        return;
    }
    let ids = loading.findings.iter().filter_map(|finding| {
        let read = loading.read.get(finding.document)?;
        Some((read.id.clone(), finding.code))
    });
    let found: Vec<(DocumentId, &'static str)> = ids.collect();
    for waiver in waivers.unused(&found) {
        let id = DocumentId {
            kind: "Waiver",
            name: waiver.name.to_string(),
        };
        let Some(number) = index.get(&id) else {
            continue;
        };
        let message = format!(
            "no flow has the error `{}` that this waives",
            waiver.covers.finding
        );
        Reporter::new(*number, &mut loading.findings)
            .notice("spec.for", "waiver-unused", message)
            .hint("delete it, or mend what it is for");
    }
}

impl Loaded {
    /// Gives a remark its file, line and column, and applies waivers to it.
    pub fn locate(&self, remark: &Remark) -> Diagnostic {
        let remark = remark.clone();
        let found = self.index.get(&remark.document);
        self.diagnostic(
            found.and_then(|number| self.read.get(*number)),
            &remark.document,
            Finding {
                document: 0,
                path: remark.path,
                severity: remark.severity,
                code: remark.code,
                message: remark.message,
                hint: remark.hint,
            },
        )
    }

    fn place(&self, finding: Finding) -> Diagnostic {
        let read = self.read.get(finding.document);
        let nobody = DocumentId {
            kind: "",
            name: String::new(),
        };
        self.diagnostic(read, read.map_or(&nobody, |read| &read.id), finding)
    }

    fn diagnostic(
        &self,
        read: Option<&Read>,
        document: &DocumentId,
        finding: Finding,
    ) -> Diagnostic {
        let spot = read.map_or_else(Spot::default, |read| {
            let key = matches!(finding.code, "unknown-field" | "ambiguous-key");
            read.node.find(&finding.path, key)
        });
        let finding = self.waivers.apply(document, finding);
        Diagnostic {
            place: Place {
                file: read.map_or_else(String::new, |read| read.file.clone()),
                line: spot.line,
                column: spot.column,
                path: finding.path,
            },
            severity: finding.severity,
            code: finding.code,
            message: finding.message,
            hint: finding.hint,
        }
    }

    fn has_error(&self) -> bool {
        let mut all = self.diagnostics.iter();
        all.any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Input without a zone model is never an empty model.
    fn check_presence(&mut self, files: &[&SourceFile], cut: bool) {
        let found = self.documents.iter().any(|id| id.kind == "ZoneModel");
        if found || (cut && self.has_error()) {
            return;
        }
        let policies = files.iter().find(|file| file.path.starts_with("policies/"));
        let message = if self.documents.is_empty() {
            "there are no documents"
        } else {
            "there is no ZoneModel"
        };
        self.diagnostics.push(Diagnostic {
            place: Place {
                file: policies.map_or_else(|| "policies".to_owned(), |file| file.path.clone()),
                ..Place::default()
            },
            severity: Severity::Error,
            code: "no-zone-model",
            message: message.to_owned(),
            hint: Some("`cofferdam init` writes a start".to_owned()),
        });
    }
}

#[derive(Default)]
struct Loading {
    read: Vec<Read>,
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    cut: bool,
}

impl Loading {
    fn read(&mut self, file: &SourceFile) {
        let parsed = parse(&file.text);
        self.cut |= parsed.cut || !parsed.troubles.is_empty();
        for trouble in parsed.troubles {
            self.say(&file.path, "", trouble);
        }
        for node in parsed.documents {
            if !node.is_nothing() {
                self.identify(&file.path, node);
            }
        }
    }

    fn identify(&mut self, file: &str, node: Node) {
        if !matches!(node.kind, Kind::Mapping(_)) {
            let message =
                "a document is a mapping with `apiVersion`, `kind`, `metadata` and `spec`";
            let trouble = Trouble {
                at: node.start,
                code: "not-a-document",
                message: message.to_owned(),
                hint: None,
            };
            self.say(file, "", trouble);
            self.cut = true;
            return;
        }
        let text = node.get("kind").and_then(Node::text);
        let Some(kind) = text.and_then(|text| KINDS.iter().find(|kind| **kind == text)) else {
            self.say(file, "kind", unknown_kind(&node, text));
            self.cut = true;
            return;
        };
        let name = node
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned();
        self.read.push(Read {
            id: DocumentId { kind, name },
            file: file.to_owned(),
            node,
            good: true,
        });
    }

    fn say(&mut self, file: &str, path: &str, trouble: Trouble) {
        let Trouble {
            at,
            code,
            message,
            hint,
        } = trouble;
        self.diagnostics.push(Diagnostic {
            place: Place {
                file: file.to_owned(),
                line: at.line,
                column: at.column,
                path: path.to_owned(),
            },
            severity: Severity::Error,
            code,
            message,
            hint,
        });
    }

    fn check_shapes(&mut self) {
        let kinds: BTreeSet<&str> = self.read.iter().map(|read| read.id.kind).collect();
        let schemas: BTreeMap<&str, _> = kinds
            .into_iter()
            .filter_map(|kind| Some((kind, schema(kind)?)))
            .collect();
        let mut shapes: BTreeMap<&str, Shape<'_>> = schemas
            .iter()
            .map(|(kind, schema)| (*kind, Shape::new(schema)))
            .collect();
        for (number, read) in self.read.iter_mut().enumerate() {
            let before = self.findings.len();
            if let Some(shape) = shapes.get_mut(read.id.kind) {
                let mut reporter = Reporter::new(number, &mut self.findings);
                shape.check(&read.node, &mut reporter);
            }
            let found = self.findings.len() - before;
            read.good = found == 0;
            if found > MAX_FINDINGS {
                self.findings.truncate(before + MAX_FINDINGS);
                let more = found - MAX_FINDINGS;
                let more = counted(more, "more finding");
                let message = format!("{more} about the shape of this document");
                Reporter::new(number, &mut self.findings).error("", "too-many-findings", message);
            }
        }
    }

    fn check_names(&mut self) {
        let mut first: BTreeMap<DocumentId, String> = BTreeMap::new();
        let mut zone_model: Option<String> = None;
        for (number, read) in self.read.iter_mut().enumerate() {
            let at = read.node.find("metadata.name", false);
            let here = format!("{}:{}", read.file, at.line);
            let mut reporter = Reporter::new(number, &mut self.findings);
            if let Some(there) = first.get(&read.id) {
                let message = format!("there are two documents {}", read.id);
                let hint = format!("the other is at {there}");
                reporter
                    .error("metadata.name", "duplicate-document", message)
                    .hint(hint);
                read.good = false;
                continue;
            }
            if read.id.kind == "ZoneModel" {
                if let Some(there) = &zone_model {
                    let message = "there is more than one ZoneModel";
                    let hint = format!("the other is at {there}");
                    reporter
                        .error("metadata.name", "several-zone-models", message)
                        .hint(hint);
                    read.good = false;
                }
                zone_model.get_or_insert_with(|| here.clone());
            }
            first.insert(read.id.clone(), here);
        }
    }

    /// The first document of every name.
    fn index(&self) -> BTreeMap<DocumentId, usize> {
        let numbered = self.read.iter().enumerate().rev();
        numbered
            .map(|(number, read)| (read.id.clone(), number))
            .collect()
    }
}

fn unknown_kind(node: &Node, text: Option<&str>) -> Trouble {
    let known = || format!("known are {}", one_of(KINDS));
    let (message, hint) = match text {
        None => ("`kind` is missing".to_owned(), None),
        Some(text) => (
            format!("there is no kind `{text}`"),
            did_you_mean(text, KINDS),
        ),
    };
    Trouble {
        at: node.find("kind", false),
        code: "unknown-kind",
        message,
        hint: Some(hint.unwrap_or_else(known)),
    }
}
