//! Whether a live policy is one of ours, as the bundle wants it.

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::INSTANCE;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::{LivePolicy, Observed};

use crate::Case;

/// What a cluster is to hold beside what it holds, and who delivers it.
#[derive(Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) observed: &'a Observed,
    pub(crate) delivery: Delivery,
}

impl<'a> Standing<'a> {
    /// What the judged cluster is to hold beside what it holds.
    pub(crate) fn of(case: &Case<'a>) -> Self {
        Self {
            bundle: case.bundle,
            observed: case.observed,
            delivery: case.cluster.delivery,
        }
    }

    /// Whether a live policy is ours, says what the bundle says, and is not being deleted.
    pub(crate) fn is_in_place(
        &self,
        namespace: &NamespaceName,
        name: &str,
        live: &LivePolicy,
    ) -> bool {
        let key = (namespace.clone(), name.to_owned());
        let wanted = self.bundle.policies.get(&key);
        let wanted = wanted.and_then(|wanted| wanted.object.spec.as_ref());
        self.is_writable(namespace, name, live)
            && wanted.is_some_and(|spec| spec_differences(spec, &live.spec).is_empty())
    }

    /// Whether we can write over it: it is ours, and not being deleted.
    pub(crate) fn is_writable(
        &self,
        namespace: &NamespaceName,
        name: &str,
        live: &LivePolicy,
    ) -> bool {
        !live.terminating && self.is_ours(namespace, name, live)
    }

    /// Recorded; written by a pass that was cut off; or delivered by somebody in our name.
    pub(crate) fn is_ours(&self, namespace: &NamespaceName, name: &str, live: &LivePolicy) -> bool {
        let instance = live.labels.get(INSTANCE).map(String::as_str);
        let is_labelled = instance == Some(self.bundle.instance.as_str());
        let object = ObjectKey::policy(namespace.as_str(), name);
        match self.delivery {
            Delivery::Gitops => is_labelled,
            Delivery::Push => self.observed.our_record().is_some_and(|record| {
                record.has_written(&object, "") || (is_labelled && record.holds(&object, ""))
            }),
        }
    }
}
