//! The clusters that a command line means, as they are found.

use std::path::Path;

use anyhow::Result;
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::reach::{self, Authors, Reaching};

use crate::args::{Format, Selection};
use crate::selected::select;
use crate::warnings;

/// Observes the selected clusters, in the order of their trust domains' rollout and of their names.
pub(crate) async fn examine<'a>(
    loaded: &Loaded,
    model: &'a Model,
    directory: &Path,
    selection: &Selection,
    authors: Authors,
) -> Result<Vec<Examined<'a>>> {
    let selected = select(model, selection)?;
    let reaching = reaching(directory, selection);
    let examined = reach::examine(loaded, model, &selected, &reaching, authors).await?;
    warnings::say(&examined)?;
    Ok(examined)
}

/// How the command line has clusters reached.
pub(crate) fn reaching(directory: &Path, selection: &Selection) -> Reaching {
    Reaching {
        directory: directory.to_owned(),
        kubeconfig: selection.kubeconfig.clone(),
        timeout: selection.timeout,
        max_in_flight: selection.max_in_flight,
    }
}

/// In a plan, findings are for programs only.
pub(crate) fn authors_of_plan(format: Format) -> Authors {
    if format == Format::Json {
        Authors::Named
    } else {
        Authors::Unnamed
    }
}
