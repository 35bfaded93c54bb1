//! Lines and columns of places in a text, found going forward.

/// A place that moves through a text. Places asked for in order cost one walk over the text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column, from 1, the latter in characters, of a byte.
    pub(super) fn place_of(&mut self, offset: usize) -> (u32, u32) {
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let passed = self.text.get(self.offset..offset).unwrap_or_default();
        self.pass(passed);
        (self.line, self.column)
    }

    /// The byte at a line and column; none where the text does not reach so far.
    pub(super) fn offset_of(&mut self, line: u32, column: u32) -> Option<usize> {
        if (line, column) < (self.line, self.column) {
            *self = Self::new(self.text);
        }
        while self.line < line {
            let rest = self.text.get(self.offset..)?;
            let end = rest.find('\n')? + 1;
            self.pass(rest.get(..end)?);
        }
        let wanted = usize::try_from(column - self.column).ok()?;
        let rest = self.text.get(self.offset..)?;
        let length = rest.char_indices().map(|(at, _)| at).nth(wanted)?;
        self.pass(rest.get(..length)?);
        Some(self.offset)
    }

    fn pass(&mut self, passed: &str) {
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        let last = match passed.rfind('\n').and_then(|end| passed.get(end + 1..)) {
            None => passed,
            Some(last) => {
                self.column = 1;
                last
            }
        };
        let counted = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.line = self.line.saturating_add(counted(lines));
        self.column = self.column.saturating_add(counted(last.chars().count()));
        self.offset += passed.len();
    }
}
