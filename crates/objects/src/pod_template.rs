//! What is read of the pod template of a workload; everything else in it is skipped.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use serde::Deserialize;
use serde::de::IgnoredAny;

macro_rules! read {
    ($($(#[doc = $of:literal])* $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[doc = $of])*
            #[derive(Debug, Clone, Default, Deserialize)]
            #[serde(default, rename_all = "camelCase")]
            pub struct $name {
                $($(#[$meta])* pub $field: $type,)*
            }
        )*
    };
}

read! {
    /// A pod template.
    PodTemplate {
        /// Labels and annotations of its pods.
        metadata: Metadata,
        /// What its pods are.
        spec: PodSpec,
    }
    /// Labels and annotations.
    Metadata {
        /// Labels.
        labels: BTreeMap<String, String>,
        /// Annotations.
        annotations: BTreeMap<String, String>,
    }
    /// The spec of a pod.
    PodSpec {
        /// Whether its pods use the node's network.
        host_network: bool,
        /// Whether they see the node's processes.
        #[serde(rename = "hostPID")] host_pid: bool,
        /// Whether they share the node's memory for communication.
        #[serde(rename = "hostIPC")] host_ipc: bool,
        /// Whether they run in the node's user namespace, which is the default.
        host_users: Option<bool>,
        /// The operating system that they say to need.
        os: Os,
        /// What they tolerate.
        tolerations: Vec<Toleration>,
        /// Labels that their nodes must have.
        node_selector: BTreeMap<String, String>,
        /// The node that they are bound to past the scheduler.
        node_name: Option<String>,
        /// What holds for all containers that do not say otherwise.
        security_context: PodSecurityContext,
        /// Volumes.
        volumes: Vec<Volume>,
        /// Containers that run before the others, or beside them as sidecars.
        init_containers: Vec<Container>,
        /// Containers.
        containers: Vec<Container>,
    }
    /// An operating system.
    Os {
        /// `linux` or `windows`.
        name: String,
    }
    /// The security context of a pod.
    PodSecurityContext {
        /// `AppArmor`.
        app_armor_profile: Option<Profile>,
        /// Whether a container as root is refused to start.
        run_as_non_root: Option<bool>,
        /// The user id.
        run_as_user: Option<i64>,
        /// `SELinux`.
        se_linux_options: SeLinux,
        /// Seccomp.
        seccomp_profile: Option<Profile>,
        /// Kernel parameters.
        sysctls: Vec<Named>,
        /// Windows.
        windows_options: Windows,
    }
    /// A container.
    Container {
        /// Its name.
        name: String,
        /// Its image.
        image: String,
        /// Its entry point.
        command: Vec<String>,
        /// Arguments of that.
        args: Vec<String>,
        /// Its ports.
        ports: Vec<Port>,
        /// `Always` for an init container that runs beside the others.
        restart_policy: Option<String>,
        /// Its security context.
        security_context: SecurityContext,
        /// Whether it lives.
        liveness_probe: Handler,
        /// Whether it is ready.
        readiness_probe: Handler,
        /// Whether it has started.
        startup_probe: Handler,
        /// What is run as it starts and stops.
        lifecycle: Lifecycle,
    }
    /// The security context of a container.
    SecurityContext {
        /// Whether a process may gain more privileges than its parent.
        allow_privilege_escalation: Option<bool>,
        /// `AppArmor`.
        app_armor_profile: Option<Profile>,
        /// Linux capabilities.
        capabilities: Capabilities,
        /// Whether it is as root on the node.
        privileged: bool,
        /// How `/proc` is mounted, such as `Default`.
        proc_mount: Option<String>,
        /// Whether it is refused to start as root.
        run_as_non_root: Option<bool>,
        /// The user id.
        run_as_user: Option<i64>,
        /// `SELinux`.
        se_linux_options: SeLinux,
        /// Seccomp.
        seccomp_profile: Option<Profile>,
        /// Windows.
        windows_options: Windows,
    }
    /// Linux capabilities, such as `NET_RAW`.
    Capabilities {
        /// Those on top of the runtime's own.
        add: Vec<String>,
        /// Those taken away.
        drop: Vec<String>,
    }
    /// A profile of `AppArmor` or seccomp.
    Profile {
        /// `RuntimeDefault`, `Localhost` or `Unconfined`.
        r#type: String,
    }
    /// A context of `SELinux`; empty is the runtime's own.
    SeLinux {
        /// The user.
        user: String,
        /// The role.
        role: String,
        /// The type.
        r#type: String,
    }
    /// What a name is read of only.
    Named {
        /// The name.
        name: String,
    }
    /// Options of Windows.
    Windows {
        /// Whether it runs on the node itself.
        host_process: bool,
    }
    /// A port.
    Port {
        /// Its name, empty where it has none.
        name: String,
        /// The protocol, empty for TCP.
        protocol: String,
        /// The port of the container.
        container_port: i32,
        /// The port of the node, 0 where there is none.
        host_port: i32,
        /// The address of the node at which that is, empty for all.
        #[serde(rename = "hostIP")] host_ip: String,
    }
    /// What a kubelet does to a container.
    Handler {
        /// A request.
        http_get: Target,
        /// A connection.
        tcp_socket: Target,
    }
    /// What a handler connects to.
    Target {
        /// The host, empty for the pod.
        host: String,
    }
    /// What is run as a container starts and stops.
    Lifecycle {
        /// After it has started.
        post_start: Handler,
        /// Before it stops.
        pre_stop: Handler,
    }
}

/// A volume, told by the field that says where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volume {
    /// The names of its fields but `name`: one, such as `hostPath`.
    pub sources: Vec<String>,
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let fields = BTreeMap::<String, IgnoredAny>::deserialize(from)?;
        let sources = fields.into_keys().filter(|field| field != "name");
        Ok(Self {
            sources: sources.collect(),
        })
    }
}

impl PodSpec {
    /// Every container, those that run first included.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }
}
