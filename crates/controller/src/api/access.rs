//! Who may ask.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};

/// The digest of the token that whoever asks shows. Digests are compared, so that the time it takes tells nothing.
#[derive(Debug)]
pub(crate) struct Token([u8; 32]);

/// Why somebody is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("only the controller's own machine is answered")]
    Far,
    #[error("a token is wanted: `Authorization: Bearer TOKEN`")]
    NoToken,
    #[error("this is not the token of this controller")]
    OtherToken,
}

/// How many random bytes a token is made of.
const TOKEN_BYTES: usize = 32;

impl Token {
    /// The token in a file; a new one is written there where there is none, readable by its owner alone.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        let what = || format!("the token file {} cannot be used", path.display());
        if !path.exists() {
            if let Some(directory) = path.parent() {
                std::fs::create_dir_all(directory).with_context(what)?;
            }
            let mut random = [0; TOKEN_BYTES];
            let mut source = std::fs::File::open("/dev/urandom").with_context(what)?;
            source.read_exact(&mut random).with_context(what)?;
            let digest = Sha256::digest(random);
            let token = digest.iter().fold(String::new(), |mut token, byte| {
                // Writing to a String cannot fail.
                write!(token, "{byte:02x}").ok();
                token
            });
            // A start that is cut short leaves no half of a token.
            let partial = path.with_extension("partial");
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&partial);
            let mut file = file.with_context(what)?;
            writeln!(file, "{token}").with_context(what)?;
            file.sync_all().with_context(what)?;
            std::fs::rename(&partial, path).with_context(what)?;
        }
        let mode = std::fs::metadata(path)
            .with_context(what)?
            .permissions()
            .mode();
        ensure!(
            mode.trailing_zeros() >= 6,
            "the token file {} can be read by others: `chmod 600` it",
            path.display()
        );
        let token = std::fs::read_to_string(path).with_context(what)?;
        let token = token.trim();
        ensure!(
            token.len() >= 16,
            "the token in {} is shorter than 16 characters",
            path.display()
        );
        Ok(Self(Sha256::digest(token).into()))
    }

    /// Whether somebody may ask.
    pub(crate) fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refused> {
        if !peer.ip().to_canonical().is_loopback() {
            return Err(Refused::Far);
        }
        let shown = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = shown
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(Refused::NoToken)?;
        let digest: [u8; 32] = Sha256::digest(shown.trim()).into();
        if digest == self.0 {
            Ok(())
        } else {
            Err(Refused::OtherToken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody is told who asks from an address with a header.
    #[track_caller]
    fn check(peer: &str, header: Option<&str>, expected: Result<(), Refused>) {
        let token = Token(Sha256::digest("0123456789abcdef").into());
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().expect("a header"));
        }
        let peer: SocketAddr = peer.parse().expect("an address");
        assert_eq!(token.check(peer, &headers), expected, "{peer} {header:?}");
    }

    #[test]
    fn only_a_neighbour_with_the_token_is_answered() {
        let good = Some("Bearer 0123456789abcdef");
        check("127.0.0.1:1", good, Ok(()));
        check("[::1]:1", good, Ok(()));
        check("[::ffff:127.0.0.1]:1", good, Ok(()));
        check("10.0.0.1:1", good, Err(Refused::Far));
        check("127.0.0.1:1", None, Err(Refused::NoToken));
        check("127.0.0.1:1", Some("Basic x"), Err(Refused::NoToken));
        check("127.0.0.1:1", Some("Bearer "), Err(Refused::OtherToken));
        check(
            "127.0.0.1:1",
            Some("Bearer 0123456789abcdee"),
            Err(Refused::OtherToken),
        );
    }

    #[test]
    fn a_token_is_made_once_and_read_by_its_owner_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state/token");
        let first = Token::of_file(&path).expect("a token");
        assert_eq!(first.0, Token::of_file(&path).expect("a token").0);
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "short").expect("room");
        assert!(Token::of_file(&path).is_err());
    }
}
