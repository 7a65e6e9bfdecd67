//! A Dom0 with the Domus that was just built, and the generation that it was last switched to: what the demo and the
//! scenarios begin from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use xshell::{Shell, cmd};

use super::console::{self, State};
use super::dom0::Dom0;
use super::image::Image;
use super::micro::{self, Disks};
use super::progress::Step;
use crate::evaluation::Evaluation;
use crate::switch::{self, Action, Report};

/// The grub.cfg that NixOS writes for the template `pygrub-guest`.
pub const GRUB_CFG: &str = include_str!("../../../../nixos-tests/fixtures/grub.cfg");

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

/// The checkout.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds domus as it is shipped, and says where it is.
///
/// # Errors
/// It does not build.
pub fn build_domus() -> Result<PathBuf> {
    let step = Step::begin("building domus");
    let shell = Shell::new()?;
    shell.change_dir(checkout());
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
    pub fn new(image: &Image, domus: &Path, shell: bool) -> Result<Self> {
        let mut dom0 = Dom0::boot(image, shell)?;
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
                GRUB_CFG.to_owned()
            } else {
                single_disk_cfg(GRUB_CFG)
            };
            micro::install(&mut self.dom0, Disks { root, boot }, &cfg)
                .with_context(|| format!("guest {}", guest.name))?;
        }
        Ok(guests)
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

/// What NixOS's generator writes where /boot is on the root: the same, with the paths below /boot.
pub fn single_disk_cfg(grub_cfg: &str) -> String {
    grub_cfg
        .replace(" /kernels/", " /boot/kernels/")
        .replace(")/kernels/", ")/boot/kernels/")
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

    #[test]
    fn the_single_disk_has_its_kernels_below_boot() {
        assert!(
            single_disk_cfg("linux /kernels/k\ninitrd /kernels/i")
                .contains("linux /boot/kernels/k\ninitrd /boot/kernels/i")
        );
    }
}
