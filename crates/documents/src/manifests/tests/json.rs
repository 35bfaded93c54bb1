//! Objects out of JSON.

use super::check;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod"}"#;

#[test]
fn values_stand_one_after_the_other() {
    check(
        &format!("{POD}\n{POD}{POD}\n---\n  {POD}\n"),
        &[
            r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"2:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"2:33 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"4:3 {"apiVersion":"v1","kind":"Pod"}"#,
        ],
    );
    check(
        &format!("\u{feff}[{POD},\n {POD}]"),
        &[
            r#"1:2 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"2:2 {"apiVersion":"v1","kind":"Pod"}"#,
        ],
    );
    check("[]", &[]);
    check(
        "{}",
        &[
            "! 1:1 not-an-object `apiVersion` is missing (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
    check(
        "[[], 1]",
        &[
            "! 1:2 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
            "! 1:6 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
}

#[test]
fn a_fault_ends_one_value_only() {
    check(
        &format!("{POD}\n{{\"a\": é}}\n{POD}\n{{\n  \"a\": [\n"),
        &[
            r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"3:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 2:7 syntax not valid JSON: expected value",
            "! 6:1 syntax not valid JSON: EOF while parsing a list",
        ],
    );
    check(
        &format!("[{POD}, {{\"apiVersion\":\"v1\",\n\"kind\":\"Pod\",\"kind\":\"Node\"}}, {POD}]"),
        &[
            r#"1:2 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"2:30 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 2:19 duplicate-key the key `kind` is here twice",
        ],
    );
    check(
        &format!(
            "[{POD}, {{\"a\":\"\\ud800\"}}, {{\"a\":{}{}}}]",
            "[".repeat(200),
            "]".repeat(200)
        ),
        &[
            r#"1:2 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 1:48 syntax not valid JSON: unexpected end of hex escape",
            "! 1:183 syntax not valid JSON: recursion limit exceeded",
        ],
    );
    check(
        &format!("{POD} x\n{POD}"),
        &[
            r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"2:1 {"apiVersion":"v1","kind":"Pod"}"#,
            "! 1:34 syntax not valid JSON: expected value",
        ],
    );
}

#[test]
fn lists_are_taken_apart() {
    check(
        r#"{"apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"apiVersion":"v1","kind":"Node"},5],"kind":"PodList","metadata":{}}"#,
        &[
            r#"1:29 {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#,
            r#"1:55 {"apiVersion":"v1","kind":"Node"}"#,
            "! 1:89 not-an-object this is no object (a Kubernetes object begins with `apiVersion` and `kind`)",
        ],
    );
    check(
        &format!(r#"{{"kind":"List","items":[{POD},{{"kind":"List","items":[{POD}]}}]}}"#),
        &[
            r#"1:25 {"apiVersion":"v1","kind":"Pod"}"#,
            r#"1:82 {"apiVersion":"v1","kind":"Pod"}"#,
        ],
    );
    check(r#"{"apiVersion":"v1","kind":"PodList","items":null}"#, &[]);
    check(
        r#"{"apiVersion":"a.io/v1","kind":"AllowList","spec":{}}"#,
        &[r#"1:1 {"apiVersion":"a.io/v1","kind":"AllowList","spec":{}}"#],
    );
    check(
        r#"{"apiVersion":"a.io/v1","kind":"AllowList","items":{}}"#,
        &[r#"1:1 {"apiVersion":"a.io/v1","items":{},"kind":"AllowList"}"#],
    );
    let deep = r#"{"kind":"List","items":["#.repeat(10) + POD + &"]}".repeat(10);
    check(
        &deep,
        &["! 1:193 too-deep more than 8 lists within each other"],
    );
}

#[test]
fn numbers_go_without_a_point_where_nothing_is_behind_it() {
    check(
        r#"{"apiVersion":"v1","kind":"Pod","a":[1.0,-2,1.5,1e3,1e30,null,false]}"#,
        &[r#"1:1 {"a":[1,-2,1.5,1000,1e+30,null,false],"apiVersion":"v1","kind":"Pod"}"#],
    );
}

#[test]
fn yaml_that_begins_with_a_brace_is_read_as_yaml() {
    check(
        "{apiVersion: v1, kind: Pod}",
        &[r#"1:1 {"apiVersion":"v1","kind":"Pod"}"#],
    );
}
