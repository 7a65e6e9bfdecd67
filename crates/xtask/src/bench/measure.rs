//! Running a command line again and again, and what the best run took.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use wait4::Wait4 as _;

/// After this long no further run is begun: a peer that takes a minute is not run seven times.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a run took.
#[derive(Clone, Copy)]
pub struct Cost {
    /// From before it was started until it had ended.
    pub time: Duration,
    /// What processors did for it, and for those that it waited for: on a machine that does other things too, this
    /// says more than the time.
    pub processors: Duration,
    /// The most memory that the process had, or one of those that it waited for.
    pub peak_kib: u64,
}

/// A command line, to be run again and again.
pub struct Line {
    program: PathBuf,
    args: Vec<String>,
    stdin: Option<PathBuf>,
}

impl Line {
    /// A program and its arguments, with nothing to read.
    pub fn new(program: impl Into<PathBuf>, args: &[&str]) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(|&word| word.to_owned()).collect(),
            stdin: None,
        }
    }

    /// A shell script, with a folder as its first argument.
    pub fn script(text: &str, folder: &Path) -> Self {
        Self::new("sh", &["-c", text, "sh", &folder.display().to_string()])
    }

    /// The same, with a file as its standard input.
    pub fn reading(self, file: PathBuf) -> Self {
        Self {
            stdin: Some(file),
            ..self
        }
    }

    /// Runs it once and gives whether it succeeded, and what it printed.
    pub fn output(&self) -> Result<(bool, String)> {
        let output = self.command()?.stdout(Stdio::piped()).output();
        let output = output.with_context(|| self.cannot())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.status.success(), text))
    }

    fn command(&self) -> Result<Command> {
        let stdin = match &self.stdin {
            Some(path) => File::open(path)
                .with_context(|| format!("cannot read {}", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env("LC_ALL", "C")
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        Ok(command)
    }

    fn spawn(&self) -> Result<Child> {
        self.command()?.spawn().with_context(|| self.cannot())
    }

    fn cannot(&self) -> String {
        format!("cannot run {}", self.program.display())
    }

    fn cost(&self) -> Result<Cost> {
        let start = Instant::now();
        let mut child = self.spawn()?;
        let ended = child.wait4()?;
        let time = start.elapsed();
        ensure!(ended.status.success(), "{} failed", self.program.display());
        Ok(Cost {
            time,
            processors: ended.rusage.utime + ended.rusage.stime,
            peak_kib: ended.rusage.maxrss / 1024,
        })
    }
}

/// The best of several runs.
///
/// # Errors
/// A run fails.
pub fn best(runs: u32, line: &Line) -> Result<Cost> {
    let [best] = best_of_each(runs, [line], || Ok(()))?;
    Ok(best)
}

/// The best of several runs of each, in turn, so that they can be compared although the machine is busy at times.
/// `prepare` brings everything back to where it was before each turn; its time is not counted.
///
/// # Errors
/// A run fails, or `prepare` does.
pub fn best_of_each<const COUNT: usize>(
    runs: u32,
    lines: [&Line; COUNT],
    mut prepare: impl FnMut() -> Result<()>,
) -> Result<[Cost; COUNT]> {
    let since = Instant::now();
    let mut turn = || -> Result<Vec<Cost>> {
        prepare()?;
        lines.iter().map(|line| line.cost()).collect()
    };
    let mut all = turn()?;
    for _ in 1..runs {
        if since.elapsed() > PATIENCE {
            break;
        }
        for (best, cost) in all.iter_mut().zip(turn()?) {
            best.time = best.time.min(cost.time);
            best.processors = best.processors.min(cost.processors);
        }
    }
    all.try_into().ok().context("a run was lost")
}
