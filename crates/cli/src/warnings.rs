//! What is worth saying about clusters before anything goes wrong, on standard error.

use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_report::output;

/// A credential that expires sooner is worth a word.
pub(crate) const SOON_SECONDS: i64 = 24 * 60 * 60;

/// Warns of credentials that are about to expire and of audit logs that cannot be read.
pub(crate) fn say(examined: &[Examined<'_>]) -> std::io::Result<()> {
    for one in examined {
        let name = &one.cluster.name;
        for warning in about(one) {
            output::talk(&format!("warning: {name}: {warning}"))?;
        }
    }
    Ok(())
}

fn about(one: &Examined<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let connection = one.connection.as_ref();
    if let Some(at) = connection.and_then(|connection| connection.credential_expires_at())
        && let Some(left) = clock::seconds_until(&at)
        && (0..SOON_SECONDS).contains(&left)
    {
        let minutes = left / 60;
        warnings.push(format!(
            "the credential expires at {at}, in {} h {} min",
            minutes / 60,
            minutes % 60
        ));
    }
    if one.unreachable.is_none()
        && let Some(reason) = one.observed.writes.unknown()
    {
        warnings.push(format!("users are not named: {reason}"));
    }
    warnings
}
