//! A YAML text in parts that are parsed on their own, so that a fault ends one of them only.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk<'t> {
    pub(super) text: &'t str,
    /// How many lines stand before it.
    pub(super) lines_before: u32,
    pub(super) lines: u32,
}

/// Parts a text before every line that begins with `---`: wherever that stands, within a block
/// or a quoted scalar too, it begins a document.
pub(super) fn chunks(text: &str) -> Chunks<'_> {
    Chunks {
        rest: text,
        lines_before: 0,
    }
}

#[derive(Debug)]
pub(super) struct Chunks<'t> {
    rest: &'t str,
    lines_before: u32,
}

impl Chunks<'_> {
    /// How many lines stand before the next part.
    pub(super) fn lines_before(&self) -> u32 {
        self.lines_before
    }
}

impl<'t> Iterator for Chunks<'t> {
    type Item = Chunk<'t>;

    fn next(&mut self) -> Option<Chunk<'t>> {
        let (mut length, mut lines, mut has_content) = (0, 0, false);
        while let Some(line) = self.rest.get(length..).and_then(line) {
            let begins = is_document_start(line);
            if begins && has_content {
                break;
            }
            // Directives belong to the document after them.
            has_content |= begins || !is_before_documents(line);
            length += line.len();
            lines += 1;
        }
        let (text, rest) = self.rest.split_at_checked(length)?;
        let lines_before = self.lines_before;
        (self.rest, self.lines_before) = (rest, lines_before + lines);
        (!text.is_empty()).then_some(Chunk {
            text,
            lines_before,
            lines,
        })
    }
}

/// The first line with its end, which may be `\n`, `\r\n` or `\r`, as the parser counts them.
fn line(text: &str) -> Option<&str> {
    let end = text.find(['\n', '\r']).map_or(text.len(), |end| {
        let is_pair = text.get(end..).is_some_and(|rest| rest.starts_with("\r\n"));
        end + if is_pair { 2 } else { 1 }
    });
    text.get(..end).filter(|line| !line.is_empty())
}

fn is_document_start(line: &str) -> bool {
    let rest = line.strip_prefix("---");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

fn is_before_documents(line: &str) -> bool {
    line.starts_with('%') || line.trim_start().starts_with('#') || line.trim().is_empty()
}
