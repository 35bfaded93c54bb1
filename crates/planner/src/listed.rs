//! Lists that a person reads: the first few are named, the others counted.

/// How many are named.
const NAMED: usize = 5;

/// The first few, and how many more there are.
pub(crate) fn listed<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
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
    use super::listed;

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
