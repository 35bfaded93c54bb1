//! `reach --exposure` as people read it, and as a table for programs.

use std::fmt::Write as _;

use cofferdam_model::count::listed;

use super::reach::{grounds, quoted};
use super::table;
use crate::wire::exposure::{
    FromInternet, PRIVATE_NETWORKS, WireAllowed, WireEverybody, WireExposure, WireNeighbour,
    WireNewcomer, WirePart, WireWay,
};
use crate::wire::reach::ReachReport;

/// A row per workload, with a line for each thing that is said of it, then what it rests on.
pub fn render(report: &ReachReport) -> String {
    let all = report.exposure.as_deref().unwrap_or_default();
    let mut text = if all.is_empty() {
        "no such workload is there\n".to_owned()
    } else {
        let header = ["workload", "with", "allowed"];
        table(&header, all.iter().map(row).collect())
    };
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}

fn row(exposure: &WireExposure) -> Vec<String> {
    let WireExposure {
        workload,
        from_internet,
        to_internet,
        from_cluster,
        to_cluster,
        new_pods,
    } = exposure;
    let FromInternet {
        through,
        by_address,
    } = from_internet;
    let mut came_in: Vec<String> = through.iter().flat_map(through_way).collect();
    let routed = by_address.iter().map(|part| by_part(part, "from"));
    came_in.extend(
        routed.map(|part| format!("{part} at the addresses of pods, where these are routed")),
    );
    let new = new_pods
        .iter()
        .map(|WireNewcomer { from, allowed }| format!("{allowed} from {from}"));
    let mut of_pods = everybody(from_cluster, "from");
    of_pods.extend(shortened(new.collect()));
    let gone_out = to_internet.iter().map(|part| by_part(part, "to")).collect();
    let said: [(&str, Vec<String>); 4] = [
        ("from the internet", came_in),
        ("to the internet", gone_out),
        ("from the cluster", of_pods),
        ("to the cluster", everybody(to_cluster, "to")),
    ];
    let (mut with, mut told) = (Vec::new(), Vec::new());
    for (word, lines) in said {
        with.push(word);
        with.extend(lines.iter().skip(1).map(|_| ""));
        if lines.is_empty() {
            told.push("nothing".to_owned());
        }
        told.extend(lines);
    }
    vec![workload.clone(), with.join("\n"), told.join("\n")]
}

/// A line for what is allowed, unknown and denied each.
fn through_way(way: &WireWay) -> Vec<String> {
    let WireWay {
        through,
        how,
        gateway,
        reached_from,
        ports: _,
        seen_as,
        verdict: _,
        allowed,
        unknown,
        denied,
        clients,
    } = way;
    let how = how_in_words(how, gateway.as_deref(), *reached_from == PRIVATE_NETWORKS);
    let is_everybody =
        matches!(clients.as_slice(), [one] if one == "internet" || one == "anywhere");
    let of_some = seen_as.contains(&"client") && !is_everybody && !clients.is_empty();
    let clients = listed(clients.iter().map(String::as_str));
    let only = if of_some {
        format!(", of clients only from {clients}")
    } else {
        String::new()
    };
    let seen: Vec<&str> = seen_as.iter().map(|one| seen_in_words(one)).collect();
    let lines = [
        (allowed, String::new(), only.clone()),
        (
            unknown,
            "unknown: ".to_owned(),
            format!("{only}, seen as {}", seen.join(" or ")),
        ),
        (denied, "denied: ".to_owned(), String::new()),
    ];
    let lines = lines.into_iter().filter(|(ports, ..)| !ports.is_empty());
    lines
        .map(|(ports, before, after)| format!("{before}{ports} through {through}{how}{after}"))
        .collect()
}

/// How a way is reached, as an addition to what it goes through.
fn how_in_words(how: &str, gateway: Option<&str>, is_internal: bool) -> String {
    let how = match (how, gateway) {
        ("loadBalancer", _) => "load balancer",
        ("nodePort", _) => "node port",
        ("hostPort", _) => "host port",
        ("externalIPs", _) => "external IPs",
        (_, gateway) => gateway.unwrap_or_default(),
    };
    match (how, is_internal) {
        ("", false) => String::new(),
        ("", true) => " (internal, not from the internet)".to_owned(),
        (how, false) => format!(" ({how})"),
        (how, true) => format!(" (internal {how}, not from the internet)"),
    }
}

fn seen_in_words(seen: &str) -> &str {
    match seen {
        "loadBalancer" => "load balancer",
        "ownNode" => "the node of the pod",
        "somePod" => "some pod",
        other => other,
    }
}

fn by_part(part: &WirePart, word: &str) -> String {
    let WirePart { addresses, ports } = part;
    let ports = in_words(ports);
    if *addresses == ["internet"] {
        return ports;
    }
    let addresses = listed(addresses.iter().map(String::as_str));
    format!("{ports} {word} {addresses}")
}

fn everybody(everybody: &WireEverybody, word: &str) -> Vec<String> {
    let WireEverybody {
        every_pod,
        some_pod,
        same_node,
    } = everybody;
    let is_any = |one: &WireAllowed| !one.allowed.is_empty() || !one.unknown.is_empty();
    let mut lines = Vec::new();
    if is_any(every_pod) {
        lines.push(format!("{} {word} every pod", in_words(every_pod)));
    }
    if is_any(some_pod) && some_pod != every_pod {
        lines.push(format!("{} {word} some pods", in_words(some_pod)));
    }
    let on_node = same_node.iter().map(|WireNeighbour { workload, ports }| {
        format!("{} {word} {workload} on the same node", in_words(ports))
    });
    lines.extend(shortened(on_node.collect()));
    lines
}

fn in_words(ports: &WireAllowed) -> String {
    let WireAllowed { allowed, unknown } = ports;
    match (allowed.as_str(), unknown.as_str()) {
        (allowed, "") => allowed.to_owned(),
        ("", unknown) => format!("unknown: {unknown}"),
        (allowed, unknown) => format!("{allowed} (unknown: {unknown})"),
    }
}

/// How many lines a cell may have of a kind.
const LINES: usize = 3;

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

/// A line for each thing that is said of a workload, as comma-separated values with a header.
pub fn csv(report: &ReachReport) -> String {
    let mut text = "workload,direction,with,through,allowed,unknown,denied\n".to_owned();
    for exposure in report.exposure.iter().flatten() {
        for fields in lines(exposure) {
            let fields = fields.map(|field| quoted(&field));
            // Writing to a String cannot fail.
            writeln!(text, "{}", fields.join(",")).ok();
        }
    }
    text
}

fn lines(exposure: &WireExposure) -> Vec<[String; 7]> {
    let WireExposure {
        workload,
        from_internet,
        to_internet,
        from_cluster,
        to_cluster,
        new_pods,
    } = exposure;
    let line = |direction: &str, with: &str, through: &str, ports: &WireAllowed, denied: &str| {
        let WireAllowed { allowed, unknown } = ports;
        [workload, direction, with, through, allowed, unknown, denied].map(ToOwned::to_owned)
    };
    let mut lines = Vec::new();
    for way in &from_internet.through {
        let ports = WireAllowed {
            allowed: way.allowed.clone(),
            unknown: way.unknown.clone(),
        };
        let with = if way.reached_from == PRIVATE_NETWORKS {
            "private networks"
        } else {
            "internet"
        };
        lines.push(line("in", with, &way.through, &ports, &way.denied));
    }
    for (direction, parts) in [("in", &from_internet.by_address), ("out", to_internet)] {
        for WirePart { addresses, ports } in parts {
            lines.push(line(direction, &addresses.join(" "), "", ports, ""));
        }
    }
    for (direction, everybody) in [("in", from_cluster), ("out", to_cluster)] {
        let WireEverybody {
            every_pod,
            some_pod,
            same_node,
        } = everybody;
        lines.push(line(direction, "every pod", "", every_pod, ""));
        lines.push(line(direction, "some pod", "", some_pod, ""));
        for WireNeighbour { workload, ports } in same_node {
            lines.push(line(direction, workload, "same node", ports, ""));
        }
    }
    for WireNewcomer { from, allowed } in new_pods {
        let ports = WireAllowed {
            allowed: allowed.clone(),
            unknown: String::new(),
        };
        lines.push(line("in", from, "", &ports, ""));
    }
    lines
}
