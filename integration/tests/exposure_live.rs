//! What lets others in, followed on a real server: routes of the Gateway API to pods, host ports, and load balancers.

use anyhow::{Context as _, Result};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::gateway_api::define_gateway_api;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::Shop;
use serde_json::{Value, json};

/// Two pods that let nobody in, one of them on the node in whose network the pod of a Gateway is.
const OBJECTS: &str = "
apiVersion: v1
kind: Pod
metadata: { name: near, namespace: orders, labels: { app: near } }
spec:
  nodeName: prod-node-1
  automountServiceAccountToken: false
  containers: [{ name: a, image: a, ports: [{ name: http, containerPort: 8080 }, { containerPort: 9000, hostPort: 9000 }] }]
---
apiVersion: v1
kind: Pod
metadata: { name: far, namespace: orders, labels: { app: far } }
spec:
  nodeName: prod-node-2
  automountServiceAccountToken: false
  containers: [{ name: a, image: a, ports: [{ name: http, containerPort: 8080 }] }]
---
apiVersion: v1
kind: Pod
metadata: { name: gateway, namespace: orders, labels: { gateway.networking.k8s.io/gateway-name: public } }
spec:
  nodeName: prod-node-1
  hostNetwork: true
  automountServiceAccountToken: false
  containers: [{ name: a, image: a }]
---
apiVersion: v1
kind: Service
metadata: { name: near, namespace: orders, annotations: { networking.gke.io/load-balancer-type: Internal } }
spec: { type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: { app: near }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: far, namespace: orders }
spec: { selector: { app: far }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shut, namespace: orders }
spec: { podSelector: { matchExpressions: [{ key: app, operator: In, values: [near, far] }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: any }
spec: { controllerName: example.com/gateway }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: public, namespace: orders }
spec: { gatewayClassName: any, listeners: [{ name: http, protocol: HTTP, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop, namespace: orders }
spec:
  parentRefs: [{ name: public }]
  rules: [{ backendRefs: [{ name: near, port: 80 }, { name: far, port: 80 }] }]
";

#[test]
fn routes_host_ports_and_load_balancers_of_a_server_are_followed() -> Result<()> {
    let shop = Shop::start_with(ClusterOptions::new("prod"), SeedOptions::default())?;
    define_gateway_api(&shop.cluster)?;
    shop.cluster.apply_yaml(ADMIN, OBJECTS)?;
    let exposure = "reach --cluster prod --dialect calico --exposure -o json";
    let exposure: Vec<&str> = exposure.split(' ').collect();
    let report: Value = serde_json::from_str(&shop.expect(&exposure, 0)?.stdout)?;
    assert_eq!(report["complete"], true, "{report}");
    let all = report["exposure"].as_array().context("exposure")?;
    let ways = |workload: &str| -> Vec<Value> {
        let own = all.iter().filter(|one| one["workload"] == workload);
        let ways = own.filter_map(|one| one["fromInternet"]["through"].as_array());
        let told = ways.flatten().map(|way| {
            json!([
                way["through"],
                way["how"],
                way["reachedFrom"],
                way["ports"],
                way["seenAs"],
                way["verdict"]
            ])
        });
        told.collect()
    };
    let by_node = |seen: &[&str]| json!(seen);
    let balanced = by_node(&["client", "node", "ownNode", "loadBalancer"]);
    let at_host_port = by_node(&["client", "ownNode"]);
    let beside = by_node(&["ownNode", "controller"]);
    assert_eq!(
        ways("orders/near[Pod]"),
        [
            json!([
                "Service/orders/near",
                "loadBalancer",
                "privateNetworks",
                "TCP 8080",
                balanced,
                "unknown"
            ]),
            json!([
                "Pod/orders/near",
                "hostPort",
                "internet",
                "TCP 9000",
                at_host_port,
                "unknown"
            ]),
            json!([
                "HTTPRoute/orders/shop",
                "gateway",
                "internet",
                "TCP 8080",
                beside,
                "allowed"
            ]),
        ]
    );
    assert_eq!(
        ways("orders/far[Pod]"),
        [json!([
            "HTTPRoute/orders/shop",
            "gateway",
            "internet",
            "TCP 8080",
            ["controller"],
            "denied"
        ])]
    );
    Ok(())
}
