//! What the server says to Pod Security levels before they are enforced.
//!
//! A dry run of the labels warns of every running pod that violates the level. The write itself would warn
//! and succeed: such pods run on, and their replacements are refused, maybe days later.

use cofferdam_objects::keys::{FIELD_MANAGER, POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION};
use cofferdam_state::observed::Reading;
use cofferdam_state::plan::LabelPatch;
use cofferdam_state::pod_security::EnforceQuestion;
use http::Method;
use serde_json::{Value, json};

use crate::apply::escape;
use crate::error::{Category, Error};
use crate::request::{Call, Connection, JSON_PATCH};

/// How warnings of our own guard rails begin.
const OF_OUR_RAILS: &str = "Validation failed for ValidatingAdmissionPolicy 'cofferdam-";

impl Connection {
    /// What the server would warn of if a level were enforced; unknown where it gives no answer, or refuses to.
    /// It speaks of pods that are there.
    pub async fn ask_enforce(&self, question: &EnforceQuestion) -> Reading<Vec<String>> {
        let EnforceQuestion {
            namespace,
            uid,
            level,
            version,
        } = question;
        let set = |key: &str, value: &str| {
            let path = format!("/metadata/labels/{}", escape(key));
            json!({"op": "add", "path": path, "value": value})
        };
        let body = json!([
            {"op": "test", "path": "/metadata/uid", "value": uid},
            set(POD_SECURITY_ENFORCE, level),
            set(POD_SECURITY_ENFORCE_VERSION, version),
        ]);
        match self.try_labels(namespace, &body).await {
            Ok(warnings) => Reading::Known(warnings),
            Err(error) => Reading::Unknown(error.reason()),
        }
    }

    /// Asks once more right before a level is enforced: since the plan was made, pods may have come. Patches
    /// that enforce nothing pass unasked.
    ///
    /// # Errors
    ///
    /// The server warns, or does not answer.
    pub(crate) async fn recheck_enforce(
        &self,
        name: &str,
        patch: &LabelPatch,
        body: &Value,
    ) -> Result<(), Error> {
        let keys = [POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION];
        let mut changes = patch.changes.iter();
        if !changes.any(|change| keys.contains(&change.key.as_str()) && change.new.is_some()) {
            return Ok(());
        }
        let warnings = self.try_labels(name, body).await?;
        if warnings.is_empty() {
            return Ok(());
        }
        let what = format!("cannot patch Namespace {name}");
        let why = format!(
            "since the plan was made, the server warns: {}",
            warnings.join("; ")
        );
        let error = self.error(Category::Conflict, what, why);
        Err(error.with_hint("plan again"))
    }

    /// The warnings of a JSON patch of a namespace that is not carried out.
    async fn try_labels(&self, name: &str, body: &Value) -> Result<Vec<String>, Error> {
        let what = format!("try Pod Security labels on Namespace {name}");
        let url = format!("/api/v1/namespaces/{name}?dryRun=All&fieldManager={FIELD_MANAGER}");
        let call = Call::with_body(Method::PATCH, url, JSON_PATCH, body, what);
        let mut warnings = self.ask(call).await?.warnings;
        // A guard rail that only notes speaks of who writes, and not of pods.
        warnings.retain(|warning| !warning.starts_with(OF_OUR_RAILS));
        Ok(warnings)
    }
}
