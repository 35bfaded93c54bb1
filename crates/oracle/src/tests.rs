//! What must hold of every answer. What single answers must be is asked of the oracle and of the engine at once, in
//! `semantics/src/tests/checklist.rs`.

mod properties;
