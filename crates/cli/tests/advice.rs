//! No text of ours sends anybody to a command that does not exist.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// Every line of our sources that may be a text for users.
fn lines(directory: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "tests") {
            lines(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            found.extend(code.map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }
    Ok(())
}

#[test]
fn only_commands_that_exist_are_advised() -> Result<()> {
    let help = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .arg("--help")
        .output()?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let known: BTreeSet<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        known.contains("plan") && known.contains("doctor"),
        "{known:?}"
    );

    let mut all = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))? {
        lines(&entry?.path().join("src"), &mut all)?;
    }
    let advised = |line: &str| -> Vec<String> {
        let commands = line.split("`cofferdam ").skip(1);
        let words = commands.filter_map(|rest| rest.split(['`', ' ']).next());
        let named = words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
        named.map(str::to_owned).collect()
    };
    let mut seen = 0;
    for line in &all {
        for command in advised(line) {
            seen += 1;
            assert!(known.contains(command.as_str()), "`{command}` in {line}");
        }
    }
    assert!(seen > 10, "only {seen} commands are advised");
    Ok(())
}
