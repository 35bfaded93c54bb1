//! Flows that leave their cluster, or should.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::flow::{Across, AcrossEnd, End, Flow, PodEnd, PortNumber, Ports, ZoneChoice};
use cofferdam_model::names::TrustDomainName;

use crate::finding::Reporter;
use crate::nearest::one_of;
use crate::rules::Court;
use crate::rules::presence::{side, zones_of_end};

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for flow in model.flows.values() {
        let mut reporter = court.on("Flow", &flow.name);
        match &flow.across {
            Across::SameCluster => check_same(model, flow, &mut reporter),
            Across::Clusters { from, to, .. } => {
                check_ends(flow, &mut reporter);
                check_ports(flow, &mut reporter);
                check_side(model, &mut reporter, ("from", from), &flow.from);
                check_side(model, &mut reporter, ("to", to), &flow.to);
            }
        }
    }
}

fn check_same(model: &Model, flow: &Flow, reporter: &mut Reporter<'_>) {
    let (End::Pods(from), End::Pods(to)) = (&flow.from, &flow.to) else {
        return;
    };
    let domains = |end: &PodEnd| -> BTreeSet<TrustDomainName> {
        zones_of_end(model, end)
            .into_iter()
            .flat_map(|zone| zone.trust_domains.iter().cloned())
            .collect()
    };
    let (sources, destinations) = (domains(from), domains(to));
    if sources.is_empty() || destinations.is_empty() || !sources.is_disjoint(&destinations) {
        return;
    }
    let words =
        |names: &BTreeSet<TrustDomainName>| one_of(names.iter().map(TrustDomainName::as_str));
    let message = format!(
        "the ends share no trust domain: from {} to {}",
        words(&sources),
        words(&destinations)
    );
    let hint = "a flow between trust domains says `across: { from: …, to: … }`";
    reporter.error("spec", "across-needed", message).hint(hint);
}

fn check_ends(flow: &Flow, reporter: &mut Reporter<'_>) {
    for (path, end) in [("spec.from", &flow.from), ("spec.to", &flow.to)] {
        if !matches!(end, End::Pods(_)) {
            let message = "a flow across clusters goes from zones to zones";
            reporter
                .error(path, "across-needs-zones", message)
                .hint("leave `across` out");
        }
    }
}

fn check_ports(flow: &Flow, reporter: &mut Reporter<'_>) {
    match &flow.ports {
        Ports::Some(ports) => {
            for (index, port) in ports.iter().enumerate() {
                if let PortNumber::Name(name) = &port.port {
                    let message =
                        format!("the port name `{name}` means nothing in another cluster");
                    let path = format!("spec.ports[{index}].port");
                    reporter
                        .error(&path, "named-port-across", message)
                        .hint("write the number");
                }
            }
        }
        Ports::All => {
            let message = "`ports: all` would open whole clusters to each other";
            reporter
                .error("spec.ports", "all-ports-across", message)
                .hint("name the ports");
        }
        Ports::Known => {}
    }
}

fn check_side(
    model: &Model,
    reporter: &mut Reporter<'_>,
    (field, across): (&str, &AcrossEnd),
    end: &End,
) {
    let path = format!("spec.across.{field}");
    if let End::Pods(PodEnd {
        zones: ZoneChoice::Named(names),
        ..
    }) = end
    {
        let zones = names.iter().filter_map(|name| model.zones.get(name));
        for zone in zones.filter(|zone| !zone.trust_domains.contains(&across.trust_domain)) {
            let message = format!(
                "zone `{}` is not present in trust domain `{}`",
                zone.name, across.trust_domain
            );
            reporter.error(&path, "zone-absent", message);
        }
    }
    if !across.clusters.is_empty() && side(model, across).is_empty() {
        let message = format!("no cluster of `{}` has these labels", across.trust_domain);
        reporter.error(&path, "no-cluster", message);
    }
}
