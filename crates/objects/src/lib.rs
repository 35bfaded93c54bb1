//! The Kubernetes objects that Cofferdam reads and writes: their names, keys, labels and selectors.
//!
//! Data and questions about data only. This crate enables the Kubernetes version of `k8s-openapi` for
//! the whole workspace.

pub mod admission;
pub mod compare;
pub mod entrance_kind;
pub mod key;
pub mod keys;
pub mod live_spec;
pub mod load_balancer;
pub mod managed_fields;
pub mod name;
pub mod pod_security;
pub mod pod_template;
pub mod policy;
pub mod policy_kind;
pub mod selector;
pub mod served;
