//! The grammar of `rdm`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::pci::RdmPolicy;
use crate::words::words;

/// What is done about memory that the host's firmware keeps for its devices. HVM on x86 only; one string for a guest.
///
/// By xl.cfg(5) and `xlu_rdm_parse` in `libxlu_pci.c`.
///
/// # Where xl is wrong
///
/// `xlu_rdm_parse` takes the answer of `parse_rdm_policy` for its opposite: it gives up at each policy that it knows, and
/// goes on at each that it does not. `parse_config_data` then ignores that it gave up. So `strategy=host,policy=strict`,
/// the manual's own example, does nothing at all, and `strategy=host` alone takes a policy from uninitialised memory (Xen
/// 4.17 to 4.23-unstable). Until that is mended, say the policy at each device: `rdm_policy` of [`crate::pci::Pci`].
/// This type holds what the manual says; [`Rdm::ignored_by_xl`] tells when it does nothing.
///
/// # Stricter than xl
///
/// - A policy that there is not: see above.
/// - A key given twice, and a comma at the end or twice, which xl refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rdm {
    /// Which memory is looked at; only that of the guest's own devices when unset.
    pub strategy: Option<RdmStrategy>,
    /// What happens when it is in the way of the guest's; `relaxed` when unset.
    pub policy: Option<RdmPolicy>,
}

words! {
    /// Which reserved memory is looked at.
    pub enum RdmStrategy: exact "strategy" {
        /// All of the host's.
        Host = "host",
    }
}

static KEYS: Keys = Keys::new("reserved device memory", &["strategy", "policy"]);

impl Rdm {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When it says nothing: xl knows no empty one.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put_some("strategy", self.strategy);
        spec.put_some("policy", self.policy);
        Ok(spec.finish())
    }

    /// Reads the string by the manual.
    ///
    /// # Errors
    ///
    /// When it is empty, or has a word that the manual does not know.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut rdm = Self::default();
        if spec.starts_with([',', ' '])
            || spec.ends_with(',')
            || spec.contains(",,")
            || spec.contains(", ")
        {
            return Err(SpecError::unknown(
                spec,
                "xl takes no space or second comma between strategy and policy",
            ));
        }
        for word in KEYS.read(spec) {
            match word? {
                ("strategy", value) => rdm.strategy = Some(value.parse()?),
                (_, value) => rdm.policy = Some(value.parse()?),
            }
        }
        rdm.check()?;
        Ok(rdm)
    }

    /// Why xl does nothing about it, when it does not.
    #[must_use]
    pub fn ignored_by_xl(self) -> Option<&'static str> {
        self.policy.map(|_| {
            "xl gives up at a policy here and goes on without rdm; give each PCI device its rdm_policy instead"
        })
    }

    fn check(self) -> Result<(), SpecError> {
        if self == Self::default() {
            return Err(SpecError::Missing {
                key: "strategy",
                reason: "there is neither a strategy nor a policy; leave rdm out",
            });
        }
        Ok(())
    }
}
