//! Names of the objects that we write.

/// Longest name that fits every place where we use one, a label value included.
const LONGEST: usize = 63;

/// `prefix` + `stem` + `suffix`, shortened with `digest` (of the whole) where that exceeds 63
/// characters. `digest` is hexadecimal and at least 8 characters long.
pub fn object_name(prefix: &str, stem: &str, suffix: &str, digest: &str) -> String {
    let stem = stem.replace('.', "-");
    let whole = format!("{prefix}{stem}{suffix}");
    if whole.len() <= LONGEST && !stem.contains("--") {
        return whole;
    }
    let digest: String = digest.chars().take(8).collect();
    let room = LONGEST.saturating_sub(prefix.len() + suffix.len() + digest.len() + 1);
    let head: String = stem.chars().take(room).collect();
    format!("{prefix}{}-{digest}{suffix}", head.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn long_names_are_shortened_with_a_hash() {
        let long = "a".repeat(70);
        for (stem, want) in [
            ("orders", "cofferdam-flow-orders-in".to_owned()),
            (
                &long,
                format!("cofferdam-flow-{}-01234567-in", "a".repeat(36)),
            ),
        ] {
            let name = object_name("cofferdam-flow-", stem, "-in", "0123456789");
            assert_eq!(name, want);
            assert!(name.len() <= 63);
        }
    }
}
