//! The order in which clusters are written.

use crate::examined::Examined;
use cofferdam_model::Model;
use cofferdam_model::names::TrustDomainName;

/// Clusters that are written at once, by their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Their trust domain.
    pub domain: TrustDomainName,
    /// Indices into what was examined.
    pub members: Vec<usize>,
    /// Failures in this trust domain after which nothing more is written anywhere.
    pub max_failures: usize,
    /// The wait after the wave.
    pub soak: std::time::Duration,
}

/// Waves by `rollout.order` of the trust domains, each of at most `maxConcurrent` clusters; one wave
/// of everything where `all_at_once`.
pub fn waves(examined: &[Examined<'_>], model: &Model, all_at_once: bool) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    for (index, one) in examined.iter().enumerate() {
        let Some(domain) = model.trust_domain_of(one.cluster) else {
            continue;
        };
        let size = usize::try_from(domain.rollout.max_concurrent.max(1)).unwrap_or(usize::MAX);
        let fits = waves.last().is_some_and(|wave| {
            all_at_once || (wave.domain == domain.name && wave.members.len() < size)
        });
        match waves.last_mut() {
            Some(wave) if fits => wave.members.push(index),
            Some(_) | None => waves.push(Wave {
                domain: domain.name.clone(),
                members: vec![index],
                max_failures: usize::try_from(domain.rollout.max_failures).unwrap_or(usize::MAX),
                soak: domain.rollout.soak,
            }),
        }
    }
    waves
}
