//! Pictures of graphs.

use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};

/// A graph in the language of Graphviz as a picture; what is wrong with it where it cannot be drawn.
pub fn render(dot: &str) -> Result<String, String> {
    let graph = DotParser::new(dot).process()?;
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&graph);
    let mut writer = SVGWriter::new();
    builder.get().do_it(false, false, false, &mut writer);
    Ok(writer.finalize())
}
