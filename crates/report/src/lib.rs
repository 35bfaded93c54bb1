//! Everything outward: wire types, JSON, SARIF, tables, YAML, and the only writers of standard output
//! and of files.

pub mod files;
pub mod json;
pub mod manifest;
pub mod output;
pub mod sarif;
pub mod svg;
pub mod text;
pub mod wire;
