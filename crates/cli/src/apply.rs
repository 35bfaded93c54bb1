//! Applying: one cluster, then the fleet in waves.

pub(crate) mod execute;
pub(crate) mod outcome;
pub(crate) mod waves;
