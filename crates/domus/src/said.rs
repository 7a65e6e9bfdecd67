//! What a program in the foreground says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use reconcile::program::tail;

/// How many lines are kept.
const KEPT: usize = 20;

/// The last lines that a program says on its standard error; they go to the journal as they come.
pub struct Said {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Said {
    /// Of a program whose standard error is a pipe.
    pub fn of(program: &mut Child) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = program.stderr.take().map(|pipe| {
            thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let line = tail(&String::from_utf8_lossy(&line));
                    errln!("{line}");
                    let mut lines = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    lines.push_back(line);
                    if lines.len() > KEPT {
                        lines.pop_front();
                    }
                }
            })
        });
        Self { lines, reader }
    }

    /// Whether one of its last lines begins like this.
    pub fn has_said(&self, beginning: &str) -> bool {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().any(|line| line.starts_with(beginning))
    }

    /// Its last words, on one line, once it ended.
    pub fn text(&self) -> String {
        // Whatever still holds the pipe (a qemu that xl left) must not keep us.
        if let Some(reader) = &self.reader {
            let patience = Instant::now() + Duration::from_secs(2);
            while !reader.is_finished() && Instant::now() < patience {
                thread::sleep(Duration::from_millis(20));
            }
        }
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        tail(&lines.join("\n"))
    }
}
