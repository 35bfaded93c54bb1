//! Guarantees of clusters in which a block may hold pods that do not run yet, as their networks are not known.

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

    /// What becomes of guarantees where no block holds pods of which no address is known, as far as it becomes of them
    /// wherever these pods are.
    pub(super) fn confirm(
        &self,
        in_no_block: Vec<Vec<Proof>>,
        anywhere: Vec<Vec<Proof>>,
    ) -> Vec<Vec<Proof>> {
        let clusters = in_no_block.into_iter().zip(anywhere);
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

    fn confirmed(&self, in_no_block: Outcome, anywhere: Outcome) -> Outcome {
        let (mut because, witness) = match (in_no_block, anywhere) {
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

/// The same clusters, if no block held pods of which no address is known.
pub(super) fn in_no_block<'a>(grounds: &[Ground<'a>]) -> Vec<Ground<'a>> {
    let mut grounds = grounds.to_vec();
    for Ground { facts, .. } in &mut grounds {
        if facts.pod_networks().is_empty() {
            facts.unknown_addresses = UnknownAddresses::InNoBlock;
        }
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
