//! Whether one flow allows whatever another does: by what they say, so that it still holds when others come.

use cofferdam_model::flow::{Across, End, Flow, PodEnd, Port, PortNumber, Ports, ZoneChoice};
use cofferdam_model::labels::Selector;

/// Whether one flow allows all that another does, and asks no more of it.
pub(super) fn flow(outer: &Flow, inner: &Flow) -> bool {
    let asks_no_more =
        (outer.http.is_empty() || outer.http == inner.http) && outer.encryption <= inner.encryption;
    ends(outer, inner) && ports(&outer.ports, &inner.ports) && asks_no_more
}

/// Whether the connections of one flow, ports aside, are among those of another.
pub(super) fn ends(outer: &Flow, inner: &Flow) -> bool {
    end(&outer.from, &inner.from)
        && end(&outer.to, &inner.to)
        && across(&outer.across, &inner.across)
}

/// Whether some ports are among others.
pub(super) fn ports(outer: &Ports, inner: &Ports) -> bool {
    match (outer, inner) {
        (Ports::All, _) | (Ports::Known, Ports::Known) => true,
        (Ports::Some(outer), Ports::Some(inner)) => inner
            .iter()
            .all(|inner| outer.iter().any(|outer| port(outer, inner))),
        (Ports::Some(_) | Ports::Known, Ports::Some(_) | Ports::All | Ports::Known) => false,
    }
}

fn port(outer: &Port, inner: &Port) -> bool {
    let bounds = |port: &PortNumber| match port {
        PortNumber::Number(number) => Some((*number, *number)),
        PortNumber::Range(first, last) => Some((*first, *last)),
        PortNumber::Name(_) => None,
    };
    let within = match (bounds(&outer.port), bounds(&inner.port)) {
        (Some(outer), Some(inner)) => outer.0 <= inner.0 && inner.1 <= outer.1,
        (Some(_) | None, Some(_) | None) => outer.port == inner.port,
    };
    outer.protocol == inner.protocol && within
}

fn end(outer: &End, inner: &End) -> bool {
    match (outer, inner) {
        (End::Pods(outer), End::Pods(inner)) => pods(outer, inner),
        (End::ExternalNetwork(_) | End::Internet | End::ClusterService(_), _)
        | (_, End::ExternalNetwork(_) | End::Internet | End::ClusterService(_)) => outer == inner,
    }
}

fn pods(outer: &PodEnd, inner: &PodEnd) -> bool {
    let zones = match (&outer.zones, &inner.zones) {
        (ZoneChoice::All, _) => true,
        (ZoneChoice::Named(outer), ZoneChoice::Named(inner)) => inner.is_subset(outer),
        (ZoneChoice::Named(_), ZoneChoice::All) => false,
    };
    let narrowed = !inner.namespaces.is_empty() && inner.namespaces.is_subset(&outer.namespaces);
    let everything = Selector::default();
    let workload = |end: &PodEnd| end.workload.clone().unwrap_or_default();
    let accounts =
        outer.service_accounts.is_empty() || outer.service_accounts == inner.service_accounts;
    zones
        && (outer.namespaces.is_empty() || narrowed)
        && (workload(outer) == everything || selector(&workload(outer), &workload(inner)))
        && accounts
}

fn across(outer: &Across, inner: &Across) -> bool {
    match (outer, inner) {
        (
            Across::Clusters { from, to, port },
            Across::Clusters {
                from: from_inner,
                to: to_inner,
                port: port_inner,
            },
        ) => {
            let mut sides = [(from, from_inner), (to, to_inner)].into_iter();
            port == port_inner
                && sides.all(|(outer, inner)| {
                    outer.trust_domain == inner.trust_domain
                        && selector(&outer.clusters, &inner.clusters)
                })
        }
        (Across::SameCluster | Across::Clusters { .. }, _) => outer == inner,
    }
}

/// Whether each requirement of one selector is one of another.
fn selector(outer: &Selector, inner: &Selector) -> bool {
    let mut labels = outer.match_labels.iter();
    let mut expressions = outer.match_expressions.iter();
    labels.all(|(key, value)| inner.match_labels.get(key) == Some(value))
        && expressions.all(|one| inner.match_expressions.contains(one))
}
