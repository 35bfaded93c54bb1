//! Whether somebody is told of what became of an episode.

use cofferdam_history::{Alert, Occasion};
use cofferdam_model::healing::Response;
use cofferdam_pass::clock;
use cofferdam_report::wire::history::Episode;
use cofferdam_state::digest::short_digest;

use super::settings::AlertSettings;
use crate::episodes::{counts, is_unknown};

/// Why somebody may have to be told of an episode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason<'a> {
    pub(crate) occasion: Occasion,
    pub(crate) episode: &'a Episode,
    /// What is done about it.
    pub(crate) response: Response,
    /// When, RFC 3339 in UTC.
    pub(crate) at: &'a str,
}

/// The alerts that are due, one for each receiver.
pub(crate) fn due(reason: Reason<'_>, settings: &AlertSettings) -> Vec<Alert> {
    let Reason {
        occasion,
        episode,
        response,
        at,
    } = reason;
    if response == Response::Observe || !(counts(episode) || is_unknown(episode)) {
        return Vec::new();
    }
    // That something is unknown for a moment, as when an API server restarts, is nobody's business.
    let waits = is_unknown(episode) && occasion == Occasion::Began;
    let not_before = waits
        .then(|| clock::later(at, settings.unknown_after))
        .flatten()
        .unwrap_or_else(|| at.to_owned());
    let receivers = settings.receivers_of(episode).into_iter();
    let alerts = receivers.map(|receiver| {
        let about = format!(
            "{}|{}|{}|{at}",
            receiver.name,
            occasion.as_str(),
            episode.id
        );
        Alert {
            id: short_digest(about),
            receiver: receiver.name.clone(),
            occasion,
            episode: episode.clone(),
            at: at.to_owned(),
            failures: 0,
            not_before: not_before.clone(),
            delivered_at: None,
            error: None,
        }
    });
    alerts.collect()
}
