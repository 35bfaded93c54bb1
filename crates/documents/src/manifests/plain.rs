//! What a scalar without quotes is to kubectl, which reads YAML 1.1 as go-yaml v2 does.

use saphyr_parser::Tag;
use serde_json::Number;

/// A scalar as kubectl takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Number(Number),
    Text,
    /// Infinity, or no number: JSON cannot say it, so kubectl refuses it.
    Unwritable,
}

/// Takes a scalar without quotes for what kubectl takes it for.
pub(super) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Plain::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Plain::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => return Plain::Unwritable,
        _ => {}
    }
    let number = match text.chars().next() {
        Some('.') if separates_digits(text) => float(&text.replace('_', "")),
        Some('+' | '-' | '0'..='9') => {
            let bare = text.replace('_', "");
            integer(&bare).or_else(|| float(&bare))
        }
        Some(_) | None => None,
    };
    number.map_or(Plain::Text, Plain::Number)
}

/// Whether a scalar with this tag is typed as if it had no quotes; why it cannot be read at all.
pub(crate) fn is_typed(tag: &Tag, text: &str) -> Result<bool, String> {
    if !tag.is_yaml_core_schema() {
        return Ok(false);
    }
    let resolved = resolve(text);
    let fits = match &*tag.suffix {
        "bool" => matches!(resolved, Plain::Bool(_)),
        "int" => matches!(&resolved, Plain::Number(number) if !number.is_f64()),
        "float" => matches!(resolved, Plain::Number(_)),
        "null" => resolved == Plain::Null,
        "binary" => return Err("a value in `!!binary` is not read".to_owned()),
        _ => return Ok(false),
    };
    if fits {
        Ok(true)
    } else {
        Err(format!("`{text}` is no `!!{}`", tag.suffix))
    }
}

/// A number as it goes to the API server: without a point where nothing stands behind it.
pub(super) fn whole_where_possible(float: f64) -> Option<Number> {
    let shown = format!("{float}");
    let whole = shown.parse::<i64>().map(Number::from);
    whole.ok().or_else(|| Number::from_f64(float))
}

/// A key that is a number, as kubectl writes it; none where that is by an exponent, or no signed
/// integer.
pub(super) fn number_key(text: &str) -> Option<String> {
    let bare = text.replace('_', "");
    if let Some(number) = integer(&bare) {
        return number.as_i64().map(|number| number.to_string());
    }
    let float: f32 = bare.parse().ok()?;
    let is_short = float == 0.0 || (1e-4..1e6).contains(&float.abs());
    is_short.then(|| format!("{float}"))
}

/// Whether every underscore stands between two digits.
fn separates_digits(text: &str) -> bool {
    let mut parts = text.split('_').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let begins = first || is_digit(part.as_bytes().first());
        let ends = parts.peek().is_none() || is_digit(part.as_bytes().last());
        if !begins || !ends {
            return false;
        }
        first = false;
    }
    true
}

fn integer(text: &str) -> Option<Number> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match body.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, body.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, body.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, body.get(2..)?),
        [b'0', _, ..] => (8, body.get(1..)?),
        _ => (10, body),
    };
    // A second sign would be read too.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    match text.as_bytes().first()? {
        b'-' => 0_i64.checked_sub_unsigned(size).map(Number::from),
        b'+' => i64::try_from(size).ok().map(Number::from),
        _ => Some(Number::from(size)),
    }
}

fn float(text: &str) -> Option<Number> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_good = match mantissa.split_once('.') {
        None => is_digits(mantissa),
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
    };
    let exponent = exponent.map(|part| part.strip_prefix(['+', '-']).unwrap_or(part));
    if !is_good || !exponent.is_none_or(is_digits) {
        return None;
    }
    whole_where_possible(text.parse().ok().filter(|float: &f64| float.is_finite())?)
}
