//! PCI and USB devices, shares, channels, a TPM, input devices.

use xl_cfg::Value;
use xl_cfg::channel::{Channel, Connection};
use xl_cfg::p9::{P9, P9Kind};
use xl_cfg::pci::{Pci, PciDevice, RdmPolicy};
use xl_cfg::rdm::{Rdm, RdmStrategy};
use xl_cfg::usbctrl::{UsbCtrl, UsbCtrlKind};
use xl_cfg::usbdev::UsbDev;
use xl_cfg::vtpm::Vtpm;

use super::Importing;
use super::scalars::text;
use crate::NixValue;

/// The items of a list, each read by its grammar; nothing when one of them cannot be.
fn read<T, E>(value: &Value, parse: impl Fn(&str) -> Result<T, E>) -> Option<Vec<T>> {
    value
        .as_list()?
        .iter()
        .map(|item| parse(&text(item)?).ok())
        .collect()
}

fn order(index: usize) -> NixValue {
    i64::try_from(index).unwrap_or(i64::MAX).into()
}

impl Importing<'_> {
    fn flag(&mut self, path: &[&str], flag: Option<bool>) {
        if let Some(flag) = flag {
            self.options.set(path, flag.into());
        }
    }

    fn some<T: Into<NixValue>>(&mut self, path: &[&str], value: Option<T>) {
        if let Some(value) = value {
            self.options.set(path, value.into());
        }
    }

    /// A list whose items become a set, when each can be read and has a name of its own; else it stays a list, in
    /// `settings`.
    fn set_of<T, E>(
        &mut self,
        key: &str,
        value: &Value,
        path: &[&str],
        parse: impl Fn(&str) -> Result<T, E>,
        name: impl Fn(usize, &T) -> Option<String>,
        import: impl Fn(&mut Self, &[&str], usize, &T),
    ) {
        let items = read(value, parse);
        let names: Option<Vec<String>> = items.as_ref().and_then(|items| {
            items
                .iter()
                .enumerate()
                .map(|(index, item)| name(index, item))
                .collect()
        });
        let (Some(items), Some(names)) = (items, names) else {
            self.setting(key, value);
            return;
        };
        let mut distinct = names.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if items.is_empty() || distinct.len() < names.len() {
            self.setting(key, value);
            return;
        }
        let comments = self.source.item_comments(key);
        for (index, (item, name)) in items.iter().zip(&names).enumerate() {
            let path: Vec<_> = path.iter().copied().chain([name.as_str()]).collect();
            import(self, &path, index, item);
            self.item_comment(&comments, index, &path);
        }
        self.comment(key, path);
    }

    pub(super) fn pci(&mut self, value: &Value) {
        let several = value.as_list().is_some_and(|items| items.len() > 1);
        let name = |_, pci: &Pci| {
            Some(match &pci.device {
                PciDevice::At(bdf) => bdf.to_string(),
                PciDevice::Named(name) => name.clone(),
            })
        };
        self.set_of(
            "pci",
            value,
            &["pci", "devices"],
            Pci::parse,
            name,
            |this, path, index, pci| {
                let option = |name| -> Vec<&str> { path.iter().copied().chain([name]).collect() };
                match &pci.device {
                    PciDevice::At(bdf) => this.options.set(&option("bdf"), bdf.to_string().into()),
                    PciDevice::Named(name) => {
                        this.options
                            .set(&option("assignableName"), name.as_str().into());
                    }
                }
                if several {
                    this.options.set(&option("order"), order(index));
                }
                this.some(&option("vslot"), pci.virtual_slot.map(i64::from));
                this.flag(&option("permissive"), pci.permissive);
                this.flag(&option("msitranslate"), pci.msitranslate);
                this.flag(&option("seize"), pci.seize);
                this.flag(&option("powerManagement"), pci.power_mgmt);
                this.some(&option("rdmPolicy"), pci.rdm_policy.map(RdmPolicy::as_str));
            },
        );
    }

    pub(super) fn rdm(&mut self, value: &Value) {
        let read = text(value).and_then(|text| Rdm::parse(&text).ok());
        // The options want both.
        let Some(rdm) = read.filter(|rdm| rdm.strategy.is_some() && rdm.policy.is_some()) else {
            self.setting("rdm", value);
            return;
        };
        self.some(
            &["pci", "rdm", "strategy"],
            rdm.strategy.map(RdmStrategy::as_str),
        );
        self.some(&["pci", "rdm", "policy"], rdm.policy.map(RdmPolicy::as_str));
        self.comment("rdm", &["pci", "rdm"]);
    }

    pub(super) fn usb_controllers(&mut self, value: &Value) {
        let name = |index, _: &UsbCtrl| Some(format!("c{index}"));
        let path = ["usb", "controllers"];
        self.set_of(
            "usbctrl",
            value,
            &path,
            UsbCtrl::parse,
            name,
            |this, path, index, usb| {
                let option = |name| -> Vec<&str> { path.iter().copied().chain([name]).collect() };
                this.options.set(&option("order"), order(index));
                this.some(&option("type"), usb.kind.map(UsbCtrlKind::as_str));
                this.some(&option("version"), usb.version.map(i64::from));
                this.some(&option("ports"), usb.ports.map(i64::from));
            },
        );
    }

    pub(super) fn usb_devices(&mut self, value: &Value) {
        // The options know controllers by name; one that xl makes by itself has none.
        let controllers = self
            .config
            .get("usbctrl")
            .and_then(Value::as_list)
            .map_or(0, <[Value]>::len);
        let parse = |spec: &str| match UsbDev::parse(spec) {
            Ok(device)
                if device
                    .controller
                    .is_some_and(|number| number as usize >= controllers) =>
            {
                Err(())
            }
            other => other.map_err(|_| ()),
        };
        // Those without a port are plugged in in the order of their names.
        let name = |index, _: &UsbDev| Some(format!("d{index:02}"));
        let path = ["usb", "devices"];
        self.set_of("usbdev", value, &path, parse, name, |this, path, _, usb| {
            let option = |name| -> Vec<&str> { path.iter().copied().chain([name]).collect() };
            this.options
                .set(&option("hostbus"), i64::from(usb.host_bus).into());
            this.options
                .set(&option("hostaddr"), i64::from(usb.host_address).into());
            this.some(
                &option("controller"),
                usb.controller.map(|number| format!("c{number}")),
            );
            this.some(&option("port"), usb.port.map(i64::from));
        });
    }

    pub(super) fn shares(&mut self, value: &Value) {
        let name = |_, share: &P9| share.tag.clone().filter(|_| share.path.is_some());
        self.set_of(
            "p9",
            value,
            &["shares"],
            P9::parse,
            name,
            |this, path, _, share| {
                let option = |name| -> Vec<&str> { path.iter().copied().chain([name]).collect() };
                this.some(&option("path"), share.path.as_deref());
                if share.kind != P9Kind::Qemu {
                    this.options
                        .set(&option("type"), share.kind.as_str().into());
                }
                this.some(&option("backend"), share.backend.as_deref());
                this.some(&option("maxFiles"), share.max_files.map(i64::from));
                this.some(&option("maxOpenFiles"), share.max_open_files.map(i64::from));
                this.some(&option("maxSpace"), share.max_space_mib.map(i64::from));
                if share.auto_delete {
                    this.options.set(&option("autoDelete"), true.into());
                }
            },
        );
    }

    pub(super) fn channels(&mut self, value: &Value) {
        let name = |_, channel: &Channel| Some(channel.name.clone());
        let path = ["channels"];
        self.set_of(
            "channel",
            value,
            &path,
            Channel::parse,
            name,
            |this, path, _, channel| {
                let option = |name| -> Vec<&str> { path.iter().copied().chain([name]).collect() };
                match &channel.connection {
                    Connection::Pty => this.options.set(&option("connection"), "pty".into()),
                    Connection::Socket { path } => {
                        this.options.set(&option("connection"), "socket".into());
                        this.options.set(&option("path"), path.as_str().into());
                    }
                }
                this.some(&option("backend"), channel.backend.as_deref());
            },
        );
    }

    /// A guest has one TPM; more of them stay a list.
    pub(super) fn vtpm(&mut self, value: &Value) {
        match read(value, Vtpm::parse).as_deref() {
            Some([vtpm]) => {
                self.some(&["vtpm", "backend"], Some(vtpm.backend.as_str()));
                self.some(&["vtpm", "uuid"], vtpm.uuid.map(|uuid| uuid.to_string()));
                let comments = self.source.item_comments("vtpm");
                self.item_comment(&comments, 0, &["vtpm"]);
                self.comment("vtpm", &["vtpm"]);
            }
            _ => self.setting("vtpm", value),
        }
    }

    pub(super) fn vkb(&mut self, value: &Value) {
        self.setting("vkb", value);
    }
}
