//! Steps that a plan would hold if something did not stand in their way.

use cofferdam_objects::key::ObjectKey;

use crate::plan::{Operation, Phase};

/// A step that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldStep {
    /// What it will do.
    pub operation: Operation,
    /// The object.
    pub object: ObjectKey,
    /// When it would be due.
    pub phase: Phase,
    /// What it waits for, in one line.
    pub reason: String,
    /// What to do.
    pub hint: String,
}
