//! What an HVM guest shows, sounds and is plugged into.
//!
//! `vnc` and its like also make one framebuffer for a PV guest that has no `vfb`.

use super::Seen;
use super::info::{Arch, KeyInfo, Treatment, Types, key};
use super::shape::{MIB, Matching, Shape, Words, exact, int};
use Seen::{Created, Xenstore};
use Shape::{Boolean, Either, List, Path, Text};

const PORT: Shape = int(0, 65_535, "");
const PV_NOTE: &str = "For PV only with vnc=1 and without `vfb`.";

const fn hvm(info: KeyInfo) -> KeyInfo {
    info.on(Types::HVM).arch(Arch::X86)
}

const fn both(info: KeyInfo) -> KeyInfo {
    info.on(Types::PV_HVM).arch(Arch::X86)
}

const fn by_qemu(always: &'static [&'static str]) -> Shape {
    Shape::Words(Words {
        matching: Matching::Qemu,
        ..exact(always)
    })
}

pub(super) const KEYS: &[KeyInfo] = &[
    hvm(key("vga", Shape::Words(Words { later: &[("none", 5), ("qxl", 6)], ..exact(&["stdvga", "cirrus"]) }), "The emulated graphics card."))
        .since(3)
        .default("cirrus")
        .seen(&[Created("/b_info/type.hvm/vga/kind")])
        .note("libxl refuses qxl with less than 128 MiB of videoram, stdvga with less than 16, cirrus with less than 8."),
    hvm(key("stdvga", Boolean, "The old spelling of vga: 1 is stdvga, 0 is cirrus."))
        .old(Some(3), "vga", Treatment::Silent)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/vga/kind")]),
    hvm(key("videoram", MIB, "The memory of the emulated graphics card, a part of the guest's."))
        .default("8 for cirrus, 16 for stdvga, 128 for qxl")
        .seen(&[Created("/b_info/video_memkb")]),
    hvm(key("nographic", Boolean, "Whether there is no graphics card at all."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/nographic")]),
    both(key("vnc", Boolean, "Whether VNC shows the display."))
        .default("1 for HVM, 0 for PV")
        .seen(&[Created("/b_info/type.hvm/vnc/enable"), Created("/vfbs/*/vnc/enable"), Xenstore("console/vnc-port")]),
    both(key("vnclisten", Text, "The address on which VNC listens, with :DISPLAY behind it if wanted."))
        .default("127.0.0.1")
        .seen(&[Created("/b_info/type.hvm/vnc/listen"), Created("/vfbs/*/vnc/listen"), Xenstore("console/vnc-listen")])
        .note("xl refuses a display here together with vncdisplay, for HVM."),
    both(key("vncdisplay", int(0, 59_635, ""), "The VNC display; its TCP port is 5900 more."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/vnc/display"), Created("/vfbs/*/vnc/display"), Xenstore("console/vnc-port")]),
    both(key("vncunused", Boolean, "Whether VNC takes the next free display."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/vnc/findunused"), Created("/vfbs/*/vnc/findunused")]),
    both(key("vncpasswd", Text, "The password for VNC; empty lets everybody in."))
        .secret()
        .seen(&[Created("/b_info/type.hvm/vnc/passwd"), Created("/vfbs/*/vnc/passwd")])
        .note("`xl list -l` shows it."),
    both(key("keymap", Text, "The keyboard's layout, by QEMU's names."))
        .default("en-us")
        .seen(&[Created("/b_info/type.hvm/keymap"), Created("/vfbs/*/keymap")])
        .note(PV_NOTE),
    both(key("sdl", Boolean, "Whether a window in the Dom0 shows the display."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/sdl/enable"), Created("/vfbs/*/sdl/enable")])
        .note(PV_NOTE),
    both(key("opengl", Boolean, "Whether that window uses OpenGL."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/sdl/opengl"), Created("/vfbs/*/sdl/opengl")])
        .note(PV_NOTE),
    both(key("display", Text, "The X display on which that window opens."))
        .since(5)
        .seen(&[Created("/b_info/type.hvm/sdl/display"), Created("/vfbs/*/sdl/display")])
        .note(PV_NOTE),
    both(key("xauthority", Path, "The X authority file for that window."))
        .since(5)
        .seen(&[Created("/b_info/type.hvm/sdl/xauthority"), Created("/vfbs/*/sdl/xauthority")])
        .note(PV_NOTE),
    hvm(key("spice", Boolean, "Whether SPICE shows the display."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/spice/enable")])
        .note("Needs spiceport or spicetls_port, and a password unless spicedisable_ticketing is set."),
    hvm(key("spicehost", Text, "The address on which SPICE listens."))
        .default("all")
        .seen(&[Created("/b_info/type.hvm/spice/host")]),
    hvm(key("spiceport", PORT, "The TCP port of SPICE."))
        .seen(&[Created("/b_info/type.hvm/spice/port")]),
    hvm(key("spicetls_port", PORT, "The TCP port of SPICE over TLS."))
        .seen(&[Created("/b_info/type.hvm/spice/tls_port")]),
    hvm(key("spicedisable_ticketing", Boolean, "Whether SPICE lets clients in without a password."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/spice/disable_ticketing")]),
    hvm(key("spicepasswd", Text, "The password for SPICE."))
        .secret()
        .seen(&[Created("/b_info/type.hvm/spice/passwd")])
        .note("`xl list -l` and QEMU's command line show it."),
    hvm(key("spiceagent_mouse", Boolean, "Whether the agent in the guest moves the mouse."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/spice/agent_mouse")]),
    hvm(key("spicevdagent", Boolean, "Whether the guest's SPICE agent has its channel."))
        .since(4)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/spice/vdagent")]),
    hvm(key("spice_clipboard_sharing", Boolean, "Whether client and guest share a clipboard."))
        .since(4)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/spice/clipboard_sharing")])
        .note("Needs spicevdagent."),
    hvm(key("spiceusbredirection", int(0, 4, "devices"), "How many USB devices of the client the guest can have."))
        .since(4)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/spice/usbredirection")])
        .note("Not together with usb or usbdevice."),
    hvm(key(
        "spice_image_compression",
        by_qemu(&["auto_glz", "auto_lz", "quic", "glz", "lz", "off"]),
        "How SPICE compresses images.",
    ))
    .since(6)
    .seen(&[Created("/b_info/type.hvm/spice/image_compression")]),
    hvm(key("spice_streaming_video", by_qemu(&["filter", "all", "off"]), "What SPICE sends as a video."))
        .since(6)
        .seen(&[Created("/b_info/type.hvm/spice/streaming_video")]),
    hvm(key("soundhw", by_qemu(&["hda", "ac97", "es1370", "adlib", "cs4231a", "gus", "sb16"]), "The emulated sound card."))
        .seen(&[Created("/b_info/type.hvm/soundhw")]),
    hvm(key("serial", Either(&[List(&Text), Text]), "What the emulated serial ports are connected to, as QEMU's -serial."))
        .default("vc, or stdio with nographic")
        .seen(&[Created("/b_info/type.hvm/serial_list"), Created("/b_info/type.hvm/serial")])
        .note("`pty` is what `xl console -t serial` shows. A list since 4.5."),
    hvm(key("usb", Boolean, "Whether there is an emulated USB 1.1 controller."))
        .default("0")
        .seen(&[Created("/b_info/type.hvm/usb")]),
    hvm(key("usbversion", int(0, 3, ""), "The emulated USB controllers: 1, 2 or 3."))
        .since(4)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/usbversion")])
        .note("Not together with usb or usbdevice."),
    hvm(key("usbdevice", Either(&[List(&Text), Text]), "Emulated USB devices, or host:… for one of the host."))
        .seen(&[Created("/b_info/type.hvm/usbdevice_list"), Created("/b_info/type.hvm/usbdevice")])
        .note("Needs usb=1."),
];
