//! Switches the Dom0 in QEMU from one evaluated generation to the next as NixOS's switch-to-configuration does: stop,
//! activate, reload systemd, restart, start. Nothing is done by hand that a unit should do.

mod etc;
mod plan;
mod store;
#[cfg(test)]
mod tests;
mod unit_file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::evaluation::Evaluation;
use crate::vm::dom0::Dom0;
use crate::vm::image;
use plan::{Generation, Plan, sentence};
use store::Content;

/// How long units may take to stop, and to start.
const PATIENCE: Duration = Duration::from_secs(420);

/// The programs that the domus package brings with itself, as crates/domus/package.nix wraps it.
const TOOLS: &[&str] = &[
    "/usr/sbin/e2fsck",
    "/usr/sbin/ip",
    "/usr/sbin/mke2fs",
    "/usr/bin/qemu-img",
    "/usr/sbin/resize2fs",
];

/// The actions of nixos-rebuild that activate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make it so, now and for the next boot.
    Switch,
    /// Say what a switch would do.
    DryActivate,
    /// Make it so now.
    #[allow(dead_code, reason = "a scenario's action")]
    Test,
    /// Make it so at the next boot.
    #[allow(dead_code, reason = "a scenario's action")]
    Boot,
}

impl Action {
    /// As `NIXOS_ACTION` has it.
    fn word(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::DryActivate => "dry-activate",
            Self::Test => "test",
            Self::Boot => "boot",
        }
    }
}

/// What a switch said and how it ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// What a user would see on the terminal.
    pub text: String,
    /// 0 when all went well; otherwise as switch-to-configuration: 2 the activation failed, 4 units did.
    pub status: i32,
}

impl Report {
    /// The text, where the switch went well.
    ///
    /// # Errors
    /// It did not; the text is the message.
    pub fn ok(self) -> Result<String> {
        if self.status == 0 {
            Ok(self.text)
        } else {
            bail!(
                "the switch ended with status {}:\n{}",
                self.status,
                self.text
            )
        }
    }
}

/// Puts the program that was just built into the Dom0, where [`switch`] takes it from.
///
/// # Errors
/// It cannot be read, or does not run in the Dom0.
pub fn push_domus(dom0: &mut Dom0, program: &Path) -> Result<()> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    dom0.push("/usr/lib/domus-dom0/domus", &bytes, "755")?;
    let version = dom0.ok("/usr/lib/domus-dom0/domus --version");
    version.map(|_| ()).context(
        "the program that was built does not run on Debian 12: build it there, or for musl",
    )
}

/// Switches from generation `old` (`None`: a system without Domus) to `new`.
///
/// # Errors
/// The Dom0 does not answer, or `new` names something that it has not. A unit that fails is in the report.
pub fn switch(
    dom0: &mut Dom0,
    old: Option<&Evaluation>,
    new: &Evaluation,
    action: Action,
) -> Result<Report> {
    if let Some(failed) = new.failed_assertions.first() {
        bail!("the configuration does not evaluate: {failed}");
    }
    fill_store(dom0, new)?;
    let none = BTreeMap::new();
    let declared = old.map_or(&none, |old| &old.units);
    let packaged = image::packaged_units();
    let before = Generation {
        packaged: &packaged,
        declared,
    };
    let after = Generation {
        packaged: &packaged,
        declared: &new.units,
    };
    let active = active(dom0)?;
    let mut plan = Plan::new(active.iter().map(String::as_str), &before, &after);

    if action == Action::DryActivate {
        return dry_activate(dom0, new, &mut plan, &active, &after);
    }
    if action == Action::Boot {
        // Only the next boot is to see it: the units and files are there when systemd starts.
        dom0.ok(&etc::script(old, new))?;
        return Ok(Report {
            text: String::new(),
            status: 0,
        });
    }
    let mut report = Report {
        text: String::new(),
        status: 0,
    };
    if !plan.stop.is_empty() {
        report.text += &sentence("stopping the following units", &plan.stop);
        report.systemctl(dom0, "stop", &plan.stop)?;
    }
    report.text += &sentence("NOT restarting the following changed units", &plan.skip);
    report.text += "activating the configuration...\n";
    dom0.ok(&etc::script(old, new))?;
    let (text, ok) = activate(dom0, new, action)?;
    report.text += &text;
    if !ok {
        report.status = 2;
    }
    asked_by_activation(dom0, "activation", &mut plan, &active, &after)?;
    dom0.ok("systemctl reset-failed; systemctl daemon-reload")?;
    for (verb, units) in [("reload", &plan.reload), ("restart", &plan.restart)] {
        if !units.is_empty() {
            report.text += &sentence(&format!("{verb}ing the following units"), units);
            report.systemctl(dom0, verb, units)?;
        }
    }
    report.text += &sentence("starting the following units", &plan.start);
    // Active targets are started again, and with them what they newly want.
    let mut start = plan.start.clone();
    start.extend(
        active
            .iter()
            .filter(|name| name.as_str() == "multi-user.target")
            .cloned(),
    );
    report.systemctl(dom0, "start", &start)?;
    report.failed_units(dom0)?;
    Ok(report)
}

impl Report {
    fn systemctl<'a>(
        &mut self,
        dom0: &mut Dom0,
        verb: &str,
        units: impl IntoIterator<Item = &'a String>,
    ) -> Result<()> {
        let names: Vec<String> = units.into_iter().map(|name| format!("'{name}'")).collect();
        let output = dom0.run_for(
            &format!("systemctl {verb} -- {}", names.join(" ")),
            PATIENCE,
        )?;
        if output.status != 0 {
            self.status = 4;
            self.text += &output.error_text();
        }
        Ok(())
    }

    fn failed_units(&mut self, dom0: &mut Dom0) -> Result<()> {
        let failed =
            dom0.ok("systemctl list-units --failed --plain --no-legend | awk '{ print $1 }'")?;
        let failed: Vec<&str> = failed.split_whitespace().collect();
        if !failed.is_empty() {
            let list = failed.join(" ");
            let status = dom0.run(&format!("systemctl status --no-pager --full {list}"))?;
            let _ = write!(
                self.text,
                "warning: the following units failed: {}\n\n{}",
                failed.join(", "),
                status.text()
            );
            self.status = 4;
        }
        Ok(())
    }
}

fn dry_activate(
    dom0: &mut Dom0,
    new: &Evaluation,
    plan: &mut Plan,
    active: &[String],
    after: &Generation<'_>,
) -> Result<Report> {
    let mut text = plan.would_before();
    text += "would activate the configuration...\n";
    let (said, ok) = activate(dom0, new, Action::DryActivate)?;
    text += &said;
    asked_by_activation(dom0, "dry-activation", plan, active, after)?;
    text += &plan.would_after();
    Ok(Report {
        text,
        status: if ok { 0 } else { 2 },
    })
}

/// Units that an activation wants restarted: it writes their names into a file for switch-to-configuration.
fn asked_by_activation(
    dom0: &mut Dom0,
    kind: &str,
    plan: &mut Plan,
    active: &[String],
    after: &Generation<'_>,
) -> Result<()> {
    let file = format!("/run/nixos/{kind}-restart-list");
    let asked = dom0.ok(&format!("cat {file} 2>/dev/null || true; rm -f {file}"))?;
    for name in asked.split_whitespace() {
        if active.iter().any(|unit| unit == name) {
            if let Some(unit) = after.unit(name) {
                plan.changed(name, &unit, true);
            }
        } else {
            plan.start.insert(name.to_owned());
        }
    }
    Ok(())
}

/// Runs the activation text as NixOS's activation script does, and gives what it says.
fn activate(dom0: &mut Dom0, new: &Evaluation, action: Action) -> Result<(String, bool)> {
    dom0.push(
        "/run/nixos/activate-domus",
        format!("{}\n", new.activation).as_bytes(),
        "755",
    )?;
    let script = format!(
        "mkdir -p /run/nixos
         {} NIXOS_ACTION={} bash /run/nixos/activate-domus 2>&1",
        etc::AS_ACTIVATED,
        action.word()
    );
    let output = dom0.run_for(&script, PATIENCE)?;
    let mut text = output.text();
    if output.status != 0 {
        let _ = writeln!(
            text,
            "Activation script snippet 'domus' failed ({})",
            output.status
        );
    }
    Ok((text, output.status == 0))
}

fn active(dom0: &mut Dom0) -> Result<Vec<String>> {
    let list = dom0.ok("systemctl list-units --all --plain --no-legend --state=active,activating | awk '{ print $1 }'")?;
    Ok(list.split_whitespace().map(str::to_owned).collect())
}

/// Collects garbage as `nix-collect-garbage -d` does: what neither `generation` nor a root below /nix/var/nix/gcroots
/// names is removed from /nix/store.
///
/// # Errors
/// The Dom0 does not answer, or something cannot be removed.
pub fn collect_garbage(dom0: &mut Dom0, generation: &Evaluation) -> Result<()> {
    let mut kept: BTreeSet<String> = store::items(generation)?
        .iter()
        .filter_map(|item| store::entry(&item.path))
        .map(str::to_owned)
        .collect();
    kept.insert(generation.guests_json_path.clone());
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    dom0.ok(&format!(
        "printf '%s\\n' {} >/run/kept
        find /nix/var/nix/gcroots -type l -printf '%l\\n' >>/run/kept
        for path in /nix/store/*; do grep -qxF \"$path\" /run/kept || rm -rf \"$path\"; done",
        kept.join(" ")
    ))
    .map(drop)
}

fn fill_store(dom0: &mut Dom0, new: &Evaluation) -> Result<()> {
    let items = store::items(new)?;
    dom0.ok(&store::script(&items))?;
    for item in &items {
        match &item.content {
            Content::Text(text) => dom0.push(&item.path, text.as_bytes(), "444")?,
            // As nixpkgs wraps a program that calls others: they come with it, whatever PATH is.
            Content::Domus => {
                let (folder, tools) = (new.domus_package.as_str(), TOOLS.join(" "));
                let path = &item.path;
                dom0.ok(&format!(
                    "mkdir -p {folder}/bin {folder}/tools; ln -sf {tools} {folder}/tools/
                     cp -f /usr/lib/domus-dom0/domus {folder}/bin/.domus-wrapped.new
                     mv -f {folder}/bin/.domus-wrapped.new {folder}/bin/.domus-wrapped
                     printf '#!/bin/bash\\nexport PATH={folder}/tools:\"$PATH\"\\nexec {folder}/bin/.domus-wrapped \"$@\"\\n' >{path}.new
                     chmod 755 {path}.new; mv -f {path}.new {path}
                     ln -sfn {path} /usr/local/bin/domus"
                ))?;
            }
            Content::Link(_) | Content::Programs(_) | Content::Script(_) => {}
        }
    }
    Ok(())
}
