//! Numbers of things, in words.

/// `1 step`, `2 steps`; `1 address`, `2 addresses`; `1 policy`, `2 policies`.
pub fn counted(number: usize, word: &str) -> String {
    if number == 1 {
        return format!("1 {word}");
    }
    match (word.strip_suffix('y'), word.ends_with('s')) {
        (Some(stem), _) => format!("{number} {stem}ies"),
        (None, true) => format!("{number} {word}es"),
        (None, false) => format!("{number} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_one_and_everything_else_is_several() {
        for (number, word, want) in [
            (0, "step", "0 steps"),
            (1, "address", "1 address"),
            (2, "address", "2 addresses"),
            (3, "policy", "3 policies"),
        ] {
            assert_eq!(counted(number, word), want);
        }
    }
}
