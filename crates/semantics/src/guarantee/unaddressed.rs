//! Guarantees of clusters in which a block may hold pods that do not run yet, as the networks of pods are not declared.

use super::{Ground, Outcome, Proof, Reason};
use crate::addresses::Family;
use crate::classes::vocabulary::Vocabulary;
use crate::facts::{Facts, UnknownAddresses};

/// The clusters that are concerned, one at least.
pub(super) struct Unaddressed<'a>(Vec<&'a str>);

impl<'a> Unaddressed<'a> {
    pub(super) fn among(grounds: &[Ground<'a>]) -> Option<Self> {
        let concerned = grounds.iter().filter(|ground| is_concerned(&ground.facts));
        let names: Vec<&str> = concerned
            .map(|ground| ground.cluster.name.as_str())
            .collect();
        (!names.is_empty()).then_some(Self(names))
    }

    /// What becomes of guarantees as pods are today, as far as it becomes of them wherever new pods are.
    pub(super) fn confirm(
        &self,
        as_today: Vec<Vec<Proof>>,
        anywhere: Vec<Vec<Proof>>,
    ) -> Vec<Vec<Proof>> {
        let clusters = as_today.into_iter().zip(anywhere);
        let confirmed = clusters.map(|(proofs, anywhere)| {
            let proofs = proofs.into_iter().zip(anywhere);
            let confirmed = proofs.map(|(proof, anywhere)| Proof {
                outcome: self.confirmed(proof.outcome, anywhere.outcome),
                ..proof
            });
            confirmed.collect()
        });
        confirmed.collect()
    }

    fn confirmed(&self, as_today: Outcome, anywhere: Outcome) -> Outcome {
        let (mut because, witness) = match (as_today, anywhere) {
            (Outcome::Proved, Outcome::Broken { witness, .. }) => (Vec::new(), witness),
            (Outcome::Unknown { because, .. }, Outcome::Broken { witness, .. }) => {
                (because, witness)
            }
            (broken @ Outcome::Broken { .. }, _) => return broken,
            (Outcome::Proved | Outcome::Unknown { .. }, anywhere) => return anywhere,
        };
        let clusters = self.0.join(", ");
        because.push(Reason {
            message: format!(
                "which addresses new pods have in {clusters} is not known, and blocks of policies may hold them"
            ),
            way: witness,
        });
        let hint = Some(format!("declare `network.podCidrs` of {clusters}"));
        Outcome::Unknown { because, hint }
    }
}

/// The same clusters, if pods of which no address is known were only where nodes tell that pods are today; where no node
/// does, in no block.
pub(super) fn as_today<'a>(grounds: &[Ground<'a>]) -> Vec<Ground<'a>> {
    let mut grounds = grounds.to_vec();
    let unknown = grounds.iter_mut();
    for ground in unknown.filter(|one| one.facts.pod_networks().is_empty()) {
        ground.facts.unknown_addresses = UnknownAddresses::InNoBlock;
        ground.facts.settle_pod_networks(&ground.pod_networks);
    }
    grounds
}

/// Whether some block may hold pods of which no address is known.
fn is_concerned(facts: &Facts) -> bool {
    let Vocabulary {
        mut atoms, blocks, ..
    } = Vocabulary::of(&facts.policies);
    let mut families = Family::BOTH.into_iter();
    facts.pod_networks().is_empty()
        && families.any(|family| {
            let somewhere = atoms.within(&[family.network()], family, &blocks);
            somewhere.is_some_and(|atom| !atoms.perhaps_in(atom).is_empty())
        })
}
