//! `schema`: the JSON Schema of a kind of document.

use anyhow::{Result, bail};
use cofferdam_documents::{KINDS, schema};
use cofferdam_report::{json, output};

use crate::args::SchemaArguments;
use crate::exit::Exit;

pub(crate) fn run(command: &SchemaArguments) -> Result<Exit> {
    let Some(kind) = &command.kind else {
        output::data(&format!("{}\n", KINDS.join("\n")))?;
        return Ok(Exit::Fine);
    };
    let known = KINDS.iter().find(|known| known.eq_ignore_ascii_case(kind));
    let Some(schema) = known.and_then(|kind| schema(kind)) else {
        bail!(
            "`{kind}` is no kind of document; there are {}",
            KINDS.join(", ")
        );
    };
    output::data(&json::render(&schema))?;
    Ok(Exit::Fine)
}
