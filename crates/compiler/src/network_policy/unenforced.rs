//! What a flow asks for and a NetworkPolicy cannot enforce: it is said, never passed over.

use cofferdam_model::diagnostic::{Remark, Severity};
use cofferdam_model::flow::{Encryption, End, Flow};

use crate::backend::flow_remark;

/// A notice for each such wish. A mesh would not change that: nothing writes its policies.
pub(super) fn remarks(flow: &Flow) -> Vec<Remark> {
    let mut found = Vec::new();
    let mut say = |path: &str, code, message: &str| {
        found.push(Remark {
            path: path.to_owned(),
            ..flow_remark(flow, Severity::Notice, code, message.to_owned())
        });
    };
    if !flow.http.is_empty() {
        let message = "L7 not enforced: NetworkPolicies let every request through on these ports";
        say("spec.http", "l7-not-enforced", message);
    }
    for (path, end) in [
        ("spec.from.serviceAccounts", &flow.from),
        ("spec.to.serviceAccounts", &flow.to),
    ] {
        if matches!(end, End::Pods(end) if !end.service_accounts.is_empty()) {
            let message = "identity not enforced: NetworkPolicies do not tell service accounts";
            say(path, "identity-not-enforced", message);
        }
    }
    let encryption = match flow.encryption {
        Encryption::None => None,
        Encryption::Tls => Some("tls"),
        Encryption::Mtls => Some("mtls"),
    };
    if let Some(word) = encryption {
        let message = format!(
            "encryption not enforced: NetworkPolicies let the connection through without `{word}`, too; its ends have to see to it"
        );
        say("spec.encryption", "encryption-not-enforced", &message);
    }
    found
}
