//! Whatever the text: nothing panics, and everything ends soon.

use std::fmt::Write;

use cofferdam_model::diagnostic::Severity;
use proptest::prelude::*;

use super::whole::sample;
use super::{BASE, loaded};
use crate::pin;

#[test]
fn bombs_end_early() {
    let mut billion = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(billion, "a{level}: &a{level} [{below}]").unwrap();
    }
    let mut doubling = String::from(
        "b0: &b0 [x]
",
    );
    for level in 1..60 {
        let below = level - 1;
        writeln!(doubling, "b{level}: &b{level} [*b{below}, *b{below}]").unwrap();
    }
    let cases = [
        (billion, "too-many-nodes"),
        (
            format!("a: &a x\nb: [{}]", "*a, ".repeat(101)),
            "alias-limit",
        ),
        (doubling, "too-many-nodes"),
        ("[".repeat(10_000), "syntax"),
        ("[".repeat(100) + &"]".repeat(100), "too-deep"),
        ("{a: ".repeat(10_000), "syntax"),
        ("{a: ".repeat(100) + &"}".repeat(100), "too-deep"),
        ("- ".repeat(10_000), "too-deep"),
        ("&a ".repeat(3) + "x", "syntax"),
        ("x".repeat(9 * 1024 * 1024), "file-too-large"),
        ("a: &a [*a]".to_owned(), "alias-limit"),
    ];
    for (text, code) in cases {
        let loaded = loaded(&text);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code).collect();
        assert!(codes.contains(&code), "{code} not in {codes:?}");
        assert!(loaded.model.is_none());
    }
}

#[test]
fn empty_input_is_never_an_empty_model() {
    for text in [
        "",
        "\n",
        "---\n",
        "---\n---\n",
        "# nothing\n",
        "{}",
        "[]",
        "null",
    ] {
        let loaded = loaded(text);
        assert!(loaded.model.is_none(), "{text:?}");
        assert!(!loaded.diagnostics.is_empty(), "{text:?}");
    }
    assert!(crate::load(&[], &super::today()).model.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_ends(text in "\\PC{0,200}") {
        loaded(&text);
        pin(&text, "prod", "uid", Some("user:me")).ok();
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        loaded(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn yaml_like_text_ends(text in "([a-z]{1,3}: |- |\\[|\\]|\\{|\\}|&a |\\*a|\n|  |\"|'|, |\\||>|#|---\n|!|%|\\? |\t|1|~|<<: ){0,60}") {
        loaded(&text);
    }

    #[test]
    fn damaged_documents_end(
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        new in "[ -~\n]{0,12}",
    ) {
        let all: Vec<char> = BASE.chars().collect();
        let first = at.index(all.len());
        let last = (first + length).min(all.len());
        let damaged: String = all[..first].iter().copied().chain(new.chars()).chain(all[last..].iter().copied()).collect();
        let loaded = loaded(&damaged);
        let wrong = loaded.diagnostics.iter().any(|d| d.severity == Severity::Error);
        prop_assert_eq!(loaded.model.is_none(), wrong);
        pin(&damaged, "prod", "uid", Some("user:me")).ok();
    }

    #[test]
    fn damaged_samples_end(which in any::<prop::sample::Index>(), drop in any::<prop::sample::Index>()) {
        let mut files = sample();
        let file = which.index(files.len());
        let mut lines: Vec<&str> = files[file].text.lines().collect();
        lines.remove(drop.index(lines.len()));
        files[file].text = lines.join("\n");
        crate::load(&files, &super::today());
    }
}
