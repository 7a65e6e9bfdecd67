//! What a guest boots, its firmware, and its device model.

use xl_cfg::smbios::{Smbios, SmbiosField};
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{Bios, Bootloader, DeviceModelVersion, HdType, Mib};

/// The kernel, or who finds it.
pub(super) fn kernel(out: &mut Lowering) -> Result<(), LowerError> {
    let boot = &out.guest.boot;
    if boot.bootloader == Bootloader::Pygrub {
        out.set("bootloader", "pygrub")?;
    }
    out.some("kernel", boot.kernel.as_deref())?;
    out.some("ramdisk", boot.initrd.as_deref())?;
    out.some("cmdline", boot.cmdline.as_deref())?;
    let shim = &out.guest.pv_shim;
    out.some("pvshim", shim.enable)?;
    out.some("pvshim_path", shim.path.as_deref())?;
    out.some("pvshim_cmdline", shim.cmdline.as_deref())?;
    out.some("pvshim_extra", shim.extra.as_deref())
}

pub(super) fn firmware(out: &mut Lowering) -> Result<(), LowerError> {
    let firmware = &out.guest.firmware;
    out.some("bios", firmware.bios.map(Bios::as_str))?;
    out.some("bios_path_override", firmware.bios_path.as_deref())?;
    out.some("firmware_override", firmware.hvmloader.as_deref())?;
    let order: String = firmware
        .boot_order
        .iter()
        .map(|device| device.letter())
        .collect();
    out.some("boot", (!order.is_empty()).then_some(order))?;
    out.some("hdtype", firmware.hd_type.map(HdType::as_str))?;
    out.some("acpi", firmware.acpi)?;
    out.some("acpi_firmware", firmware.acpi_tables.as_deref())?;
    out.some("smbios_firmware", firmware.smbios_tables.as_deref())?;
    let named = firmware.smbios.iter().map(|(key, value)| {
        let option = format!("firmware.smbios.{key}");
        (option, smbios(key, value).and_then(|text| text.to_spec()))
    });
    let oem = firmware.oem_strings.iter().map(|value| {
        let (field, value) = (SmbiosField::Oem, value.clone());
        let option = "firmware.oemStrings".to_owned();
        (option, Smbios { field, value }.to_spec())
    });
    let texts: Vec<Value> = named
        .chain(oem)
        .map(|(option, spec)| out.device(option, spec))
        .collect::<Result<_, _>>()?;
    out.list("smbios", texts)
}

/// A text of SMBIOS by its name.
pub(crate) fn smbios(key: &str, value: &str) -> Result<Smbios, SpecError> {
    let (field, value) = (key.parse()?, value.to_owned());
    Ok(Smbios { field, value })
}

pub(super) fn device_model(out: &mut Lowering) -> Result<(), LowerError> {
    let model = &out.guest.device_model;
    let version = model.version.map(DeviceModelVersion::as_str);
    out.some("device_model_version", version)?;
    out.some("device_model_override", model.program.as_deref())?;
    out.list("device_model_args", model.args.iter().cloned())?;
    out.list("device_model_args_pv", model.args_pv.iter().cloned())?;
    out.list("device_model_args_hvm", model.args_hvm.iter().cloned())?;
    out.some("dm_restrict", model.restrict)?;
    out.some("device_model_user", model.user.as_deref())?;
    let stubdomain = &model.stubdomain;
    out.some("device_model_stubdomain_override", stubdomain.enable)?;
    out.some("stubdomain_kernel", stubdomain.kernel.as_deref())?;
    out.some("stubdomain_ramdisk", stubdomain.ramdisk.as_deref())?;
    out.some("stubdomain_cmdline", stubdomain.cmdline.as_deref())?;
    out.some("stubdomain_memory", stubdomain.memory_mib.map(Mib::get))
}
