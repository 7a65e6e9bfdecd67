//! What a program in the foreground says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use reconcile::program::tail;

/// How many lines are kept.
const KEPT: usize = 20;
/// How long its last words are waited for, once it ended: whatever still holds the pipe (a qemu that xl left) must not keep us.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The last lines that a program says on its standard error; they go to the journal as they come.
#[derive(Clone)]
pub struct Said(Arc<Shared>);

struct Shared {
    heard: Mutex<Heard>,
    /// There is a line more, or there will be none.
    changed: Condvar,
}

struct Heard {
    lines: VecDeque<String>,
    /// Nobody has the pipe any more.
    is_over: bool,
}

impl Heard {
    fn line(&self, beginning: &str) -> Option<&String> {
        self.lines.iter().find(|line| line.starts_with(beginning))
    }
}

impl Said {
    /// Of a program whose standard error is a pipe.
    pub fn of(program: &mut Child) -> Self {
        let pipe = program.stderr.take();
        let said = Self(Arc::new(Shared {
            heard: Mutex::new(Heard {
                lines: VecDeque::new(),
                is_over: pipe.is_none(),
            }),
            changed: Condvar::new(),
        }));
        let hears = said.clone();
        if let Some(pipe) = pipe {
            thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let line = tail(&String::from_utf8_lossy(&line));
                    errln!("{line}");
                    hears.change(|heard| {
                        heard.lines.push_back(line);
                        if heard.lines.len() > KEPT {
                            heard.lines.pop_front();
                        }
                    });
                }
                hears.change(|heard| heard.is_over = true);
            });
        }
        said
    }

    /// That of its last lines which begins like this.
    pub fn line(&self, beginning: &str) -> Option<String> {
        self.heard().line(beginning).cloned()
    }

    /// Whether one of its last lines begins like this.
    pub fn has_said(&self, beginning: &str) -> bool {
        self.heard().line(beginning).is_some()
    }

    /// Waits, for at most so long, until it says a line that begins like this, or says nothing any more; whether it did say it.
    pub fn wait_for(&self, beginning: &str, limit: Duration) -> bool {
        self.wait(limit, |heard| heard.line(beginning).is_some());
        self.has_said(beginning)
    }

    /// Its last words, on one line, once it ended.
    pub fn text(&self) -> String {
        self.wait(LAST_WORDS, |_| false);
        let heard = self.heard();
        let lines: Vec<&str> = heard.lines.iter().map(String::as_str).collect();
        tail(&lines.join("\n"))
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard());
        self.0.changed.notify_all();
    }

    fn wait(&self, limit: Duration, enough: impl Fn(&Heard) -> bool) {
        let goes_on = |heard: &mut Heard| !heard.is_over && !enough(heard);
        let changed = &self.0.changed;
        drop(changed.wait_timeout_while(self.heard(), limit, goes_on));
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use super::*;

    fn said_by(script: &str) -> (Child, Said) {
        let mut program = Command::new("sh")
            .args(["-c", script])
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let said = Said::of(&mut program);
        (program, said)
    }

    #[test]
    fn a_word_is_heard_when_it_comes() {
        let long = Duration::from_secs(20);
        let (mut program, said) =
            said_by("echo one >&2; sleep 0.3; echo ready now >&2; exec sleep 60");
        let began = Instant::now();
        assert!(!said.wait_for("ready", Duration::from_millis(50)));
        assert!(said.wait_for("ready", long) && began.elapsed() < long);
        assert_eq!(said.line("ready").as_deref(), Some("ready now"));
        let _ = program.kill();
        let _ = program.wait();
    }

    #[test]
    fn one_that_ended_is_not_waited_for() {
        let began = Instant::now();
        let (mut program, said) = said_by("echo first >&2; printf last >&2");
        assert!(!said.wait_for("ready", Duration::from_secs(20)));
        assert_eq!(said.text(), "first; last");
        assert!(began.elapsed() < Duration::from_secs(10));
        let _ = program.wait();
    }

    #[test]
    fn one_that_left_another_with_its_pipe_is_not_waited_for_either() {
        let began = Instant::now();
        let (mut program, said) = said_by("sleep 30 & echo $! >&2");
        let _ = program.wait();
        let left = said.text();
        assert!(began.elapsed() < Duration::from_secs(20));
        let ended = Command::new("kill").arg(left).status();
        assert!(ended.is_ok_and(|status| status.success()));
    }
}
