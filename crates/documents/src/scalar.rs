//! What a plain scalar means, and whether every YAML reader agrees on it.

/// The meaning of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// A string to every reader.
    Text,
    /// `true` or `false`.
    Bool(bool),
    /// A decimal integer.
    Integer(i64),
    /// A number that is not such an integer.
    Number,
    /// Readers disagree, or nothing is said; what some of them take it for.
    Ambiguous(&'static str),
}

/// Classifies a plain scalar.
pub(crate) fn classify(text: &str) -> Plain {
    match text {
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        "" => return Plain::Ambiguous("nothing"),
        "=" => return Plain::Ambiguous("a default value"),
        _ => {}
    }
    let is_any = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_any(&["y", "n", "yes", "no", "on", "off", "true", "false"]) {
        return Plain::Ambiguous("a boolean");
    }
    if is_any(&["~", "null"]) {
        return Plain::Ambiguous("nothing");
    }
    if is_any(&[".inf", "+.inf", "-.inf", ".nan"]) {
        return Plain::Number;
    }
    classify_number(text)
}

fn classify_number(text: &str) -> Plain {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Plain::Text;
    }
    // Some readers take the prefixes in upper case too.
    let radix = |prefix: &str, digit: fn(char) -> bool| {
        body.split_at_checked(prefix.len())
            .filter(|(first, _)| first.eq_ignore_ascii_case(prefix))
            .is_some_and(|(_, rest)| !rest.is_empty() && rest.chars().all(|c| c == '_' || digit(c)))
    };
    if radix("0x", |c| c.is_ascii_hexdigit())
        || radix("0o", |c| c.is_digit(8))
        || radix("0b", |c| c.is_digit(2))
    {
        return Plain::Ambiguous("a number to another base");
    }
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if digits(body) {
        return if body.len() > 1 && body.starts_with('0') {
            Plain::Ambiguous("an octal number")
        } else {
            text.parse().map_or(Plain::Number, Plain::Integer)
        };
    }
    if is_sexagesimal(body) {
        return Plain::Ambiguous("a number to base 60");
    }
    let bare = body.replace('_', "");
    match (is_decimal(&bare), bare.len() == body.len()) {
        (true, true) => Plain::Number,
        (true, false) => Plain::Ambiguous("a number"),
        (false, _) => Plain::Text,
    }
}

fn is_sexagesimal(body: &str) -> bool {
    let mut parts = body.split(':');
    let head = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == '_');
    if rest.peek().is_none() || head.is_empty() || !digits(head) {
        return false;
    }
    rest.all(|part| {
        let whole = part.split_once('.').map_or(part, |(whole, _)| whole);
        (1..=2).contains(&whole.len()) && whole.parse::<u8>().is_ok_and(|minutes| minutes < 60)
    })
}

fn is_decimal(body: &str) -> bool {
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent_is_good
}

#[cfg(test)]
mod tests {
    use super::{Plain, classify};

    #[test]
    fn plain_scalars_are_told_apart() {
        for text in [
            "y",
            "N",
            "yes",
            "No",
            "ON",
            "off",
            "~",
            "null",
            "NULL",
            "",
            "True",
            "0777",
            "0o17",
            "0x1F",
            "0b11",
            "0X1F",
            "0O7",
            "-0B1",
            "1_000",
            "1:30",
            "190:20:30",
            "1:30.5",
            "=",
            "1_0.5",
            "007",
        ] {
            assert!(matches!(classify(text), Plain::Ambiguous(_)), "{text}");
        }
        for text in [
            "a",
            "yess",
            "2026-11-21",
            "10.0.0.0/8",
            "10.0.0.1",
            "fd00::1",
            "v1.36",
            "8000-8100",
            "1h30m",
            "180d",
            "none",
            "-",
            "1e",
            "a:b",
            "6f0c-1",
            "_1",
            ".",
            "1:99",
            "1.2.3",
        ] {
            assert_eq!(classify(text), Plain::Text, "{text}");
        }
        for text in ["1.5", "1e3", ".5", ".inf", "99999999999999999999"] {
            assert_eq!(classify(text), Plain::Number, "{text}");
        }
        assert_eq!(classify("-12"), Plain::Integer(-12));
        assert_eq!(classify("true"), Plain::Bool(true));
    }
}
