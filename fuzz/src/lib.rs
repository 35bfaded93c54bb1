//! What is asked of an input, for targets and for the tests that ask it of the inputs that are kept.

mod semantics;

pub use semantics::semantics;
