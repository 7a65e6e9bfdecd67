//! What the guest gets of the host: `pci`, `rdm`, `usbctrl`, `usbdev`, `ioports`, `iomem`, `dtdev`, `llc_colors`.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::iomem::IoMem;
use xl_cfg::ioports::IoPorts;
use xl_cfg::keys::GuestType;
use xl_cfg::llc_colors::LlcColors;
use xl_cfg::pci::{Bdf, Pci, PciDevice};
use xl_cfg::rdm::{Rdm, RdmStrategy};
use xl_cfg::usbctrl::{UsbCtrl, UsbCtrlKind};
use xl_cfg::usbdev::UsbDev;

use super::item::Item;
use super::source::{Source, numbers, runs_of, spec};

pub(super) fn read(source: &mut Source) {
    let guest = source.guest();
    source.list("pci", "/pcidevs", |item, _| pci(item, guest));
    // xl sets it for a PV guest with such devices, whatever the file says.
    if source.is_set("pci") && source.flag("/b_info/type.pv/e820_host") == Some(true) {
        source.done("/b_info/type.pv/e820_host");
    }
    reserved_memory(source);
    usb(source);
    source.list("ioports", "/b_info/ioports", |item, _| {
        let first: u16 = item.number("first").unwrap_or(0);
        let count: u32 = item.number("number")?;
        let last = u32::from(first).checked_add(count.checked_sub(1)?)?;
        let last = u16::try_from(last).ok()?;
        spec(IoPorts { first, last }.to_spec())
    });
    source.list("iomem", "/b_info/iomem", |item, _| {
        let pages = IoMem {
            start: item.number("start").unwrap_or(0),
            pages: item.number("number")?,
            guest_start: item.number("gfn"),
        };
        spec(pages.to_spec())
    });
    source.list("dtdev", "/dtdevs", |item, _| {
        item.text("path").map(Value::from)
    });
    let colors = source.get("/b_info/llc_colors").and_then(numbers);
    let colors = colors.and_then(|colors| {
        let runs = runs_of(&colors).into_iter();
        runs.map(|(first, last)| spec(LlcColors { first, last }.to_spec()))
            .collect::<Option<Vec<Value>>>()
    });
    if let Some(colors) = colors {
        source.set("llc_colors", colors);
        source.done("/b_info/llc_colors");
    }
}

fn pci(item: &mut Item, guest: Option<GuestType>) -> Option<Value> {
    let name = item.text("name");
    let place = Bdf {
        domain: item.number("domain").unwrap_or(0),
        bus: item.number("bus").unwrap_or(0),
        slot: item.number("dev").unwrap_or(0),
        function: Some(item.number("func").unwrap_or(0)),
    };
    let functions: u32 = item.number("vfunc_mask").unwrap_or(1);
    let function = match functions {
        ALL_FUNCTIONS => None,
        1 => place.function,
        _ => return None,
    };
    let mut pci = Pci::new(Bdf { function, ..place });
    if let Some(name) = name {
        pci.device = PciDevice::Named(name);
    }
    let slot: u8 = item.number("vdevfn").unwrap_or(0);
    // Slot 0 is libxl's word for a free one; a function is more than the file can say.
    pci.virtual_slot = match (slot >> 3, slot & 7) {
        (0, 0) => None,
        (slot, 0) => Some(slot),
        _ => return None,
    };
    pci.permissive = item.on("permissive").then_some(true);
    pci.msitranslate = item.on("msitranslate").then_some(true);
    pci.seize = item.on("seize").then_some(true);
    pci.power_mgmt = item.on("power_mgmt").then_some(true);
    // xl takes the policy from the HVM guest's `rdm`, which for other types is memory of something else.
    match item.get("rdm_policy").and_then(Json::as_str) {
        Some("strict") if guest != Some(GuestType::Hvm) => {
            item.skip("rdm_policy", |_| true);
        }
        Some(_) => pci.rdm_policy = item.word("rdm_policy"),
        None => {}
    }
    spec(pci.to_spec())
}

/// `LIBXL_PCI_FUNC_ALL`
const ALL_FUNCTIONS: u32 = u32::MAX;

/// `rdm`. A policy beside it makes xl drop all of it, so only the default one, which need not be said, is no doubt.
fn reserved_memory(source: &mut Source) {
    let (strategy, policy) = (
        "/b_info/type.hvm/rdm/strategy",
        "/b_info/type.hvm/rdm/policy",
    );
    let rdm = Rdm {
        strategy: Some(RdmStrategy::Host),
        policy: None,
    };
    if source.text(strategy) == Some(RdmStrategy::Host.as_str())
        && let Some(rdm) = spec(rdm.to_spec())
    {
        source.set("rdm", rdm);
        source.done(strategy);
    }
    if source.text(strategy) == Some("ignore") {
        source.done(strategy);
    }
    if source.text(policy) == Some("relaxed") {
        source.done(policy);
    }
}

fn usb(source: &mut Source) {
    source.list("usbctrl", "/usbctrls", |item, _| {
        item.skip("devid", Json::is_u64);
        item.skip("backend_domid", |json| json.as_u64() == Some(0));
        let controller = UsbCtrl {
            // Said, so that the string is never empty.
            kind: item.word("type").or(Some(UsbCtrlKind::Auto)),
            version: item.number("version"),
            ports: item.number("ports"),
        };
        spec(controller.to_spec())
    });
    // xl numbers the controllers by their place in the list.
    let controllers = source.get("/usbctrls").and_then(Json::as_array);
    let controllers: Vec<Option<u64>> = (0..)
        .zip(controllers.into_iter().flatten())
        .filter(|(index, _)| source.get(&format!("/usbctrls/{index}")).is_some())
        .map(|(_, controller): (usize, _)| controller.get("devid")?.as_u64())
        .collect();
    source.list("usbdev", "/usbdevs", |item, _| {
        let number = |json: &Json| {
            let devid = Some(json.as_u64()?);
            let place = controllers.iter().position(|known| *known == devid)?;
            u32::try_from(place).ok()
        };
        let controller = item.take("ctrl", number);
        let port = item.number("port");
        let (bus, address) = item.within("type.hostdev", |device| {
            let byte = |item: &mut Item, name| item.number::<u8>(name).unwrap_or(0);
            (byte(device, "hostbus"), byte(device, "hostaddr"))
        });
        let mut device = UsbDev::new(bus, address);
        device.controller = controller;
        device.port = port;
        spec(device.to_spec())
    });
}
