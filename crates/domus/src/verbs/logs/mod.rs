//! `domus logs`: what a guest wrote to its console, as xenconsoled keeps it.

mod files;
mod follow;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use guest_spec::GuestType;
use reconcile::{Layout, domains};
use serde_json::json;

use crate::cli::{Common, LogsArgs};
use crate::known::{Found, Known, Named};
use crate::output::{self, DIM, styled};
use crate::text::Lines;
use files::LogFile;
use follow::{Followed, Open};

/// How many bytes are read at once.
const CHUNK: usize = 64 * 1024;

pub fn run(common: &Common, args: &LogsArgs) -> anyhow::Result<ExitCode> {
    let name = args.name.as_str();
    if name.contains(['/', '\0']) || name.is_empty() {
        bail!("{name:?} is no name of a guest");
    }
    if args.raw && io::stdout().is_terminal() {
        bail!(
            "--raw gives what the guest wrote byte for byte, which a terminal would obey; send it to a file or a pipe, or leave --raw out"
        );
    }
    if args.raw && common.json {
        bail!("--raw and --json exclude each other");
    }
    let known = Known::load(common)?;
    let names = known.records.names_of(name);
    let current = files::current(&known.layout, &names);
    let newest = files::newest(&current).cloned().unwrap_or_default();
    // Opened before the folder is read: should it be rotated in between, it is there under its other name too.
    let mut open = Open::at(&newest);
    let mut files = files::of_guest(&known.layout, &names)?;
    if files.iter().all(LogFile::is_empty) && !args.follow {
        let why = why_there_is_none(name, &known, !files.is_empty());
        if common.json {
            output::error(&why);
            return Ok(ExitCode::FAILURE);
        }
        bail!("{why}");
    }
    if !common.json && io::stderr().is_terminal() {
        say_where(&files);
    }
    let mut sink = Sink {
        out: io::stdout().lock(),
        how: match (args.raw, common.json) {
            (true, _) => How::Raw,
            (_, true) => How::Json(name.to_owned()),
            _ => How::Plain,
        },
    };
    if let Some(open) = &open {
        files.retain(|file| file.path != newest && !open.is_at(&file.path));
    }
    let result = print(&files, open.as_mut(), args, &mut sink)
        .and_then(|lines| {
            if args.follow {
                let others = current.into_iter().filter(|path| *path != newest);
                let mut followed: Vec<Followed> = others.map(Followed::from_now).collect();
                followed.push(Followed {
                    path: newest,
                    open,
                    lines,
                });
                return follow::follow(followed, &mut sink);
            }
            Ok(())
        })
        .and_then(|()| sink.out.flush());
    match result {
        // Whoever read has had enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error).context("cannot print the log"),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// How lines are printed.
enum How {
    Plain,
    Raw,
    Json(String),
}

/// Where lines go.
pub struct Sink<'a> {
    out: io::StdoutLock<'a>,
    how: How,
}

impl Sink<'_> {
    fn line(&mut self, line: &str) -> io::Result<()> {
        match &self.how {
            How::Json(guest) => writeln!(self.out, "{}", json!({ "guest": guest, "line": line })),
            How::Plain | How::Raw => writeln!(self.out, "{line}"),
        }
    }

    /// Prints what came, as lines or as it is.
    pub fn take(&mut self, bytes: &[u8], lines: &mut Lines) -> io::Result<()> {
        if matches!(self.how, How::Raw) {
            return self.out.write_all(bytes);
        }
        let mut result = Ok(());
        lines.feed(bytes, &mut |line| {
            if result.is_ok() {
                result = self.line(line);
            }
        });
        result
    }

    /// Prints what came after the last line feed.
    fn finish(&mut self, lines: &mut Lines) -> io::Result<()> {
        let mut result = Ok(());
        lines.finish(&mut |line| result = self.line(line));
        result
    }

    /// Shows what was printed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Prints the last lines of all files together, the newest being open; gives what came after the last line feed, for
/// those who follow.
fn print(
    older: &[LogFile],
    mut newest: Option<&mut Open>,
    args: &LogsArgs,
    sink: &mut Sink,
) -> io::Result<Lines> {
    let mut lines = Lines::default();
    let Some(wanted) = args.lines.count() else {
        let mut take = |bytes: &[u8]| sink.take(bytes, &mut lines);
        older
            .iter()
            .try_for_each(|file| each_chunk(file, &mut take))?;
        if let Some(newest) = &mut newest {
            newest.read(take)?;
        }
        if !args.follow {
            sink.finish(&mut lines)?;
        }
        return Ok(lines);
    };
    let mut last = Last {
        wanted,
        lines: VecDeque::new(),
        rest: Vec::new(),
    };
    let in_newest = match &mut newest {
        Some(newest) => newest.count_lines()?,
        None => 0,
    };
    for file in files::needed(older, wanted.saturating_sub(in_newest)) {
        each_chunk(file, |bytes| {
            last.take(bytes);
            Ok(())
        })?;
    }
    if let Some(newest) = newest {
        newest.read(|bytes| {
            last.take(bytes);
            Ok(())
        })?;
    }
    if !args.follow {
        last.end();
    }
    for line in last.lines {
        sink.take(&line, &mut lines)?;
    }
    sink.take(&last.rest, &mut lines)?;
    if !args.follow {
        sink.finish(&mut lines)?;
    }
    sink.flush()?;
    Ok(lines)
}

/// The last lines that a guest wrote, fit for a terminal; none where nothing is kept.
pub fn last_lines(layout: &Layout, names: &[&str], wanted: usize) -> Vec<String> {
    let mut found = VecDeque::new();
    let mut lines = Lines::default();
    let mut keep = |line: &str| {
        if !line.is_empty() {
            found.push_back(line.to_owned());
        }
        if found.len() > wanted {
            found.pop_front();
        }
    };
    let current = files::current(layout, names);
    let newest = files::newest(&current).and_then(|path| Open::at(path));
    if let Some(mut newest) = newest {
        let _ = newest.skip_to_last(CHUNK as u64);
        let _ = newest.read(|bytes| {
            lines.feed(bytes, &mut keep);
            Ok(())
        });
        lines.finish(&mut keep);
    }
    found.into()
}

/// The last lines, as they were written.
struct Last {
    wanted: usize,
    lines: VecDeque<Vec<u8>>,
    /// What came after the last line feed.
    rest: Vec<u8>,
}

impl Last {
    /// What has no line feed for longer than this is cut into lines: a guest may write anything.
    const LONGEST: usize = 1 << 20;

    /// Nothing more comes: what has no line feed is a line too.
    fn end(&mut self) {
        if !self.rest.is_empty() {
            self.keep();
        }
    }

    fn keep(&mut self) {
        if self.lines.len() == self.wanted {
            self.lines.pop_front();
        }
        let line = std::mem::take(&mut self.rest);
        if self.wanted > 0 {
            self.lines.push_back(line);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") || self.rest.len() >= Self::LONGEST {
                self.keep();
            }
        }
    }
}

/// Reads a file in parts. One that cannot be read is said, and what else there is is shown all the same.
fn each_chunk(file: &LogFile, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut reader = match file.open() {
        Ok(reader) => reader,
        Err(error) => {
            output::warning(&format!("cannot read {}: {error}", file.path.display()));
            return Ok(());
        }
    };
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&chunk[..count])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let path = file.path.display();
                output::warning(&format!("cannot read all of {path}: {error}"));
                return Ok(());
            }
        }
    }
}

fn say_where(files: &[LogFile]) {
    let Some(newest) = files.last() else { return };
    let older = match files.len() - 1 {
        0 => String::new(),
        1 => ", and 1 older".to_owned(),
        count => format!(", and {count} older"),
    };
    let text = format!("{}{older}", newest.path.display());
    errln!("{}", styled(DIM, text));
}

/// Why nothing is kept of a guest, and what to do.
fn why_there_is_none(name: &str, known: &Known, has_file: bool) -> String {
    let named = match known.named(name) {
        Ok(named) => named,
        Err(error) => return format!("{error:#}"),
    };
    let folder = known.layout.below(files::FOLDER);
    let folder = folder.display();
    let runs = domains::list_briefly(&known.programs)
        .is_ok_and(|domains| matches!(named.find(&domains), Found::Own(_)));
    if has_file {
        return format!(
            "guest {name} wrote nothing to its console{}",
            console_hint(&named)
        );
    }
    if runs {
        return format!(
            "nothing is kept of guest {name}'s console, although it runs: there is no guest-{name}.log in {folder}. Either virtualisation.xen.domus.consoleLogs.enable is false, or the guest has run since before it was enabled: then its log begins at its next start{}. `domus console {name}` shows its console",
            console_hint(&named)
        );
    }
    format!(
        "nothing is kept of guest {name}'s console: there is no guest-{name}.log in {folder}. Either it did not run yet (`domus start {name}`), or virtualisation.xen.domus.consoleLogs.enable is false"
    )
}

fn console_hint(named: &Named) -> &'static str {
    let hvm = named
        .declared
        .as_ref()
        .is_some_and(|guest| guest.guest_type == GuestType::Hvm);
    if hvm {
        ". Of an HVM guest the PV console (hvc0) is kept, not its serial port: its kernel writes there with console=hvc0"
    } else {
        ""
    }
}
