//! Settings: a file, then the environment, then flags.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use config::{Case, Config, Environment, File, FileFormat};
use serde::{Deserialize, Deserializer};

use crate::alerts::AlertSettings;
use crate::rollouts::Check;

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
    /// What this controller is called in the records of clusters.
    pub name: String,
    /// Whether what would be put back is only told.
    pub dry_run: bool,
    /// How long policies get to take effect before open policies go.
    #[serde(rename = "settleSeconds", deserialize_with = "seconds")]
    pub settle: Duration,
    /// Where history is kept; below the directory of the documents where nothing is said.
    pub history: Option<PathBuf>,
    /// The file with the token that whoever asks shows, made where there is none; below the directory of the documents
    /// where nothing is said.
    pub token_file: Option<PathBuf>,
    /// How long history is kept.
    pub retain: Kept,
    /// Who is told of what.
    pub alerts: AlertSettings,
    /// How new documents are rolled out.
    pub rollout: RolloutSettings,
    /// Where several controllers elect the active one; nothing where there is only one.
    pub standby: Option<Standby>,
}

/// Where several controllers elect the active one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Standby {
    /// The cluster that keeps the Lease.
    pub cluster: String,
}

/// How new documents are rolled out, beside what trust domains say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutSettings {
    /// Whether a person has to approve each wave.
    pub needs_approval: bool,
    /// Questions to Prometheus that have to hold for a wave to pass.
    pub checks: Vec<Check>,
}

/// How long history is kept, in days; an audit may ask for the last year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// Episodes that ended.
    #[serde(rename = "episodesDays", deserialize_with = "days")]
    pub episodes: Duration,
    /// Passes.
    #[serde(rename = "passesDays", deserialize_with = "days")]
    pub passes: Duration,
    /// When clusters were watched.
    #[serde(rename = "coverageDays", deserialize_with = "days")]
    pub coverage: Duration,
    /// Alerts that were delivered.
    #[serde(rename = "alertsDays", deserialize_with = "days")]
    pub alerts: Duration,
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
    /// In place of `history`.
    pub history: Option<PathBuf>,
    /// Sets `dryRun`.
    pub dry_run: bool,
}

impl Settings {
    /// Reads the settings: the file, then the environment by name, then flags.
    pub fn read(flags: &Flags, environment: HashMap<String, String>) -> Result<Self> {
        let mut layers = Config::builder()
            .set_default("listen", "127.0.0.1:9440")?
            .set_default("documentsEverySeconds", 2)?
            .set_default("observeEverySeconds", 3_600)?
            .set_default("maxInFlight", 32)?
            .set_default("name", "cofferdam-controller")?
            .set_default("dryRun", false)?
            .set_default("settleSeconds", 10)?
            .set_default("retain.episodesDays", 400)?
            .set_default("retain.passesDays", 400)?
            .set_default("retain.coverageDays", 400)?
            .set_default("retain.alertsDays", 90)?
            .set_default("alerts.receivers", Vec::<String>::new())?
            .set_default("alerts.routes", Vec::<String>::new())?
            .set_default("rollout.needsApproval", false)?
            .set_default("rollout.checks", Vec::<String>::new())?
            .set_default("alerts.groupSeconds", 5)?
            .set_default("alerts.unknownAfterSeconds", 300)?;
        if let Some(file) = &flags.file {
            layers = layers.add_source(File::from(file.as_path()).format(FileFormat::Yaml));
        }
        let environment = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .convert_case(Case::Camel)
            .try_parsing(true)
            .source(Some(environment));
        let text = |path: &Option<PathBuf>| {
            let path = path.as_ref();
            path.map(|path| path.to_string_lossy().into_owned())
        };
        let settings = layers
            .add_source(environment)
            .set_override_option("listen", flags.listen.map(|one| one.to_string()))?
            .set_override_option("kubeconfig", text(&flags.kubeconfig))?
            .set_override_option("history", text(&flags.history))?
            .set_override_option("dryRun", flags.dry_run.then_some(true))?
            .build()
            .and_then(Config::try_deserialize::<Self>);
        let settings = settings.context("the settings cannot be used")?;
        settings
            .alerts
            .check()
            .context("the settings cannot be used")?;
        Ok(settings)
    }
}

/// A number of seconds, 1 at least.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = NonZeroU32::deserialize(deserializer)?;
    Ok(Duration::from_secs(seconds.get().into()))
}

/// A number of days, 1 at least.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let days = NonZeroU32::deserialize(deserializer)?;
    Ok(Duration::from_hours(24 * u64::from(days.get())))
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
            ..Flags::default()
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
