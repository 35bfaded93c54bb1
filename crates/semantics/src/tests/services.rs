//! What is behind a Service.

use super::{objects, read};
use crate::connectivity::Endpoint;
use crate::services::all_backends;

/// Who is behind the only Service among two pods, `web` at 10.0.0.1 and `db` at 10.0.0.2, and these objects.
fn check(yaml: &str, expected: &[&str]) {
    let pods = "
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a, labels: {app: web}}, spec: {containers: [{name: c}]}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: a, labels: {app: db}}, spec: {containers: [{name: c}]}, status: {podIP: 10.0.0.2}}
---
";
    let facts = read(&objects(&format!("{pods}{yaml}")));
    let behind = all_backends(&facts, &facts.services[0]).unwrap_or_default();
    let told = behind.iter().map(|one| match one.end {
        Endpoint::Pod(pod) => format!("{} {}", facts.pods[pod].name, one.port),
        Endpoint::Address(address) => format!("{address} {}", one.port),
    });
    assert_eq!(told.collect::<Vec<_>>(), expected, "{yaml}");
}

fn service(selector: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: s, namespace: a}}, spec: {{{selector}ports: [{{port: 80}}]}}}}"
    )
}

/// A slice with an endpoint.
fn slice(endpoint: &str) -> String {
    format!(
        "---\n{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: s-1, namespace: a, labels: {{kubernetes.io/service-name: s}}}}, \
         addressType: IPv4, endpoints: [{endpoint}], ports: [{{name: '', port: 8080, protocol: TCP}}]}}\n"
    )
}

#[test]
fn what_slices_add_to_a_selector_counts() {
    let selecting = service("selector: {app: web}, ");
    check(&selecting, &["web 80"]);
    let added = format!("{selecting}\n{}", slice("{addresses: [10.0.0.2]}"));
    check(&added, &["db 8080", "web 80"]);
    let nobody = service("selector: {app: nobody}, ");
    let added = format!("{nobody}\n{}", slice("{addresses: [10.9.9.9]}"));
    check(&added, &["10.9.9.9 8080"]);
}

#[test]
fn an_address_is_whose_it_is_and_not_whom_a_slice_names() {
    let named = |address: &str| {
        let endpoint = format!("{{addresses: [{address}], targetRef: {{kind: Pod, name: web}}}}");
        format!("{}\n{}", service(""), slice(&endpoint))
    };
    check(&named("10.0.0.1"), &["web 8080"]);
    check(&named("10.0.0.2"), &["db 8080"]);
    check(&named("10.0.0.3"), &["web 8080"]);
}
