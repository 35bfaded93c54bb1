//! Asking before anything is written.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Result, bail};
use cofferdam_report::output;

/// Asks on a terminal; off one, `--yes` is needed. `review` shows what is asked about.
pub(crate) fn confirmed(question: &str, review: &str) -> Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("standard input is no terminal to ask on: review with `{review}`, then say `--yes`");
    }
    output::talk(&format!("{question} Only `yes` is accepted:"))?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
