//! DNS over UDP alone: answers that do not fit come over TCP.

use cofferdam_model::Model;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::flow::{Flow, Port, PortNumber, Ports, Protocol};
use cofferdam_model::lint::Lint;

use super::{cover, on_flow};

/// The port of DNS.
const DNS: u16 = 53;

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let found = model.flows.values().filter_map(|flow| {
        let Ports::Some(ports) = &flow.ports else {
            return None;
        };
        let place = ports.iter().position(|port| *port == dns(Protocol::Udp))?;
        if has_tcp(model, flow) {
            return None;
        }
        let message = "DNS is allowed over UDP alone: long answers come over TCP, and never arrive";
        let hint = "add `{ protocol: TCP, port: 53 }` beside it";
        let path = format!("spec.ports[{place}]");
        let told = (message.to_owned(), hint);
        Some(on_flow(Lint::DnsWithoutTcp, flow, path, told))
    });
    found.collect()
}

/// Whether the same or another flow allows TCP between the same.
fn has_tcp(model: &Model, flow: &Flow) -> bool {
    let mut flows = model.flows.values();
    let tcp = Ports::Some(vec![dns(Protocol::Tcp)]);
    flows.any(|other| cover::ends(other, flow) && cover::ports(&other.ports, &tcp))
}

fn dns(protocol: Protocol) -> Port {
    Port {
        protocol,
        port: PortNumber::Number(DNS),
    }
}
