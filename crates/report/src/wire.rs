//! The wire types: what programs read. Versioned, camelCase, times RFC 3339 in UTC, ages in seconds.

pub mod adopt;
pub mod apply;
pub mod blast;
pub mod change;
pub mod check;
pub mod compile;
pub mod denied;
pub mod detach;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod explain;
pub mod exposure;
pub mod finding;
pub mod guards;
pub mod history;
pub mod import;
pub mod plan;
pub mod prove;
pub mod reach;
pub mod rollout;
pub mod status;
pub mod zones;

/// `apiVersion` of every report.
pub const API_VERSION: &str = "cofferdam.io/v1alpha1";
