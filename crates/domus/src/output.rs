//! Lines for people: coloured on a terminal, with priorities in the journal.

use std::io::{IsTerminal, Write as _};
use std::sync::OnceLock;
use std::{env, fmt, io};

use anstyle::{AnsiColor, Style};

/// A line on standard output. One that cannot be written, as on a full disk, stops no work: [`failed`] tells at the end.
macro_rules! outln {
    ($($words:tt)*) => {
        $crate::output::out(format_args!($($words)*))
    };
}

/// A line on standard error.
macro_rules! errln {
    ($($words:tt)*) => {
        $crate::output::err(format_args!($($words)*))
    };
}

/// Why standard output could not be written to, the first time.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Writes a line to standard output: see `outln!`.
pub fn out(line: fmt::Arguments) {
    if let Err(error) = writeln!(anstream::stdout(), "{line}") {
        let _ = FAILED.set(error);
    }
}

/// Writes a line to standard error, where that can be done.
pub fn err(line: fmt::Arguments) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Why what was to be said could not be; nothing where all was, or where a reader had enough of it.
pub fn failed() -> Option<&'static io::Error> {
    FAILED
        .get()
        .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
}

/// Something is wrong.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Something waits for a person.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Something is as it should be.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// A heading or a guest's name.
pub const BOLD: Style = Style::new().bold();
/// Less important.
pub const DIM: Style = Style::new().dimmed();

/// A text in a style; the style goes where it cannot be shown.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether standard error is the journal's (systemd.exec(5), `JOURNAL_STREAM`).
fn is_journal() -> bool {
    env::var_os("JOURNAL_STREAM").is_some() && !io::stderr().is_terminal()
}

/// An error, for the person who ran the verb.
pub fn error(text: &str) {
    say("<3>", &styled(RED, "error:"), text);
}

/// A warning.
pub fn warning(text: &str) {
    say("<4>", &styled(YELLOW, "warning:"), text);
}

fn say(priority: &str, word: &str, text: &str) {
    for (index, line) in text.lines().enumerate() {
        match (is_journal(), index) {
            (true, _) => errln!("{priority}{line}"),
            (false, 0) => errln!("{word} {line}"),
            (false, _) => errln!("  {line}"),
        }
    }
}
