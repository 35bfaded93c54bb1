//! When a credential stops working.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use k8s_openapi::ByteString;
use kube::config::Kubeconfig;
use serde_json::Value;

use super::kubeconfig::Selected;

/// The earliest expiry of token and client certificate, where they can be told.
pub(super) fn of(
    file: &Kubeconfig,
    selected: &Selected,
    from_plugin: Option<Timestamp>,
) -> Option<Timestamp> {
    let auth = serde_json::to_value(selected.auth(file)?).ok()?;
    let text = |key: &str| auth.get(key).and_then(Value::as_str);
    let from_file = |key: &str| std::fs::read_to_string(text(key)?).ok();
    let token = match text("token") {
        Some(token) => Some(token.to_owned()),
        None => from_file("tokenFile"),
    };
    let certificate = match text("client-certificate-data") {
        Some(data) => decode(data).and_then(|bytes| String::from_utf8(bytes).ok()),
        None => from_file("client-certificate"),
    };
    let of_token = token.and_then(|token| of_jwt(token.trim()));
    let of_certificate = certificate.and_then(|pem| of_pem(&pem));
    [from_plugin, of_token, of_certificate]
        .into_iter()
        .flatten()
        .min()
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    let clean: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes: ByteString = serde_json::from_value(Value::String(clean)).ok()?;
    Some(bytes.0)
}

fn of_jwt(token: &str) -> Option<Timestamp> {
    let payload = token.split('.').nth(1)?;
    let mut standard = payload.replace('-', "+").replace('_', "/");
    while standard.len() % 4 != 0 {
        standard.push('=');
    }
    let claims: Value = serde_json::from_slice(&decode(&standard)?).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

fn of_pem(pem: &str) -> Option<Timestamp> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    not_after(&decode(body)?)
}

/// `notAfter` of a DER certificate: Certificate → tbsCertificate → (version), serial, algorithm,
/// issuer, validity → notBefore, notAfter.
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, body, _) = element(certificate)?;
    let (tag, _, after) = element(body)?;
    let rest = if tag == 0xa0 { after } else { body };
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    let (_, validity, _) = element(rest)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    let text = std::str::from_utf8(time).ok()?;
    let full = match tag {
        // UTCTime has two digits for the year: 50 and above are of the last century.
        0x17 if text.get(..2)? < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        _ => text.to_owned(),
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Tag, content and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first & 0x7f);
    if first & 0x80 != 0 {
        let (bytes, after) = rest
            .split_at_checked(length)
            .filter(|(b, _)| b.len() <= 4)?;
        length = bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_expiry() {
        let token = "e30.eyJleHAiOjE3MDAwMDAwMDB9.sig";
        let expected = Timestamp::from_second(1_700_000_000).ok();
        assert_eq!(of_jwt(token), expected);
        assert_eq!(of_jwt("opaque"), None);
    }
}
