//! Any text as manifests: reading it ends without a panic, and every object that it gives is found again
//! where it begins, its parts within the text.

#![no_main]

use cofferdam_documents::{ManifestPlaces, Manifests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut objects = Vec::new();
    let mut manifests = Manifests::default();
    let told = manifests.read("made-up.yaml", text, &mut |manifest| objects.push(manifest));
    let lines = text.split(['\n', '\r']).count();
    let is_within = |line: u32| usize::try_from(line).is_ok_and(|line| line <= lines);
    for diagnostic in told {
        assert!(is_within(diagnostic.place.line), "{diagnostic:?}");
    }
    let mut places = ManifestPlaces::new(text);
    for manifest in objects {
        let place = manifest.place;
        let begin = places.find(place, "");
        assert_eq!(begin, Some((place.line, place.column)), "another place");
        for path in ["kind", "metadata.labels[\"a\"]", "spec.ports[1].port"] {
            let (line, _) = places.find(place, path).unwrap_or_default();
            assert!(line > 0 && is_within(line), "{path} outside of the text");
        }
        assert!(manifest.object.is_object(), "no object");
    }
});
