//! USB.

use xl_cfg::usbctrl::UsbCtrl;
use xl_cfg::usbdev::UsbDev;
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{Guest, UsbController, UsbControllerType, UsbDevice};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    let usb = &guest.usb;
    let controllers: Vec<Value> = usb
        .controllers
        .iter()
        .map(|item| out.device(format!("usb.controllers.{}", item.name), controller(item)))
        .collect::<Result<_, _>>()?;
    out.list("usbctrl", controllers)?;
    let devices: Vec<Value> = usb
        .devices
        .iter()
        .map(|item| out.device(format!("usb.devices.{}", item.name), device(guest, item)))
        .collect::<Result<_, _>>()?;
    out.list("usbdev", devices)?;
    out.some("usb", usb.emulate)?;
    out.some("usbversion", usb.version.map(u32::from))?;
    out.list("usbdevice", usb.emulated_devices.iter().cloned())
}

fn controller(controller: &UsbController) -> Result<String, SpecError> {
    // Said even where it is the default: an item of a list that says nothing reads oddly.
    let kind = controller.kind.unwrap_or(UsbControllerType::Auto);
    let spec = UsbCtrl {
        kind: Some(kind.as_str().parse()?),
        version: controller.version,
        ports: controller.ports,
    };
    spec.to_spec()
}

/// Controllers are numbered as they stand in the list.
fn device(guest: &Guest, device: &UsbDevice) -> Result<String, SpecError> {
    let number = device.controller.as_ref().and_then(|name| {
        let mut controllers = guest.usb.controllers.iter();
        let at = controllers.position(|controller| controller.name == *name)?;
        u32::try_from(at).ok()
    });
    let spec = UsbDev {
        controller: number,
        port: device.port,
        ..UsbDev::new(device.hostbus, device.hostaddr)
    };
    spec.to_spec()
}
