//! Clusters in memory, with faults, for the tests of the pure crates.
//!
//! [`model()`] makes a model of documents as a user writes them. A [`Cluster`] holds what a cluster
//! holds, carries out steps as an API server would, and suffers the acts of somebody else. A [`Trial`]
//! puts both together and applies plans, whole or killed on the way. [`reach`] says what the policies
//! of a cluster allow, without a word of the planner, and [`generate`] makes models and acts.
//!
//! Planner and judge are handed in, so that their own tests can use this crate.

#![expect(
    clippy::panic,
    reason = "a test whose scene cannot be set fails there and then"
)]

mod act;
mod capabilities;
mod cluster;
mod edit;
mod execute;
pub mod generate;
mod guards;
mod managed_fields;
mod model;
mod pod_security;
pub mod reach;
mod shop;
mod trial;

pub use act::Act;
pub use capabilities::kubeadm;
pub use cluster::{Cluster, node, pod, toleration};
pub use edit::Edit;
pub use execute::Writes;
pub use model::{model, today};
pub use shop::SHOP;
pub use trial::{Ended, Faults, Planner, Trial};
