//! Lines for people: coloured on a terminal, with priorities in the journal.

use std::io::IsTerminal;
use std::{env, io};

use anstyle::{AnsiColor, Style};

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
            (true, _) => anstream::eprintln!("{priority}{line}"),
            (false, 0) => anstream::eprintln!("{word} {line}"),
            (false, _) => anstream::eprintln!("  {line}"),
        }
    }
}
