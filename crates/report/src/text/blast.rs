//! `blast` as people read it.

use cofferdam_model::count::counted;

use super::reach::grounds;
use super::table;
use crate::wire::blast::{BlastCluster, BlastReport, WireCount, WireExtent, WireReached, WireStop};

/// Every cluster: what is reached, nearest first, or the workloads that reach most.
pub fn render(report: &BlastReport) -> String {
    let clusters = report.clusters.iter();
    let told: Vec<String> = clusters
        .map(|cluster| render_cluster(cluster, report.from.as_deref()))
        .collect();
    told.join("\n")
}

fn render_cluster(cluster: &BlastCluster, from: Option<&str>) -> String {
    let name = cluster.name.iter().map(|name| format!("{name}:\n"));
    let mut text: String = name.collect();
    text.push_str(&table_of(cluster, from));
    if cluster.enforced == "no" {
        text.push_str("note: no policy is enforced here, and none is counted\n");
    }
    text.push_str(&grounds(
        cluster.dialect,
        &cluster.notes,
        &cluster.incomplete_because,
    ));
    text
}

fn table_of(cluster: &BlastCluster, from: Option<&str>) -> String {
    match from {
        None if cluster.worst.is_empty() => "there is no workload\n".to_owned(),
        None => worst(&cluster.worst),
        Some(from) if !cluster.reached.is_empty() => {
            let header = ["hops", "from", "to", "zone", "ports", "through"];
            let reached = table(&header, cluster.reached.iter().map(row).collect());
            format!("{reached}{}", summary(from, &cluster.reached))
        }
        Some(from) if cluster.complete => format!("{from} reaches nothing\n"),
        Some(from) => format!("{from} is not known to reach anything\n"),
    }
}

fn row(reached: &WireReached) -> Vec<String> {
    let WireReached {
        hops,
        from,
        to,
        zone,
        ports,
        via,
    } = reached;
    let via = via
        .iter()
        .map(|WireStop { workload, ports }| format!("{workload} on {ports}"));
    vec![
        hops.to_string(),
        from.clone(),
        to.clone(),
        zone.clone().unwrap_or_default(),
        ports.clone(),
        via.collect::<Vec<_>>().join(", "),
    ]
}

fn summary(from: &str, reached: &[WireReached]) -> String {
    let workloads = || reached.iter().filter(|one| one.to.ends_with(']'));
    let direct = workloads().filter(|one| one.hops == 1).count();
    format!(
        "{from} reaches {}, {direct} of them directly\n",
        counted(workloads().count(), "workload")
    )
}

fn worst(worst: &[WireExtent]) -> String {
    let rows = worst.iter().map(|one| {
        let WireExtent {
            workload,
            zone,
            direct,
            any,
        } = one;
        let mut row = vec![workload.clone(), zone.clone().unwrap_or_default()];
        for WireCount { workloads, high } in [direct, any] {
            row.extend([workloads.to_string(), high.to_string()]);
        }
        row
    });
    let header = [
        "workload",
        "zone",
        "directly",
        "of these high",
        "in the end",
        "of these high",
    ];
    table(&header, rows.collect())
}
