//! Settings: a file, then the environment, then flags.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use config::{Case, Config, Environment, File, FileFormat};
use serde::{Deserialize, Deserializer};

/// Settings from the environment begin so, such as `COFFERDAM__OBSERVE_EVERY_SECONDS`.
const PREFIX: &str = "COFFERDAM";

/// What the controller is told beside its documents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Where metrics and health are served.
    pub listen: SocketAddr,
    /// How often the documents and kubeconfigs are looked at.
    #[serde(rename = "documentsEverySeconds", deserialize_with = "seconds")]
    pub documents_every: Duration,
    /// How often every kind is listed anew, as a net under lost events.
    #[serde(rename = "observeEverySeconds", deserialize_with = "seconds")]
    pub observe_every: Duration,
    /// So many questions about what a cluster would refuse are under way there at once.
    pub max_in_flight: u32,
    /// A kubeconfig to use in place of the documents'.
    pub kubeconfig: Option<PathBuf>,
}

/// What was typed; it goes before everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// A file of settings, as YAML.
    pub file: Option<PathBuf>,
    /// In place of `listen`.
    pub listen: Option<SocketAddr>,
    /// In place of `kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings: the file, then the environment by name, then flags.
    pub fn read(flags: &Flags, environment: HashMap<String, String>) -> Result<Self> {
        let mut layers = Config::builder()
            .set_default("listen", "127.0.0.1:9440")?
            .set_default("documentsEverySeconds", 2)?
            .set_default("observeEverySeconds", 3_600)?
            .set_default("maxInFlight", 32)?;
        if let Some(file) = &flags.file {
            layers = layers.add_source(File::from(file.as_path()).format(FileFormat::Yaml));
        }
        let environment = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .convert_case(Case::Camel)
            .try_parsing(true)
            .source(Some(environment));
        let kubeconfig = flags.kubeconfig.as_ref();
        let kubeconfig = kubeconfig.map(|path| path.to_string_lossy().into_owned());
        let settings = layers
            .add_source(environment)
            .set_override_option("listen", flags.listen.map(|one| one.to_string()))?
            .set_override_option("kubeconfig", kubeconfig)?
            .build()
            .and_then(Config::try_deserialize);
        settings.context("the settings cannot be used")
    }
}

/// A number of seconds, 1 at least.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = NonZeroU32::deserialize(deserializer)?;
    Ok(Duration::from_secs(seconds.get().into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Some settings out of a file, the environment and flags; the error where they are refused.
    fn told(file: &str, environment: &[(&str, &str)], listen: Option<&str>) -> String {
        let mut written = tempfile::NamedTempFile::new().expect("a file");
        written.write_all(file.as_bytes()).expect("room");
        let flags = Flags {
            file: Some(written.path().to_owned()),
            listen: listen.map(|one| one.parse().expect("an address")),
            kubeconfig: None,
        };
        let environment = environment.iter();
        let environment =
            environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        match Settings::read(&flags, environment.collect()) {
            Ok(one) => format!(
                "{} {:?} {:?}",
                one.listen, one.documents_every, one.observe_every
            ),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_the_file() {
        let file = "{ listen: '127.0.0.1:1', documentsEverySeconds: 5, observeEverySeconds: 60 }";
        assert_eq!(told("{}", &[], None), "127.0.0.1:9440 2s 3600s");
        assert_eq!(told(file, &[], None), "127.0.0.1:1 5s 60s");
        let environment = [
            ("COFFERDAM__LISTEN", "127.0.0.1:2"),
            ("COFFERDAM__OBSERVE_EVERY_SECONDS", "7"),
            ("COFFERDAM_DEMO", "else"),
        ];
        assert_eq!(told(file, &environment, None), "127.0.0.1:2 5s 7s");
        assert_eq!(told(file, &environment, Some("[::1]:3")), "[::1]:3 5s 7s");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (file, environment, expected) in [
            ("{ lisen: x }", ("A", "b"), "unknown field `lisen`"),
            ("{ listen: x }", ("A", "b"), "invalid socket address"),
            ("{ observeEverySeconds: 0 }", ("A", "b"), "nonzero"),
            ("{}", ("COFFERDAM__NO_SUCH", "1"), "unknown field `noSuch`"),
        ] {
            let told = told(file, &[environment], None);
            assert!(told.contains(expected), "{told}");
        }
    }
}
