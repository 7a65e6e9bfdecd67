//! Folders, byte streams, a TPM and input devices.

use xl_cfg::channel::{Channel as ChannelSpec, Connection as End};
use xl_cfg::p9::P9;
use xl_cfg::vkb::{Coordinates, MultiTouch, Vkb as VkbSpec};
use xl_cfg::vtpm::Vtpm as VtpmSpec;
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{Channel, Connection, Share, ShareType, Vkb};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    // Up to Xen 4.17 xl gives a share without a backend that of the share before it (`xl_parse.c`): those come first.
    let mut shares: Vec<&Share> = guest.shares.iter().collect();
    shares.sort_by_key(|share| share.backend.is_some());
    devices(
        out,
        "p9",
        "shares",
        &shares,
        |share| &share.name,
        |shared| share(shared),
    )?;
    devices(
        out,
        "channel",
        "channels",
        &guest.channels,
        |channel| &channel.name,
        channel,
    )?;
    if let Some(backend) = &guest.vtpm.backend {
        let spec = VtpmSpec {
            backend: backend.clone(),
            uuid: guest.vtpm.uuid,
        };
        let spec = out.device("vtpm".to_owned(), spec.to_spec())?;
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
    spec: impl Fn(&T) -> Result<String, SpecError>,
) -> Result<(), LowerError> {
    let specs: Vec<Value> = items
        .iter()
        .map(|item| out.device(format!("{option}.{}", name(item)), spec(item)))
        .collect::<Result<_, _>>()?;
    out.list(key, specs)
}

fn share(share: &Share) -> Result<String, SpecError> {
    let kind = share.kind.unwrap_or(ShareType::Qemu).as_str().parse()?;
    let spec = P9 {
        kind,
        backend: share.backend.clone(),
        max_files: share.max_files,
        max_open_files: share.max_open_files,
        max_space_mib: share.max_space_mib,
        auto_delete: share.auto_delete == Some(true),
        ..P9::new(&share.name, &share.path)
    };
    spec.to_spec()
}

fn channel(channel: &Channel) -> Result<String, SpecError> {
    let connection = match (channel.connection, &channel.path) {
        (Connection::Pty, _) => End::Pty,
        (Connection::Socket, Some(path)) => End::Socket { path: path.clone() },
        (Connection::Socket, None) => {
            let reason = "a socket has one";
            return Err(SpecError::Missing {
                key: "path",
                reason,
            });
        }
    };
    let spec = ChannelSpec {
        name: channel.name.clone(),
        connection,
        backend: channel.backend.clone(),
    };
    spec.to_spec()
}

fn vkb(vkb: &Vkb) -> Result<String, SpecError> {
    let touch = &vkb.multi_touch;
    let size = |number: Option<u32>| number.unwrap_or_default();
    let spec = VkbSpec {
        unique_id: Some(vkb.name.clone()),
        backend: vkb.backend.clone(),
        keyboard: vkb.keyboard != Some(false),
        pointer: vkb.pointer != Some(false),
        coordinates: Coordinates {
            absolute: vkb.abs_pointer == Some(true),
            raw: vkb.raw_pointer == Some(true),
        },
        multi_touch: (*touch != crate::MultiTouch::default()).then(|| MultiTouch {
            width: size(touch.width),
            height: size(touch.height),
            contacts: size(touch.contacts),
        }),
        width: vkb.width,
        height: vkb.height,
        ..VkbSpec::new(vkb.backend_type.as_str().parse()?)
    };
    spec.to_spec()
}
