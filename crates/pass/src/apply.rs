//! Applying: one cluster, then the fleet in waves.

pub mod execute;
pub mod outcome;
mod overtaken;
pub mod waves;
