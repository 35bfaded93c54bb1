//! Reports of a running controller, shown as if they were made here.

use std::io;

use anyhow::Result;
use cofferdam_controller::{Answer, Client};
use cofferdam_report::{json, output};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Format, Selection};
use crate::exit::Exit;

/// Shows a report of clusters, and ends as it would here.
pub(crate) async fn show(
    client: &Client,
    path: &str,
    selection: &Selection,
    format: Format,
) -> Result<Exit> {
    let named = [
        ("cluster", &selection.cluster),
        ("trustDomain", &selection.trust_domain),
    ];
    let named = named.into_iter().filter(|(_, names)| !names.is_empty());
    let query: Vec<_> = named.map(|(key, names)| (key, names.join(","))).collect();
    let answer = client.report(path, &query).await?;
    print(&answer, format)?;
    Ok(exit_of(&answer.report))
}

/// Prints a report.
pub(crate) fn print(answer: &Answer, format: Format) -> io::Result<()> {
    output::data(&if format == Format::Json {
        json::render(&answer.report)
    } else {
        answer.text.clone()
    })
}

/// What is asked for, as keys and values.
pub(crate) fn pairs(query: &impl Serialize) -> Result<Vec<(String, String)>> {
    let Value::Object(fields) = serde_json::to_value(query)? else {
        return Ok(Vec::new());
    };
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    let fields = fields.map(|(key, value)| {
        let text = value.as_str().map(ToOwned::to_owned);
        (key, text.unwrap_or_else(|| value.to_string()))
    });
    Ok(fields.collect())
}

fn exit_of(report: &Value) -> Exit {
    let each = |key: &str| {
        report
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let verdicts =
        each("clusters").map(
            |cluster| match cluster.get("verdict").and_then(Value::as_str) {
                Some("inSync") => Exit::Fine,
                Some("drifted") => Exit::Difference,
                Some(_) | None => Exit::Unknown,
            },
        );
    let between = each("crossCluster").filter(|one| one.get("waiver").is_none_or(Value::is_null));
    Exit::of(verdicts.chain(between.map(|_| Exit::Difference)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How a command ends that shows the verdicts of clusters and findings between them.
    #[track_caller]
    fn check(verdicts: &[&str], between: &Value, expected: Exit) {
        let clusters: Vec<Value> = verdicts.iter().map(|one| json!({"verdict": one})).collect();
        let report = json!({"clusters": clusters, "crossCluster": between});
        assert_eq!(exit_of(&report), expected, "{report}");
    }

    #[test]
    fn it_ends_as_it_would_without_a_controller() {
        check(&["inSync"], &json!([]), Exit::Fine);
        check(&["inSync", "unknown"], &json!([]), Exit::Unknown);
        check(&["unknown", "drifted"], &json!([]), Exit::Difference);
        check(&["inSync"], &json!([{"waiver": null}]), Exit::Difference);
        check(&["inSync"], &json!([{"waiver": "w"}]), Exit::Fine);
        check(&["what is new"], &json!([]), Exit::Unknown);
    }
}
