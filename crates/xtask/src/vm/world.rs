//! A Dom0 with the Domus that was just built, and the generation that it was last switched to: what the demo and the
//! scenarios begin from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix_config::NixValue;
use serde_json::Value;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::console::{self, State};
use super::dom0::Dom0;
use super::image::Image;
use super::micro::{self, Disks};
use super::progress::Step;
use super::qemu::Machine;
use crate::eval;
use crate::evaluation::Evaluation;
use crate::switch::{self, Action, Report};

/// The grub.cfg that NixOS writes for the template `pygrub-guest`: /boot on a disk of its own.
pub const GRUB_CFG: &str = include_str!("../../../../nixos-tests/fixtures/grub.cfg");
/// The grub.cfg that NixOS writes where /boot is a folder of the only disk.
pub const SINGLE_DISK_GRUB_CFG: &str =
    include_str!("../../../../nixos-tests/fixtures/grub-single-disk.cfg");

/// A running Dom0 and its current generation.
pub struct World {
    /// The Dom0.
    pub dom0: Dom0,
    /// What it was last switched to.
    pub generation: Option<Evaluation>,
}

/// A declared guest, as far as tests need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its name.
    pub name: String,
    /// Its disks: label and path.
    pub disks: Vec<(String, String)>,
}

/// A copy of templates/dom0 that can be edited, as the user edits /etc/nixos.
pub struct Configuration {
    folder: TempDir,
}

/// What a [`Configuration`] is copied from.
fn template() -> PathBuf {
    eval::project().join("templates/dom0")
}

impl Configuration {
    /// Copies the template.
    ///
    /// # Errors
    /// The template cannot be read, or there is no place for the copy.
    pub fn from_template() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let entries = fs::read_dir(template());
        for entry in entries.with_context(|| format!("cannot read {}", template().display()))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
            }
        }
        Ok(Self { folder })
    }

    /// Changes the text of configuration.nix.
    ///
    /// # Errors
    /// The edit fails, or changes nothing.
    pub fn edit(&self, edit: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let file = self.folder.path().join("configuration.nix");
        let text = fs::read_to_string(&file).context("cannot read configuration.nix")?;
        let new = edit(&text)?;
        ensure!(new != text, "an edit of configuration.nix changed nothing");
        fs::write(&file, new).context("cannot write configuration.nix")
    }

    /// Sets a declared guest's memory, in MiB.
    ///
    /// # Errors
    /// There is no such guest, or it gives no memory.
    pub fn set_memory(&self, guest: &str, mib: u64) -> Result<()> {
        let option = ["virtualisation", "xen", "guests", guest, "memory"];
        let value = NixValue::Integer(i64::try_from(mib)?);
        self.edit(|text| Ok(nix_config::set_value(text, &option, &value)?.text))
    }

    /// Declares more: `module` is a NixOS module beside configuration.nix, which imports it.
    ///
    /// # Errors
    /// configuration.nix imports nothing that it could be imported beside.
    pub fn add_module(&self, name: &str, module: &str) -> Result<()> {
        fs::write(self.folder.path().join(name), module)?;
        self.edit(|text| Ok(text.replacen("imports = [", &format!("imports = [ ./{name}"), 1)))
    }

    /// As [`Self::add_module`], or gives a module that was added another text.
    ///
    /// # Errors
    /// As [`Self::add_module`].
    pub fn set_module(&self, name: &str, module: &str) -> Result<()> {
        let file = self.folder.path().join(name);
        if file.exists() {
            return fs::write(&file, module).context("cannot write a module");
        }
        self.add_module(name, module)
    }

    /// Takes back a module that was added.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn remove_module(&self, name: &str) -> Result<()> {
        self.edit(|text| Ok(text.replacen(&format!(" ./{name}"), "", 1)))?;
        fs::remove_file(self.folder.path().join(name)).context("cannot remove a module")
    }

    /// A file that is not as the template has it; nothing where all are.
    ///
    /// # Errors
    /// One of the two cannot be read.
    pub fn differs_in(&self) -> Result<Option<String>> {
        for entry in fs::read_dir(self.folder.path())? {
            let name = entry?.file_name();
            let text = fs::read(self.folder.path().join(&name))?;
            if fs::read(template().join(&name)).ok() != Some(text) {
                return Ok(Some(name.display().to_string()));
            }
        }
        Ok(None)
    }

    /// Evaluates it, with the NixOS modules that `options` choose.
    ///
    /// # Errors
    /// It does not evaluate.
    pub fn evaluate(&self, options: &eval::Options) -> Result<(eval::Source, Evaluation)> {
        eval::evaluate(self.folder.path(), options)
    }

    /// Evaluates it with the offline stand-in: for what is about what is done with an evaluation.
    ///
    /// # Errors
    /// It does not evaluate.
    pub fn evaluate_offline(&self) -> Result<Evaluation> {
        Ok(self.evaluate(&eval::Options::offline())?.1)
    }
}

/// Builds domus as it is shipped, and says where it is.
///
/// # Errors
/// It does not build.
pub fn build_domus() -> Result<PathBuf> {
    let step = Step::begin("building domus");
    let shell = Shell::new()?;
    shell.change_dir(eval::project());
    let output = cmd!(
        shell,
        "cargo build --release --package domus --message-format=json-render-diagnostics"
    )
    .quiet()
    .ignore_stderr()
    .read()
    .context("domus does not build; see: cargo build --release --package domus")?;
    let program = output.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "domus")
            .then(|| message["executable"].as_str().map(PathBuf::from))
            .flatten()
    });
    step.done();
    program.context("cargo built domus and did not say where it is")
}

/// The guests of a generation, in their order.
///
/// # Errors
/// guests.json is not what it should be.
pub fn guests(generation: &Evaluation) -> Result<Vec<Guest>> {
    let document: Value =
        serde_json::from_str(&generation.guests_json).context("guests.json is no JSON")?;
    let list = document["guests"]
        .as_array()
        .context("guests.json has no guests")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let disks = |guest: &Value| {
        let disks = guest["disks"].as_array().into_iter().flatten();
        disks
            .map(|disk| (text(&disk["filesystem"]["label"]), text(&disk["path"])))
            .collect()
    };
    Ok(list
        .iter()
        .map(|guest| Guest {
            name: text(&guest["name"]),
            disks: disks(guest),
        })
        .collect())
}

impl World {
    /// Boots a Dom0 and brings domus and the micro guest into it; nothing is declared yet.
    ///
    /// # Errors
    /// The Dom0 does not come up, or `domus` does not run in it.
    pub fn new(image: &Image, domus: &Path, machine: Machine) -> Result<Self> {
        let mut dom0 = Dom0::boot(image, machine)?;
        micro::push(&mut dom0, image)?;
        switch::push_domus(&mut dom0, domus)?;
        Ok(Self {
            dom0,
            generation: None,
        })
    }

    /// Switches to `new`, or does what else `action` says. The report may tell of failures.
    ///
    /// # Errors
    /// The Dom0 does not answer, or `new` cannot be brought into it.
    pub fn switch(&mut self, new: &Evaluation, action: Action) -> Result<Report> {
        let report = switch::switch(&mut self.dom0, self.generation.as_ref(), new, action)?;
        if action != Action::DryActivate {
            self.generation = Some(new.clone());
        }
        Ok(report)
    }

    /// The user's own step: installs the micro guest on the disks of every declared guest that has some.
    ///
    /// # Errors
    /// A disk is missing, or not as it was declared.
    pub fn install_guests(&mut self) -> Result<Vec<Guest>> {
        let generation = self
            .generation
            .as_ref()
            .context("nothing was switched to yet")?;
        let guests = guests(generation)?;
        for guest in &guests {
            let path = |wanted: &[&str]| {
                guest
                    .disks
                    .iter()
                    .find(|(label, _)| wanted.contains(&label.as_str()))
                    .map(|(_, path)| path.as_str())
            };
            let Some(root) = path(&["nixos", "NIXROOT"]) else {
                continue;
            };
            let boot = path(&["NIXBOOT"]);
            let cfg = if boot.is_some() {
                GRUB_CFG
            } else {
                SINGLE_DISK_GRUB_CFG
            };
            micro::install(&mut self.dom0, Disks { root, boot }, cfg)
                .with_context(|| format!("guest {}", guest.name))?;
        }
        Ok(guests)
    }

    /// The user's own step after it: starts the guests, and waits until each says on its console how it is.
    ///
    /// # Errors
    /// One does not start, or says nothing; the message has what domus wrote to the journal.
    pub fn start_guests(&mut self, guests: &[Guest]) -> Result<Vec<State>> {
        let patience = Duration::from_secs(400);
        let output = self.dom0.run_for("domus apply", patience)?;
        if output.status != 0 {
            let (text, errors) = (output.text(), output.error_text());
            bail!("domus apply failed:\n{text}{errors}\n{}", self.journal()?);
        }
        let mut states = Vec::new();
        for guest in guests {
            states.push(console::state_after(&mut self.dom0, &guest.name, 0, 120)?);
        }
        Ok(states)
    }

    /// The last that Domus's units of this boot wrote to the journal, under a heading, or why it cannot be had.
    ///
    /// # Errors
    /// The Dom0 does not answer.
    pub fn journal(&mut self) -> Result<String> {
        let said = self
            .dom0
            .run("journalctl -b --no-pager -o cat -n 40 -u 'domus-*'")?;
        Ok(format!(
            "the journal:\n{}{}",
            said.text(),
            said.error_text()
        ))
    }

    /// The next state that each of `guests` says on its console.
    ///
    /// # Errors
    /// One says none within `seconds`.
    pub fn states(&mut self, guests: &[Guest], seconds: u32) -> Result<Vec<State>> {
        let mut marks = Vec::new();
        for guest in guests {
            marks.push(console::mark(&mut self.dom0, &guest.name)?);
        }
        let mut states = Vec::new();
        for (guest, mark) in guests.iter().zip(marks) {
            states.push(console::state_after(
                &mut self.dom0,
                &guest.name,
                mark,
                seconds,
            )?);
        }
        Ok(states)
    }

    /// The states of `guests` as soon as `wanted` holds for them.
    ///
    /// # Errors
    /// It does not within `seconds`; the message has the last states.
    pub fn states_when(
        &mut self,
        guests: &[Guest],
        seconds: u32,
        wanted: impl Fn(&[State]) -> bool,
    ) -> Result<Vec<State>> {
        let deadline = Instant::now() + Duration::from_secs(u64::from(seconds));
        loop {
            let states = self.states(guests, seconds)?;
            if wanted(&states) {
                return Ok(states);
            }
            if Instant::now() > deadline {
                let lines: Vec<&str> = states.iter().map(|state| state.line.as_str()).collect();
                bail!(
                    "the guests are not as they should be after {seconds} s:\n{}",
                    lines.join("\n")
                );
            }
        }
    }

    /// Runs domus in the Dom0 as its administrator would; gives what it printed, on standard output and error.
    ///
    /// # Errors
    /// It failed.
    pub fn domus(&mut self, arguments: &str) -> Result<String> {
        let output = self
            .dom0
            .run_for(&format!("domus {arguments} 2>&1"), Duration::from_secs(400))?;
        if output.status != 0 {
            bail!(
                "domus {arguments}: status {}\n{}",
                output.status,
                output.text()
            );
        }
        Ok(output.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_and_their_disks_are_read() {
        let generation = Evaluation {
            guests_json: r#"{"guests":[{"name":"a","disks":[{"path":"/v/a.img","filesystem":{"label":"nixos"}}]},{"name":"b","disks":[]}]}"#.into(),
            guests_json_path: String::new(),
            domus_package: String::new(),
            xen_package: String::new(),
            activation: String::new(),
            units: std::collections::BTreeMap::new(),
            etc: std::collections::BTreeMap::new(),
            logrotate: String::new(),
            warnings: vec![],
            failed_assertions: vec![],
        };
        let guests = guests(&generation).unwrap();
        assert_eq!(
            guests[0],
            Guest {
                name: "a".into(),
                disks: vec![("nixos".into(), "/v/a.img".into())]
            }
        );
        assert_eq!(guests[1].disks, vec![]);
    }
}
