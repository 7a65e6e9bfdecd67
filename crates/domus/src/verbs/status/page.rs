//! All that is known of a guest, for a person at 2 a.m.: how it is, why, and what to do.

use super::facts::{Facts, SaveFile};
use super::sizes::human;
use super::table::{state_style, terminal_width};
use super::uptime;
use crate::output::{self, BOLD, DIM, RED, YELLOW, styled};
use crate::text::wrap;

/// Prints a page for each guest.
pub fn print(facts: &[Facts]) {
    for (at, guest) in facts.iter().enumerate() {
        if at > 0 {
            outln!("");
        }
        page(guest);
    }
    // Last, where they are seen.
    for guest in facts {
        for problem in &guest.problems {
            output::error(&format!("guest {}: {problem}", guest.name));
        }
    }
}

fn page(guest: &Facts) {
    let since = guest
        .uptime_seconds
        .map(|seconds| format!(" for {}", uptime::human(seconds)));
    let state = styled(state_style(guest.state), guest.state);
    outln!(
        "{}  {state}{}",
        styled(BOLD, &guest.name),
        since.unwrap_or_default()
    );
    for (name, value) in lines(guest) {
        field(name, &value);
    }
    for disk in &guest.disks {
        let path = disk.path.as_deref().unwrap_or("no disc");
        let mode = if disk.read_only { ", read-only" } else { "" };
        field(
            &format!("disk {}", disk.name),
            &format!(
                "{} = {path} ({}{mode}), {}",
                disk.vdev,
                disk.format,
                disk.sizes.words()
            ),
        );
    }
    for network in &guest.networks {
        let bridge = network.bridge.as_deref().unwrap_or("xl's default bridge");
        field(
            &format!("network {}", network.name),
            &format!("{} on {bridge}", network.mac),
        );
    }
    if let Some(why) = &guest.last_failure {
        field("last start", &format!("{}: {why}", styled(RED, "failed")));
    }
    for note in &guest.notes {
        let text = wrap(note, terminal_width(), 2, 4);
        outln!("  {}", styled(YELLOW, text));
    }
    if !guest.last_lines.is_empty() {
        let how = format!(
            "  what it wrote last (`domus logs {}` has more):",
            guest.name
        );
        outln!("{}", styled(DIM, how));
        for line in &guest.last_lines {
            outln!("    {line}");
        }
    }
    if let Some(next) = what_next(guest) {
        outln!("  {}", wrap(&next, terminal_width(), 2, 2));
    }
}

/// The widest name of a field.
const NAMES: usize = 12;

fn field(name: &str, value: &str) {
    let padded = format!("{name:NAMES$}");
    let begin = 2 + padded.chars().count() + 2;
    let value = wrap(value, terminal_width(), begin, begin);
    outln!("  {}  {value}", styled(DIM, padded));
}

fn lines(guest: &Facts) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(domid) = guest.domid {
        lines.push(("domain", domid.to_string()));
    }
    if let Some(uuid) = guest.uuid {
        lines.push(("uuid", uuid.to_string()));
    }
    if let (Some(kind), Some(boot)) = (guest.guest_type, guest.bootloader) {
        lines.push(("type", format!("{kind}, bootloader {boot}")));
    }
    let with_dom0 = match (guest.declared, guest.autostart) {
        (false, _) => "no: it is no longer declared",
        (true, true) => "yes, with the Dom0",
        (true, false) => "no, by hand only",
    };
    lines.push(("autostart", with_dom0.to_owned()));
    if let Some(memory) = guest.memory_mib {
        lines.push(("memory", of_at_most(memory, guest.max_memory_mib, " MiB")));
    }
    if let Some(vcpus) = guest.vcpus {
        let most = guest.max_vcpus.map(u64::from);
        lines.push(("vcpus", of_at_most(u64::from(vcpus), most, "")));
    }
    if let Some(unit) = &guest.unit {
        let since = unit.since.as_ref().map(|since| format!(", since {since}"));
        let failed = (!matches!(unit.result.as_str(), "" | "success")).then(|| {
            let status = unit.exit_status.unwrap_or_default();
            format!("; ended with {} (status {status})", unit.result)
        });
        let text = format!(
            "{}: {} ({}){}{}",
            unit.name.trim_end_matches(".service"),
            unit.active_state,
            unit.sub_state,
            since.unwrap_or_default(),
            failed.unwrap_or_default()
        );
        lines.push(("unit", text));
    }
    if let Some(save) = &guest.save_file {
        lines.push(("save file", saved(save)));
    }
    lines
}

fn of_at_most(now: u64, most: Option<u64>, unit: &str) -> String {
    match most.filter(|most| *most != now) {
        Some(most) => format!("{now}{unit} of at most {most}{unit}"),
        None => format!("{now}{unit}"),
    }
}

fn saved(save: &SaveFile) -> String {
    let age = save
        .age_seconds
        .map(|seconds| format!(", {} old", uptime::human(seconds)));
    format!(
        "{} ({}{})",
        save.path,
        human(save.size_bytes),
        age.unwrap_or_default()
    )
}

/// What a person may do now.
fn what_next(guest: &Facts) -> Option<String> {
    let name = &guest.name;
    let domid = guest.domid.unwrap_or_default();
    match guest.state {
        _ if !guest.declared => None,
        "stopped" if guest.last_failure.is_some() => Some(format!(
            "`domus start {name}` tries again; `journalctl -u domus-guest@{name}` says more."
        )),
        "stopped" => Some(format!("`domus start {name}` starts it.")),
        "crashed" => Some(format!(
            "Its domain is kept to be looked at; `xl destroy {domid}` ends it, then `domus start {name}` starts it."
        )),
        _ => None,
    }
}
