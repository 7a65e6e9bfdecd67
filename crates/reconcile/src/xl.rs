//! xl's verbs that change a domain. Each gets the domid just resolved from the UUID, never a name.
//!
//! The command lines are those of Xen 4.17's `xl_cmdtable.c` and newer.

use crate::domains::{self, DomainsError, State};
use crate::plan::Live;
use crate::program::{self, ProgramError, Programs};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// What a person may do with a domain that is suspended and that nobody saves (`xl_cmdtable.c`; Xen 4.20 is the first whose
/// xl has `resume`).
#[must_use]
pub fn either_way(domid: u32) -> String {
    format!(
        "`xl resume {domid}` lets it run on (Xen 4.20 and newer), `xl destroy {domid}` gives its memory up"
    )
}

/// Calls xl.
#[derive(Clone, Copy, Debug)]
pub struct Xl<'a>(pub &'a Programs);

impl Xl<'_> {
    fn run<S: AsRef<OsStr>>(self, args: &[S]) -> Result<(), ProgramError> {
        program::run(&self.0.xl, args, self.0.answer_limit).map(drop)
    }

    /// The number of the live domain of this UUID, resolved now; nothing where there is none that could be changed.
    ///
    /// # Errors
    /// When xl does not say which domains there are.
    pub fn live_domid(self, uuid: Uuid) -> Result<Option<u32>, DomainsError> {
        let live = |state| matches!(state, State::Running | State::Paused);
        let domains = domains::list_briefly(self.0)?;
        Ok(domains
            .into_iter()
            .find(|domain| domain.uuid == uuid && live(domain.state))
            .map(|domain| domain.domid))
    }

    /// Changes a domain while it runs.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn change(self, domid: u32, change: &Live) -> Result<(), ProgramError> {
        let domid = domid.to_string();
        let domid = domid.as_str();
        match change {
            Live::Memory { to, .. } => self.run(&["mem-set", domid, &format!("{}m", to.get())]),
            // -i: more than the host has processors is the declaration's own choice.
            Live::Vcpus { to, .. } => self.run(&["vcpu-set", "-i", domid, &to.to_string()]),
            Live::Schedule {
                scheduler,
                weight,
                cap,
            } => {
                let mut args = vec![format!("sched-{scheduler}"), "-d".into(), domid.into()];
                for (option, value) in [("-w", weight), ("-c", cap)] {
                    if let Some(value) = value {
                        args.extend([option.to_owned(), value.to_string()]);
                    }
                }
                self.run(&args)
            }
            Live::Pin { hard, soft } => self.pin(domid, hard, soft),
            Live::AttachDisk { spec, .. } => self.run(&["block-attach", domid, spec]),
            Live::DetachDisk { vdev } => self.run(&["block-detach", domid, vdev]),
            Live::InsertDisc { vdev, path } => self.run(&["cd-insert", domid, vdev, path]),
            Live::EjectDisc { vdev } => self.run(&["cd-eject", domid, vdev]),
            Live::AttachNetwork { spec, .. } => {
                // One argument for each of its settings (`xl_nic.c`, `main_networkattach`); none has a comma in it.
                let mut args = vec!["network-attach", domid];
                args.extend(spec.split(','));
                self.run(&args)
            }
            Live::DetachNetwork { mac, .. } => self.run(&["network-detach", domid, mac]),
        }
    }

    /// One set for all vCPUs, or one for each; where there is none, all processors.
    fn pin(self, domid: &str, hard: &[String], soft: &[String]) -> Result<(), ProgramError> {
        const ALL: &str = "all";
        let of = |sets: &[String], vcpu: usize| match sets {
            [] => ALL.to_owned(),
            [one] => one.clone(),
            many => many.get(vcpu).map_or_else(|| ALL.to_owned(), Clone::clone),
        };
        if hard.len() <= 1 && soft.len() <= 1 {
            return self.run(&["vcpu-pin", domid, ALL, &of(hard, 0), &of(soft, 0)]);
        }
        for vcpu in 0..hard.len().max(soft.len()) {
            let args = [&vcpu.to_string(), &of(hard, vcpu), &of(soft, vcpu)];
            self.run(&["vcpu-pin", domid, args[0], args[1], args[2]])?;
        }
        Ok(())
    }

    /// Stores the configuration that the domain's own reboot takes.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn store_config(self, domid: u32, config: &Path) -> Result<(), ProgramError> {
        let domid = domid.to_string();
        self.run(&[
            OsStr::new("config-update"),
            OsStr::new(&domid),
            config.as_os_str(),
        ])
    }

    /// Gives the domain another name. libxl refuses one that another domain has (`libxl_domain.c`, `libxl__domain_rename`),
    /// and from then on the name is in its configuration, also when it is saved or reboots.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn rename(self, domid: u32, name: &str) -> Result<(), ProgramError> {
        self.run(&["rename", &domid.to_string(), name])
    }

    /// Asks the guest to shut down.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn shut_down(self, domid: u32) -> Result<(), ProgramError> {
        // -F: a guest without PV drivers gets the ACPI power button.
        self.run(&["shutdown", "-F", &domid.to_string()])
    }

    /// Ends the domain as by a power cut.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn destroy(self, domid: u32) -> Result<(), ProgramError> {
        self.run(&["destroy", &domid.to_string()])
    }

    /// Restores a domain from its save file, paused.
    ///
    /// # Errors
    /// When xl refuses, fails, or takes longer than `limit`; then there is no domain.
    pub fn restore_paused(self, file: &Path, limit: Duration) -> Result<(), ProgramError> {
        let args = ["restore".as_ref(), "-p".as_ref(), file.as_os_str()];
        program::run(&self.0.xl, &args, limit).map(drop)
    }

    /// Saves a domain and leaves it there, paused: what is in the file is all of it (`xl_saverestore.c`, `save_domain`). A
    /// domain that could not be saved runs on.
    ///
    /// # Errors
    /// When xl refuses, fails, or takes longer than `limit`.
    pub fn save_paused(self, domid: u32, file: &Path, limit: Duration) -> Result<(), ProgramError> {
        let domid = domid.to_string();
        let args = [
            "save".as_ref(),
            "-p".as_ref(),
            domid.as_ref(),
            file.as_os_str(),
        ];
        program::run(&self.0.xl, &args, limit).map(drop)
    }

    /// Lets a paused domain run.
    ///
    /// # Errors
    /// When xl refuses, fails, or does not answer.
    pub fn unpause(self, domid: u32) -> Result<(), ProgramError> {
        self.run(&["unpause", &domid.to_string()])
    }
}
