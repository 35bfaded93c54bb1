//! Bundle and observed cluster into plan and drift findings. Pure.
//!
//! Both questions are answered from one [`view::View`]: what the cluster must hold beside what it
//! holds. [`findings`] says how they differ, one file per subject; [`steps`] says what to do about it, in
//! order; [`cross_cluster`] compares clusters of one trust domain; [`reach`] says what plans and findings do to what can be
//! reached; [`promised()`] is what a bundle does.

mod abandoned;
pub mod adopt;
pub mod authors;
mod blocked;
mod changes;
mod connections;
pub mod cross_cluster;
pub mod detach;
pub mod findings;
pub mod guards;
mod held;
mod in_the_way;
mod left_behind;
pub mod notices;
mod pod_security;
mod pools;
mod promised;
mod provider;
pub mod reach;
pub mod steps;
mod unlabelled;
pub mod view;
pub mod waivers;

pub use abandoned::abandoned;
pub use blocked::{blocked, left_to_gitops};
pub use changes::changes;
pub use findings::find;
pub use held::held_back;
pub use pod_security::enforce_questions;
pub use promised::promised;
pub use steps::plan;

#[cfg(test)]
mod tests;
