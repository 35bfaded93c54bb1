//! What can really reach what, computed from everything that is there and not only from what we wrote.
//!
//! In reading order: [`read`] takes raw objects to [`facts`] and [`policy`]; `classes` puts pods and
//! addresses that no policy tells apart together; `rows` says what the policies of a class let through;
//! [`connectivity`] joins both ends, and [`solver`] shares that between clusters; [`incremental`] keeps that true while a cluster changes; [`parties`] tells it by
//! workload, and [`mod@reach`] under several dialects; [`states`] compares a cluster under different policies;
//! [`hops`] follows chains of connections, into other clusters too; [`guarantee`] proves what a model guarantees;
//! [`mod@blast`] tells what a compromised workload reaches; [`entrances`] says which ways lead in from outside, and
//! [`mod@exposure`] what policies let through there; [`mod@lint`] tells faults of policies.

pub mod blast;
pub mod connectivity;
pub mod entrances;
pub mod exposure;
pub mod facts;
pub mod future;
pub mod guarantee;
pub mod hops;
pub mod incremental;
pub mod lint;
pub mod node_ports;
pub mod parties;
pub mod policy;
pub mod ports;
pub mod prove;
pub mod published;
pub mod reach;
pub mod read;
pub mod service_addresses;
pub mod services;
pub mod solver;
pub mod states;

mod addresses;
mod classes;
mod rows;
mod sets;
mod verdict;

pub use addresses::Family;
pub use classes::Classes;
pub use read::Reader;
pub use verdict::{Allowed, Verdict};

#[cfg(test)]
mod tests;
