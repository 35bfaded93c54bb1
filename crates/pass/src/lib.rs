//! A pass over clusters, up to what is found of them: documents read, clusters reached and observed, and what each must
//! hold compiled from what was just read.
//!
//! What a person asks for once and what a controller does all day are the same pass.

pub mod between;
pub mod clock;
pub mod enforceable;
pub mod examined;
pub mod project;
pub mod reach;
pub mod reading;
pub mod told;
pub mod unreachable;
