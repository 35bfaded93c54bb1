//! Zone model and capabilities into the bundle of one cluster.
//!
//! Compilation is pure, total and deterministic: it always gives a bundle, and says in remarks what
//! could not be expressed. In pipeline order: [`members`] finds which namespaces the zones hold in the
//! cluster, `namespaces` gives them their labels, a [`backend::Backend`] makes the policies, and
//! [`compile()`] puts the bundle together.

pub mod backend;
mod compile;
mod guards;
pub mod members;
mod namespaces;
mod network_policy;
mod pools;

pub use compile::{Compiled, compile};
pub use guards::{GuardNames, guard_faults, guard_names, rail_named};

#[cfg(test)]
mod tests;
