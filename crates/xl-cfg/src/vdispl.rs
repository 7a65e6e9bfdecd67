//! The grammar of `vdispl = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{any_base_switch, decimal};
use crate::spec::text;

/// A paravirtual display of a guest.
///
/// By xl.cfg(5) and `parse_vdispl_config` in `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. An empty value.
/// - A connector with anything after its size, or a size with a sign; xl crashes at one without `:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vdispl {
    /// The domain that serves it, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// Whether the backend allocates the buffers; no when unset.
    pub backend_allocates: Option<bool>,
    /// Its connectors, at least one.
    pub connectors: Vec<Connector>,
}

/// A connector of a [`Vdispl`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// What identifies it; no space, comma, `:` or `;`.
    pub id: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

static KEYS: Keys = Keys::new("a virtual display", &["backend", "be-alloc", "connectors"]);

impl Vdispl {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When there is no connector, or a value holds what would end it.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put_some("backend", self.backend.as_ref());
        spec.switch("be-alloc", self.backend_allocates);
        let connectors = self.connectors.iter();
        let connectors = connectors.map(|connector| {
            let Connector { id, width, height } = connector;
            format!("{id}:{width}x{height}")
        });
        spec.put("connectors", connectors.collect::<Vec<_>>().join(";"));
        Ok(spec.finish())
    }

    /// Reads the string of a display.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or read something else than what is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut display = Self::default();
        for word in KEYS.read(spec) {
            match word? {
                ("backend", value) => display.backend = Some(value.to_owned()),
                ("be-alloc", value) => {
                    display.backend_allocates = Some(any_base_switch("be-alloc", value)?);
                }
                (_, value) => {
                    let words = value.split(';').filter(|word| !word.is_empty());
                    display.connectors = words.map(connector).collect::<Result<_, _>>()?;
                }
            }
        }
        display.check()?;
        Ok(display)
    }

    fn check(&self) -> Result<(), SpecError> {
        if let Some(backend) = &self.backend {
            text("backend", backend)?;
        }
        if self.connectors.is_empty() {
            return Err(SpecError::Missing {
                key: "connectors",
                reason: "a display needs at least one, like id0:1920x1080",
            });
        }
        for Connector { id, .. } in &self.connectors {
            text("connectors", id)?;
            if id.contains([':', ';', ' ']) {
                return Err(SpecError::value(
                    "connectors",
                    id,
                    "the name of a connector may hold no space, `:` or `;`",
                ));
            }
        }
        Ok(())
    }
}

fn connector(word: &str) -> Result<Connector, SpecError> {
    let parts = word.split_once(':').and_then(|(id, size)| {
        let (width, height) = size.split_once('x')?;
        Some((id, width, height))
    });
    let Some((id, width, height)) = parts else {
        return Err(SpecError::value(
            "connectors",
            word,
            "a connector is like id0:1920x1080, and several are joined by `;`",
        ));
    };
    let pixels = |text| decimal("connectors", text, 0..=u32::MAX);
    Ok(Connector {
        id: id.to_owned(),
        width: pixels(width)?,
        height: pixels(height)?,
    })
}
