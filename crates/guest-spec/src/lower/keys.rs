//! Which option writes which key of xl.cfg: the one list.
//!
//! The NixOS modules read it from `modules/dom0/owned-keys.json`, which `DOMUS_WRITE=1 cargo test -p guest-spec keys`
//! writes.

use crate::{Bootloader, Guest};

/// Each key that an option writes or stands for, with that option.
pub const OWNED_KEYS: &[(&str, &str)] = &[
    ("acpi", "firmware.acpi"),
    ("acpi_firmware", "firmware.acpiTables"),
    ("bios", "firmware.bios"),
    ("bios_path_override", "firmware.biosPath"),
    ("boot", "firmware.bootOrder"),
    ("bootloader", "bootloader"),
    ("builder", "type"),
    ("cap", "cpu.cap"),
    ("channel", "channels"),
    ("cmdline", "cmdline"),
    ("cpu_weight", "cpu.weight"),
    ("cpuid", "cpu.cpuid"),
    ("cpus", "cpu.cpus"),
    ("cpus_soft", "cpu.cpusSoft"),
    ("device_model_args", "deviceModel.args"),
    ("device_model_args_hvm", "deviceModel.argsHvm"),
    ("device_model_args_pv", "deviceModel.argsPv"),
    ("device_model_override", "deviceModel.override"),
    (
        "device_model_stubdomain_override",
        "deviceModel.stubdomain.enable",
    ),
    ("device_model_user", "deviceModel.user"),
    ("device_model_version", "deviceModel.version"),
    ("disk", "disks"),
    ("display", "graphics.sdl.display"),
    ("dm_restrict", "deviceModel.restrict"),
    ("e820_host", "pci.e820Host"),
    ("extra", "cmdline"),
    ("firmware", "firmware.bios"),
    ("firmware_override", "firmware.hvmloader"),
    ("gfx_passthru", "pci.gfxPassthru"),
    ("hdtype", "firmware.hdType"),
    ("hpet", "time.hpet"),
    ("kernel", "kernel"),
    ("keymap", "graphics.keymap"),
    ("localtime", "time.localtime"),
    ("maxmem", "maxMemory"),
    ("maxvcpus", "maxVcpus"),
    ("memory", "memory"),
    ("name", "name"),
    ("nestedhvm", "cpu.nestedHvm"),
    ("on_crash", "onCrash"),
    ("on_poweroff", "onPoweroff"),
    ("on_reboot", "onReboot"),
    ("on_soft_reset", "onSoftReset"),
    ("on_watchdog", "onWatchdog"),
    ("opengl", "graphics.sdl.opengl"),
    ("p9", "shares"),
    ("passthrough", "pci.passthrough"),
    ("pci", "pci.devices"),
    ("pci_msitranslate", "pci.msitranslate"),
    ("pci_permissive", "pci.permissive"),
    ("pci_power_mgmt", "pci.powerManagement"),
    ("pci_seize", "pci.seize"),
    ("pool", "cpu.pool"),
    ("pvshim", "pvShim.enable"),
    ("pvshim_cmdline", "pvShim.cmdline"),
    ("pvshim_extra", "pvShim.extra"),
    ("pvshim_path", "pvShim.path"),
    ("ramdisk", "initrd"),
    ("rdm", "pci.rdm.strategy"),
    ("rdm_mem_boundary", "pci.rdm.memBoundary"),
    ("root", "cmdline"),
    ("rtc_timeoffset", "time.rtcOffset"),
    ("sdl", "graphics.sdl.enable"),
    ("smbios", "firmware.smbios"),
    ("smbios_firmware", "firmware.smbiosTables"),
    ("spice", "graphics.spice.enable"),
    ("spice_clipboard_sharing", "graphics.spice.clipboardSharing"),
    ("spice_image_compression", "graphics.spice.imageCompression"),
    ("spice_streaming_video", "graphics.spice.streamingVideo"),
    ("spiceagent_mouse", "graphics.spice.agentMouse"),
    ("spicedisable_ticketing", "graphics.spice.disableTicketing"),
    ("spicehost", "graphics.spice.host"),
    ("spicepasswd", "graphics.spice.passwordFile"),
    ("spiceport", "graphics.spice.port"),
    ("spicetls_port", "graphics.spice.tlsPort"),
    ("spiceusbredirection", "graphics.spice.usbRedirection"),
    ("spicevdagent", "graphics.spice.vdagent"),
    ("stdvga", "graphics.vga"),
    ("stubdomain_cmdline", "deviceModel.stubdomain.cmdline"),
    ("stubdomain_kernel", "deviceModel.stubdomain.kernel"),
    ("stubdomain_memory", "deviceModel.stubdomain.memory"),
    ("stubdomain_ramdisk", "deviceModel.stubdomain.ramdisk"),
    ("timer_mode", "time.timerMode"),
    ("tsc_mode", "time.tscMode"),
    ("type", "type"),
    ("usb", "usb.emulate"),
    ("usbctrl", "usb.controllers"),
    ("usbdev", "usb.devices"),
    ("usbdevice", "usb.emulatedDevices"),
    ("usbversion", "usb.version"),
    ("uuid", "uuid"),
    ("vcpus", "vcpus"),
    ("vfb", "graphics.vnc.enable"),
    ("vga", "graphics.vga"),
    ("videoram", "graphics.videoRam"),
    ("vif", "networks"),
    ("viridian", "viridian"),
    ("vkb", "vkb"),
    ("vnc", "graphics.vnc.enable"),
    ("vncdisplay", "graphics.vnc.display"),
    ("vnclisten", "graphics.vnc.listen"),
    ("vncpasswd", "graphics.vnc.passwordFile"),
    ("vncunused", "graphics.vnc.unused"),
    ("vnuma", "vnuma"),
    ("vpt_align", "time.vptAlign"),
    ("vtpm", "vtpm.backend"),
    ("xauthority", "graphics.sdl.xauthority"),
];

/// The option that a key of xl.cfg belongs to.
#[must_use]
pub fn option_of_key(key: &str) -> Option<&'static str> {
    let at = OWNED_KEYS.binary_search_by_key(&key, |(key, _)| key).ok()?;
    Some(OWNED_KEYS[at].1)
}

/// The option that has written this key of xl.cfg for this guest, so that `settings` cannot, if one has.
/// `written` says which keys the guest's options wrote.
#[must_use]
pub(crate) fn owner_of_key(
    guest: &Guest,
    key: &str,
    written: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let boot = &guest.boot;
    let owned = match key {
        "maxmem" | "maxvcpus" | "builder" | "disk" | "vif" => true,
        "bootloader" | "firmware" if boot.bootloader != Bootloader::Firmware => {
            return Some("bootloader");
        }
        // With pygrub it is a path in the guest, which no option says.
        "kernel" => !matches!(boot.bootloader, Bootloader::Firmware | Bootloader::Pygrub),
        "root" | "extra" => written("cmdline"),
        "firmware" => written("bios"),
        "stdvga" => written("vga"),
        key => written(key),
    };
    option_of_key(key).filter(|_| owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(OWNED_KEYS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(option_of_key("vif"), Some("networks"));
        assert_eq!(option_of_key("oos"), None);
    }

    /// The names that `networks.<name>.colo` takes.
    #[test]
    fn the_modules_have_the_keys_of_colo() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../modules/dom0/colo-keys.json"
        );
        let keys: Vec<&str> = xl_cfg::vif::ColoKey::ALL
            .iter()
            .map(|key| key.as_str())
            .collect();
        let now = serde_json::to_string_pretty(&keys).unwrap() + "\n";
        if std::env::var_os("DOMUS_WRITE").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == now,
            "modules/dom0/colo-keys.json is old"
        );
    }

    #[test]
    fn the_modules_have_this_list() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../modules/dom0/owned-keys.json"
        );
        let list: std::collections::BTreeMap<_, _> = OWNED_KEYS.iter().copied().collect();
        let now = serde_json::to_string_pretty(&list).unwrap() + "\n";
        if std::env::var_os("DOMUS_WRITE").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == now,
            "modules/dom0/owned-keys.json is old"
        );
    }
}
