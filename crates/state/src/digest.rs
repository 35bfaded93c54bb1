//! Digests of text.

use sha2::{Digest, Sha256};

/// The first 16 bytes of SHA-256 as 32 hexadecimal digits.
pub fn digest(text: &str) -> String {
    hexadecimal(text, 16)
}

/// The first 8 bytes of SHA-256 as 16 hexadecimal digits, for people to read.
pub fn short_digest(text: &str) -> String {
    hexadecimal(text, 8)
}

fn hexadecimal(text: &str, bytes: usize) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes())
        .iter()
        .take(bytes)
        .fold(String::new(), |mut out, byte| {
            // Writing to a String cannot fail.
            write!(out, "{byte:02x}").ok();
            out
        })
}
