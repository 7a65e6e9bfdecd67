//! How much memory the host has for guests.

use std::sync::LazyLock;

use regex::Regex;
use xl_cfg::{Config, Value};

use crate::domains::State;
use crate::files;
use crate::layout::Layout;
use crate::observe::Domains;
use crate::program::{self, Programs};

/// Below this libxl does not shrink the Dom0, in MiB (`libxl_internal.h`, `LIBXL_MIN_DOM0_MEM`; the same from 4.2 on).
pub(super) const LEAST_DOM0_MIB: u64 = 128;

/// The memory of the host, as far as a guest could have it, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Nobody has it, and no domain that is being built has claimed it.
    pub free_mib: u64,
    /// What the Dom0 has, where xl shrinks it to make room for a guest.
    pub dom0_mib: Option<u64>,
}

impl Host {
    /// What xl takes from the Dom0 at most.
    pub(super) const fn dom0_gives_mib(&self) -> u64 {
        match self.dom0_mib {
            Some(mib) => mib.saturating_sub(LEAST_DOM0_MIB),
            None => 0,
        }
    }
}

/// Asks xl for the host's memory.
///
/// # Errors
/// When xl does not say.
pub fn look(programs: &Programs, layout: &Layout, domains: &Domains) -> Result<Host, String> {
    let text = program::run(&programs.xl, &["info"], programs.answer_limit)
        .map_err(|error| error.to_string())?;
    let info = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim())
    };
    // MiB, less what is claimed (`xl_info.c`, `output_physinfo`).
    let free = info("free_memory").and_then(|mib| mib.parse().ok());
    let free_mib: u64 = free.ok_or("`xl info` does not say how much memory is free")?;
    let conf = files::read_text(&layout.below("/etc/xen/xl.conf"))
        .ok()
        .flatten();
    let balloons = balloons(
        conf.as_deref().unwrap_or_default(),
        info("xen_commandline").unwrap_or_default(),
    );
    let mut all = domains.all().iter();
    let dom0 = all.find(|domain| domain.domid == 0);
    // What is being taken apart gives its memory back, page by page.
    let dying = domains
        .all()
        .iter()
        .filter(|domain| domain.state == State::Dying);
    let dying_mib: u64 = dying.map(|domain| domain.memory_mib).sum();
    Ok(Host {
        free_mib: free_mib + dying_mib,
        dom0_mib: dom0.filter(|_| balloons).map(|domain| domain.memory_mib),
    })
}

/// Whether xl shrinks the Dom0 for a guest: `autoballoon` of xl.conf(5), and where that says `auto`, or nothing, whether
/// Xen's command line fixes the Dom0's memory (`xl.c`, `auto_autoballoon`, which has this expression).
fn balloons(conf: &str, command_line: &str) -> bool {
    static DOM0_MEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        const SIZE: &str = "-?[0-9]+[bBkKmMgGtT]?";
        let one = format!(r"(|min:|max:)({SIZE}|({SIZE}\+)?[0-9]{{1,2}}%),?");
        Regex::new(&format!("(^| )dom0_mem=({one})+($| )")).ok()
    });
    let config = Config::parse(conf).unwrap_or_default();
    let set = match config.get("autoballoon") {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    };
    match set.as_str() {
        "on" | "1" => true,
        "off" | "0" => false,
        _ => DOM0_MEM
            .as_ref()
            .is_none_or(|fixed| !fixed.is_match(command_line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xl_shrinks_the_dom0_unless_it_is_told_not_to() {
        for (conf, command_line, expected) in [
            ("", "placeholder loglvl=all", true),
            ("", "placeholder dom0_mem=1024M", false),
            ("", "dom0_mem=1024M,max:1024M noreboot", false),
            ("autoballoon = \"auto\"\n", "dom0_mem=max:50%", false),
            ("autoballoon = \"auto\"\n", "dom0_memory=1G", true),
            ("# a comment\nautoballoon = \"off\"\n", "", false),
            ("autoballoon = \"0\"\n", "", false),
            ("autoballoon=\"on\"\n", "dom0_mem=1G", true),
        ] {
            assert_eq!(
                balloons(conf, command_line),
                expected,
                "{conf} {command_line}"
            );
        }
    }
}
