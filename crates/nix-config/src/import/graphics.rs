//! The guest's screen, and its passwords.

use xl_cfg::Value;
use xl_cfg::meaning;
use xl_cfg::vfb::Vfb;

use super::Importing;
use super::scalars::text;

impl Importing<'_> {
    /// A password: never taken over. The option names a file, and a person has to write it.
    pub(super) fn password(&mut self, key: &str) {
        let of = if key == "vncpasswd" { "vnc" } else { "spice" };
        if self.text(key).unwrap_or_default().is_empty() {
            // xl takes an empty one for none.
            return;
        }
        if let Some(why) = self.nothing_comes_of(key) {
            self.leave_out(key, why);
            return;
        }
        if of == "spice" && self.config.get("spice").and_then(Value::as_integer) != Some(1) {
            self.leave_out(key, "there is no SPICE that it would be for");
            return;
        }
        self.password_file(of);
        self.comment(key, &["graphics", of, "passwordFile"]);
    }

    fn password_file(&mut self, of: &str) {
        let file = format!("/var/lib/domus-secrets/{}-{of}", self.name);
        let protocol = of.to_uppercase();
        self.waiting.push(format!(
            "Write the password for {protocol} to this file, for root alone to read."
        ));
        self.notes.push(format!(
            "the password for {protocol} was not taken over: write it to {file}, readable by root alone, before the switch"
        ));
        self.options
            .set(&["graphics", of, "passwordFile"], file.into());
    }

    /// An old spelling of `vga`.
    pub(super) fn stdvga(&mut self, value: &Value) {
        if self.config.get("vga").is_some() {
            self.leave_out("stdvga", "xl ignores it, because vga is set");
            return;
        }
        let card = meaning::standard_vga(value);
        self.set("stdvga", &["graphics", "vga"], card);
    }

    /// The framebuffer of a PV or PVH guest; more than one stay a list.
    pub(super) fn vfb(&mut self, value: &Value) {
        let items = value.as_list().unwrap_or_default();
        let specs: Vec<_> = items.iter().filter_map(text).collect();
        let [spec] = specs.as_slice() else {
            if specs.iter().any(|spec| spec.contains("vncpasswd=")) {
                let message = "passwords of more than one framebuffer cannot come from files; leave one framebuffer, or remove the passwords";
                self.fail("vfb", message);
            } else {
                self.setting("vfb", value);
            }
            return;
        };
        let vfb = match Vfb::parse(spec) {
            Ok(vfb) => vfb,
            Err(error) => {
                self.fail("vfb", error.to_string());
                return;
            }
        };
        let vnc = vfb.vnc.unwrap_or(true);
        let sdl = vfb.sdl.unwrap_or(false);
        let window = vfb.opengl.is_some() || vfb.display.is_some() || vfb.xauthority.is_some();
        let secret = vfb
            .vnc_password
            .as_ref()
            .is_some_and(|password| !password.0.is_empty());
        if !secret && !sdl && (!vnc || window) {
            // No option declares a screen that nobody can see, nor a window that is not there.
            self.setting("vfb", value);
            return;
        }
        let graphics = |path: &[&'static str]| -> Vec<&'static str> {
            ["graphics"]
                .into_iter()
                .chain(path.iter().copied())
                .collect()
        };
        self.options.set(&graphics(&["vnc", "enable"]), vnc.into());
        let of_window = |text: Option<String>| text.filter(|_| sdl);
        let texts = [
            (graphics(&["vnc", "listen"]), vfb.vnc_listen),
            (graphics(&["sdl", "display"]), of_window(vfb.display)),
            (graphics(&["sdl", "xauthority"]), of_window(vfb.xauthority)),
            (graphics(&["keymap"]), vfb.keymap),
        ];
        for (path, text) in texts {
            if let Some(text) = text {
                self.options.set(&path, text.as_str().into());
            }
        }
        let flags = [
            (graphics(&["vnc", "unused"]), vfb.vnc_unused),
            (graphics(&["sdl", "enable"]), vfb.sdl),
            (graphics(&["sdl", "opengl"]), vfb.opengl.filter(|_| sdl)),
        ];
        for (path, flag) in flags {
            if let Some(flag) = flag {
                self.options.set(&path, flag.into());
            }
        }
        if let Some(display) = vfb.vnc_display {
            self.options
                .set(&graphics(&["vnc", "display"]), i64::from(display).into());
        }
        if secret {
            self.password_file("vnc");
        }
        let comments = self.source.item_comments("vfb");
        self.item_comment(&comments, 0, &["graphics"]);
        self.comment("vfb", &["graphics"]);
    }
}
