//! Ports of flows, guarantees and capabilities.

use std::collections::BTreeSet;

use cofferdam_model::flow::{Port, PortNumber, Ports, Protocol};

use crate::finding::Reporter;
use crate::raw::flow as raw;

/// Reads ports that were written; at least one.
pub(crate) fn ports(reporter: &mut Reporter<'_>, path: &str, raw: &raw::Ports) -> Option<Ports> {
    match raw {
        raw::Ports::All(raw::AllPorts::All) => Some(Ports::All),
        raw::Ports::List(list) if list.is_empty() => {
            let hint = "name the ports, or write `ports: all`";
            reporter
                .error(path, "empty-list", "no port is named")
                .hint(hint);
            None
        }
        raw::Ports::List(list) => port_list(reporter, path, list).map(Ports::Some),
    }
}

/// Reads a list of ports.
pub(crate) fn port_list(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &[raw::Port],
) -> Option<Vec<Port>> {
    let mut read: Vec<Option<Port>> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, raw) in raw.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let port = port(reporter, &path, raw);
        if port.as_ref().is_some_and(|port| !seen.insert(port.clone())) {
            reporter.error(&path, "duplicate-item", "this port is here twice");
        }
        read.push(port);
    }
    read.into_iter().collect()
}

/// Reads a port.
pub(crate) fn port(reporter: &mut Reporter<'_>, path: &str, raw: &raw::Port) -> Option<Port> {
    let protocol = match raw.protocol {
        raw::Protocol::Tcp => Protocol::Tcp,
        raw::Protocol::Udp => Protocol::Udp,
        raw::Protocol::Sctp => Protocol::Sctp,
    };
    let port = match &raw.port {
        raw::PortNumber::Number(0) => {
            reporter.error(
                &format!("{path}.port"),
                "invalid-port",
                "port 0 does not exist",
            );
            None
        }
        raw::PortNumber::Number(number) => Some(PortNumber::Number(*number)),
        raw::PortNumber::Text(text) => port_text(reporter, &format!("{path}.port"), text),
    };
    port.map(|port| Port { protocol, port })
}

fn port_text(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<PortNumber> {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let bounds = text
        .split_once('-')
        .filter(|(first, last)| digits(first) && digits(last));
    let (message, hint) = if let Some((first, last)) = bounds {
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) if 0 < first && first < last => {
                return Some(PortNumber::Range(first, last));
            }
            (Ok(first), Ok(last)) if 0 < first && first == last => (
                format!("the range `{text}` is one port"),
                Some(format!("write `{first}`")),
            ),
            (Ok(first), Ok(last)) if 0 < last && first > last => (
                format!("the range `{text}` ends before it begins"),
                Some(format!("write `{last}-{first}`")),
            ),
            _ => (format!("`{text}` is not within 1 to 65535"), None),
        }
    } else if digits(text) {
        (
            format!("`{text}` is a number in quotes"),
            Some(format!("write {text} without quotes")),
        )
    } else if is_port_name(text) {
        return Some(PortNumber::Name(text.to_owned()));
    } else {
        (
            format!(
                "`{text}` is neither a port, nor a range such as `8000-8100`, nor the name of a port"
            ),
            None,
        )
    };
    reporter.error(path, "invalid-port", message).maybe(hint);
    None
}

/// `IANA_SVC_NAME`, as Kubernetes wants it.
fn is_port_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=15).contains(&text.len())
        && text.chars().all(|c| inner(c) || c == '-')
        && text.contains(|c: char| c.is_ascii_lowercase())
        && text.starts_with(inner)
        && text.ends_with(inner)
        && !text.contains("--")
}
