//! Guarantee documents.

use cofferdam_model::flow::{End, Ports};
use cofferdam_model::guarantee::{Claim, Guarantee, Hops};
use cofferdam_model::names::GuaranteeName;

use crate::finding::Reporter;
use crate::raw::guarantee as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::end::{check_pair, end};
use crate::resolve::flow::{check_named, known_ports};
use crate::resolve::names::Names;
use crate::resolve::ports::ports;
use crate::resolve::waiver::is_taken;

/// Reads a guarantee.
pub(crate) fn guarantee(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::GuaranteeSpec>,
    names: &Names,
) -> Option<Guarantee> {
    let name = reporter.name(
        "metadata.name",
        &document.metadata.name,
        GuaranteeName::parse,
    );
    if is_taken(&document.metadata.name) {
        let message = format!(
            "`{}` is a class or code of findings: a waiver of one would waive the other",
            document.metadata.name
        );
        reporter.error("metadata.name", "reserved-name", message);
    }
    let raw::GuaranteeSpec {
        never,
        always,
        hops,
    } = &document.spec;
    let claim = match (never, always) {
        (Some(raw), None) => {
            let (from, to, ports) = claim(reporter, "never", raw, names)?;
            let ports = ports.unwrap_or(Ports::All);
            Claim::Never { from, to, ports }
        }
        (None, Some(raw)) => {
            let (from, to, ports) = claim(reporter, "always", raw, names)?;
            let Some(ports) = ports else {
                let path = "spec.always.ports";
                reporter.error(path, "missing-field", format!("`{path}` is missing"));
                return None;
            };
            Claim::Always { from, to, ports }
        }
        (None, None) | (Some(_), Some(_)) => {
            let message = "wanted exactly one of `never` and `always`";
            reporter.error("spec", "guarantee-choice", message);
            return None;
        }
    };
    let hops = match hops {
        raw::Hops::Direct => Hops::Direct,
        raw::Hops::Any => Hops::Any,
    };
    if hops == Hops::Any && matches!(claim, Claim::Always { .. }) {
        let message = "`hops: any` only goes with `never`";
        reporter.error("spec.hops", "guarantee-choice", message);
    }
    Some(Guarantee {
        name: name?,
        claim,
        hops,
    })
}

fn claim(
    reporter: &mut Reporter<'_>,
    field: &str,
    raw: &raw::Claim,
    names: &Names,
) -> Option<(End, End, Option<Ports>)> {
    let path = format!("spec.{field}");
    let from = end(reporter, &format!("{path}.from"), &raw.from, names);
    let to = end(reporter, &format!("{path}.to"), &raw.to, names);
    if let (Some(from), Some(to)) = (&from, &to) {
        check_pair(reporter, &path, from, to);
    }
    let path = format!("{path}.ports");
    let known = known_ports(reporter, &path, raw.ports.as_ref(), to.as_ref());
    let ports = match (known, &raw.ports) {
        (Some(known), _) => Some(known?),
        (None, None) => None,
        (None, Some(raw)) => {
            let ports = ports(reporter, &path, raw);
            check_named(reporter, &path, ports.as_ref(), to.as_ref());
            Some(ports?)
        }
    };
    Some((from?, to?, ports))
}
