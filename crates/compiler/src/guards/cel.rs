//! Text of the Common Expression Language, in which the API server judges requests.

/// A string literal. Names come from documents: what ends a literal is escaped.
pub(super) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('\'');
    for c in value.chars() {
        match c {
            '\\' | '\'' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A list of string literals.
pub(super) fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.into_iter().map(text).collect();
    format!("[{}]", values.join(", "))
}

/// All of these; `true` where there are none.
pub(super) fn all(parts: impl IntoIterator<Item = String>) -> String {
    join(parts, " && ", "true")
}

/// Any of these; `false` where there are none.
pub(super) fn any(parts: impl IntoIterator<Item = String>) -> String {
    join(parts, " || ", "false")
}

fn join(parts: impl IntoIterator<Item = String>, between: &str, none: &str) -> String {
    let parts: Vec<String> = parts.into_iter().map(|part| format!("({part})")).collect();
    if parts.is_empty() {
        none.to_owned()
    } else {
        parts.join(between)
    }
}

/// A map of an object's metadata, or an empty one: `of` is `object` or `oldObject`, `field` is `labels` or
/// `annotations`.
pub(super) fn metadata(of: &str, field: &str) -> String {
    format!("{of} != null && has({of}.metadata.{field}) ? {of}.metadata.{field} : {{}}")
}

/// Whether two maps hold the same under all keys that begin with one of these prefixes, or are one of these
/// keys.
pub(super) fn same_under(before: &str, after: &str, prefixes: &[&str], names: &[&str]) -> String {
    let prefixes = prefixes
        .iter()
        .map(|prefix| format!("k.startsWith({})", text(prefix)));
    let listed = (!names.is_empty()).then(|| format!("k in {}", list(names.iter().copied())));
    let ours = any(prefixes.chain(listed));
    format!(
        "{after}.all(k, !({ours}) || (k in {before} && {before}[k] == {after}[k])) \
         && {before}.all(k, !({ours}) || k in {after})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_literal() {
        for (value, want) in [
            ("user", "'user'"),
            ("o'brien", r"'o\'brien'"),
            (r"DOMAIN\user", r"'DOMAIN\\user'"),
            (r"\'", r"'\\\''"),
            ("a\nb", r"'a\nb'"),
            ("é", "'é'"),
        ] {
            assert_eq!(text(value), want);
        }
    }

    #[test]
    fn nothing_is_all_and_not_any() {
        assert_eq!(all([]), "true");
        assert_eq!(any([]), "false");
        assert_eq!(
            any(["a".to_owned(), "b && c".to_owned()]),
            "(a) || (b && c)"
        );
    }
}
