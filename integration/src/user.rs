//! Users that a cluster knows from its start, by token.

use std::fmt::Write as _;

use anyhow::Result;

use crate::random;

/// A user of the static token file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name, as RBAC sees it.
    pub name: String,
    /// The groups, as RBAC sees them.
    pub groups: Vec<String>,
    /// The bearer token.
    pub token: String,
}

impl User {
    /// A user with a random token.
    pub fn new(name: &str, groups: &[&str]) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            token: random::token()?,
        })
    }
}

/// The text of the static token file.
pub(crate) fn token_file(users: &[User]) -> String {
    users.iter().fold(String::new(), |mut text, user| {
        let User {
            name,
            groups,
            token,
        } = user;
        // Writing to a String cannot fail.
        writeln!(
            text,
            "{token},\"{name}\",\"{name}\",\"{}\"",
            groups.join(",")
        )
        .unwrap_or_default();
        text
    })
}
