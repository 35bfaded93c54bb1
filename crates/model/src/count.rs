//! Numbers of things and lists of names, in words.

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

/// How many are named.
const NAMED: usize = 5;

/// The first few, and how many more there are.
pub fn listed<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named: Vec<&str> = all.take(NAMED).collect();
    let named = named.join(", ");
    if more == 0 {
        return named;
    }
    format!("{named} and {more} more")
}

#[cfg(test)]
mod tests {
    use super::{counted, listed};

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

    #[test]
    fn what_is_not_named_is_counted() {
        let check = |all: &[&str], want: &str| assert_eq!(listed(all.iter().copied()), want);
        check(&["a"], "a");
        check(&["a", "b", "c", "d", "e"], "a, b, c, d, e");
        check(
            &["a", "b", "c", "d", "e", "f", "g"],
            "a, b, c, d, e and 2 more",
        );
    }
}
