//! What we read of each kind; everything else in an answer is skipped.

use cofferdam_model::labels::Labels;
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_objects::pod_security::PodSecurity;
use cofferdam_objects::pod_template::{self, Port};
use cofferdam_state::observed::ContainerPort;
use k8s_openapi::api::core::v1::{Taint, Toleration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::ports::{container_ports, is_sidecar};

macro_rules! read {
    ($($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, Deserialize)]
            #[serde(default, rename_all = "camelCase")]
            pub(crate) struct $name {
                $($(#[$meta])* pub(crate) $field: $type,)*
            }
        )*
    };
}

/// Metadata, with managed fields only where they are wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Meta<F: Default = IgnoredAny> {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) deletion_timestamp: Option<IgnoredAny>,
    pub(crate) labels: Labels,
    pub(crate) annotations: Labels,
    pub(crate) owner_references: Vec<Owner>,
    pub(crate) managed_fields: F,
}

impl<F: Default> Meta<F> {
    pub(crate) fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|owner| owner.controller)
    }
}

pub(crate) type Managed = Meta<ManagedFields>;

read! {
    Owner { api_version: String, kind: String, name: String, controller: bool }

    Namespace { metadata: Managed }
    Policy { metadata: Managed, spec: LiveSpec }

    Node { metadata: Managed, spec: NodeSpec, status: NodeStatus }
    NodeSpec {
        taints: Vec<Taint>,
        #[serde(rename = "providerID")] provider_id: String,
        #[serde(rename = "podCIDR")] pod_cidr: Option<String>,
        #[serde(rename = "podCIDRs")] pod_cidrs: Vec<String>,
    }
    NodeStatus { conditions: Vec<Condition>, addresses: Vec<Address>, node_info: NodeInfo }
    Condition { r#type: String, status: String }
    Address { r#type: String, address: String }
    NodeInfo { kubelet_version: String }

    Pod { metadata: Meta, spec: PodSpec, status: PodStatus }
    PodSpec {
        node_name: Option<String>,
        host_network: bool,
        tolerations: Vec<Toleration>,
        node_selector: Labels,
        containers: Vec<PodContainer>,
        init_containers: Vec<PodContainer>,
    }
    PodContainer { ports: Vec<Port>, restart_policy: Option<String> }
    PodStatus {
        phase: String,
        #[serde(rename = "podIP")] pod_ip: String,
        #[serde(rename = "podIPs")] pod_ips: Vec<Ip>,
        #[serde(rename = "hostIP")] host_ip: String,
        #[serde(rename = "hostIPs")] host_ips: Vec<Ip>,
    }
    Ip { ip: String }

    Workload { metadata: Meta, spec: WorkloadSpec, status: WorkloadStatus }
    WorkloadStatus {
        desired_number_scheduled: i64,
        number_ready: i64,
        conditions: Vec<Condition>,
    }
    WorkloadSpec {
        selector: Option<Selector>,
        template: PodTemplate,
        job_template: Option<JobTemplate>,
    }
    Selector { match_labels: Labels }
    JobTemplate { spec: JobSpec }
    JobSpec { template: PodTemplate }

    Service { metadata: Meta, spec: ServiceSpec, status: ServiceStatus }
    ServiceStatus { load_balancer: LoadBalancer }
    LoadBalancer { ingress: Option<Vec<Balancer>> }
    Balancer { ip: String, hostname: String }
    ServiceSpec {
        selector: Labels,
        r#type: String,
        external_traffic_policy: String,
        #[serde(rename = "externalIPs")] external_ips: Vec<String>,
        load_balancer_source_ranges: Vec<String>,
        allocate_load_balancer_node_ports: Option<bool>,
        #[serde(rename = "clusterIP")] cluster_ip: Option<String>,
        #[serde(rename = "clusterIPs")] cluster_ips: Vec<String>,
        ports: Vec<ServicePort>,
    }
    ServicePort {
        name: String,
        port: u16,
        protocol: String,
        target_port: Option<IntOrString>,
        node_port: u16,
    }

    Slice { metadata: Meta, endpoints: Option<Vec<Endpoint>>, ports: Option<Vec<SlicePort>> }
    Endpoint { addresses: Vec<String>, target_ref: Option<Target> }
    Target { kind: String, name: String }
    SlicePort { name: Option<String>, port: Option<u16>, protocol: Option<String> }

    Ingress { metadata: Meta, spec: IngressSpec }
    IngressSpec {
        ingress_class_name: Option<String>,
        default_backend: Option<Backend>,
        rules: Vec<IngressRule>,
    }
    IngressRule { http: Option<IngressPaths> }
    IngressPaths { paths: Vec<IngressPath> }
    IngressPath { backend: Backend }
    Backend { service: Option<BackendService>, resource: Option<Value> }
    BackendService { name: String, port: Value }

    /// An object that the engine reads as it is.
    Whole { metadata: Meta, spec: Value }

    Webhooks { metadata: Meta, webhooks: Vec<Webhook> }
    Webhook { client_config: ClientConfig }
    ClientConfig { service: Option<ServiceReference> }
    ServiceReference { namespace: String, name: String, port: Option<u16> }

    ApiService { metadata: Meta, spec: ApiServiceSpec }
    ApiServiceSpec { service: Option<ServiceReference> }

    Definition { metadata: Meta, spec: DefinitionSpec }
    DefinitionSpec { conversion: Option<Conversion> }
    Conversion { webhook: Option<Webhook> }

    ServiceCidr { spec: ServiceCidrSpec }
    ServiceCidrSpec { cidrs: Vec<String> }
}

/// What is kept of a pod template.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "pod_template::PodTemplate")]
pub(crate) struct PodTemplate {
    pub(crate) labels: Labels,
    pub(crate) host_network: bool,
    pub(crate) tolerations: Vec<Toleration>,
    pub(crate) node_selector: Labels,
    pub(crate) node_name: Option<String>,
    pub(crate) containers: Vec<Container>,
    pub(crate) ports: Vec<ContainerPort>,
    pub(crate) pod_security: PodSecurity,
}

#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) command: Vec<String>,
    pub(crate) args: Vec<String>,
}

impl From<pod_template::PodTemplate> for PodTemplate {
    fn from(template: pod_template::PodTemplate) -> Self {
        let pod_security = PodSecurity::of(&template);
        let spec = template.spec;
        let init = spec.init_containers.iter();
        let sidecars = init.filter(|one| is_sidecar(one.restart_policy.as_deref()));
        let ports = container_ports(
            spec.containers.iter().flat_map(|one| &one.ports),
            sidecars.flat_map(|one| &one.ports),
        );
        let containers = spec.containers.into_iter().map(|container| Container {
            name: container.name,
            image: container.image,
            command: container.command,
            args: container.args,
        });
        Self {
            labels: template.metadata.labels,
            host_network: spec.host_network,
            tolerations: spec.tolerations,
            node_selector: spec.node_selector,
            node_name: spec.node_name,
            containers: containers.collect(),
            ports,
            pod_security,
        }
    }
}

impl Workload {
    /// Whether it is a `Job` that has run, and will make no more pods.
    pub(crate) fn has_finished(&self) -> bool {
        let mut conditions = self.status.conditions.iter();
        conditions
            .any(|one| matches!(one.r#type.as_str(), "Complete" | "Failed") && one.status == "True")
    }

    /// The pod template, also that of a `CronJob`.
    pub(crate) fn template(&self) -> &PodTemplate {
        match &self.spec.job_template {
            Some(job) => &job.spec.template,
            None => &self.spec.template,
        }
    }

    /// What is known of it by name, and its pod template.
    pub(crate) fn into_template(self) -> (Meta, PodTemplate) {
        let template = match self.spec.job_template {
            Some(job) => job.spec.template,
            None => self.spec.template,
        };
        (self.metadata, template)
    }
}
