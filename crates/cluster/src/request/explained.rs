//! What helps against a failure.

use std::sync::PoisonError;

use jiff::Timestamp;

use super::Connection;
use crate::error::{Category, Error};

impl Connection {
    /// A failure with what is known of the way to the server, and what helps.
    pub(super) fn explained(
        &self,
        category: Category,
        what: &str,
        why: String,
        is_read: bool,
    ) -> Error {
        let inner = &self.inner;
        let file = inner.kubeconfig.display();
        let is = |all: &[Category]| all.contains(&category);
        let expired = inner.expires_at.filter(|at| *at < Timestamp::now());
        let why = match expired {
            Some(at) if is(&[Category::Unauthorized]) => {
                format!("{why}; the credential expired at {at}")
            }
            _ if is(&[Category::Unreachable, Category::Timeout, Category::WrongCa]) => {
                let by = inner.proxy.as_ref();
                let by = by.map_or_else(String::new, |proxy| format!(", by way of proxy {proxy}"));
                format!("{why} (server {}{by})", inner.server)
            }
            _ => why,
        };
        let hint = if is(&[Category::Unauthorized]) {
            format!("renew the credential in {file}")
        } else if is(&[Category::WrongCa]) {
            format!(
                "compare the certificate authority and server name in {file} with the cluster's"
            )
        } else if is(&[Category::Unreachable]) {
            match &inner.proxy {
                Some(_) => format!("check the proxy, and the server address in {file}"),
                None => format!("check the server address in {file}"),
            }
        } else if is(&[Category::Forbidden]) && why.contains("denied request") {
            "it is refused by admission, whatever the rights: `cofferdam guards` tells which rails of ours are in force; \
             what was removed takes some seconds to be gone"
                .to_owned()
        } else if is(&[Category::Forbidden]) && why.contains("is being terminated") {
            "try again when that namespace is gone".to_owned()
        } else if is(&[Category::Forbidden]) && is_read {
            let cluster = &inner.cluster;
            format!(
                "`cofferdam rbac --profile observe --cluster {cluster}` prints the rights that are needed"
            )
        } else if is(&[Category::Forbidden]) {
            "`cofferdam rbac` prints the rights that are needed".to_owned()
        } else {
            return self.error(category, what, why);
        };
        let mut last = inner.hint.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((category, hint.clone()));
        self.error(category, what, why).with_hint(hint)
    }
}
