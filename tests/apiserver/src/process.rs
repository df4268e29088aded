//! Server processes: started into log files, stopped in order, and never left behind.

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Kills what is still alive when this process ends, however it ends, and removes the plane's folder.
///
/// A shell that reads from a pipe of ours: the pipe closes with us. `PR_SET_PDEATHSIG` would fire when the *thread* ends that
/// spawned a server, and the threads of tests and of tokio end early; it also needs `unsafe` between fork and exec.
#[derive(Debug)]
pub(crate) struct Reaper {
    shell: Mutex<(Child, Option<ChildStdin>)>,
}

const REAPER: &str = r#"trap '' INT TERM HUP
alive=
while read -r verb pid; do
    rest=
    for p in $alive; do [ "$p" = "$pid" ] || rest="$rest $p"; done
    alive=$rest
    [ "$verb" = + ] && alive="$alive $pid"
done
for p in $alive; do kill -9 "$p"; done
[ -z "$1" ] || rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

impl Reaper {
    /// With a folder to remove at the end.
    pub(crate) fn start(remove: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", REAPER, "reaper"]).arg(remove.unwrap_or(Path::new("")));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut shell = command.current_dir("/").spawn().context("cannot start /bin/sh")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell: Mutex::new((shell, pipe)) })
    }

    fn tell(&self, verb: char, pid: u32) -> anyhow::Result<()> {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut shell.1 {
            writeln!(pipe, "{verb} {pid}").context("the reaper is gone")?;
        }
        Ok(())
    }

    /// Lets it kill what is left and clean up, and waits for that.
    pub(crate) fn finish(&self) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shell.1.take());
        drop(shell.0.wait());
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    pid: Pid,
    log: PathBuf,
    reaper: Option<Arc<Reaper>>,
}

impl Server {
    /// Starts it with stdout and stderr in a file that is appended to. Without a reaper it outlives us.
    pub(crate) fn spawn(
        name: &'static str,
        command: &mut Command,
        log: &Path,
        reaper: Option<&Arc<Reaper>>,
    ) -> anyhow::Result<Self> {
        let out = fs::OpenOptions::new().create(true).append(true).open(log)?;
        // A group of its own: Ctrl-C is for us, and we stop the servers in their order.
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
            drop(child.kill());
            bail!("{name} has an impossible process id");
        };
        let server = Self { name, child, pid, log: log.to_owned(), reaper: reaper.cloned() };
        if let Some(reaper) = &server.reaper {
            reaper.tell('+', server.id())?;
        }
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, if it did.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error with the last lines of its log if it has ended.
    pub(crate) fn must_run(&mut self) -> anyhow::Result<()> {
        match self.exited() {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended at once ({status}):\n{}", self.name, last_lines(&self.log, 12))
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(self.pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// SIGTERM, and SIGKILL once `grace` is over.
    pub(crate) async fn stop(mut self, grace: Duration) -> anyhow::Result<()> {
        if self.exited().is_none() {
            drop(self.signal(Signal::TERM));
            let begin = Instant::now();
            while self.exited().is_none() && begin.elapsed() < grace {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.kill();
        Ok(())
    }

    /// SIGKILL, and waits.
    pub(crate) fn kill(&mut self) {
        // Before the wait: afterwards the number may be somebody else's.
        if let Some(reaper) = &self.reaper {
            drop(reaper.tell('-', self.child.id()));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let skip = lines.len().saturating_sub(count);
    lines.into_iter().skip(skip).collect::<Vec<_>>().join("\n")
}

/// When the process started, in clock ticks since boot: with the number it names one process for ever (`proc_pid_stat(5)`, field 22).
pub(crate) fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}
