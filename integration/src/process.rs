//! Child processes; unless told otherwise they die with the process that started them, even when it is
//! killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How many lines of its log are shown when a process fails.
const TAIL: usize = 25;

/// How long a process may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the process that started it is gone, however that ended.
    #[default]
    OfParent,
    /// Until somebody ends it. It has a process group of its own, so that no Ctrl-C reaches it.
    Own,
}

/// A running server and its log; dropping it ends it, unless it was left.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    left: bool,
}

impl Process {
    /// Starts a program with arguments; its output is appended to the log.
    ///
    /// The environment of the child is empty but for `PATH` and `HOME`, which is the log's folder.
    pub fn spawn(
        program: &Path,
        arguments: &[String],
        log: &Path,
        lifetime: Lifetime,
    ) -> Result<Self> {
        let name = program
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let output = File::options().create(true).append(true).open(log)?;
        let mut command = match lifetime {
            Lifetime::OfParent => {
                let mut command = Command::new("setpriv");
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            Lifetime::Own => {
                let mut command = Command::new(program);
                command.process_group(0);
                command
            }
        };
        command.args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        keep_environment(&mut command, log.parent().unwrap_or_else(|| Path::new("/")));
        let child = spawn_from_lasting_thread(command)
            .with_context(|| format!("cannot start `{name}` through `setpriv` (util-linux)"))?;
        Ok(Self {
            name,
            log: log.to_owned(),
            child,
            left: false,
        })
    }

    /// Lets it run on when this value is dropped; it must have a lifetime of its own.
    pub fn leave(&mut self) {
        self.left = true;
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error with the tail of the log if the process has ended.
    pub fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "`{}` ended with {status}; its log:\n{}",
                self.name,
                self.tail()
            ),
        }
    }

    /// The last lines of the log.
    pub fn tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let start = lines.len().saturating_sub(TAIL);
        lines.get(start..).unwrap_or_default().join("\n")
    }

    /// Sends a signal by its name, such as `STOP`.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let id = self.id().to_string();
        let status = Command::new("/bin/sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal, &id])
            .status()?;
        if !status.success() {
            bail!("cannot send {signal} to `{}` ({id})", self.name);
        }
        Ok(())
    }

    /// Asks the process to end, and kills it when it has not after `patience`.
    pub fn terminate(&mut self, patience: Duration) -> Result<()> {
        self.signal("TERM")?;
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.kill()
    }

    /// Kills the process and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.left {
            // Nothing can be done about a process that cannot be killed; its parent's death is next.
            self.kill().unwrap_or_default();
        }
    }
}

/// Leaves `PATH` only, so that no ambient kubeconfig or proxy reaches a child.
pub(crate) fn keep_environment(command: &mut Command, home: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home);
}

/// The parent-death signal follows the thread that spawned, so one thread spawns and stays.
fn spawn_from_lasting_thread(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Sender<Order>> = OnceLock::new();
    let gone = || io::Error::other("the spawning thread has ended");
    let (answer, child) = mpsc::channel();
    let spawner = SPAWNER.get_or_init(start_spawner);
    spawner
        .send(Order { command, answer })
        .map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

struct Order {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

fn start_spawner() -> Sender<Order> {
    let (sender, orders) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for Order {
            mut command,
            answer,
        } in orders
        {
            // Who asked may have stopped waiting; the child is then dropped with the answer.
            answer.send(command.spawn()).unwrap_or_default();
        }
    });
    sender
}
