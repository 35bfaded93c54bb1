//! Clusters solved one after another, which share what they have in common.
//!
//! Clusters that hold the same bundle have the same policies, and mostly pods of the same kinds. What these may exchange is
//! computed once.

use std::sync::Arc;

use cofferdam_model::dialect::Dialect;

use crate::classes::Classes;
use crate::connectivity::{Block, Connectivity};
use crate::facts::Facts;

/// So many of the last clusters are compared with the next one.
const REMEMBERED: usize = 8;

/// Solves clusters.
#[derive(Debug, Default)]
pub struct Solver {
    known: Vec<Solved>,
}

/// What can reach what under each of some dialects, with everything that is possible.
pub type Under = Arc<Vec<(Connectivity, Arc<Vec<Block>>)>>;

/// A cluster that is solved under each of some dialects.
#[derive(Debug, Clone)]
pub struct Solved {
    /// Its pods and addresses.
    pub classes: Arc<Classes>,
    /// What can reach what under each dialect, with everything that is possible.
    pub under: Under,
}

impl Solver {
    /// A cluster, solved under each of these dialects.
    pub fn solve(&mut self, facts: &Arc<Facts>, dialects: &[Dialect]) -> Solved {
        let mut alike = self.known.iter().filter(|known| known.is_under(dialects));
        if let Some(shared) = alike.find_map(|known| known.shared_by(facts)) {
            return shared;
        }
        let solved = Solved::of(facts, dialects);
        if self.known.len() == REMEMBERED {
            self.known.remove(0);
        }
        self.known.push(solved.clone());
        solved
    }
}

impl Solved {
    fn of(facts: &Arc<Facts>, dialects: &[Dialect]) -> Self {
        let classes = Arc::new(Classes::of(facts));
        let under = dialects.iter().map(|dialect| {
            let mut connectivity = Connectivity::solve(Arc::clone(&classes), *dialect);
            let blocks = Arc::new(connectivity.blocks());
            (connectivity, blocks)
        });
        Self {
            under: Arc::new(under.collect()),
            classes,
        }
    }

    fn is_under(&self, dialects: &[Dialect]) -> bool {
        let own = self.under.iter().map(|(one, _)| one.dialect());
        own.eq(dialects.iter().copied())
    }

    /// Another cluster, where nothing has to be computed for it.
    fn shared_by(&self, facts: &Arc<Facts>) -> Option<Self> {
        let classes = Arc::new(self.classes.shared_by(facts)?);
        let under = self.under.iter().map(|(connectivity, blocks)| {
            let connectivity = connectivity.of_cluster(Arc::clone(&classes));
            (connectivity, Arc::clone(blocks))
        });
        Some(Self {
            under: Arc::new(under.collect()),
            classes,
        })
    }
}
