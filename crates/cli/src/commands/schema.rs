//! `schema`: the JSON Schema of a kind of document.

use anyhow::{Context as _, Result};
use cofferdam_documents::{KINDS, schema};
use cofferdam_report::{json, output};

use crate::args::{Arguments, Format, SchemaArguments};
use crate::exit::Exit;
use crate::selected::known;

pub(crate) fn run(arguments: &Arguments, command: &SchemaArguments) -> Result<Exit> {
    let Some(kind) = &command.kind else {
        output::data(&if arguments.output == Format::Json {
            json::render(&KINDS)
        } else {
            format!("{}\n", KINDS.join("\n"))
        })?;
        return Ok(Exit::Fine);
    };
    let same = KINDS.iter().find(|known| known.eq_ignore_ascii_case(kind));
    let kind = same.map_or(kind.as_str(), |kind| *kind);
    known("kind of document", kind, KINDS.iter().copied())?;
    let schema = schema(kind).with_context(|| format!("`{kind}` has no schema"))?;
    output::data(&json::render(&schema))?;
    Ok(Exit::Fine)
}
