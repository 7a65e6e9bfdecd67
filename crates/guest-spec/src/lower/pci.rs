//! PCI devices.

use xl_cfg::pci::{Pci as Spec, PciDevice as Place};
use xl_cfg::rdm::Rdm as RdmSpec;
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{GfxKind, GfxPassthru, Mib, Passthrough, PciDevice, Rdm};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let pci = &out.guest.pci;
    let devices: Vec<Value> = pci
        .devices
        .iter()
        .map(|device| out.device(format!("pci.devices.{}", device.name), spec(device)))
        .collect::<Result<_, _>>()?;
    out.list("pci", devices)?;
    out.some("pci_permissive", pci.permissive)?;
    out.some("pci_msitranslate", pci.msitranslate)?;
    out.some("pci_seize", pci.seize)?;
    out.some("pci_power_mgmt", pci.power_management)?;
    out.some("passthrough", pci.passthrough.map(Passthrough::as_str))?;
    out.some(
        "gfx_passthru",
        pci.gfx_passthru.map(|gfx| match gfx {
            GfxPassthru::Enable(enable) => Value::from(enable),
            GfxPassthru::Kind(kind) => GfxKind::as_str(kind).into(),
        }),
    )?;
    out.some("e820_host", pci.e820_host)?;
    if pci.rdm.strategy.is_some() || pci.rdm.policy.is_some() {
        let rdm = out.device("pci.rdm".to_owned(), rdm(&pci.rdm))?;
        out.set("rdm", rdm)?;
    }
    out.some("rdm_mem_boundary", pci.rdm.mem_boundary_mib.map(Mib::get))
}

fn spec(device: &PciDevice) -> Result<String, SpecError> {
    let place = match (&device.bdf, &device.assignable_name) {
        (Some(bdf), _) => Place::At(bdf.parse()?),
        (None, Some(name)) => Place::Named(name.clone()),
        (None, None) => {
            let reason = "nothing says which device it is";
            return Err(SpecError::Missing { key: "bdf", reason });
        }
    };
    let spec = Spec {
        device: place,
        virtual_slot: device.vslot,
        permissive: device.permissive,
        msitranslate: device.msitranslate,
        seize: device.seize,
        power_mgmt: device.power_management,
        rdm_policy: device
            .rdm_policy
            .map(|policy| policy.as_str().parse())
            .transpose()?,
    };
    spec.to_spec()
}

fn rdm(rdm: &Rdm) -> Result<String, SpecError> {
    let strategy = rdm.strategy.map(|strategy| strategy.as_str().parse());
    let policy = rdm.policy.map(|policy| policy.as_str().parse());
    let spec = RdmSpec {
        strategy: strategy.transpose()?,
        policy: policy.transpose()?,
    };
    spec.to_spec()
}
