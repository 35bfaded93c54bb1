//! Asks clusters what they would refuse, before anything is planned that makes them.

use std::sync::Arc;

use cofferdam_cluster::Connection;
use cofferdam_state::observed::Reading;
use cofferdam_state::pod_security::{EnforceAnswer, EnforceQuestion};
use futures_util::stream::{self, StreamExt as _};

use crate::examined::Examined;

/// A question, and the place of the cluster that it is for.
type Asked = (usize, Arc<Connection>, EnforceQuestion);

/// Has each cluster say which running pods violate the Pod Security levels that are to be enforced there, with
/// so many requests under way at once, and adds what the templates of its workloads violate. Where all levels are
/// in place, nothing is asked.
pub async fn ask(examined: &mut [Examined<'_>], at_once: u32) {
    let clusters = examined.iter().enumerate();
    let asked: Vec<Asked> = clusters
        .filter(|(_, one)| is_meant(one))
        .filter_map(|(place, one)| Some((place, one, one.connection.as_ref()?)))
        .flat_map(|(place, one, connection)| {
            let questions = cofferdam_planner::enforce_questions(&one.view()).into_iter();
            questions.map(move |question| (place, Arc::clone(connection), question))
        })
        .collect();
    let at_once = usize::try_from(at_once.max(1)).unwrap_or(1);
    let answers: Vec<(usize, EnforceQuestion, Reading<Vec<String>>)> = stream::iter(asked)
        .map(|(place, connection, question)| async move {
            let answer = connection.ask_enforce(&question).await;
            (place, question, answer)
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    for (place, question, answer) in answers {
        if let Some(one) = examined.get_mut(place) {
            let served = one.observed.capabilities.known();
            let served = served.map(|capabilities| capabilities.version.as_str());
            let answer = EnforceAnswer {
                pods: answer,
                workloads: question.workloads(&one.observed.templates, served),
            };
            one.observed.enforce_answers.insert(question, answer);
        }
    }
}

/// Whether it is the cluster of its document, as far as that says.
fn is_meant(one: &Examined<'_>) -> bool {
    let pinned = one.cluster.uid.as_ref();
    pinned.is_none_or(|uid| one.observed.uid.known() == Some(uid))
}
