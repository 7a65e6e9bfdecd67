//! `vfb`, `vkb` and `vdispl`.
//!
//! For a PV guest xl makes one framebuffer of `vnc`, `sdl` and their like, too; it comes back as `vfb`.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::vdispl::{Connector, Vdispl};
use xl_cfg::vfb::{Password, Vfb};
use xl_cfg::vkb::{Coordinates, MultiTouch, Vkb};

use super::item::Item;
use super::source::{Source, spec};

pub(super) fn read(source: &mut Source) {
    let framebuffers = source.get("/vfbs").and_then(Json::as_array);
    keyboards_of(source, framebuffers.map_or(0, Vec::len));
    source.list("vfb", "/vfbs", framebuffer);
    source.list("vkb", "/vkbs", |item, _| keyboard(item));
    source.list("vdispl", "/vdispls", display);
}

/// xl gives each framebuffer a keyboard of which nothing is said, in front of those of `vkb`.
fn keyboards_of(source: &mut Source, framebuffers: usize) {
    for index in 0..framebuffers {
        let pointer = format!("/vkbs/{index}");
        let plain = source
            .get(&pointer)
            .and_then(Json::as_object)
            .is_some_and(|fields| {
                fields.iter().all(|(name, value)| match name.as_str() {
                    "devid" => value.as_u64() == u64::try_from(index).ok(),
                    "backend_domid" => value.as_u64() == Some(0),
                    "backend_type" => value == "qemu",
                    _ => false,
                })
            });
        if !plain {
            return;
        }
        source.done(pointer);
    }
}

fn framebuffer(item: &mut Item, place: usize) -> Option<Value> {
    item.place(place);
    item.skip("backend_domid", |json| json.as_u64() == Some(0));
    let mut framebuffer = Vfb {
        keymap: item.text("keymap"),
        ..Vfb::default()
    };
    item.within("vnc", |vnc| {
        framebuffer.vnc = vnc.flag("enable");
        framebuffer.vnc_listen = vnc.text("listen");
        framebuffer.vnc_password = vnc.text("passwd").map(Password);
        framebuffer.vnc_display = vnc.number("display");
        framebuffer.vnc_unused = vnc.flag("findunused");
    });
    item.within("sdl", |sdl| {
        framebuffer.sdl = sdl.flag("enable");
        framebuffer.opengl = sdl.flag("opengl");
        framebuffer.display = sdl.text("display");
        framebuffer.xauthority = sdl.text("xauthority");
    });
    spec(framebuffer.to_spec())
}

fn keyboard(item: &mut Item) -> Option<Value> {
    // The number counts the keyboards of framebuffers, too; the guest never learns it.
    item.skip("devid", Json::is_u64);
    let mut keyboard = Vkb::new(item.word("backend_type")?);
    keyboard.backend = item.backend();
    keyboard.unique_id = item.text("unique_id");
    keyboard.keyboard = !item.on("feature_disable_keyboard");
    keyboard.pointer = !item.on("feature_disable_pointer");
    keyboard.coordinates = Coordinates {
        absolute: item.on("feature_abs_pointer"),
        raw: item.on("feature_raw_pointer"),
    };
    let touch = MultiTouch {
        width: item.number("multi_touch_width").unwrap_or(0),
        height: item.number("multi_touch_height").unwrap_or(0),
        contacts: item.number("multi_touch_num_contacts").unwrap_or(0),
    };
    keyboard.multi_touch = item.on("feature_multi_touch").then_some(touch);
    keyboard.width = item.number("width");
    keyboard.height = item.number("height");
    spec(keyboard.to_spec())
}

fn display(item: &mut Item, place: usize) -> Option<Value> {
    item.place(place);
    let display = Vdispl {
        backend: item.backend(),
        backend_allocates: item.flag("be_alloc"),
        connectors: item.each("connectors", |connector| Connector {
            id: connector.text("unique_id").unwrap_or_default(),
            width: connector.number("width").unwrap_or(0),
            height: connector.number("height").unwrap_or(0),
        }),
    };
    spec(display.to_spec())
}
