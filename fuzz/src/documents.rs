//! Any text as a document of the zone model: reading it ends without a panic, and what it means is the
//! same when it is read again; what compiles is written so that a reader of YAML sees the same.

#![no_main]

use cofferdam_documents::{Loaded, SourceFile, load};
use cofferdam_model::flow::Date;
use cofferdam_report::manifest::{bundle_files, yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (loaded, again) = (read(text), read(text));
    assert_eq!(loaded.diagnostics, again.diagnostics, "diagnostics differ");
    let (Some(model), Some(again)) = (&loaded.model, &again.model) else {
        assert!(
            loaded.model.is_none() && again.model.is_none(),
            "one model only"
        );
        return;
    };
    assert_eq!(model.revision, again.revision, "revisions differ");
    for cluster in model.clusters.values() {
        let known = model.capabilities.get(&cluster.name);
        let Some(compiled) = cofferdam_compiler::compile(model, cluster, known) else {
            continue;
        };
        for (path, object) in bundle_files(&compiled.bundle, cluster.delivery) {
            let text = yaml(&object);
            let read: serde_json::Value = serde_yaml::from_str(&text).unwrap_or_default();
            assert_eq!(read, object, "{path} reads otherwise:\n{text}");
        }
    }
});

fn read(text: &str) -> Loaded {
    let file = SourceFile {
        path: "policies/made-up.yaml".to_owned(),
        text: text.to_owned(),
    };
    load(&[file], &Date("2026-11-21".to_owned()))
}
