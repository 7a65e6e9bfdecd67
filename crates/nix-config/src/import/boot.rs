//! What a guest boots.

use xl_cfg::Value;
use xl_cfg::keys::GuestType;
use xl_cfg::meaning::{self, Firmware, is_hvmloader};

use super::Importing;
use super::scalars::text;
use crate::NixValue;

impl Importing<'_> {
    /// The kernel, or who finds it.
    pub(super) fn boot(&mut self, key: &str) {
        if self.guest == GuestType::Hvm {
            self.boot_hvm(key);
        } else {
            self.boot_pv(key);
        }
    }

    fn boot_hvm(&mut self, key: &str) {
        match key {
            "kernel" if is_hvmloader(&self.text(key).unwrap_or_default()) => {
                self.leave_out(key, "xl finds hvmloader by itself");
            }
            "kernel" | "ramdisk" => self.file(key),
            "cmdline" | "root" | "extra" => self.command_line(key),
            "firmware" => {
                let word = self.text(key).unwrap_or_default();
                match Firmware::of(&word) {
                    Firmware::Bios(bios) => self.set(key, &["firmware", "bios"], bios),
                    Firmware::AsBiosSays => {
                        self.leave_out(key, "it says no more than bios, or xl's default");
                    }
                    Firmware::File => self.setting(key, &Value::from(word)),
                }
            }
            _ => {}
        }
    }

    /// Whether `firmware` decides what `bios` would.
    pub(super) fn firmware_wins(&self) -> bool {
        let firmware = self.text("firmware").unwrap_or_default();
        matches!(Firmware::of(&firmware), Firmware::Bios(_))
    }

    fn boot_pv(&mut self, key: &str) {
        let by_bootloader = self.config.get("bootloader").is_some();
        match key {
            "bootloader" => {
                let program = self.text(key).unwrap_or_default();
                if meaning::is_pygrub(&program) {
                    self.set(key, &["bootloader"], "pygrub");
                } else {
                    let message = format!(
                        "\"{}\" is no boot loader that a guest can be declared with; change it to pygrub, or give a kernel",
                        program.escape_debug()
                    );
                    self.fail(key, message);
                }
            }
            "firmware" => {
                self.set(key, &["bootloader"], "pvgrub");
                self.notes.push(
                    "firmware becomes bootloader = \"pvgrub\", with the image that nixpkgs builds"
                        .into(),
                );
            }
            // libxl_bootloader.c gives them to pygrub, as paths in the guest's own file system.
            "kernel" | "ramdisk" if by_bootloader => {
                let path = Value::from(self.text(key).unwrap_or_default());
                self.setting(key, &path);
            }
            // libxl_bootloader.c gives it to pygrub, which adds it to what grub.cfg says.
            "cmdline" | "root" | "extra" if by_bootloader => self.command_line(key),
            "ramdisk" | "cmdline" | "root" | "extra" if self.config.get("firmware").is_some() => {
                self.leave_out(key, "GRUB's image reads the guest's own grub.cfg");
            }
            "kernel" => {
                if self.is_grub() {
                    self.options.set(&["bootloader"], "pvgrub".into());
                }
                self.file(key);
            }
            "ramdisk" => self.file(key),
            "cmdline" | "root" | "extra" => self.command_line(key),
            _ => {}
        }
    }

    /// Whether the kernel is GRUB's image for Xen, which reads the guest's own grub.cfg. With a command line or an initial
    /// RAM disk it is something else, or an old one.
    fn is_grub(&self) -> bool {
        let path = self.text("kernel").unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let alone = ["ramdisk", "cmdline", "root", "extra"]
            .iter()
            .all(|key| self.config.get(key).is_none());
        file.contains("grub") && alone && self.config.get("disk").is_some()
    }

    fn file(&mut self, key: &str) {
        let option = if key == "kernel" { "kernel" } else { "initrd" };
        let path = self.text(key).unwrap_or_default();
        if path.is_empty() {
            self.leave_out(key, "it is empty");
            return;
        }
        if let Some(why) = guest_spec::path_problem(&path) {
            self.fail(key, why);
            return;
        }
        // As a string: a path literal would be copied to the store.
        self.set(key, &[option], NixValue::String(path));
    }

    /// `cmdline`, or what xl makes of `root` and `extra` (`xl_parse.c`, `parse_cmdline`).
    fn command_line(&mut self, key: &str) {
        let line = if let Some(line) = self.text("cmdline") {
            if key != "cmdline" {
                self.leave_out(key, "xl ignores it, because cmdline is set");
                return;
            }
            line
        } else {
            let (root, extra) = (self.text("root"), self.text("extra"));
            meaning::command_line(root.as_deref(), extra.as_deref()).unwrap_or_default()
        };
        // The option is for a kernel that the Dom0 has.
        let kernel = self.text("kernel").unwrap_or_default();
        if !kernel.is_empty() && self.config.get("bootloader").is_none() && !is_hvmloader(&kernel) {
            self.set(key, &["cmdline"], line);
        } else {
            self.set(key, &["settings", "cmdline"], line);
        }
    }

    pub(super) fn boot_order(&mut self, value: &Value) {
        let letters = text(value).unwrap_or_default();
        let devices: Option<Vec<_>> = letters
            .chars()
            .map(|letter| match letter {
                'c' => Some("disk"),
                'd' => Some("cdrom"),
                'n' => Some("network"),
                _ => None,
            })
            .collect();
        match devices {
            Some(devices) if !devices.is_empty() => {
                self.set("boot", &["firmware", "bootOrder"], devices);
            }
            _ => self.setting("boot", value),
        }
    }

    /// `key=value`, each key once but `oem`.
    pub(super) fn smbios(&mut self, value: &Value) {
        let mut oem_strings: Vec<String> = Vec::new();
        for item in value.as_list().unwrap_or_default() {
            let item = text(item).unwrap_or_default();
            let (key, text) = item.split_once('=').unwrap_or((&item, ""));
            if key == "oem" {
                oem_strings.push(text.to_owned());
            } else {
                self.options.set(&["firmware", "smbios", key], text.into());
            }
        }
        if !oem_strings.is_empty() {
            self.options
                .set(&["firmware", "oemStrings"], oem_strings.into());
        }
        let at = if self.options.has(&["firmware", "smbios"]) {
            "smbios"
        } else {
            "oemStrings"
        };
        self.comment("smbios", &["firmware", at]);
    }
}
