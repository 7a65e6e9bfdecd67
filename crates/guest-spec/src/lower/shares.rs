//! Folders, byte streams, a TPM and input devices.

use xl_cfg::{SpecError, Value};

use super::spec::Fields;
use super::{LowerError, Lowering};
use crate::{Channel, Share, ShareType, Vkb, Vtpm};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    devices(
        out,
        "p9",
        "shares",
        &guest.shares,
        |share| &share.name,
        share,
    )?;
    devices(
        out,
        "channel",
        "channels",
        &guest.channels,
        |channel| &channel.name,
        channel,
    )?;
    if guest.vtpm.backend.is_some() {
        let spec = out.of("vtpm".to_owned(), vtpm(&guest.vtpm))?.text();
        out.list("vtpm", [spec])?;
    }
    devices(out, "vkb", "vkb", &guest.vkb, |vkb| &vkb.name, vkb)
}

/// One string for each device, under one key.
fn devices<T>(
    out: &mut Lowering,
    key: &str,
    option: &str,
    items: &[T],
    name: impl Fn(&T) -> &str,
    spec: impl Fn(&T) -> Result<Fields, SpecError>,
) -> Result<(), LowerError> {
    let specs: Vec<Value> = items
        .iter()
        .map(|item| {
            let fields = out.of(format!("{option}.{}", name(item)), spec(item))?;
            Ok(fields.text())
        })
        .collect::<Result<_, LowerError>>()?;
    out.list(key, specs)
}

/// libxl knows no other security model.
fn share(share: &Share) -> Result<Fields, SpecError> {
    let fields = Fields::default()
        .add("tag", Some(&share.name))?
        .add("path", Some(&share.path))?
        .add("security_model", Some("none"))?
        .add("type", share.kind.map(ShareType::as_str))?
        .add("backend", share.backend.as_deref())?
        .add("max-files", share.max_files)?
        .add("max-open-files", share.max_open_files)?
        .add("max-space", share.max_space_mib)?;
    Ok(fields.flag("auto-delete", share.auto_delete))
}

fn channel(channel: &Channel) -> Result<Fields, SpecError> {
    Fields::default()
        .add("name", Some(&channel.name))?
        .add("connection", Some(channel.connection.as_str()))?
        .add("path", channel.path.as_deref())?
        .add("backend", channel.backend.as_deref())
}

fn vtpm(vtpm: &Vtpm) -> Result<Fields, SpecError> {
    Fields::default()
        .add("backend", vtpm.backend.as_deref())?
        .add("uuid", vtpm.uuid)
}

fn vkb(vkb: &Vkb) -> Result<Fields, SpecError> {
    let touch = &vkb.multi_touch;
    let is_touch = (*touch != crate::MultiTouch::default()).then_some(true);
    Fields::default()
        .add("unique-id", Some(&vkb.name))?
        .add("backend-type", Some(vkb.backend_type.as_str()))?
        .add("backend", vkb.backend.as_deref())?
        .flag("feature-disable-keyboard", vkb.keyboard.map(|has| !has))
        .flag("feature-disable-pointer", vkb.pointer.map(|has| !has))
        .flag("feature-abs-pointer", vkb.abs_pointer)
        .flag("feature-raw-pointer", vkb.raw_pointer)
        .flag("feature-multi-touch", is_touch)
        .add("multi-touch-width", touch.width)?
        .add("multi-touch-height", touch.height)?
        .add("multi-touch-num-contacts", touch.contacts)?
        .add("width", vkb.width)?
        .add("height", vkb.height)
}
