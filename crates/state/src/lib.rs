//! What passes between the steps: bundle, observed cluster, plan, findings and record. Data only.
//!
//! In pipeline order: a [`bundle::Bundle`] is compiled, an [`observed::Observed`] is read, both make a
//! [`plan::Plan`] and [`finding::Finding`]s, a [`pass`] carries the plan out, and a [`record::Record`] of
//! what was written stays in the cluster.

mod action;
pub mod audit;
pub mod bundle;
pub mod change;
pub mod detach;
pub mod digest;
pub mod finding;
pub mod footing;
pub mod guard;
pub mod held;
pub mod observed;
pub mod pass;
pub mod phase;
pub mod plan;
pub mod pod_security;
pub mod record;
pub mod segmentation;
