//! Shell scripts that do by hand what `domus apply` does where nothing changed: each configuration against a rendered
//! copy, each link in `auto`, and out of `xl list -l` the memory, vCPUs, disks and vifs that run.

use anyhow::{Result, ensure};

use super::dom0::Dom0;
use super::measure::Line;

/// One jq for each guest, as such loops are written. Each reads the whole list, so that twice the guests take
/// four times as long.
pub const LOOP: Script = Script {
    what: "a shell loop, cmp and jq for each guest",
    text: include_str!("loop.sh"),
};

/// One jq for all.
pub const ONE_JQ: Script = Script {
    what: "a shell loop, cmp for each, one jq for all",
    text: include_str!("one-jq.sh"),
};

/// No loop.
pub const NO_LOOP: Script = Script {
    what: "no loop: one jq, one diff of the folders",
    text: include_str!("no-loop.sh"),
};

/// A script, and what the table calls it.
#[derive(Clone, Copy)]
pub struct Script {
    /// Its name in the table.
    pub what: &'static str,
    text: &'static str,
}

impl Script {
    /// Its command line.
    pub fn line(self, dom0: &Dom0) -> Line {
        Line::script(self.text, dom0.root())
    }

    /// Makes sure that it finds nothing where there is nothing, and something where the first guest's configuration,
    /// its link or its memory is another: else its time would say nothing.
    ///
    /// # Errors
    /// It does not.
    pub fn prove(self, dom0: &Dom0) -> Result<()> {
        let verdict = || -> Result<(bool, String)> { self.line(dom0).output() };
        let (same, said) = verdict()?;
        ensure!(
            same,
            "{} sees a difference where there is none: {said}",
            self.what
        );
        for (path, from, to) in [
            ("etc/xen/guest0.cfg", "memory = 256", "memory = 257"),
            (
                "xl/list-l",
                "\"target_memkb\": 262144",
                "\"target_memkb\": 262145",
            ),
            ("etc/xen/auto/guest0", "", ""),
        ] {
            let undo = dom0.spoil(path, from, to)?;
            let (same, _) = verdict()?;
            undo()?;
            ensure!(!same, "{} does not see that {path} differs", self.what);
        }
        Ok(())
    }
}
