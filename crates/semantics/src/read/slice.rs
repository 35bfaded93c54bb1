//! Where Services lead that have no selector: `EndpointSlice`s, and `Endpoints` that were written by hand.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_objects::keys::{SLICE_MANAGED_BY, SLICES_OF_SELECTORS};
use serde_json::Value;

use super::Reader;
use super::pod::{items, labels, text};
use super::service::protocol;
use crate::facts::{Slice, SlicePort};

/// The label by which a slice tells its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

impl Reader {
    pub(super) fn endpoint_slice(&mut self, object: &Value) {
        let labels = labels(object);
        let by = labels.get(SLICE_MANAGED_BY).map(String::as_str);
        if by == Some(SLICES_OF_SELECTORS) {
            return;
        }
        // Without the label it belongs to no Service.
        let Some(service) = labels.get(SERVICE_NAME) else {
            return;
        };
        let mut endpoints = Vec::new();
        for endpoint in items(object, "endpoints") {
            let addresses = items(endpoint, "addresses").iter();
            let addresses = addresses.filter_map(|one| one.as_str()?.parse().ok());
            let pod = self.pod_of(endpoint);
            endpoints.extend(addresses.map(|one| (one, pod.clone())));
        }
        let slice = Slice {
            namespace: self.namespace_of(object),
            service: self.shared(service),
            endpoints,
            ports: items(object, "ports").iter().map(port).collect(),
        };
        self.facts.slices.push(slice);
    }

    pub(super) fn endpoints(&mut self, object: &Value) {
        for subset in items(object, "subsets") {
            let mut endpoints: Vec<(IpAddr, Option<Arc<str>>)> = Vec::new();
            for endpoint in ["addresses", "notReadyAddresses"]
                .iter()
                .flat_map(|field| items(subset, field))
            {
                let pod = self.pod_of(endpoint);
                let address = text(endpoint, "/ip").parse();
                endpoints.extend(address.map(|address| (address, pod)));
            }
            let slice = Slice {
                namespace: self.namespace_of(object),
                service: self.name_of(object),
                endpoints,
                ports: items(subset, "ports").iter().map(port).collect(),
            };
            self.facts.slices.push(slice);
        }
    }

    fn pod_of(&mut self, endpoint: &Value) -> Option<Arc<str>> {
        let is_pod = text(endpoint, "/targetRef/kind") == "Pod";
        is_pod.then(|| self.shared(text(endpoint, "/targetRef/name")))
    }
}

fn port(port: &Value) -> SlicePort {
    let number = port.get("port").and_then(Value::as_u64);
    SlicePort {
        name: text(port, "/name").to_owned(),
        protocol: protocol(port),
        port: number.and_then(|number| u16::try_from(number).ok()),
    }
}
