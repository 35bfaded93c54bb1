//! Applying: one cluster, then the fleet in waves.

pub(crate) mod execute;
pub(crate) mod outcome;
mod overtaken;
pub(crate) mod waves;
