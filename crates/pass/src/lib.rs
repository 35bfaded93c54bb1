//! A pass over clusters: documents read, clusters reached and observed, what each must hold compiled from what was just
//! read, what is to be done about it decided, and that carried out.
//!
//! What a person asks for once and what a controller does all day are the same pass.

pub mod apply;
pub mod between;
pub mod clock;
pub mod decide;
pub mod enforceable;
pub mod examined;
pub mod only;
pub mod project;
pub mod proof;
pub mod reach;
pub mod reading;
pub mod sources;
pub mod told;
pub mod unreachable;
