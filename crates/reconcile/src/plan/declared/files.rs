//! The files of a declared guest: its xl configuration, and the link that xendomains starts.

use super::{Case, note_empty};
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::plan::{GuestPlan, Step};
use crate::secret::ConfigText;

impl Case<'_> {
    /// The xl configuration, and the link that xendomains starts.
    pub(super) fn config(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let path = self.layout.config(&self.guest.name);
        let ours = |bytes: &[u8]| {
            self.record
                .is_some_and(|record| record.config_digests.contains(&digest(bytes)))
        };
        let written_once = self
            .record
            .is_some_and(|record| !record.config_digests.is_empty());
        let text = self.text.clone();
        let is_declared = |bytes: &[u8]| bytes == text.reveal().as_bytes();
        // A password in a file that others can read is no secret.
        let is_safe = !text.has_password() || self.files.config_mode == Some(text.mode());
        match &self.files.config {
            Ok(Entry::File(bytes)) if is_declared(bytes) && is_safe => {}
            Ok(Entry::File(bytes)) if is_declared(bytes) || ours(bytes) => {
                let old = String::from_utf8_lossy(bytes).into_owned();
                let old = Some(ConfigText::new(old));
                plan.steps.push(Step::WriteConfig { text, old });
            }
            Ok(Entry::Absent) => plan.steps.push(Step::WriteConfig { text, old: None }),
            Ok(Entry::File(_)) if written_once => {
                return plan.problems.push(format!(
                    "{} was changed by hand since Domus wrote it, and is left. Take the change into configuration.nix, move the file away, then switch again",
                    path.display()
                ));
            }
            Ok(_) => {
                return plan.problems.push(format!(
                    "{} is there already and is not Domus's, so it is left. Move it away, or rename the guest, then switch again; or, if it is this guest, made by hand, run `domus adopt {}`",
                    path.display(),
                    self.guest.name
                ));
            }
            Err(error) => return plan.problems.push(error.to_string()),
        }
        self.auto(plan, in_use);
    }

    fn auto(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let ours = Layout::auto_target(&self.guest.name);
        match (&self.files.auto, self.links) {
            // It is linked when it is started, once its disks are free.
            (Ok(Entry::Absent), true) if !plan.after_end_of.is_empty() => {}
            // It is linked when its disk is grown.
            (Ok(Entry::Absent), true) if self.grows_first(plan) => {}
            (Ok(Entry::Link(target)), true) if *target == ours && self.grows_first(plan) => {
                self.unlink_while_it_grows(plan);
            }
            // With nothing to boot, GRUB would sit at its prompt, with a disk in use that waits for
            // somebody to install a system; and xendomains does not ask who has a disk.
            (Ok(Entry::Absent), true) => match (in_use, self.empty_disk()) {
                (Some(why), _) => plan.problems.push(why.to_owned()),
                (None, Some(disk)) => note_empty(plan, disk),
                (None, None) => plan.steps.push(Step::LinkAuto),
            },
            (Ok(Entry::Link(target)), false) if *target == ours => plan.steps.push(Step::UnlinkAuto),
            (Ok(Entry::Link(target)), true) if *target == ours => self.not_to_start(plan, in_use),
            (Ok(Entry::Absent), false) => {}
            (Ok(_), _) => plan.problems.push(format!(
                "{} is there already and is not Domus's, so it is left, and xendomains starts it. Move it away, then switch again; or, if it is this guest's, run `domus adopt {}`",
                self.layout.auto(&self.guest.name).display(),
                self.guest.name
            )),
            (Err(error), _) => plan.problems.push(error.to_string()),
        }
    }

    /// Takes back the link of a guest whose disk another has by now: xendomains does not ask who has a disk.
    pub(super) fn not_to_start(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let ours = Layout::auto_target(&self.guest.name);
        if let (Some(why), Ok(Entry::Link(target))) = (in_use, &self.files.auto)
            && *target == ours
        {
            if !plan.problems.iter().any(|problem| problem == why) {
                plan.problems.push(why.to_owned());
            }
            plan.steps.push(Step::UnlinkAuto);
        }
    }
}
