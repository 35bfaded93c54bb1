//! Arguments of `controller`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Arguments of `controller`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam -C /srv/fleet controller\n  cofferdam controller --config controller.yaml --listen 0.0.0.0:9440\n  COFFERDAM__OBSERVE_EVERY_SECONDS=600 cofferdam controller\n\nSettings, as a file of --config has them, with what counts where nothing is said:\n  listen: 127.0.0.1:9440         where /metrics, /healthz and /readyz are served\n  documentsEverySeconds: 2       how often documents and kubeconfigs are looked at\n  observeEverySeconds: 3600      how often everything is listed anew, as a net under lost events\n  maxInFlight: 32                questions at once about what a cluster would refuse\n  kubeconfig: FILE               in place of the documents'"
)]
pub(crate) struct ControllerArguments {
    /// A file of settings; the environment (`COFFERDAM__LISTEN`) goes before it, and flags before both
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Serve metrics and health here
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Use this kubeconfig instead of the documents'
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}
