//! The documents of the demo: the sample of this repository, on clusters that are really there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cofferdam_integration::Cluster;
use cofferdam_integration::sample_fleet::{self, WRITER};
use jiff::civil::Date;
use jiff::{ToSpan as _, Zoned};

/// Below the directory of the documents.
pub(super) const WAIVERS: &str = "policies/assurance/waivers.yaml";

/// Copies the sample's documents.
pub(super) fn copy(project: &Path) -> Result<()> {
    sample_fleet::copy_documents(project)?;
    prolong(&project.join(WAIVERS))
}

/// The day on which a waiver that is given today expires.
pub(super) fn next_month() -> Result<Date> {
    Ok(Zoned::now().checked_add(30.days())?.date())
}

/// The story is the same on any day, also when the waivers of the sample have expired.
fn prolong(waivers: &Path) -> Result<()> {
    const EXPIRES: &str = "  expires: ";
    let date = next_month()?;
    let line = |line: &str| match line.strip_prefix(EXPIRES) {
        Some(_) => format!("{EXPIRES}{date}\n"),
        None => format!("{line}\n"),
    };
    let text: String = read(waivers)?.lines().map(line).collect();
    write(waivers, &text)
}

/// Puts a kubeconfig where the document of a cluster expects it, and names the audit log in it.
pub(super) fn connect(project: &Path, cluster: &Cluster) -> Result<()> {
    let name = cluster.name();
    sample_fleet::connect(project, cluster, WRITER)?;
    let log = cluster.audit_log();
    let audit = format!("  audit: {{ file: {} }}\n", log.display());
    let document = project.join(format!("fleet/{name}.yaml"));
    insert_before(&document, "  network:\n", &audit)?;
    break_glass(project, name, true)
}

/// In the Cluster documents of the sample.
const WRITERS: &str = "    writers: [\"user:cofferdam\"]\n";
const BREAK_GLASS: &str = "    breakGlass: [group:platform-engineers]\n";

/// Lets everybody of the company pass guard rails, or nobody any more.
pub(super) fn break_glass(project: &Path, cluster: &str, everybody: bool) -> Result<()> {
    let path = project.join(format!("fleet/{cluster}.yaml"));
    let text = read(&path)?.replace(BREAK_GLASS, "");
    if text.matches(WRITERS).count() != 1 {
        bail!("`{}` does not name its writers as expected", path.display());
    }
    let more = if everybody { BREAK_GLASS } else { "" };
    write(&path, &text.replace(WRITERS, &format!("{WRITERS}{more}")))
}

/// Adds a waiver to those of the sample.
pub(super) fn add_waiver(project: &Path, text: &str) -> Result<()> {
    let path = project.join(WAIVERS);
    let old = read(&path)?;
    write(
        &path,
        &format!("{}\n---\n{}\n", old.trim_end(), text.trim()),
    )
}

/// Has the zone for card data lose the policies of others.
pub(super) fn heal_foreign_policies(project: &Path) -> Result<()> {
    let zones = project.join("policies/payments/zones.yaml");
    let healing = "  healing: { foreign-policy: heal }\n";
    insert_before(&zones, "  sensitivity: high\n", healing)
}

fn insert_before(path: &Path, place: &str, text: &str) -> Result<()> {
    let old = read(path)?;
    if old.matches(place).count() != 1 {
        bail!(
            "`{}` has not exactly one line `{}`",
            path.display(),
            place.trim_end()
        );
    }
    write(path, &old.replace(place, &format!("{text}{place}")))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
