//! Real API servers on loopback, for the suites that need them and for the demo.
//!
//! [`Cluster::start`] runs one `etcd` and one `kube-apiserver`, both built by `cargo xtask assets`.
//! Nothing here reads an ambient kubeconfig, and every process dies with the one that started it, unless
//! [`ClusterOptions::lifetime`] says otherwise.
//! When the binaries are missing, starting a cluster is an error: a suite fails, it never skips.

pub mod admin_policies;
pub mod alertmanager;
pub mod assets;
pub mod audit;
pub mod certificates;
pub mod cluster;
pub mod cofferdam;
pub mod controller;
pub mod gateway_api;
pub mod guarded;
pub mod kubeconfig;
pub mod leaving;
pub mod options;
pub mod process;
pub mod proxy;
pub mod receiver;
pub mod sample_fleet;
pub mod seed;
pub mod shop;
pub mod shop_fleet;
pub mod user;
pub mod wait;

mod api_server;
mod definitions;
mod etcd;
mod http;
mod kubectl;
mod port;
mod random;

pub use assets::{Tool, Version};
pub use audit::{Audit, AuditEntry, AuditMark};
pub use cluster::Cluster;
pub use options::ClusterOptions;
pub use proxy::Proxy;
pub use seed::{Cni, SeedOptions, Seeded, SeededPod, Workload, seed_standard};
pub use user::User;
