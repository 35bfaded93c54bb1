//! Any text as manifests, of which everything is asked: nothing panics, and the engine says what the oracle says.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    cofferdam_fuzz::semantics(text);
});
