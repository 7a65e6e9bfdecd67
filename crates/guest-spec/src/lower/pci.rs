//! PCI devices.

use xl_cfg::Value;

use super::spec::Fields;
use super::{LowerError, Lowering};
use crate::{GfxKind, GfxPassthru, Mib, Passthrough, PciDevice, Rdm, RdmPolicy};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let pci = &out.guest.pci;
    let devices: Vec<Value> = pci
        .devices
        .iter()
        .map(|device| spec(out, device))
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
    out.some("rdm", rdm(&pci.rdm))?;
    out.some("rdm_mem_boundary", pci.rdm.mem_boundary_mib.map(Mib::get))
}

/// xl-pci-configuration(5); the slot is always read as hexadecimal.
fn spec(out: &Lowering, device: &PciDevice) -> Result<Value, LowerError> {
    let vslot = device.vslot.map(|slot| format!("{slot:02x}"));
    let fields = Fields::default()
        .add("bdf", device.bdf.as_deref())
        .and_then(|fields| fields.add("name", device.assignable_name.as_deref()))
        .and_then(|fields| fields.add("vslot", vslot))
        .map(|fields| {
            fields
                .flag("permissive", device.permissive)
                .flag("msitranslate", device.msitranslate)
                .flag("seize", device.seize)
                .flag("power_mgmt", device.power_management)
        })
        .and_then(|fields| fields.add("rdm_policy", device.rdm_policy.map(RdmPolicy::as_str)));
    let fields = out.of(format!("pci.devices.{}", device.name), fields)?;
    Ok(fields.text())
}

fn rdm(rdm: &Rdm) -> Option<String> {
    let strategy = rdm
        .strategy
        .map(|strategy| format!("strategy={}", strategy.as_str()));
    let policy = rdm
        .policy
        .map(|policy| format!("policy={}", policy.as_str()));
    let fields: Vec<String> = strategy.into_iter().chain(policy).collect();
    (!fields.is_empty()).then(|| fields.join(","))
}
