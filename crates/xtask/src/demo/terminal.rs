//! What the reader sees: chapters, a sentence between them, and each command before what it printed.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

const WIDTH: usize = 100;

/// Runs commands in front of the reader.
#[derive(Debug)]
pub(super) struct Terminal {
    /// The directory with `fleet/` and `policies/`, where every command runs.
    pub(super) project: PathBuf,
    /// The directory of everybody's kubeconfig.
    pub(super) people: PathBuf,
    /// The `cofferdam` binary.
    pub(super) cofferdam: PathBuf,
    /// The `kubectl` binary.
    pub(super) kubectl: PathBuf,
}

/// How much of an output is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Show {
    /// All of it.
    All,
    /// The first and the last lines, and how many there are between.
    Ends(usize, usize),
    /// The first lines of each part that an empty line ends.
    OfEach(usize),
    /// The lines with a text, as `grep` shows them.
    Containing(&'static str),
    /// What comes with the first line that begins so; before it is what was shown already.
    From(&'static str),
}

impl Terminal {
    /// Begins a chapter.
    pub(super) fn chapter(title: &str) -> Result<()> {
        let line = "─".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
        print(&format!("\n{}\n", strong(&format!("── {title} {line}"))))
    }

    /// A sentence or two between commands.
    pub(super) fn say(text: &str) -> Result<()> {
        print(&format!("\n{}\n", wrapped(text)))
    }

    /// Lines that are no command's.
    pub(super) fn list(lines: &[String]) -> Result<()> {
        let text = lines
            .iter()
            .fold(String::from("\n"), |text, line| text + "    " + line + "\n");
        print(&text)
    }

    /// Runs `cofferdam`, which must end with an exit code.
    pub(super) fn cofferdam(&self, arguments: &[&str], code: i32, show: Show) -> Result<String> {
        let filter = match show {
            Show::Containing(part) => format!(" | grep {part}"),
            Show::All | Show::Ends(..) | Show::OfEach(_) | Show::From(_) => String::new(),
        };
        Self::prompt("", &(line("cofferdam", arguments) + &filter))?;
        let mut command = self.command(&self.cofferdam);
        command.args(arguments);
        let (text, ended) = run(command)?;
        print_output(&shown(&text, show))?;
        if ended != code {
            bail!(
                "`cofferdam {}` ended with exit code {ended}, not {code}",
                arguments.join(" ")
            );
        }
        Ok(text)
    }

    /// Runs `cofferdam` behind the scenes and reads its JSON.
    pub(super) fn report(&self, arguments: &[&str]) -> Result<Value> {
        let output = self
            .command(&self.cofferdam)
            .args(arguments)
            .args(["-o", "json"])
            .output()?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            let talk = String::from_utf8_lossy(&output.stderr).into_owned();
            format!(
                "`cofferdam {}` printed no JSON: {talk}",
                arguments.join(" ")
            )
        })
    }

    /// Runs `kubectl` as somebody.
    pub(super) fn kubectl(&self, who: &str, arguments: &[&str], typed: &Typed<'_>) -> Result<()> {
        let Typed { editor, input } = typed;
        let mut shown = line("kubectl", arguments);
        if let Some(editor) = editor {
            shown = format!("KUBE_EDITOR={} {shown}", quoted(editor));
        }
        if let Some(input) = input {
            write!(shown, " <<EOF\n{}\nEOF", input.trim())?;
        }
        Self::prompt(who, &shown)?;
        let mut command = self.kubectl_command(who, arguments);
        command.env("KUBE_EDITOR", editor.unwrap_or("false"));
        command.stdin(file_of(input.unwrap_or_default())?);
        print_output(&run_well(command)?)
    }

    /// Runs `kubectl` as somebody whom the API server is to refuse, saying this.
    pub(super) fn refused(
        &self,
        who: &str,
        arguments: &[&str],
        input: &str,
        why: &str,
    ) -> Result<()> {
        let mut shown = line("kubectl", arguments);
        if !input.is_empty() {
            write!(shown, " <<EOF\n{}\nEOF", input.trim())?;
        }
        Self::prompt(who, &shown)?;
        let mut command = self.kubectl_command(who, arguments);
        command.stdin(file_of(input)?);
        let (text, code) = run(command)?;
        print_output(&text)?;
        if code == 0 || !text.contains(why) {
            bail!("the API server did not refuse it with `{why}`");
        }
        Ok(())
    }

    /// The verdicts on staging, management and prod must be these.
    pub(super) fn expect(&self, verdicts: [&str; 3]) -> Result<()> {
        let report = self.report(&["status"])?;
        let clusters = report.get("clusters").and_then(Value::as_array);
        let found: Vec<&Value> = clusters
            .into_iter()
            .flatten()
            .filter_map(|cluster| cluster.get("verdict"))
            .collect();
        if found != verdicts {
            bail!("staging, management and prod are {found:?}, not {verdicts:?}");
        }
        Ok(())
    }

    /// Gives `cofferdam` the rights of a profile in a cluster, in front of the reader or behind the
    /// scenes.
    pub(super) fn grant(&self, profile: &str, cluster: &str, in_front: bool) -> Result<()> {
        self.grant_with(&["--profile", profile], cluster, in_front)
    }

    /// The same with more arguments.
    pub(super) fn grant_with(&self, what: &[&str], cluster: &str, in_front: bool) -> Result<()> {
        let arguments = [&["rbac"], what, &["--subject", "user:cofferdam"]].concat();
        let apply = ["--context", cluster, "apply", "-f", "-"];
        let mut rbac = self.command(&self.cofferdam);
        rbac.args(&arguments);
        let manifests = run_well(rbac)?;
        let mut kubectl = self.kubectl_command("admin", &apply);
        kubectl.stdin(file_of(&manifests)?);
        let text = run_well(kubectl)?;
        if in_front {
            let pipe = line("cofferdam", &arguments) + " | " + &line("kubectl", &apply);
            Self::prompt("admin", &pipe)?;
            print_output(&text)?;
        }
        Ok(())
    }

    /// Begins `cofferdam` in the background, as it is shown; what it tells goes to a file.
    pub(super) fn begin(&self, arguments: &[&str], log: &Path) -> Result<Child> {
        Self::prompt("", &(line("cofferdam", arguments) + " &"))?;
        let mut command = self.command(&self.cofferdam);
        let log = File::create(log)?;
        Ok(command.args(arguments).stderr(log).spawn()?)
    }

    fn prompt(who: &str, command: &str) -> Result<()> {
        print(&format!("\n{}\n", strong(&format!("{who}$ {command}"))))
    }

    fn kubectl_command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.kubectl);
        command
            .env("KUBECONFIG", self.kubeconfig(who))
            .env("KUBECTL_KUBERC", "false");
        command.args(arguments);
        command
    }

    /// The kubeconfig of somebody, with a context for each cluster.
    pub(super) fn kubeconfig(&self, who: &str) -> PathBuf {
        self.people.join(format!("{who}.kubeconfig"))
    }

    /// Nothing of the reader's environment but `PATH` reaches a command.
    fn command(&self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.people);
        command.current_dir(&self.project).stdin(Stdio::null());
        command
    }
}

/// What somebody gives to `kubectl` besides arguments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Typed<'a> {
    /// A program that edits the file it is called with.
    pub(super) editor: Option<&'a str>,
    /// Standard input.
    pub(super) input: Option<&'a str>,
}

/// Both streams go to one file, so that their lines stay in order.
fn run(mut command: Command) -> Result<(String, i32)> {
    let mut file = tempfile::tempfile()?;
    command.stdout(file.try_clone()?).stderr(file.try_clone()?);
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run `{name}`"))?;
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok((
        String::from_utf8_lossy(&bytes).into_owned(),
        status.code().unwrap_or(-1),
    ))
}

/// Runs a command that must succeed.
fn run_well(command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let (text, code) = run(command)?;
    if code != 0 {
        bail!("{shown} ended with exit code {code}: {}", text.trim_end());
    }
    Ok(text)
}

fn file_of(text: &str) -> Result<Stdio> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

fn shown(text: &str, show: Show) -> String {
    match show {
        Show::All => text.to_owned(),
        Show::Ends(first, last) => ends(text, first, last),
        Show::OfEach(first) => {
            let parts = text.trim_end().split("\n\n");
            let parts: Vec<String> = parts.map(|part| ends(part, first, 0)).collect();
            parts.join("\n")
        }
        Show::Containing(part) => {
            let lines = text.lines().filter(|line| line.contains(part));
            lines.fold(String::new(), |text, line| text + line + "\n")
        }
        Show::From(begin) => {
            let before = text
                .lines()
                .take_while(|line| !line.starts_with(begin))
                .count();
            let after = text.lines().skip(before);
            let note = format!("… {before} lines, as above …\n");
            after.fold(note, |text, line| text + line + "\n")
        }
    }
}

/// The first and last lines; a single one between them is shown rather than counted.
fn ends(text: &str, first: usize, last: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let hidden = lines.len().saturating_sub(first + last);
    let is_hidden = |number: usize| hidden > 1 && (first..first + hidden).contains(&number);
    let mut shown: Vec<String> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if !is_hidden(number) {
            shown.push((*line).to_owned());
        } else if number == first {
            let indent = line.len() - line.trim_start().len();
            shown.push(format!("{:indent$}… {hidden} more lines …", ""));
        }
    }
    shown.join("\n") + "\n"
}

fn line(program: &str, arguments: &[&str]) -> String {
    let arguments = arguments.iter().fold(String::new(), |text, argument| {
        text + " " + &quoted(argument)
    });
    format!("{program}{arguments}")
}

/// As a shell wants it.
fn quoted(argument: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@+%".contains(letter);
    if argument.chars().all(plain) && !argument.is_empty() {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Bold, on a terminal only.
fn strong(text: &str) -> String {
    let plain = !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    if plain {
        text.to_owned()
    } else {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    }
}

/// Without empty lines behind it, which the next command or sentence brings.
fn print_output(text: &str) -> Result<()> {
    print(&format!("{}\n", text.trim_end()))
}

fn print(text: &str) -> Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_outputs_are_folded_with_a_count() {
        assert_eq!(
            shown("a\n  b\n  c\nd\n", Show::Ends(1, 1)),
            "a\n  … 2 more lines …\nd\n"
        );
        assert_eq!(shown("a\nb\nc\n", Show::Ends(1, 1)), "a\nb\nc\n");
        assert_eq!(
            shown("a\nb\nc\n\nd\n", Show::OfEach(1)),
            "a\n… 2 more lines …\n\nd\n"
        );
        assert_eq!(
            shown("a\nb\nc\n", Show::From("c")),
            "… 2 lines, as above …\nc\n"
        );
        assert_eq!(shown("ab\nc\nb\n", Show::Containing("b")), "ab\nb\n");
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(
            line("echo", &["-n", "it's", "a b", ""]),
            r"echo -n 'it'\''s' 'a b' ''"
        );
    }
}
