//! Says what is being done: a spinner on a terminal, plain lines elsewhere, so that no silence is long.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain output repeats what is still being done.
const REMINDER: Duration = Duration::from_secs(8);

thread_local! {
    /// Which of several that work side by side this thread is.
    static LANE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Has all steps of this thread say that they are of this one of several that work side by side; counted from 0.
pub fn lane(number: usize) {
    LANE.set(Some(number));
}

/// What marks lines of this thread: ` [2]`, or nothing where there is one only.
pub fn label() -> String {
    LANE.get()
        .map_or_else(String::new, |lane| format!(" [{}]", lane + 1))
}

/// One step under way; it ends when dropped, or with [`Step::done`].
pub struct Step {
    text: String,
    since: Instant,
    bar: Option<ProgressBar>,
    over: Arc<AtomicBool>,
}

impl Step {
    /// Begins a step: `text` says what is done, such as "booting Xen".
    pub fn begin(text: impl Into<String>) -> Self {
        let text = text.into();
        let since = Instant::now();
        let over = Arc::new(AtomicBool::new(false));
        let text = format!("{text}{}", label());
        // Two spinners would each be drawn over by the other.
        let bar = (LANE.get().is_none() && std::io::stderr().is_terminal()).then(|| spinner(&text));
        if bar.is_none() {
            anstream::eprintln!("· {text}");
            remind(text.clone(), since, Arc::clone(&over));
        }
        Self {
            text,
            since,
            bar,
            over,
        }
    }

    /// Ends the step and says how long it took.
    pub fn done(self) {
        let seconds = self.since.elapsed().as_secs_f64();
        let line = format!("✓ {} ({seconds:.0} s)", self.text);
        match &self.bar {
            Some(bar) => {
                bar.finish_and_clear();
                anstream::eprintln!("{line}");
            }
            None => anstream::eprintln!("{line}"),
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner(text: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Repeats `text` while the step is not over. The thread ends by itself within a second after it.
fn remind(text: String, since: Instant, over: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut next = REMINDER;
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(250));
            if since.elapsed() >= next && !over.load(Ordering::Relaxed) {
                anstream::eprintln!("  still {text} ({} s)", since.elapsed().as_secs());
                next += REMINDER;
            }
        }
    });
}
