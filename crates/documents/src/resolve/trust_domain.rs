//! `TrustDomain` documents.

use cofferdam_model::names::TrustDomainName;
use cofferdam_model::trust_domain::{Rollout, TrustDomain, Unassigned, Weekday, Window};

use crate::finding::Reporter;
use crate::raw::trust_domain as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::healing::healing as read_healing;
use crate::resolve::label::{is_subdomain, selector};
use crate::resolve::time::duration;

/// Reads a trust domain.
pub(crate) fn trust_domain(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::TrustDomainSpec>,
) -> Option<TrustDomain> {
    let name = &document.metadata.name;
    if name == "default" {
        let message = "a trust domain may not be called `default`";
        let hint = "`default` in a zone's `enforcement` means every other trust domain";
        reporter
            .error("metadata.name", "reserved-name", message)
            .hint(hint);
    }
    let name = reporter.name("metadata.name", name, TrustDomainName::parse);
    let raw::TrustDomainSpec {
        clusters,
        rollout,
        healing,
        unassigned_namespaces,
        mesh_trust_domain,
    } = &document.spec;
    let clusters = selector(reporter, "spec.clusters", clusters);
    let soak = duration(reporter, "spec.rollout.soak", &rollout.soak);
    let windows = rollout.windows.iter().enumerate();
    let windows: Vec<Option<Window>> = windows
        .map(|(index, raw)| window(reporter, &format!("spec.rollout.windows[{index}]"), raw))
        .collect();
    let windows = windows.into_iter().collect::<Option<Vec<_>>>();
    let healing = read_healing(reporter, healing.as_ref());
    if let Some(mesh) = mesh_trust_domain
        .as_deref()
        .filter(|mesh| !is_subdomain(mesh))
    {
        let message = format!("`{mesh}` is not a DNS name such as `prod.example.org`");
        reporter.error("spec.meshTrustDomain", "invalid-name", message);
    }
    Some(TrustDomain {
        name: name?,
        clusters: clusters?,
        rollout: Rollout {
            order: rollout.order,
            max_concurrent: rollout.max_concurrent,
            soak: soak?,
            max_failures: rollout.max_failures,
            windows: windows?,
        },
        healing: healing?,
        unassigned_namespaces: match unassigned_namespaces {
            raw::Unassigned::Report => Unassigned::Report,
            raw::Unassigned::Isolate => Unassigned::Isolate,
        },
        mesh_trust_domain: mesh_trust_domain.clone(),
    })
}

fn window(reporter: &mut Reporter<'_>, path: &str, raw: &raw::Window) -> Option<Window> {
    let from = minutes(reporter, &format!("{path}.from"), &raw.from);
    let to = minutes(reporter, &format!("{path}.to"), &raw.to);
    let days = raw.days.iter().map(|day| weekday(*day)).collect();
    Some(Window {
        days: if raw.days.is_empty() {
            Weekday::ALL.into()
        } else {
            days
        },
        from: from?,
        to: to?,
    })
}

/// Minutes after midnight of `22:00`.
fn minutes(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<u16> {
    let number = |part: &str, most: u16| {
        let number = part.parse::<u16>().ok().filter(|number| *number < most);
        number.filter(|_| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let parts = text.split_once(':');
    let read = parts.and_then(|(hour, minute)| Some((number(hour, 24)?, number(minute, 60)?)));
    if read.is_none() {
        let message = format!("`{text}` is no time of the day such as `22:00`");
        reporter.error(path, "invalid-time", message);
    }
    read.map(|(hour, minute)| hour * 60 + minute)
}

fn weekday(raw: raw::Day) -> Weekday {
    match raw {
        raw::Day::Mon => Weekday::Monday,
        raw::Day::Tue => Weekday::Tuesday,
        raw::Day::Wed => Weekday::Wednesday,
        raw::Day::Thu => Weekday::Thursday,
        raw::Day::Fri => Weekday::Friday,
        raw::Day::Sat => Weekday::Saturday,
        raw::Day::Sun => Weekday::Sunday,
    }
}
