//! Flow documents.

use cofferdam_model::flow::{
    Across, AcrossEnd, ClusterService, Encryption, End, Flow, HttpRule, PortNumber, Ports,
};
use cofferdam_model::labels::Selector;
use cofferdam_model::names::{FlowName, TrustDomainName};

use crate::finding::Reporter;
use crate::raw::flow as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::end::{check_pair, end};
use crate::resolve::label::selector;
use crate::resolve::names::Names;
use crate::resolve::optional::optional;
use crate::resolve::ports::ports;
use crate::resolve::time::{approval, date, review};

/// Reads a flow.
pub(crate) fn flow(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::FlowSpec>,
    names: &Names,
) -> Option<Flow> {
    let name = reporter.name("metadata.name", &document.metadata.name, FlowName::parse);
    let raw = &document.spec;
    let from = end(reporter, "spec.from", &raw.from, names);
    let to = end(reporter, "spec.to", &raw.to, names);
    if let (Some(from), Some(to)) = (&from, &to) {
        check_pair(reporter, "spec", from, to);
    }
    let ports = flow_ports(reporter, raw.ports.as_ref(), to.as_ref());
    let across = read_across(reporter, &raw.across, names);
    for (field, text) in [("justification", &raw.justification), ("owner", &raw.owner)] {
        if text.trim().is_empty() {
            let path = format!("spec.{field}");
            reporter.error(&path, "empty-text", format!("`{path}` says nothing"));
        }
    }
    let approval = optional(raw.approval.as_ref(), |raw| {
        approval(reporter, "spec.approval", raw)
    });
    let review = optional(raw.review.as_ref(), |raw| {
        review(reporter, "spec.review", raw)
    });
    let expires = optional(raw.expires.as_ref(), |raw| {
        date(reporter, "spec.expires", raw)
    });
    let http = read_http(reporter, &raw.http);
    Some(Flow {
        name: name?,
        from: from?,
        to: to?,
        ports: ports?,
        http,
        across: across?,
        carries: raw.carries.clone(),
        encryption: match raw.encryption {
            raw::Encryption::None => Encryption::None,
            raw::Encryption::Tls => Encryption::Tls,
            raw::Encryption::Mtls => Encryption::Mtls,
        },
        justification: raw.justification.clone(),
        owner: raw.owner.clone(),
        requested_by: raw.requested_by.clone(),
        approval: approval?,
        review: review?,
        expires: expires?,
    })
}

fn flow_ports(
    reporter: &mut Reporter<'_>,
    raw: Option<&raw::Ports>,
    to: Option<&End>,
) -> Option<Ports> {
    let path = "spec.ports";
    if let Some(known) = known_ports(reporter, path, raw, to) {
        return known;
    }
    let Some(raw) = raw else {
        let hint = "name the ports, or write `ports: all`";
        reporter
            .error(path, "missing-field", "`spec.ports` is missing")
            .hint(hint);
        return None;
    };
    let ports = ports(reporter, path, raw);
    check_named(reporter, path, ports.as_ref(), to);
    ports
}

/// Ports towards a cluster service that knows its own.
#[expect(
    clippy::option_option,
    reason = "not such a service, and wrong, are different things"
)]
pub(crate) fn known_ports(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: Option<&raw::Ports>,
    to: Option<&End>,
) -> Option<Option<Ports>> {
    let service = match to {
        Some(End::ClusterService(service)) if service.has_known_ports() => service,
        Some(_) => return None,
        None => return raw.is_none().then_some(None),
    };
    if raw.is_some() {
        let message = format!("the ports of `{}` are known", service.as_str());
        reporter
            .error(path, "ports-known", message)
            .hint("leave `ports` out");
        return Some(None);
    }
    Some(Some(Ports::Known))
}

/// Reports names of container ports where there is no container.
pub(crate) fn check_named(
    reporter: &mut Reporter<'_>,
    path: &str,
    ports: Option<&Ports>,
    to: Option<&End>,
) {
    let (Some(Ports::Some(ports)), Some(to)) = (ports, to) else {
        return;
    };
    let outside = match to {
        End::Pods(_) => return,
        End::ExternalNetwork(_) => "an external network",
        End::Internet => "the internet",
        End::ClusterService(ClusterService::Nodes) => "nodes",
        End::ClusterService(_) => "a cluster service",
    };
    for (index, port) in ports.iter().enumerate() {
        if let PortNumber::Name(name) = &port.port {
            let message =
                format!("`{name}` is a container's port, and {outside} has no containers");
            let path = format!("{path}[{index}].port");
            reporter
                .error(&path, "named-port", message)
                .hint("write the number");
        }
    }
}

fn read_http(reporter: &mut Reporter<'_>, raw: &[raw::HttpRule]) -> Vec<HttpRule> {
    for (index, rule) in raw.iter().enumerate() {
        for (at, path) in rule.paths.iter().enumerate() {
            if !path.starts_with('/') {
                let message = format!("the path `{path}` does not begin with `/`");
                reporter.error(
                    &format!("spec.http[{index}].paths[{at}]"),
                    "invalid-http",
                    message,
                );
            }
        }
        for (at, method) in rule.methods.iter().enumerate() {
            if method.is_empty() || !method.chars().all(|c| c.is_ascii_uppercase()) {
                let message = format!("`{method}` is not an HTTP method such as `GET`");
                let path = format!("spec.http[{index}].methods[{at}]");
                let hint = format!("write `{}`", method.to_uppercase());
                reporter.error(&path, "invalid-http", message).hint(hint);
            }
        }
    }
    let read = raw.iter().map(|rule| HttpRule {
        methods: rule.methods.clone(),
        paths: rule.paths.clone(),
    });
    read.collect()
}

fn read_across(reporter: &mut Reporter<'_>, raw: &raw::Across, names: &Names) -> Option<Across> {
    let raw::Across::Clusters(raw::AcrossClusters { from, to, port }) = raw else {
        return Some(Across::SameCluster);
    };
    let from = across_end(reporter, "spec.across.from", from, names);
    let to = across_end(reporter, "spec.across.to", to, names);
    Some(Across::Clusters {
        from: from?,
        to: to?,
        port: *port,
    })
}

fn across_end(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::AcrossEnd,
    names: &Names,
) -> Option<AcrossEnd> {
    let parse = TrustDomainName::parse;
    let (domain, clusters) = match raw {
        raw::AcrossEnd::Domain(name) => (
            names.reference(reporter, path, ("TrustDomain", name.as_str()), parse),
            Some(Selector::default()),
        ),
        raw::AcrossEnd::Narrowed(raw) => {
            let reference = ("TrustDomain", raw.trust_domain.as_str());
            (
                names.reference(reporter, &format!("{path}.trustDomain"), reference, parse),
                selector(reporter, &format!("{path}.clusters"), &raw.clusters),
            )
        }
    };
    Some(AcrossEnd {
        trust_domain: domain?,
        clusters: clusters?,
    })
}
