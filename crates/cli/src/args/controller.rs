//! Arguments of `controller`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `controller`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam -C /srv/fleet controller\n  cofferdam controller --config controller.yaml --listen 0.0.0.0:9440\n  cofferdam controller --dry-run           what would be put back is told, not written\n  cofferdam controller --config controller.yaml --drill\n  cofferdam controller --print rules > cofferdam-rules.yaml\n  COFFERDAM__OBSERVE_EVERY_SECONDS=600 cofferdam controller\n\nSettings, as a file of --config has them, with what counts where nothing is said:\n  listen: 127.0.0.1:9440         where /metrics, /healthz and /readyz are served\n  documentsEverySeconds: 2       how often documents and kubeconfigs are looked at\n  observeEverySeconds: 3600      how often everything is listed anew, as a net under lost events\n  maxInFlight: 32                questions at once about what a cluster would refuse\n  kubeconfig: FILE               in place of the documents'\n  name: cofferdam-controller     what it is called in the records of clusters\n  dryRun: false                  whether what would be put back is only told\n  settleSeconds: 10              for policies to take effect before open policies go\n  history: FILE                  default .cofferdam/history.db below the directory\n  tokenFile: FILE                what --server shows; default .cofferdam/token, made where it is missing\n  retain: { episodesDays: 400, passesDays: 400, coverageDays: 400, alertsDays: 90 }\n  rollout:\n    needsApproval: false         whether a person approves each wave\n    checks:                      questions to Prometheus that have to have an answer\n      - { name: errors, url: 'http://prometheus:9090', query: 'sum(rate(errors[5m])) < 1' }\n  standby: { cluster: NAME }     several controllers elect the active one by a Lease there\n  alerts:\n    groupSeconds: 5              what happens within this time is told at once\n    unknownAfterSeconds: 300     unknown for so long is told\n    receivers:\n      - { name: pager, kind: alertmanager, url: 'http://127.0.0.1:9093' }   also slack, webhook;\n        also urlFile, bearerTokenFile, caFile\n    routes:                      everybody of everything where there is none\n      - { receivers: [pager], severities: [critical, high], zones: [], trustDomains: [], classes: [] }"
)]
pub(crate) struct ControllerArguments {
    /// A file of settings; the environment (`COFFERDAM__LISTEN`) goes before it, and flags before both
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Serve metrics and health here
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Keep history in this file; default `.cofferdam/history.db` below the directory
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Tell what would be put back, and write nothing to clusters
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Tell every receiver of alerts that this is a drill, and end
    #[arg(long)]
    pub(crate) drill: bool,
    /// Print something to watch the controller by, and end
    #[arg(long, value_name = "WHAT")]
    pub(crate) print: Option<Printed>,
    /// Use this kubeconfig instead of the documents'
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// What can be printed to watch a controller by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Printed {
    /// A dashboard for Grafana
    Dashboard,
    /// Alert rules for Prometheus
    Rules,
    /// The metrics that it exposes
    Metrics,
}
