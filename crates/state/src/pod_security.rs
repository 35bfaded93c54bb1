//! What a server was asked about enforcing a Pod Security level, without anything being written.

use std::collections::BTreeMap;

use crate::observed::Reading;

/// A question: what if this level were enforced in this namespace?
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnforceQuestion {
    /// The namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
    /// The level, as the label carries it.
    pub level: String,
    /// The version of the level: `latest` or `v1.N`.
    pub version: String,
}

/// What a server warned of at each question, in its own words and order; nothing where no pod that runs
/// there now violates the level.
pub type EnforceAnswers = BTreeMap<EnforceQuestion, Reading<Vec<String>>>;
