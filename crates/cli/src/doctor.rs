//! What `doctor` looks at and what it stores.

pub(crate) mod checks;
mod excess;
pub(crate) mod store;
