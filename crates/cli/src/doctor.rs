//! What `doctor` looks at and what it stores.

pub(crate) mod checks;
pub(crate) mod store;
