//! Pod Security levels and their version.

use cofferdam_model::zone::{PodSecurity, PodSecurityLevel};

use crate::finding::Reporter;
use crate::raw::zone as raw;
use crate::raw::zone_model::Defaults;

/// Reads the levels of a zone; what it leaves out is as the zone model says.
pub(crate) fn pod_security(
    reporter: &mut Reporter<'_>,
    raw: Option<&raw::PodSecurity>,
    defaults: &Defaults,
) -> Option<PodSecurity> {
    let same = |level: raw::PodSecurityLevel| PodSecurity {
        enforce: level_of(level),
        warn: level_of(level),
        audit: level_of(level),
        version: defaults.pod_security_version.clone(),
    };
    let modes = match raw {
        None => return Some(same(defaults.pod_security)),
        Some(raw::PodSecurity::Level(level)) => return Some(same(*level)),
        Some(raw::PodSecurity::Modes(modes)) => modes,
    };
    let version = match &modes.version {
        Some(own) => version(reporter, "spec.podSecurity.version", own)?,
        None => defaults.pod_security_version.clone(),
    };
    let enforce = modes.enforce.unwrap_or(defaults.pod_security);
    Some(PodSecurity {
        enforce: level_of(enforce),
        warn: level_of(modes.warn.unwrap_or(enforce)),
        audit: level_of(modes.audit.unwrap_or(enforce)),
        version,
    })
}

/// Reads the version of a level, as its label takes it.
pub(crate) fn version(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<String> {
    let digits = |text: &str| {
        let canonical = !text.starts_with('0') || text == "0";
        !text.is_empty() && canonical && text.chars().all(|c| c.is_ascii_digit())
    };
    if text == "latest" || text.strip_prefix("v1.").is_some_and(digits) {
        return Some(text.to_owned());
    }
    let message = format!("`{text}` is neither `latest` nor a version such as `v1.36`");
    reporter.error(path, "invalid-version", message);
    None
}

fn level_of(raw: raw::PodSecurityLevel) -> PodSecurityLevel {
    match raw {
        raw::PodSecurityLevel::Privileged => PodSecurityLevel::Privileged,
        raw::PodSecurityLevel::Baseline => PodSecurityLevel::Baseline,
        raw::PodSecurityLevel::Restricted => PodSecurityLevel::Restricted,
    }
}
