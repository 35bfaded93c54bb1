//! `blast` as people read it.

use cofferdam_model::count::counted;

use super::reach::grounds;
use super::{elsewhere, table};
use crate::wire::blast::{BlastCluster, BlastReport, WireCount, WireExtent, WireReached, WireStop};

/// Every cluster: what is reached, nearest first, or the workloads that reach most.
pub fn render(report: &BlastReport) -> String {
    let clusters = report.clusters.iter();
    let mut told: Vec<String> = clusters
        .map(|cluster| render_cluster(cluster, report.from.as_deref()))
        .collect();
    if report.clusters.len() > 1 && !report.worst.is_empty() {
        told.push(format!(
            "the fleet:\n{}",
            worst(&report.worst, Named::InFleet)
        ));
    }
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
        None => worst(&cluster.worst, Named::InCluster),
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
        cluster,
        zone,
        ports,
        via,
    } = reached;
    let via = via.iter().map(|stop| {
        let WireStop {
            workload,
            cluster,
            ports,
        } = stop;
        let workload = elsewhere(cluster.as_deref(), workload);
        format!("{workload} on {ports}")
    });
    vec![
        hops.to_string(),
        from.clone(),
        elsewhere(cluster.as_deref(), to),
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

/// How a workload is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    InCluster,
    InFleet,
}

fn worst(worst: &[WireExtent], named: Named) -> String {
    let rows = worst.iter().map(|one| {
        let WireExtent {
            cluster,
            workload,
            zone,
            direct,
            any,
        } = one;
        let cluster = cluster.as_deref().filter(|_| named == Named::InFleet);
        let mut row = vec![
            elsewhere(cluster, workload),
            zone.clone().unwrap_or_default(),
        ];
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
