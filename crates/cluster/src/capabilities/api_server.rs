//! Where the API server is: Service `default/kubernetes` and its endpoints.

use cofferdam_model::capabilities::ApiServer;

use super::Inputs;

pub(super) fn of(inputs: &Inputs<'_>) -> ApiServer {
    let Some(service) = inputs.service("default", "kubernetes") else {
        return ApiServer::default();
    };
    let spec = &service.spec;
    let addresses = spec.cluster_ips.iter().chain(&spec.cluster_ip);
    let named = spec.ports.iter().find(|port| port.name == "https");
    let port = named.or_else(|| spec.ports.first());
    let mut server = ApiServer {
        service_addresses: addresses.filter_map(|text| text.parse().ok()).collect(),
        service_port: port.map_or(443, |port| port.port),
        endpoints: [].into(),
    };
    for slice in inputs.slices_of(service) {
        let ports = slice.ports.iter().flatten().filter_map(|port| port.port);
        for port in ports {
            let endpoints = slice.endpoints.iter().flatten();
            let addresses = endpoints.flat_map(|endpoint| &endpoint.addresses);
            let addresses = addresses.filter_map(|text| text.parse().ok());
            server
                .endpoints
                .extend(addresses.map(|address| (address, port)));
        }
    }
    server
}
