//! Objects out of YAML.

use std::fmt::Write;

use super::check;

const POD: &str = "apiVersion: v1\nkind: Pod\n";

#[test]
fn every_document_is_read() {
    check("", &[]);
    check("# nothing\n---\n---\n# nothing either\n--- ~\n", &[]);
    check(
        "%YAML 1.1\n---\napiVersion: v1\nkind: Pod\n--- # next\r\n{apiVersion: v1, kind: Node}\n...\napiVersion: v1\nkind: Secret\n",
        &[
            r#"3:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"6:1 {"apiVersion":"v1","kind":"Node"}"#,
            r#"8:1 {"apiVersion":"v1","kind":"Secret"}"#,
        ],
    );
    check(
        "\u{feff}apiVersion: v1\nkind: Pod\n",
        &[r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#],
    );
    check(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    x\n    ---\n    y\n",
        &[r#"1:1 {"apiVersion":"v1","data":{"a":"x\n---\ny\n"},"kind":"ConfigMap"}"#],
    );
}

#[test]
fn a_fault_ends_one_document_only() {
    check(
        "apiVersion: v1\nkind: Pod\n---\na: [\n---\napiVersion: v1\nkind: Node\n---\n a: 1\nb: 2\n---\n- 1\n---\ntext\n",
        &[
            r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"6:1 {"apiVersion":"v1","kind":"Node"}"#,
            "! 4:1 syntax not valid YAML: while parsing a node, did not find expected node content",
            "! 10:1 syntax not valid YAML: did not find expected <document start>",
            "! 12:1 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 14:1 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
    check(
        "kind: Pod\n---\napiVersion: v1\n---\napiVersion: 1\nkind: Pod\n---\napiVersion: v1\nkind: ''\n",
        &[
            "! 1:1 not-an-object `apiVersion` is missing (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 3:1 not-an-object `kind` is missing (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 5:13 not-an-object [apiVersion] `apiVersion` is no text (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 9:7 not-an-object [kind] `kind` is no text (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
    check(
        "apiVersion: v1\nkind: {{ .Values.kind }}\n",
        &[
            "! 2:8 complex-key a key must be a word (`{{` is of a template: render it first, as `helm template` does)",
        ],
    );
    check(
        &format!("{POD}a: 1\nb: 2\na: 3\n---\n{POD}"),
        &[
            r#"7:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 5:1 duplicate-key [a] the key `a` is here twice",
        ],
    );
    check(
        &format!("{POD}a: {{b: 1, b: 1}}\n? [x]\n: 1\n"),
        &[
            "! 3:11 duplicate-key [a.b] the key `b` is here twice",
            "! 4:3 complex-key a key must be a word",
        ],
    );
    check(
        &format!("{POD}a: !!binary aGk=\nb: .inf\n"),
        &[
            "! 3:4 tag a value in `!!binary` is not read",
            "! 4:4 not-a-number [b] `.inf` is a number that JSON cannot write (put it in quotes)",
        ],
    );
}

#[test]
fn lists_are_taken_apart() {
    check(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- {kind: Pod}\n- 5\n- apiVersion: v1\n  kind: PodList\n  items:\n  - metadata: {name: b}\n",
        &[
            r#"4:3 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"11:5 {"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}"#,
            "! 6:3 not-an-object `apiVersion` is missing (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 7:3 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
    check(
        "apiVersion: apps/v1\nkind: DeploymentList\nitems: null\n",
        &[],
    );
    check("apiVersion: v1\nkind: List\n", &[]);
    check(
        "apiVersion: a.io/v1\nkind: AllowList\nspec: {}\n",
        &[r#"1:1 {"apiVersion":"a.io/v1","kind":"AllowList","spec":{}}"#],
    );
    check(
        "apiVersion: v1\nkind: List\nitems: []\nitems: []\n",
        &["! 4:1 duplicate-key [items] the key `items` is here twice"],
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    check(
        &format!(
            "{POD}a: &a {{x: 1, y_: 2}}\nb: {{<<: *a, x: 3}}\nc: {{<<: [*a, {{x: 4, z: 5}}]}}\nd: *a\n"
        ),
        &[
            r#"1:1 {"a":{"x":1,"y_":2},"apiVersion":"v1","b":{"x":3,"y_":2},"c":{"x":1,"y_":2,"z":5},"d":{"x":1,"y_":2},"kind":"Pod"}"#,
        ],
    );
    check(
        &format!("{POD}a: &a {{x: 1}}\nb: {{x: 3, <<: *a}}\nc: {{<<: 5}}\n"),
        &[
            "! 4:11 merge-order [b] warning `<<` replaces the key `x` above it for kubectl, not for others (write `<<` before the other keys)",
            "! 5:5 merge-key [c] `<<` takes a mapping, or a list of mappings",
        ],
    );
    check(
        &format!("{POD}a: {{x: 3, <<: {{x: 4}}}}\n"),
        &[
            r#"1:1 {"a":{"x":4},"apiVersion":"v1","kind":"Pod"}"#,
            "! 3:11 merge-order [a] warning `<<` replaces the key `x` above it for kubectl, not for others (write `<<` before the other keys)",
        ],
    );
    check(
        &format!("{POD}a: &a x\n---\n{POD}b: *a\n"),
        &[
            r#"1:1 {"a":"x","apiVersion":"v1","kind":"Pod"}"#,
            "! 7:4 syntax not valid YAML: while parsing node, found unknown anchor",
        ],
    );
}

#[test]
fn keys_are_read_as_kubectl_reads_them() {
    check(
        &format!("{POD}a: {{8080: x, on: y, 'on': z, 0777: u, ~: v}}\n"),
        &[
            "! 3:14 ambiguous-key [a] warning kubectl reads the key `on` as `true` (put it in quotes)",
            "! 3:30 ambiguous-key [a] warning kubectl reads the key `0777` as `511` (put it in quotes)",
            "! 3:39 ambiguous-key [a] kubectl takes no key `~` (put it in quotes)",
        ],
    );
    check(
        &format!("{POD}a: {{8080: x, on: y, 0777: u, 1.10: v}}\n"),
        &[
            r#"1:1 {"a":{"1.1":"v","511":"u","8080":"x","true":true},"apiVersion":"v1","kind":"Pod"}"#,
            "! 3:14 ambiguous-key [a] warning kubectl reads the key `on` as `true` (put it in quotes)",
            "! 3:21 ambiguous-key [a] warning kubectl reads the key `0777` as `511` (put it in quotes)",
            "! 3:30 ambiguous-key [a] warning kubectl reads the key `1.10` as `1.1` (put it in quotes)",
        ],
    );
}

#[test]
fn hostile_text_ends_early() {
    let mut billion = format!("{POD}a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(billion, "a{level}: &a{level} [{below}]").unwrap();
    }
    check(
        &format!("{billion}---\n{POD}"),
        &[
            r#"34:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 8:5 too-many-nodes the file has more than 2000000 values",
        ],
    );
    let deep = "[".repeat(200) + &"]".repeat(200);
    check(
        &format!("{POD}a: {deep}\n---\n{POD}"),
        &[
            r#"5:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 3:131 too-deep more than 128 levels of nesting",
        ],
    );
    check(
        &format!("{POD}a: &a [*a]\n---\n{POD}"),
        &[
            r#"5:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 3:8 alias-limit the alias stands within what it names",
        ],
    );
    check(
        &("#".repeat(9 * 1024 * 1024)),
        &[
            "! 0:0 file-too-large the file has 9437184 bytes; of YAML at most 8388608 are read (split it, or write it as JSON, which may be longer)",
        ],
    );
    let many = "--- 5\n".repeat(1001);
    let (mut count, mut manifests) = (0, crate::Manifests::default());
    let told = manifests.read("a", &many, &mut |_| count += 1);
    let last = told.last().map(super::shown);
    assert_eq!((count, told.len()), (0, 1001));
    assert_eq!(
        last.as_deref(),
        Some("! 0:0 too-many-findings 1 more finding")
    );
}
