//! The screen: keys of their own for HVM, one `vfb` for PV and PVH.

use xl_cfg::SpecError;
use xl_cfg::vfb::{Password, Vfb};

use super::{LowerError, Lowering};
use crate::{GuestType, ImageCompression, Mib, PasswordOf, StreamingVideo, Vga};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let graphics = &out.guest.graphics;
    out.some("vga", graphics.vga.map(Vga::as_str))?;
    out.some("videoram", graphics.video_ram_mib.map(Mib::get))?;
    // xl_parse.c would read the keys of their own into what is another type's memory for PVH.
    if out.guest.guest_type == GuestType::Hvm {
        vnc_and_sdl(out)?;
    } else if graphics.vnc.enable == Some(true) || graphics.sdl.enable == Some(true) {
        vfb(out)?;
    }
    spice(out)
}

fn vnc_and_sdl(out: &mut Lowering) -> Result<(), LowerError> {
    let graphics = &out.guest.graphics;
    let (vnc, sdl) = (&graphics.vnc, &graphics.sdl);
    out.some("keymap", graphics.keymap.as_deref())?;
    out.some("vnc", vnc.enable)?;
    out.some("vnclisten", vnc.listen.as_deref())?;
    out.some("vncdisplay", vnc.display)?;
    out.some("vncunused", vnc.unused)?;
    out.some("vncpasswd", password(out, PasswordOf::Vnc))?;
    out.some("sdl", sdl.enable)?;
    out.some("opengl", sdl.opengl)?;
    out.some("display", sdl.display.as_deref())?;
    out.some("xauthority", sdl.xauthority.as_deref())
}

fn vfb(out: &mut Lowering) -> Result<(), LowerError> {
    let graphics = &out.guest.graphics;
    let (vnc, sdl) = (&graphics.vnc, &graphics.sdl);
    let display = |number: u32| {
        u16::try_from(number).map_err(|_| SpecError::Value {
            key: "vncdisplay",
            value: number.to_string(),
            reason: "its port would be above 65535".to_owned(),
        })
    };
    let spec = || {
        Vfb {
            vnc: Some(vnc.enable == Some(true)),
            vnc_listen: vnc.listen.clone(),
            vnc_display: vnc.display.map(display).transpose()?,
            vnc_unused: vnc.unused,
            vnc_password: password(out, PasswordOf::Vnc).map(Password),
            sdl: sdl.enable,
            opengl: sdl.opengl,
            display: sdl.display.clone(),
            xauthority: sdl.xauthority.clone(),
            keymap: graphics.keymap.clone(),
        }
        .to_spec()
    };
    let spec = out.device("graphics".to_owned(), spec())?;
    out.list("vfb", [spec])
}

fn spice(out: &mut Lowering) -> Result<(), LowerError> {
    let spice = &out.guest.graphics.spice;
    out.some("spice", spice.enable)?;
    out.some("spicehost", spice.host.as_deref())?;
    out.some("spiceport", spice.port.map(u32::from))?;
    out.some("spicetls_port", spice.tls_port.map(u32::from))?;
    out.some("spicedisable_ticketing", spice.disable_ticketing)?;
    out.some("spicepasswd", password(out, PasswordOf::Spice))?;
    out.some("spiceagent_mouse", spice.agent_mouse)?;
    out.some("spicevdagent", spice.vdagent)?;
    out.some("spice_clipboard_sharing", spice.clipboard_sharing)?;
    out.some("spiceusbredirection", spice.usb_redirection.map(u32::from))?;
    let compression = spice.image_compression.map(ImageCompression::as_str);
    out.some("spice_image_compression", compression)?;
    let video = spice.streaming_video.map(StreamingVideo::as_str);
    out.some("spice_streaming_video", video)
}

fn password(out: &Lowering, wanted: PasswordOf) -> Option<String> {
    let mut files = out.guest.password_files();
    let (_, file) = files.find(|(of, _)| *of == wanted)?;
    Some(out.secrets.text(wanted, file))
}
