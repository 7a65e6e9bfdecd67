//! The grammar of `vkb = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{any_base, any_base_switch};
use crate::spec::text;
use crate::words::words;

/// A paravirtual keyboard and pointer of a guest.
///
/// By xl.cfg(5), `parse_vkb_config` and `parse_vkb_list` in `xl_parse.c`. xl takes a device for a touch screen as soon
/// as one of the `multi-touch` numbers is given and not 0, so that [`MultiTouch`] stands for both.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. An empty value.
/// - A switch that is no number: xl's `strtoul` makes 0 of `yes`. A number with anything after it.
/// - `backend-type=unknown`, which libxl keeps for itself; `feature-multi-touch=0` beside multi-touch numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkb {
    /// What serves it.
    pub backend_type: VkbBackend,
    /// The domain that serves it, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// What identifies it for the backend.
    pub unique_id: Option<String>,
    /// Whether there is a keyboard at all; `feature-disable-keyboard` when not.
    pub keyboard: bool,
    /// Whether there is a pointer at all; `feature-disable-pointer` when not.
    pub pointer: bool,
    /// Which coordinates the pointer can give.
    pub coordinates: Coordinates,
    /// The touch screen, if it is one.
    pub multi_touch: Option<MultiTouch>,
    /// The pointer's largest width.
    pub width: Option<u32>,
    /// The pointer's largest height.
    pub height: Option<u32>,
}

words! {
    /// What serves a keyboard.
    pub enum VkbBackend: any_case "backend-type" {
        /// QEMU.
        Qemu = "qemu",
        /// A program of a Linux domain.
        Linux = "linux",
    }
}

/// Which coordinates a pointer can give besides movements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coordinates {
    /// Places on the screen: `feature-abs-pointer`.
    pub absolute: bool,
    /// Places as the device has them, unscaled: `feature-raw-pointer`.
    pub raw: bool,
}

/// A touch screen. At least one of the three is not 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MultiTouch {
    /// Its largest width.
    pub width: u32,
    /// Its largest height.
    pub height: u32,
    /// How many fingers it tells apart.
    pub contacts: u32,
}

static KEYS: Keys = Keys::new(
    "a virtual keyboard",
    &[
        "backend",
        "backend-type",
        "unique-id",
        "feature-disable-keyboard",
        "feature-disable-pointer",
        "feature-abs-pointer",
        "feature-raw-pointer",
        "feature-multi-touch",
        "multi-touch-width",
        "multi-touch-height",
        "multi-touch-num-contacts",
        "width",
        "height",
    ],
);

impl Vkb {
    /// A keyboard and a pointer with nothing special.
    #[must_use]
    pub fn new(backend_type: VkbBackend) -> Self {
        Self {
            backend_type,
            backend: None,
            unique_id: None,
            keyboard: true,
            pointer: true,
            coordinates: Coordinates::default(),
            multi_touch: None,
            width: None,
            height: None,
        }
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When a value is empty or holds a comma or a control character, or a touch screen has no size and no fingers.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put("backend-type", self.backend_type);
        spec.put_some("backend", self.backend.as_ref());
        spec.put_some("unique-id", self.unique_id.as_ref());
        for (key, on) in [
            ("feature-disable-keyboard", !self.keyboard),
            ("feature-disable-pointer", !self.pointer),
            ("feature-abs-pointer", self.coordinates.absolute),
            ("feature-raw-pointer", self.coordinates.raw),
            ("feature-multi-touch", self.multi_touch.is_some()),
        ] {
            spec.switch(key, on.then_some(true));
        }
        if let Some(touch) = self.multi_touch {
            spec.put("multi-touch-width", touch.width);
            spec.put("multi-touch-height", touch.height);
            spec.put("multi-touch-num-contacts", touch.contacts);
        }
        spec.put_some("width", self.width);
        spec.put_some("height", self.height);
        Ok(spec.finish())
    }

    /// Reads the string of a keyboard.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or read something else than what is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut vkb = Self::new(VkbBackend::Qemu);
        let (mut backend_type, mut is_touch) = (None, None);
        let mut touch = MultiTouch::default();
        for word in KEYS.read(spec) {
            let (key, value) = word?;
            let switch = || any_base_switch(key, value);
            let number = || any_base(key, value, 0..=u32::MAX);
            match key {
                "backend" => vkb.backend = Some(value.to_owned()),
                "backend-type" => backend_type = Some(value.parse()?),
                "unique-id" => vkb.unique_id = Some(value.to_owned()),
                "feature-disable-keyboard" => vkb.keyboard = !switch()?,
                "feature-disable-pointer" => vkb.pointer = !switch()?,
                "feature-abs-pointer" => vkb.coordinates.absolute = switch()?,
                "feature-raw-pointer" => vkb.coordinates.raw = switch()?,
                "feature-multi-touch" => is_touch = Some(switch()?),
                "multi-touch-width" => touch.width = number()?,
                "multi-touch-height" => touch.height = number()?,
                "multi-touch-num-contacts" => touch.contacts = number()?,
                "width" => vkb.width = Some(number()?),
                _ => vkb.height = Some(number()?),
            }
        }
        vkb.backend_type = backend_type.ok_or(SpecError::Missing {
            key: "backend-type",
            reason: "xl asks for it: qemu or linux",
        })?;
        let has_size = touch != MultiTouch::default();
        if has_size && is_touch == Some(false) {
            return Err(SpecError::value(
                "feature-multi-touch",
                "0",
                "the multi-touch numbers make it a touch screen all the same; take them away",
            ));
        }
        vkb.multi_touch = (has_size || is_touch == Some(true)).then_some(touch);
        vkb.check()?;
        Ok(vkb)
    }

    fn check(&self) -> Result<(), SpecError> {
        for (key, value) in [("backend", &self.backend), ("unique-id", &self.unique_id)] {
            if let Some(value) = value {
                text(key, value)?;
            }
        }
        if self.multi_touch == Some(MultiTouch::default()) {
            return Err(SpecError::Missing {
                key: "multi-touch-width",
                reason: "a touch screen needs a width, a height or a number of contacts",
            });
        }
        Ok(())
    }
}
