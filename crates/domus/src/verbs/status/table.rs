//! All guests, a line each.

use std::io;

use anstyle::Style;

use super::facts::Facts;
use super::sizes::human;
use super::uptime;
use crate::output::{self, BOLD, DIM, GREEN, RED, YELLOW, styled};
use crate::text::wrap;

/// The space between two columns.
const GAP: usize = 2;

/// A column.
struct Column {
    header: &'static str,
    cells: Vec<String>,
    /// When it goes, where the terminal is too narrow for all: the lowest first; 0 never.
    goes: u8,
}

impl Column {
    fn new(
        header: &'static str,
        goes: u8,
        facts: &[Facts],
        cell: impl Fn(&Facts) -> String,
    ) -> Self {
        Self {
            header,
            cells: facts.iter().map(cell).collect(),
            goes,
        }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.chain([self.header.len()]).max().unwrap_or(0)
    }
}

/// How wide the terminal is; nothing where there is none.
pub fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// Prints the table, the disks where they are asked for, then what waits for a person.
pub fn print(facts: &[Facts], disks: bool) {
    if facts.is_empty() {
        outln!("no guests are declared");
        return;
    }
    let width = terminal_width();
    let columns = fit(columns(facts, width.is_some()), width);
    show(&columns);
    if disks {
        show_disks(facts);
    }
    for guest in facts {
        for note in &guest.notes {
            let text = wrap(&format!("{}: {note}", guest.name), width, 0, 2);
            outln!("{}", styled(YELLOW, text));
        }
    }
    for guest in facts {
        if let Some(why) = &guest.last_failure {
            output::warning(&format!(
                "guest {0} did not start when it was last tried: {why}. `domus start {0}` tries again",
                guest.name,
                why = why.trim_end_matches('.')
            ));
        }
        for problem in &guest.problems {
            output::error(&format!("guest {}: {problem}", guest.name));
        }
    }
    let failed: Vec<&str> = facts
        .iter()
        .filter(|guest| !guest.problems.is_empty())
        .map(|guest| guest.name.as_str())
        .collect();
    if !failed.is_empty() && facts.len() > 1 {
        output::error(&format!("not as declared: {}", failed.join(", ")));
    }
}

fn columns(facts: &[Facts], all: bool) -> Vec<Column> {
    let none = || "-".to_owned();
    let number = move |value: Option<u32>| value.map_or_else(none, |value| value.to_string());
    let mib = move |value: Option<u64>| value.map_or_else(none, |mib| format!("{mib} MiB"));
    let word = move |value: Option<&str>| value.map_or_else(none, str::to_owned);
    let mut columns = vec![
        Column::new("GUEST", 0, facts, |guest| guest.name.clone()),
        Column::new("STATE", 0, facts, |guest| guest.state.to_owned()),
        Column::new("DOMID", 0, facts, |guest| number(guest.domid)),
        Column::new("MEMORY", 0, facts, |guest| mib(guest.memory_mib)),
        Column::new("VCPUS", 5, facts, |guest| number(guest.vcpus)),
        Column::new("UPTIME", 0, facts, |guest| {
            guest.uptime_seconds.map_or_else(none, uptime::human)
        }),
        Column::new("TYPE", 3, facts, |guest| word(guest.guest_type)),
        Column::new("BOOT", 4, facts, |guest| word(guest.bootloader)),
        Column::new("AUTOSTART", 6, facts, |guest| {
            if guest.autostart { "yes" } else { "no" }.to_owned()
        }),
    ];
    if all {
        columns.push(Column::new("DISKS", 2, facts, |guest| {
            guest.total().words()
        }));
        columns.push(Column::new("NETWORKS", 1, facts, |guest| {
            let bridges = guest.networks.iter();
            let names: Vec<&str> = bridges
                .map(|network| network.bridge.as_deref().unwrap_or("-"))
                .collect();
            names.join(" ")
        }));
    }
    columns
}

/// Leaves columns out until the rest fits.
fn fit(mut columns: Vec<Column>, width: Option<usize>) -> Vec<Column> {
    let Some(width) = width else { return columns };
    loop {
        let needed: usize = columns.iter().map(|column| column.width() + GAP).sum();
        let goes = columns.iter().map(|column| column.goes);
        let Some(next) = goes.filter(|goes| *goes > 0).min() else {
            return columns;
        };
        if needed <= width + GAP {
            return columns;
        }
        columns.retain(|column| column.goes != next);
    }
}

fn show(columns: &[Column]) {
    let line = |cells: Vec<(String, Style)>| {
        let last = columns.len().saturating_sub(1);
        let padded = columns.iter().zip(cells).enumerate();
        let padded = padded.map(|(at, (column, (cell, style)))| {
            let width = if at == last { 0 } else { column.width() };
            styled(style, format!("{cell:width$}"))
        });
        outln!("{}", padded.collect::<Vec<_>>().join("  "));
    };
    let headers = columns.iter().map(|column| (column.header.to_owned(), DIM));
    line(headers.collect());
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        let cells = columns.iter().enumerate().map(|(at, column)| {
            let cell = &column.cells[row];
            (cell.clone(), style(at, cell))
        });
        line(cells.collect());
    }
}

fn style(column: usize, cell: &str) -> Style {
    match (column, cell) {
        (0, _) => BOLD,
        (1, _) => state_style(cell),
        (_, "-") => DIM,
        _ => Style::new(),
    }
}

/// A state's style: red for what is wrong, yellow for what waits.
pub fn state_style(state: &str) -> Style {
    match state {
        "running" => GREEN,
        "crashed" | "foreign" | "unknown" => RED,
        "stopped" => Style::new(),
        _ => YELLOW,
    }
}

/// The disks of all guests.
fn show_disks(facts: &[Facts]) {
    let of = || {
        facts
            .iter()
            .flat_map(|guest| guest.disks.iter().map(move |disk| (guest, disk)))
    };
    if of().next().is_none() {
        return;
    }
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), human);
    let mut columns: Vec<Column> = ["GUEST", "DISK", "VDEV", "REAL", "VIRTUAL", "FORMAT", "PATH"]
        .map(|header| Column {
            header,
            cells: Vec::new(),
            goes: 0,
        })
        .into();
    for (guest, disk) in of() {
        let cells = [
            guest.name.clone(),
            disk.name.clone(),
            disk.vdev.clone(),
            size(disk.sizes.real_bytes),
            size(disk.sizes.virtual_bytes),
            disk.format.to_owned(),
            disk.path.clone().unwrap_or_else(|| "-".to_owned()),
        ];
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.cells.push(cell);
        }
    }
    outln!("");
    show(&columns);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_columns_go_first() {
        let column = |header, width: usize, goes| Column {
            header,
            cells: vec!["x".repeat(width)],
            goes,
        };
        let columns = || vec![column("A", 10, 0), column("B", 10, 2), column("C", 10, 1)];
        let left = |width| -> Vec<&str> {
            let columns = fit(columns(), width);
            columns.iter().map(|column| column.header).collect()
        };
        assert_eq!(left(None), ["A", "B", "C"]);
        assert_eq!(left(Some(34)), ["A", "B", "C"]);
        assert_eq!(left(Some(33)), ["A", "B"]);
        assert_eq!(left(Some(22)), ["A", "B"]);
        assert_eq!(left(Some(5)), ["A"]);
    }
}
