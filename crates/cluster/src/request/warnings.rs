//! Warnings that a server sends beside an answer: headers `Warning` (RFC 7234, 5.5), as Kubernetes fills
//! them: `299 - "text"`.

use http::HeaderMap;
use http::header::WARNING;

/// The texts, in order. What is not as the RFC says is given as it came: a warning that cannot be read is
/// still one.
pub(super) fn of_headers(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(WARNING).into_iter();
    values
        .flat_map(|value| of_value(&String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// Several warnings may stand in one header, with commas between.
fn of_value(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let Some((text, after)) = first(rest) else {
            found.push(rest.to_owned());
            break;
        };
        found.push(text);
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    found
}

/// The text of the first warning, and what comes after it and its date.
fn first(value: &str) -> Option<(String, &str)> {
    let (code, rest) = value.split_once(' ')?;
    let (_agent, rest) = rest.trim_start().split_once(' ')?;
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (text, rest) = quoted(rest.trim_start())?;
    let rest = rest.trim_start();
    let after_date = rest.starts_with('"').then(|| quoted(rest)).flatten();
    Some((text, after_date.map_or(rest, |(_, rest)| rest)))
}

/// A quoted string without its quotes and backslashes, and what comes after it.
fn quoted(value: &str) -> Option<(String, &str)> {
    let mut characters = value.strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match characters.next()? {
            '"' => return Some((text, characters.as_str())),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(headers: &[&str], want: &[&str]) {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(
                WARNING,
                HeaderValue::from_bytes(header.as_bytes()).expect("a header"),
            );
        }
        assert_eq!(of_headers(&map), want);
    }

    #[test]
    fn every_warning_is_read_and_none_is_lost() {
        check(&[], &[]);
        check(&[r#"299 - "one""#], &["one"]);
        check(&[r#"299 - "one""#, r#"299 - "two""#], &["one", "two"]);
        check(
            &[
                r#"299 - "one, and more", 199 agent:80 "two" "Sat, 25 Aug 2012 23:34:45 GMT", 299 - "three""#,
            ],
            &["one, and more", "two", "three"],
        );
        check(
            &[r#"299 - "pods in \"web\": a\\b""#],
            &[r#"pods in "web": a\b"#],
        );
        check(&["299 - \"caf\u{e9}\""], &["caf\u{e9}"]);
        // None of these is a warning as it should be.
        check(&["no warning"], &["no warning"]);
        check(&[r#"299 - "never closed"#], &[r#"299 - "never closed"#]);
        check(&[r#"299 - "one", rest"#], &["one", "rest"]);
        check(&[r#"299 - """#], &[""]);
    }
}
