//! Where output goes: data to standard output, talk to standard error.

use std::io::{self, Write};

/// Writes data to standard output. A reader that has gone away is no error.
pub fn data(text: &str) -> io::Result<()> {
    quiet_on_closed_pipe(anstream::stdout().write_all(text.as_bytes()))
}

/// Writes a line of talk to standard error.
pub fn talk(line: &str) -> io::Result<()> {
    quiet_on_closed_pipe(writeln!(anstream::stderr(), "{line}"))
}

fn quiet_on_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
