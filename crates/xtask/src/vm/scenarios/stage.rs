//! What scenarios share: the image, the program that was built, and a Dom0 whose declared guests run.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::eval::Options;
use crate::evaluation::Evaluation;
use crate::switch::Action;
use crate::vm::console::State;
use crate::vm::image::Image;
use crate::vm::world::{self, Configuration, Guest, World};

/// What scenarios share.
pub struct Stage {
    /// The Dom0's image.
    pub image: Image,
    /// Whether what is tried at random is tried often.
    pub long: bool,
    domus: Option<PathBuf>,
    house: Option<House>,
}

/// A Dom0 whose declared guests run, and their configuration.
pub struct House {
    /// The Dom0.
    pub world: World,
    /// The folder with configuration.nix.
    pub configuration: Configuration,
    /// The declared guests.
    pub guests: Vec<Guest>,
}

impl Stage {
    /// A stage on which nothing was built yet.
    pub fn new(image: Image, long: bool) -> Self {
        Self {
            image,
            long,
            domus: None,
            house: None,
        }
    }

    /// A Dom0 without anything declared; it is booted for the caller alone.
    ///
    /// # Errors
    /// domus does not build, or the Dom0 does not come up.
    pub fn empty_world(&mut self) -> Result<World> {
        // Two Dom0s at a time would each be half as fast.
        self.house = None;
        let domus = match &self.domus {
            Some(domus) => domus.clone(),
            None => self.domus.insert(world::build_domus()?).clone(),
        };
        World::new(&self.image, &domus, false)
    }

    /// Lets the scenarios that come use this house.
    pub fn keep(&mut self, house: House) {
        self.house = Some(house);
    }

    /// A house whose guests run: the one that was kept, or a new one.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn house(&mut self) -> Result<&mut House> {
        if self.house.is_none() {
            let mut world = self.empty_world()?;
            let configuration = Configuration::from_template()?;
            world
                .switch(&evaluate(&configuration)?, Action::Switch)?
                .ok()?;
            let guests = world.install_guests()?;
            world.start_guests(&guests)?;
            self.house = Some(House {
                world,
                configuration,
                guests,
            });
        }
        self.house.as_mut().context("the house was just built")
    }

    /// Forgets the house.
    pub fn clear(&mut self) {
        self.house = None;
    }
}

/// Evaluates with the offline stand-in: scenarios are about what is done with an evaluation.
///
/// # Errors
/// It does not evaluate.
pub fn evaluate(configuration: &Configuration) -> Result<Evaluation> {
    let offline = Options {
        offline: true,
        ..Options::default()
    };
    Ok(configuration.evaluate(&offline)?.1)
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

    fn switch(&mut self) -> Result<String> {
        let generation = evaluate(&self.configuration)?;
        let said = self.world.switch(&generation, Action::Switch)?.ok()?;
        self.guests = world::guests(&generation)?;
        Ok(said)
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
}
