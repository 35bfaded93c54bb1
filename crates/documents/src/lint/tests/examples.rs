//! The examples of the documentation.

use cofferdam_model::lint::Lint;

use super::found;

const DOCUMENTATION: &str = include_str!("../../../../../docs/document-lints.md");

#[test]
fn the_bad_example_of_each_lint_gives_it_and_the_good_one_nothing() {
    let heads = DOCUMENTATION.split("\n## ").skip(1);
    let mut described = Vec::new();
    for section in heads {
        let (id, text) = section.split_once('\n').unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        let blocks: Vec<&str> = blocks
            .filter_map(|block| block.split("```").next())
            .collect();
        let [bad, good] = blocks[..] else {
            panic!("`{id}` has {} examples", blocks.len())
        };
        let example = |text: &str| {
            let text = text.replace("apiVersion: cofferdam.io/v1alpha1\n", "");
            let plugin = ["calico", "cilium"].into_iter();
            let mut plugin = plugin.filter(|name| section.contains(&format!("for `{name}`")));
            let said = found(&format!("---\n{text}"), plugin.next().unwrap_or("calico"));
            let told = said.iter().filter(|(told, _)| told.starts_with("warning"));
            let ids = told.filter_map(|(told, _)| told.split(' ').nth(1).map(str::to_owned));
            ids.collect::<Vec<_>>()
        };
        assert_eq!(example(bad), [id], "bad example");
        assert_eq!(example(good), [""; 0], "good example of `{id}`");
        described.push(id);
    }
    let mut lints = Lint::ALL.map(Lint::id).into_iter();
    for id in &described {
        assert!(
            lints.any(|lint| lint == *id),
            "`{id}` is no lint, or not in order"
        );
    }
    assert_eq!(described.len(), 9);
}
