//! `vif = [ … ]`: a set by the interface's number, which is its place in the list.

use xl_cfg::Value;
use xl_cfg::keys::GuestType;
use xl_cfg::vif::Vif;

use super::Importing;
use super::comments::Source;
use super::scalars::text;
use crate::NixValue;

impl Importing<'_> {
    pub(super) fn networks(&mut self, value: &Value) {
        let comments = self.source.item_comments("vif");
        let items = value.as_list().unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let spec = text(item).unwrap_or_default();
            match Vif::parse(&spec) {
                Ok(mut vif) => {
                    if matches!(self.source, Source::Nowhere) {
                        plain(&mut vif, self.guest);
                    }
                    // As Linux calls it in the guest.
                    let name = format!("eth{index}");
                    self.network(&name, &vif);
                    self.note_bridge(&vif);
                    if items.len() > 1 {
                        let order = i64::try_from(index).unwrap_or(i64::MAX);
                        self.options
                            .set(&["networks", &name, "order"], order.into());
                    }
                    self.item_comment(&comments, index, &["networks", &name]);
                }
                Err(error) => self.fail("vif", error.to_string()),
            }
        }
        if self.options.has(&["networks"]) {
            self.comment("vif", &["networks"]);
        } else {
            self.waiting.extend(self.source.comments("vif").above);
        }
    }

    /// What to do for an interface's bridge before the switch.
    fn note_bridge(&mut self, vif: &Vif) {
        let note = match &vif.bridge {
            Some(bridge) => format!(
                "the bridge {bridge} has to be declared, in virtualisation.xen.bridges or where NixOS declares bridges"
            ),
            None if vif.script.is_none() => "an interface names no bridge: xenbr0 is xl's own choice, unless xl.conf has a vif.default.bridge; declare it".to_owned(),
            None => return,
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn network(&mut self, name: &str, vif: &Vif) {
        let mut set = |option: &str, value: NixValue| {
            self.options.set(&["networks", name, option], value);
        };
        // Scripts that route plug the interface into none.
        let routed = vif.bridge.is_none() && vif.script.is_some();
        if !routed {
            set("bridge", vif.bridge.as_deref().unwrap_or("xenbr0").into());
        }
        if let Some(mac) = vif.mac {
            set("mac", mac.to_string().to_ascii_lowercase().into());
        }
        let texts = [
            ("ip", vif.ip.clone()),
            ("script", vif.script.clone()),
            ("vifname", vif.vifname.clone()),
            ("model", vif.model.clone()),
            ("type", vif.kind.map(|kind| kind.as_str().to_owned())),
            ("gatewaydev", vif.gatewaydev.clone()),
            ("backend", vif.backend.clone()),
            ("rate", vif.rate.map(|rate| rate.to_string())),
            ("vlan", vif.vlan.as_ref().map(ToString::to_string)),
        ];
        for (option, text) in texts {
            if let Some(text) = text {
                set(option, text.into());
            }
        }
        for (option, number) in [("devid", vif.devid), ("mtu", vif.mtu)] {
            if let Some(number) = number {
                set(option, i64::from(number).into());
            }
        }
        if vif.untrusted {
            set("trusted", false.into());
        }
        for (key, value) in &vif.colo {
            self.options.set(
                &["networks", name, "colo", key.as_str()],
                value.as_str().into(),
            );
        }
    }
}

/// Without what libxl fills in for every interface of a domain.
fn plain(vif: &mut Vif, guest: GuestType) {
    vif.script = vif
        .script
        .take()
        .filter(|script| script.rsplit('/').next() != Some("vif-bridge"));
    if guest != GuestType::Hvm {
        vif.kind = None;
    }
}
