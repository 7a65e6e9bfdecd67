//! Calling other programs, with a time limit and errors that a person can use.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wait_timeout::ChildExt;

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("cannot run {program}: {source}. Is it installed, and on PATH?")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It did not end in time, and was killed.
    #[error("`{command}` did not answer within {} s, and was ended", limit.as_secs())]
    Timeout {
        /// The command line.
        command: String,
        /// The time that it had.
        limit: Duration,
    },
    /// It failed.
    #[error("`{command}` failed ({status}){}", said(stderr))]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        stderr: String,
    },
}

fn said(stderr: &str) -> String {
    match tail(stderr).as_str() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

/// What libxl says, after the cause, as it ends the domain that it could not make, and that is not there (`libxl_domain.c`).
const AFTER_THE_CAUSE: [&str; 3] = [
    ":libxl__destroy_domid:",
    ":domain_destroy_callback:",
    ":domain_destroy_cb:",
];

/// The last lines of what a program said, on one line, without control characters.
#[must_use]
pub fn tail(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let is_cause = |line: &&str| !AFTER_THE_CAUSE.iter().any(|after| line.contains(after));
    let causes: Vec<&str> = lines.iter().copied().filter(is_cause).collect();
    let lines = if causes.is_empty() { lines } else { causes };
    let last = lines[lines.len().saturating_sub(4)..].join("; ");
    last.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Runs a program to its end and gives what it wrote to its standard output.
///
/// # Errors
/// When it cannot be started, does not end within `limit`, or fails.
pub fn run<S: AsRef<OsStr>>(
    program: &OsStr,
    args: &[S],
    limit: Duration,
) -> Result<String, ProgramError> {
    let ended = end(program, args, limit)?;
    if ended.status.success() {
        Ok(ended.stdout)
    } else {
        Err(ProgramError::Failed {
            command: ended.command,
            status: ended.status,
            stderr: ended.stderr,
        })
    }
}

/// The same of a program whose answer counts however it ends: `systemctl is-active` fails where something is not.
///
/// # Errors
/// When it cannot be started, or does not end within `limit`.
pub fn ask<S: AsRef<OsStr>>(
    program: &OsStr,
    args: &[S],
    limit: Duration,
) -> Result<String, ProgramError> {
    end(program, args, limit).map(|ended| ended.stdout)
}

/// A program that has ended.
struct Run {
    command: String,
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

fn end<S: AsRef<OsStr>>(program: &OsStr, args: &[S], limit: Duration) -> Result<Run, ProgramError> {
    let command = || {
        let words = std::iter::once(program).chain(args.iter().map(AsRef::as_ref));
        words
            .collect::<Vec<_>>()
            .join(OsStr::new(" "))
            .to_string_lossy()
            .into_owned()
    };
    let start = |source| ProgramError::Start {
        program: program.to_string_lossy().into_owned(),
        source,
    };
    let mut child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    // Both pipes are drained while the program runs, or it would wait for us as we wait for it.
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let Some(status) = child.wait_timeout(limit).map_err(start)? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(ProgramError::Timeout {
            command: command(),
            limit,
        });
    };
    Ok(Run {
        command: command(),
        status,
        stdout: stdout.text(),
        stderr: if status.success() {
            String::new()
        } else {
            stderr.text()
        },
    })
}

/// How long a pipe may stay open after its program ended: a process that it left (a hotplug script, a
/// qemu) may hold it, and must not hold us.
const LEFT_OPEN: Duration = Duration::from_secs(2);

/// What a program writes, read while it runs.
struct Drained {
    bytes: Arc<Mutex<Vec<u8>>>,
    closed: Receiver<()>,
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> Drained {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let (close, closed) = mpsc::channel();
    let kept = Arc::clone(&bytes);
    thread::spawn(move || {
        let mut chunk = vec![0; 64 * 1024];
        if let Some(mut pipe) = pipe {
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                if let Ok(mut kept) = kept.lock() {
                    kept.extend_from_slice(&chunk[..count]);
                }
            }
        }
        let _ = close.send(());
    });
    Drained { bytes, closed }
}

impl Drained {
    /// All that was written, or what came until the pipe was given up.
    fn text(self) -> String {
        let _ = self.closed.recv_timeout(LEFT_OPEN);
        let bytes = self
            .bytes
            .lock()
            .map(|mut bytes| std::mem::take(&mut *bytes))
            .unwrap_or_default();
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The programs that Domus calls.
#[derive(Clone, Debug)]
pub struct Programs {
    /// xl, Xen's toolstack.
    pub xl: OsString,
    /// iproute2's `ip`.
    pub ip: OsString,
    /// systemd's `systemctl`.
    pub systemctl: OsString,
    /// Xen's `xenstore-read`.
    pub xenstore_read: OsString,
    /// systemd's `journalctl`.
    pub journalctl: OsString,
    /// How long xl may take to answer a question.
    pub answer_limit: Duration,
    /// How long xl may take to start a guest; pygrub on a slow disk takes a minute.
    pub start_limit: Duration,
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            xl: "xl".into(),
            ip: "ip".into(),
            systemctl: "systemctl".into(),
            xenstore_read: "xenstore-read".into(),
            journalctl: "journalctl".into(),
            answer_limit: Duration::from_secs(30),
            start_limit: Duration::from_secs(600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<String, ProgramError> {
        run(OsStr::new("sh"), &["-c", script], limit)
    }

    #[test]
    fn gives_output_however_long() {
        let text = sh("yes 0123456789 | head -n 100000", Duration::from_secs(20)).unwrap();
        assert_eq!(text.len(), 1_100_000);
    }

    #[test]
    fn what_libxl_says_after_the_cause_does_not_hide_it() {
        // As 4.17 says it of a restore whose disk is away.
        let after =
            "libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 1:Non-existant domain
libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain 1:Unable to destroy guest
libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain 1:Destruction of domain failed";
        let cause = "libxl: error: libxl_device.c:437:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: /v.img: No such file or directory
libxl: error: libxl_create.c:1318:initiate_domain_create: Domain 1:Unable to set disk defaults for disk 0";
        let said = tail(&format!("Loading new save file\n{cause}\n{after}\n"));
        assert_eq!(
            said,
            format!("Loading new save file; {}", cause.replace('\n', "; "))
        );
        // Where it is all that is said, it is said.
        assert_eq!(tail(after), after.replace('\n', "; "));
    }

    #[test]
    fn errors_say_what_the_program_said() {
        let error = sh(
            "printf 'libxl: error\\033[1m\\nno such domain\\n' >&2; exit 3",
            Duration::from_secs(5),
        );
        let text = error.unwrap_err().to_string();
        assert!(
            text.ends_with("failed (exit status: 3): libxl: error [1m; no such domain"),
            "{text}"
        );
        let hangs = sh("exec sleep 60", Duration::from_millis(100)).unwrap_err();
        assert!(matches!(hangs, ProgramError::Timeout { .. }));
        let missing =
            run::<&str>(OsStr::new("/nonexistent/xl"), &[], Duration::from_secs(1)).unwrap_err();
        assert!(missing.to_string().contains("Is it installed"), "{missing}");
    }
}
