//! USB.

use xl_cfg::Value;

use super::spec::Fields;
use super::{LowerError, Lowering};
use crate::{UsbController, UsbControllerType, UsbDevice};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let usb = &out.guest.usb;
    let controllers: Vec<Value> = usb
        .controllers
        .iter()
        .map(|controller| controller_spec(out, controller))
        .collect::<Result<_, _>>()?;
    out.list("usbctrl", controllers)?;
    let devices: Vec<Value> = usb
        .devices
        .iter()
        .map(|device| device_spec(out, device))
        .collect::<Result<_, _>>()?;
    out.list("usbdev", devices)?;
    out.some("usb", usb.emulate)?;
    out.some("usbversion", usb.version.map(u32::from))?;
    out.list("usbdevice", usb.emulated_devices.iter().cloned())
}

fn controller_spec(out: &Lowering, controller: &UsbController) -> Result<Value, LowerError> {
    // xl takes no empty string for a controller: without anything set, it is one of the default type.
    let kind = controller.kind.unwrap_or(UsbControllerType::Auto);
    let fields = Fields::default()
        .add("type", Some(kind.as_str()))
        .and_then(|fields| fields.add("version", controller.version))
        .and_then(|fields| fields.add("ports", controller.ports));
    let fields = out.of(format!("usb.controllers.{}", controller.name), fields)?;
    Ok(fields.text())
}

/// Controllers are numbered as they stand in the list.
fn device_spec(out: &Lowering, device: &UsbDevice) -> Result<Value, LowerError> {
    let number = device.controller.as_ref().and_then(|name| {
        let mut controllers = out.guest.usb.controllers.iter();
        controllers.position(|controller| controller.name == *name)
    });
    let fields = Fields::default()
        .add("type", Some("hostdev"))
        .and_then(|fields| fields.add("hostbus", Some(device.hostbus)))
        .and_then(|fields| fields.add("hostaddr", Some(device.hostaddr)))
        .and_then(|fields| fields.add("controller", number))
        .and_then(|fields| fields.add("port", device.port));
    let fields = out.of(format!("usb.devices.{}", device.name), fields)?;
    Ok(fields.text())
}
