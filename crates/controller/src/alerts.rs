//! Who is told of what, and how: decided where something happens, kept, and then delivered until it arrives.

mod deliver;
mod due;
mod message;
mod settings;

pub use deliver::drill;

pub(crate) use deliver::deliver;
pub(crate) use due::{Reason, due};
pub use settings::AlertSettings;

#[cfg(test)]
mod tests;
