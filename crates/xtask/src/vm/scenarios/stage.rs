//! What scenarios share: the image, the program that was built, and a Dom0 whose declared guests run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::house::House;
use crate::switch::Action;
use crate::vm::dom0::Dom0;
use crate::vm::image::Image;
use crate::vm::qemu::{self, Machine};
use crate::vm::world::{self, Configuration, World};

/// What scenarios share.
pub struct Stage {
    /// The Dom0's image.
    pub image: Image,
    /// Whether what is tried at random is tried often.
    pub long: bool,
    domus: Option<PathBuf>,
    plain: Option<Dom0>,
    house: Option<House>,
}

impl Stage {
    /// A stage on which nothing was built yet.
    pub fn new(image: Image, long: bool) -> Self {
        Self {
            image,
            long,
            domus: None,
            plain: None,
            house: None,
        }
    }

    /// A Dom0 with nothing but Xen's own tools. Whoever uses it leaves no domain behind.
    ///
    /// # Errors
    /// It does not come up.
    pub fn plain_dom0(&mut self) -> Result<&mut Dom0> {
        self.house = None;
        if self.plain.is_none() {
            self.plain = Some(Dom0::boot(&self.image, Machine::STEADY)?);
        }
        self.plain.as_mut().context("the Dom0 was just booted")
    }

    /// A Dom0 without anything declared; it is booted for the caller alone.
    ///
    /// # Errors
    /// domus does not build, or the Dom0 does not come up.
    pub fn empty_world(&mut self, machine: Machine) -> Result<World> {
        // Two Dom0s at a time would each be half as fast.
        self.clear();
        let domus = match &self.domus {
            Some(domus) => domus.clone(),
            None => self.domus.insert(world::build_domus()?).clone(),
        };
        World::new(&self.image, &domus, machine)
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
            let mut house = self.new_house(Machine::STEADY)?;
            let guests = house.world.install_guests()?;
            house.world.start_guests(&guests)?;
            self.house = Some(House { guests, ..house });
        }
        self.house.as_mut().context("the house was just built")
    }

    /// A house for the caller alone, in which nobody has installed a system: of its guests only those run that boot a kernel of
    /// the Dom0.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn new_house(&mut self, machine: Machine) -> Result<House> {
        let mut world = self.empty_world(machine)?;
        let configuration = Configuration::from_template()?;
        world
            .switch(&configuration.evaluate_offline()?, Action::Switch)?
            .ok()?;
        Ok(House {
            world,
            configuration,
            guests: Vec::new(),
        })
    }

    /// Leaves the house, where there is one, to the next scenario, whichever that is.
    ///
    /// # Errors
    /// The last one left something behind.
    pub fn tidy(&mut self) -> Result<()> {
        let house = self.house.as_mut();
        house
            .map_or(Ok(()), House::tidy)
            .context("it leaves something behind")
    }

    /// Has nobody hold against the next scenario what the emulator did in those before.
    pub fn forget_emulation_faults(&self) {
        qemu::forget_emulation_faults();
        let house = self.house.as_ref().map(|house| &house.world.dom0);
        for dom0 in self.plain.iter().chain(house) {
            dom0.forget_faults();
        }
    }

    /// Forgets all Dom0s.
    pub fn clear(&mut self) {
        self.plain = None;
        self.house = None;
    }
}
