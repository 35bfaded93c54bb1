//! Digests of text.

use sha2::{Digest, Sha256};

/// The first 16 bytes of SHA-256 as 32 hexadecimal digits.
pub fn digest(text: impl AsRef<[u8]>) -> String {
    hexadecimal(text.as_ref(), 16)
}

/// The first 8 bytes of SHA-256 as 16 hexadecimal digits, for people to read.
pub fn short_digest(text: impl AsRef<[u8]>) -> String {
    hexadecimal(text.as_ref(), 8)
}

fn hexadecimal(text: &[u8], bytes: usize) -> String {
    // Records are looked up by digest, thousands of times per pass, so no formatter is in between.
    let digit = |half: u8| char::from_digit(u32::from(half), 16);
    let digits = Sha256::digest(text)
        .into_iter()
        .take(bytes)
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    let mut text = String::with_capacity(2 * bytes);
    text.extend(digits.flatten());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_begins_like_that_of_every_other_program() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223");
        assert_eq!(short_digest("abc"), "ba7816bf8f01cfea");
    }
}
