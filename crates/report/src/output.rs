//! Where output goes: data to standard output, talk to standard error.

use std::borrow::Cow;
use std::io::{self, Write};

/// Writes data to standard output. A reader that has gone away is no error.
pub fn data(text: &str) -> io::Result<()> {
    quiet_on_closed_pipe(anstream::stdout().write_all(harmless(text).as_bytes()))
}

/// Writes a line of talk to standard error.
pub fn talk(line: &str) -> io::Result<()> {
    quiet_on_closed_pipe(writeln!(anstream::stderr(), "{}", harmless(line)))
}

/// A text that moves no cursor and turns no line around: what clusters say may hold sequences that a terminal
/// obeys, and characters that reverse what follows them.
fn harmless(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| (c.is_control() && c != '\n' && c != '\t') || DIRECTIONAL.contains(&c);
    if text.contains(harmful) {
        Cow::Owned(text.replace(harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The characters with the property `Bidi_Control` (Unicode Standard Annex 9, 2).
const DIRECTIONAL: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

fn quiet_on_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nothing_that_a_terminal_obeys_is_written() {
        assert_eq!(harmless("a\tb\n"), "a\tb\n");
        assert_eq!(
            harmless("\u{1b}[2Jin sync\u{9b}"),
            "\u{fffd}[2Jin sync\u{fffd}"
        );
        assert_eq!(harmless("is \u{202e}cnys ni"), "is \u{fffd}cnys ni");
    }
}
