//! A slow, obvious second reading of what network policies mean.
//!
//! The fast engine (`semantics`) is tested against it, so it shares nothing with it but the vocabulary.
//! It keeps no state but the objects themselves, as `kubectl get -o json` shows them, and walks them
//! again for every question. Where it is in doubt, the text of the API is right: `NetworkPolicy` of
//! `networking.k8s.io/v1`, and of `policy.networking.k8s.io` `AdminNetworkPolicy` and
//! `BaselineAdminNetworkPolicy` (`v1alpha1`) and `ClusterNetworkPolicy` (`v1alpha2`).
//!
//! [`generate`] makes small clusters full of corners, and questions about them.

mod address;
mod cluster;
mod connection;
mod fields;
pub mod generate;
mod kind;
mod network_policy;
mod oracle;
mod port;
mod selector;
mod tier;
mod valid;

#[cfg(test)]
mod tests;

pub use oracle::{Oracle, Peer, Verdict};
pub use valid::is_valid;
