//! The vocabulary of zone model and fleet as types that cannot be wrong.
//!
//! Nothing here reads text or talks to a cluster: `documents` makes these values from YAML, and every
//! other crate may rely on what they promise (names are valid, references resolve, tiers exist).

pub mod capabilities;
pub mod class;
pub mod cluster;
pub mod count;
pub mod diagnostic;
pub mod dialect;
pub mod external_network;
pub mod flow;
pub mod guarantee;
pub mod healing;
pub mod labels;
pub mod lint;
pub mod model;
pub mod names;
pub mod networks;
pub mod node_pool;
pub mod trust_domain;
pub mod waiver;
pub mod zone;

pub use model::Model;
