//! Processors and NUMA nodes.

use xl_cfg::Value;

use super::Importing;
use super::scalars::{plain_texts, text};
use crate::NixValue;

impl Importing<'_> {
    /// One text for all vCPUs, or a list with one for each.
    pub(super) fn one_or_many(&mut self, key: &str, value: &Value) {
        let option = match key {
            "cpus" => "cpus",
            "cpus_soft" => "cpusSoft",
            _ => "cpuid",
        };
        let nix = match value {
            Value::List(items) if items.is_empty() => None,
            Value::List(items) => plain_texts(items).map(NixValue::from),
            one => text(one).map(NixValue::from),
        };
        match nix {
            Some(nix) => self.set(key, &["cpu", option], nix),
            None => self.setting(key, value),
        }
    }

    /// Whether there are any of Microsoft's interfaces, or which.
    pub(super) fn viridian(&mut self, value: &Value) {
        let nix = match value {
            Value::List(items) if items.is_empty() => None,
            Value::List(items) => plain_texts(items).map(NixValue::from),
            one => one.as_integer().map(|number| NixValue::Bool(number != 0)),
        };
        match nix {
            Some(nix) => self.set("viridian", &["viridian"], nix),
            None => self.setting("viridian", value),
        }
    }

    /// The nodes in their order; xl.cfg(5) has four fields for each, all of them mandatory.
    pub(super) fn vnuma(&mut self, value: &Value) {
        let nodes: Option<Vec<NixValue>> = value
            .as_list()
            .unwrap_or_default()
            .iter()
            .map(vnode)
            .collect();
        match nodes {
            Some(nodes) if !nodes.is_empty() => {
                self.set("vnuma", &["vnuma"], NixValue::List(nodes));
            }
            _ => self.setting("vnuma", value),
        }
    }
}

fn vnode(value: &Value) -> Option<NixValue> {
    let mut options = Vec::new();
    for item in plain_texts(value.as_list()?)? {
        let (key, text) = item.split_once('=')?;
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let (option, value) = match key.trim() {
            "pnode" => ("pnode", NixValue::Integer(number(text)?)),
            "size" => ("memory", NixValue::Integer(number(text)?)),
            "vcpus" => ("vcpus", text.into()),
            "vdistances" => {
                let distances = text
                    .split(',')
                    .map(|distance| number(distance).map(NixValue::Integer));
                let distances = distances.collect::<Option<_>>()?;
                ("distances", NixValue::List(distances))
            }
            _ => return None,
        };
        options.push((option.to_owned(), value));
    }
    Some(NixValue::AttrSet(options))
}
