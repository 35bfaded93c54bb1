//! What the policies at hand can tell apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::Selector;

use crate::addresses::{Atoms, Block};
use crate::policy::{Peer, PodChoice, Policy, PortRule};
use crate::sets::Table;

/// The label keys, names of ports and addresses that some policy mentions. Whatever differs in
/// something else is the same to all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    pub(crate) pod_keys: BTreeSet<Arc<str>>,
    pub(crate) node_keys: BTreeSet<Arc<str>>,
    pub(crate) port_names: BTreeSet<Arc<str>>,
    pub(crate) blocks: Table<Block>,
    pub(crate) atoms: Atoms,
}

impl Vocabulary {
    /// What these policies mention.
    pub(crate) fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut vocabulary = Self::default();
        for policy in policies {
            vocabulary.learn(policy);
        }
        vocabulary.atoms = Atoms::cut(&vocabulary.blocks);
        vocabulary
    }

    fn learn(&mut self, policy: &Policy) {
        self.choice(&policy.subject);
        for rule in policy.all_rules() {
            for peer in rule.peers() {
                self.peer(peer);
            }
            for port in &rule.ports {
                match port {
                    PortRule::Numbers(_) => {}
                    PortRule::Named { protocol: _, name } => {
                        self.port_names.insert(Arc::clone(name));
                    }
                }
            }
        }
    }

    fn choice(&mut self, choice: &PodChoice) {
        learn_keys(&mut self.pod_keys, &choice.pods);
    }

    fn peer(&mut self, peer: &Peer) {
        match peer {
            Peer::Pods(choice) => self.choice(choice),
            Peer::Nodes(selector) => learn_keys(&mut self.node_keys, selector),
            Peer::IpBlock { .. } | Peer::Networks(_) => {
                if let Some(block) = block_of(peer) {
                    self.blocks.id(block);
                }
            }
            Peer::DomainNames(_) | Peer::Unknown => {}
        }
    }
}

/// The addresses of a peer; `None` where it names none.
pub(crate) fn block_of(peer: &Peer) -> Option<Block> {
    match peer {
        Peer::IpBlock { cidr, except } => Some(Block {
            networks: vec![*cidr],
            except: except.clone(),
        }),
        Peer::Networks(networks) => Some(Block {
            networks: networks.clone(),
            except: Vec::new(),
        }),
        Peer::Pods(_) | Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown => None,
    }
}

fn learn_keys(keys: &mut BTreeSet<Arc<str>>, selector: &Selector) {
    for key in selector.keys() {
        if !keys.contains(key) {
            keys.insert(key.into());
        }
    }
}
