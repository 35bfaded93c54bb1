//! Logs on standard error, for those who ask for them.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Logs nothing, what is done differently from expected (`-v`), or every request (`-vv`). Paths and
/// status codes are logged, never headers or bodies. A daemon logs what happens, as one JSON object per line.
pub(crate) fn start(verbosity: u8, is_daemon: bool) {
    let level = match verbosity {
        0 if !is_daemon => return,
        0 | 1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let lines = if is_daemon {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).boxed()
    };
    // Our own crates only: what libraries log is not known to be free of secrets.
    let ours = Targets::new().with_target("cofferdam", level);
    tracing_subscriber::registry().with(lines).with(ours).init();
}
