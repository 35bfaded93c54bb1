//! Any manifests, solved: nothing panics, and the engine says what the oracle says.

use std::sync::Arc;

use cofferdam_documents::Manifests;
use cofferdam_oracle::generate::questions;
use cofferdam_oracle::{Oracle, Peer, Verdict as Expected};
use cofferdam_semantics::connectivity::{Connectivity, Endpoint};
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::lint::lint;
use cofferdam_semantics::parties::Workloads;
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::reach::{caveats, different_dialects, reach};
use cofferdam_semantics::{Classes, Reader, Verdict};
use serde_json::Value;

#[cfg(test)]
mod tests;

/// How many questions are asked under each dialect.
const QUESTIONS: usize = 12;

/// More objects than these take too long to leave time for other inputs.
const OBJECTS: usize = 60;

/// Reads a text as manifests and asks everything about them; on how many questions engine and oracle agree.
pub fn semantics(text: &str) -> usize {
    let mut objects: Vec<Value> = Vec::new();
    let mut manifests = Manifests::default();
    let told = manifests.read("made-up.yaml", text, &mut |manifest| {
        objects.push(manifest.object);
    });
    if objects.len() > OBJECTS {
        return 0;
    }
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(&objects) {
        reader.read(object, Source(number));
    }
    let facts = Arc::new(reader.finish());
    let classes = Arc::new(Classes::of(&facts));
    let dialects = different_dialects();
    reach(&classes, &dialects, &Workloads::new());
    lint(&classes, &dialects);
    caveats(&facts, &dialects);
    let mut agreed = 0;
    for dialect in dialects {
        let mut connectivity = Connectivity::solve(Arc::clone(&classes), dialect);
        connectivity.blocks();
        // What was not read whole is for the one to leave out and for the other to guess.
        if told.is_empty() && facts.gaps.is_empty() {
            agreed += agree(&connectivity, &facts, &objects);
        }
    }
    agreed
}

fn agree(connectivity: &Connectivity, facts: &Facts, objects: &[Value]) -> usize {
    let dialect = connectivity.dialect();
    let oracle = Oracle::new(objects, dialect);
    let mut agreed = 0;
    for question in questions(objects, 0, QUESTIONS) {
        let (from, to, protocol, port) = &question;
        let Some((one, other)) = endpoint(facts, from).zip(endpoint(facts, to)) else {
            continue;
        };
        let said = connectivity.allowed(one, other).at(*protocol, *port);
        let expected = match oracle.verdict(from, to, *protocol, *port) {
            Expected::Allowed => Verdict::Allowed,
            Expected::Undecided => Verdict::Undecided,
            Expected::Denied => Verdict::Denied,
        };
        assert_eq!(said, expected, "{question:?} under {}", dialect.name);
        agreed += 1;
    }
    agreed
}

fn endpoint(facts: &Facts, peer: &Peer) -> Option<Endpoint> {
    match peer {
        Peer::Address(address) => Some(Endpoint::Address(*address)),
        Peer::Pod { namespace, name } => {
            let pods = facts.pods.iter().enumerate();
            let mut named = pods.filter(|(_, pod)| {
                !pod.is_template && *pod.namespace == **namespace && *pod.name == **name
            });
            // Of two with one name, which no cluster has, the one may take the first and the other the second.
            let (place, _) = named.next()?;
            named.next().is_none().then_some(Endpoint::Pod(place))
        }
    }
}
