//! A Dom0 whose declared guests run, and what scenarios do with it and ask of it.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::switch::Action;
use crate::vm::console::{self, State};
use crate::vm::world::{self, Configuration, Guest, World};

/// A Dom0 whose declared guests run, and their configuration.
pub struct House {
    /// The Dom0.
    pub world: World,
    /// The folder with configuration.nix.
    pub configuration: Configuration,
    /// The declared guests.
    pub guests: Vec<Guest>,
}

/// A module that declares a micro guest which starts by itself, with these options.
pub fn micro_guest(name: &str, options: &str) -> String {
    format!(
        r#"{{ config, ... }}:
{{
  virtualisation.xen.guests.{name} = {{
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    autostart = true;
    {options}
  }};
}}
"#
    )
}

/// The folder with the save files of xendomains and of Domus.
pub const SAVES: &str = "/var/lib/xen/save";

/// The name of [`qdisk_guest`].
pub const QDISK_GUEST: &str = "qdisk-guest";

/// A module that declares a guest whose disk only qemu can serve: for raw files Xen takes loop devices.
pub fn qdisk_guest() -> String {
    let options = format!(
        r#"type = "pvh"; memory = 128; cmdline = "console=hvc0"; networks.lan = {{ }};
    disks.data = {{ path = "/vmdisks/{QDISK_GUEST}.qcow2"; size = "64MiB"; format = "qcow2"; }};"#
    );
    micro_guest(QDISK_GUEST, &options)
}

impl House {
    /// Declares a module beside configuration.nix, or another text of it, and switches; gives what the switch said.
    ///
    /// # Errors
    /// It does not evaluate, or the switch failed.
    pub fn declare(&mut self, name: &str, module: &str) -> Result<String> {
        self.configuration.set_module(name, module)?;
        self.switch()
    }

    /// Takes back a module, and switches.
    ///
    /// # Errors
    /// As [`House::declare`].
    pub fn take_back(&mut self, name: &str) -> Result<String> {
        self.configuration.remove_module(name)?;
        self.switch()
    }

    /// Declares a module with a guest for which a file of somebody else is in the way, and switches: the switch fails, and this
    /// gives what it said. The guest is none of [`House::guests`].
    ///
    /// # Errors
    /// It does not evaluate, or the switch is content.
    pub fn declare_in_the_way(&mut self, name: &str, module: &str) -> Result<String> {
        self.configuration.set_module(name, module)?;
        let generation = self.configuration.evaluate_offline()?;
        let report = self.world.switch(&generation, Action::Switch)?;
        ensure!(
            report.status != 0,
            "somebody else's file in the way is no failure:\n{}",
            report.text
        );
        Ok(report.text)
    }

    /// Switches to the configuration as it is now; gives what the switch said.
    ///
    /// # Errors
    /// As [`House::declare`]; the message of a failed switch has what domus wrote to the journal.
    pub fn switch(&mut self) -> Result<String> {
        let generation = self.configuration.evaluate_offline()?;
        let report = self.world.switch(&generation, Action::Switch)?;
        if report.status != 0 {
            let journal = self.world.journal()?;
            bail!("a switch failed:\n{}\n{journal}", report.text);
        }
        self.guests = world::guests(&generation)?;
        Ok(report.text)
    }

    /// What `domus plan --json` says of a guest.
    ///
    /// # Errors
    /// It does not answer, or says nothing of the guest.
    pub fn planned(&mut self, guest: &str) -> Result<Value> {
        let answer = self.world.dom0.run("domus plan --json")?;
        let plan: Value = serde_json::from_str(&answer.text())
            .with_context(|| format!("{}{}", answer.text(), answer.error_text()))?;
        let guests = plan["guests"].as_array().into_iter().flatten();
        let found = guests.into_iter().find(|known| known["name"] == guest);
        found
            .cloned()
            .with_context(|| format!("domus plan does not know {guest}: {plan}"))
    }

    /// Asserts that a guest is as it is declared, and that nothing is said of it.
    ///
    /// # Errors
    /// It is not.
    pub fn nothing_to_do(&mut self, guest: &str) -> Result<()> {
        let plan = self.planned(guest)?;
        let empty = ["steps", "changes", "notes", "problems"]
            .iter()
            .all(|part| plan[part].as_array().is_some_and(Vec::is_empty));
        ensure!(empty, "there is something to do, or to say: {plan:#}");
        Ok(())
    }

    /// Asserts that `domus plan` shows changes of these keys, all of this kind, and no others; gives what it says of the guest.
    ///
    /// # Errors
    /// It shows others.
    pub fn changes_are(&mut self, guest: &str, when: &str, keys: &[&str]) -> Result<Value> {
        let plan = self.planned(guest)?;
        let changes = plan["changes"]
            .as_array()
            .context("a plan without changes")?;
        let mut found: Vec<&str> = changes
            .iter()
            .filter(|change| change["when"] == when)
            .filter_map(|change| change["key"].as_str())
            .collect();
        found.sort_unstable();
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        ensure!(
            found == keys && changes.len() == keys.len(),
            "{keys:?} should be shown as '{when}', and nothing else: {plan:#}"
        );
        Ok(plan)
    }

    /// The number of a guest's domain.
    ///
    /// # Errors
    /// It has none.
    pub fn domid(&mut self, guest: &str) -> Result<u32> {
        let domid = self.world.dom0.ok(&format!("xl domid '{guest}'"))?;
        domid
            .trim()
            .parse()
            .with_context(|| format!("{guest} has no domain: {domid}"))
    }

    /// A guest's next state.
    ///
    /// # Errors
    /// As [`World::states`].
    pub fn state(&mut self, guest: &str, seconds: u32) -> Result<State> {
        self.state_when(guest, seconds, |_| true)
    }

    /// Asserts that a guest is the domain still that it was, and goes on.
    ///
    /// # Errors
    /// It was started anew.
    pub fn runs_on(&mut self, guest: &str, before: &State, domid: u32) -> Result<()> {
        let now = self.domid(guest)?;
        ensure!(
            now == domid,
            "{guest} was started anew: domain {domid} is now {now}"
        );
        self.state(guest, 30)?.goes_on_from(before)
    }

    /// Reboots a guest from inside, and waits until its kernel says that word, the last of its command line.
    ///
    /// # Errors
    /// It does not reboot, or takes another configuration.
    pub fn reboot_guest(&mut self, guest: &str, word: &str) -> Result<()> {
        let domid = self.domid(guest)?;
        let dom0 = &mut self.world.dom0;
        let mark = console::mark(dom0, guest)?;
        console::type_line(dom0, guest, "reboot")?;
        console::line_after(dom0, guest, mark, "reboot asked for", 20)?;
        let line = console::line_after(dom0, guest, mark, "command line", 90)?;
        ensure!(
            line.ends_with(&format!("word={word}")),
            "its reboot took another configuration: {line}"
        );
        ensure!(self.domid(guest)? != domid, "it did not reboot");
        Ok(())
    }

    /// Saves a guest to the file where xendomains and Domus look for it; it runs no more then.
    ///
    /// # Errors
    /// xl cannot save it.
    pub fn save(&mut self, guest: &str) -> Result<()> {
        let save = format!("mkdir -p {SAVES} && xl save {guest} {SAVES}/{guest} 2>&1");
        self.world.dom0.ok(&save).map(drop)
    }

    /// Restores a guest as xendomains does it: Domus is not asked, and the save file is deleted.
    ///
    /// # Errors
    /// xl cannot restore it.
    pub fn restore_as_xendomains(&mut self, guest: &str) -> Result<()> {
        let restore = format!("xl restore {SAVES}/{guest} 2>&1 && rm {SAVES}/{guest}");
        self.world.dom0.ok(&restore).map(drop)
    }

    /// Has Domus start a guest, from its save file.
    ///
    /// # Errors
    /// It does not start, or Domus does not say that it was restored.
    pub fn start_saved(&mut self, guest: &str) -> Result<()> {
        let said = self.world.domus(&format!("start {guest}"))?;
        ensure!(said.contains("restored from its save file"), "{said}");
        Ok(())
    }

    /// A guest's state as soon as `wanted` holds for it.
    ///
    /// # Errors
    /// As [`World::states_when`].
    pub fn state_when(
        &mut self,
        guest: &str,
        seconds: u32,
        wanted: impl Fn(&State) -> bool,
    ) -> Result<State> {
        let guest = Guest {
            name: guest.to_owned(),
            disks: Vec::new(),
        };
        let holds = |states: &[State]| states.iter().all(&wanted);
        let states = self.world.states_when(&[guest], seconds, holds)?;
        states.into_iter().next().context("no state")
    }

    /// xl's and qemu's processes of guests, one a line: the process, its unit, its program. Sorted.
    ///
    /// # Errors
    /// The Dom0 does not answer.
    pub fn guest_processes(&mut self) -> Result<String> {
        self.world.dom0.ok(
            "for pid in $(pgrep -f '^([^ ]*/)?(xl|xen-qemu-system-i386|qemu-system-i386) ' | sort -n); do
                unit=$(cut -d: -f3 /proc/$pid/cgroup 2>/dev/null) || continue
                program=$(tr '\\0' ' ' </proc/$pid/cmdline | cut -c1-60)
                case \"$program\" in *'-name dom0'*|*'-xen-domid 0 '*) continue ;; esac
                echo \"$pid ${unit##*/} $program\"
            done",
        )
    }

    /// The declared guests' domains: name and number, one a line.
    ///
    /// # Errors
    /// The Dom0 does not answer.
    pub fn domains(&mut self) -> Result<String> {
        self.world
            .dom0
            .ok("xl list | awk 'NR > 2 { print $1, $2 }' | sort")
    }

    /// Asserts that the domains are what [`House::domains`] gave before.
    ///
    /// # Errors
    /// They are others.
    pub fn same_domains(&mut self, before: &str) -> Result<()> {
        let now = self.domains()?;
        ensure!(now == before, "domains changed from\n{before}to\n{now}");
        Ok(())
    }

    /// Leaves it to the next scenario: disks whose guests are declared no more are deleted, as their administrator deletes them,
    /// and then it is as it is declared, and so that it would save its guests.
    ///
    /// # Errors
    /// Something else was left behind.
    pub fn tidy(&mut self) -> Result<()> {
        if let Some(file) = self.configuration.differs_in()? {
            bail!("{file} is not the template's");
        }
        let images: Value = serde_json::from_str(&self.world.domus("image list --json")?)?;
        let images = images["images"].as_array().into_iter().flatten();
        let orphaned = images.filter(|image| image["orphaned"] == true);
        let orphaned: Vec<&str> = orphaned
            .filter_map(|image| image["path"].as_str())
            .collect();
        if !orphaned.is_empty() {
            let orphaned = orphaned.join(" ");
            self.world
                .domus(&format!("image delete --yes {orphaned}"))?;
            // Nothing is left of them, so their guests are forgotten.
            self.world.domus("apply")?;
        }
        let plan = self.world.domus("plan")?;
        ensure!(plan == "nothing to do\n", "{plan}");
        for domain in self.domains()?.lines() {
            let name = domain.split_whitespace().next();
            let declared = self.guests.iter().any(|guest| Some(&*guest.name) == name);
            ensure!(declared, "a domain that nobody declared: {domain}");
        }
        self.no_save_is_left()?;
        self.world
            .dom0
            .ok("systemctl is-active xendomains && systemctl is-active domus-shutdown")
            .map(drop)
    }

    /// Asserts that all that was saved was restored: no save file is left.
    ///
    /// # Errors
    /// One is.
    pub fn no_save_is_left(&mut self) -> Result<()> {
        let left = self.world.dom0.ok(&format!("ls -A {SAVES}"))?;
        ensure!(left.is_empty(), "save files stayed: {left}");
        Ok(())
    }
}
