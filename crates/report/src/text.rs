//! Reports as people read them.

mod adopt;
mod apply;
mod blast;
mod change;
mod check;
mod detach;
mod diff;
mod doctor;
mod drift;
mod explain;
pub mod exposure;
mod guards;
mod history;
mod import;
mod plan;
mod prove;
pub mod reach;
mod rollout;
mod status;
mod zones;

pub use adopt::render as adopt;
pub use apply::render as apply;
pub use blast::render as blast;
pub use check::render as check;
pub use detach::render as detach;
pub use diff::render as diff;
pub use doctor::render as doctor;
pub use drift::render as drift;
pub use explain::render as explain;
pub use guards::render as guards;
pub use history::render as history;
pub use import::render as import;
pub use plan::render as plan;
pub use prove::render as prove;
pub use reach::render as reach;
pub use rollout::render as rollout;
pub use status::render as status;
pub use zones::render as zones;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

/// A table without borders: a header in capitals, then rows.
fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header.iter().map(|word| word.to_uppercase()));
    table.add_rows(rows);
    let lines: Vec<String> = table
        .lines()
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(&line)
                .trim_end()
                .to_owned()
        })
        .collect();
    format!("{}\n", lines.join("\n"))
}

/// Something of a cluster: `cluster:name` where that is another than the one that is spoken of.
fn elsewhere(cluster: Option<&str>, name: &str) -> String {
    cluster.map_or_else(|| name.to_owned(), |cluster| format!("{cluster}:{name}"))
}
