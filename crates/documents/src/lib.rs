//! Text of fleet and policies into values and diagnostics.
//!
//! Opens no file, knows no clock and no environment: whoever calls hands in the texts and the day.
//! In reading order: [`load()`] takes texts to a [`cofferdam_model::Model`]; `parse` and `tree` give
//! every value its place; `raw` holds one type per kind, from which the JSON Schemas are made; `shape` compares
//! trees with schemas; `resolve` makes the model's types; `rules` judges what single documents cannot
//! show; `lint` tells what is no error and hardly meant; `import` drafts documents from what lives in a cluster. `manifests` reads Kubernetes objects instead,
//! by the rules of kubectl.

mod capabilities_document;
mod deserialize;
mod emit;
mod finding;
mod import;
mod lint;
mod load;
mod manifests;
mod nearest;
mod parse;
mod pin;
mod raw;
mod resolve;
mod revision;
mod rules;
mod scalar;
mod shape;
mod starter;
mod tree;
mod waive;

pub use capabilities_document::capabilities_document;
pub use import::{
    ImportOptions, Imported, Live, Mapped, SeenNamespace, SeenNode, SeenPod, SeenPolicy, Unmapped,
    foundation, import,
};
pub use lint::lint;
pub use load::{Loaded, SourceFile, Unread, load, load_partly};
pub use manifests::{FileId, Manifest, ManifestPlace, ManifestPlaces, Manifests};
pub use nearest::did_you_mean;
pub use pin::pin;
pub use raw::{KINDS, schema};
pub use rules::WRONG_IDENTITY;
pub use starter::{ContextStart, NamedContext, Present, starter};
pub use waive::WAIVABLE;

#[cfg(test)]
mod tests;
