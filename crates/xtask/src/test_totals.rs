//! The totals of `cargo test`, summed over its binaries.

use std::fmt;

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Totals {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; …`; other lines count nothing.
    pub(crate) fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        self.passed += count(counts, "passed");
        self.failed += count(counts, "failed");
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed } = self;
        write!(formatter, "{passed} passed, {failed} failed")
    }
}

fn count(counts: &str, what: &str) -> u64 {
    let words: Vec<&str> = counts
        .split([' ', ';'])
        .filter(|word| !word.is_empty())
        .collect();
    let pair = words
        .windows(2)
        .find(|pair| matches!(pair, [_, word] if *word == what));
    let number = pair.and_then(|pair| pair.first());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_summed_and_other_lines_ignored() {
        let mut totals = Totals::default();
        totals.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        totals.add("test it_failed ... FAILED, 9 passed; 9 failed");
        totals.add("test result: FAILED. 12 passed; 2 failed; 0 ignored; finished in 0.1s");
        assert_eq!(totals.to_string(), "15 passed, 2 failed");
    }
}
