//! Scalars without quotes, as `sigs.k8s.io/yaml` v1.6.0 reads them.

use crate::Manifests;

/// Each scalar, and the JSON of it.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (scalar, expected) in cases {
        let text = format!("{{apiVersion: v1, kind: X, a: {scalar}}}");
        let mut read = None;
        let told = Manifests::default().read("a", &text, &mut |manifest| {
            read = manifest.object.get("a").map(ToString::to_string);
        });
        assert_eq!(
            (read.as_deref(), told),
            (Some(*expected), vec![]),
            "{scalar}"
        );
    }
}

#[test]
fn words_mean_what_they_mean_to_kubectl() {
    for word in ["y", "Y", "yes", "YES", "on", "On", "true", "TRUE"] {
        check(&[(word, "true")]);
    }
    for word in ["n", "N", "no", "NO", "off", "Off", "false", "False"] {
        check(&[(word, "false")]);
    }
    for word in ["", "~", "null", "NULL"] {
        check(&[(word, "null")]);
    }
    check(&[
        ("yEs", r#""yEs""#),
        ("nuLL", r#""nuLL""#),
        ("'yes'", r#""yes""#),
        ("=", r#""=""#),
    ]);
}

#[test]
fn numbers_mean_what_they_mean_to_kubectl() {
    check(&[
        ("12", "12"),
        ("+1", "1"),
        ("-0b11", "-3"),
        ("0777", "511"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("08", "8"),
        ("1_000", "1000"),
        ("_1", r#""_1""#),
        (".1_0", "0.1"),
        ("._1", r#""._1""#),
        ("80.0", "80"),
        ("1.10", "1.1"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("1.", "1"),
        ("0x", r#""0x""#),
        ("1e999", r#""1e999""#),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1:30", r#""1:30""#),
        ("2001-01-01", r#""2001-01-01""#),
        ("10.0.0.0/8", r#""10.0.0.0/8""#),
    ]);
}

#[test]
fn tags_say_what_a_scalar_is() {
    check(&[
        ("!!str 5", r#""5""#),
        ("!!int '5'", "5"),
        ("!!float 3", "3"),
        ("!!bool 'no'", "false"),
        ("!!null ''", "null"),
        ("!own 5", r#""5""#),
    ]);
}
