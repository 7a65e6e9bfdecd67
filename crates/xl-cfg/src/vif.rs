//! The grammar of `vif = [ … ]`, by xl-network-configuration(5) and `parse_nic_config` in Xen's `xl_parse.c`.

use std::fmt::Write as _;

use crate::SpecError;

/// The longest name of a network interface that Linux takes, in bytes.
const LONGEST_NAME: usize = 15;

/// One network interface of a guest. Its place in the list is its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vif {
    /// The hardware address, `00:16:3e:…`. Unset, xl draws a new one at every start.
    pub mac: Option<String>,
    /// The bridge in Dom0; xl's default is `xenbr0`.
    pub bridge: Option<String>,
    /// The addresses that the script may use; several are separated by spaces.
    pub ip: Option<String>,
    /// The hotplug script; xl's default is `vif-bridge`.
    pub script: Option<String>,
    /// The name of the interface in Dom0, at most 15 bytes.
    pub vifname: Option<String>,
    /// The card that an HVM guest sees, such as `e1000`.
    pub model: Option<String>,
    /// Every other key that xl knows, in its order; a flag has an empty value.
    pub others: Vec<(String, String)>,
}

/// Keys with a value that xl knows besides those that [`Vif`] has a field for.
const OTHER_KEYS: [&str; 9] = [
    "type",
    "gatewaydev",
    "netdev",
    "backend",
    "rate",
    "devid",
    "mtu",
    "vlan",
    "accel",
];

/// Words without a value that xl knows.
const FLAGS: [&str; 2] = ["trusted", "untrusted"];

impl Vif {
    /// The string for xl. The order of the keys is always the same.
    ///
    /// # Errors
    ///
    /// When a value holds a comma or a control character (xl has no way to write them here), the hardware address
    /// is none, or the name is too long.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let mut spec = String::new();
        if let Some(mac) = &self.mac {
            check_mac(mac)?;
        }
        if let Some(name) = self
            .vifname
            .as_ref()
            .filter(|name| name.len() > LONGEST_NAME)
        {
            let reason = format!(
                "a network interface's name has at most {LONGEST_NAME} bytes; this has {}",
                name.len()
            );
            return Err(SpecError::value("vifname", name, reason));
        }
        let fields = [
            ("mac", &self.mac),
            ("bridge", &self.bridge),
            ("ip", &self.ip),
            ("script", &self.script),
            ("vifname", &self.vifname),
            ("model", &self.model),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                check_value(key, value)?;
                append(&mut spec, key, Some(value));
            }
        }
        for (key, value) in &self.others {
            if FLAGS.contains(&key.as_str()) {
                append(&mut spec, key, None);
            } else if let Some(known) = OTHER_KEYS.iter().find(|known| *known == key) {
                check_value(known, value)?;
                append(&mut spec, key, Some(value));
            } else {
                return Err(SpecError::unknown(
                    key,
                    "xl knows no such key for a network interface",
                ));
            }
        }
        Ok(spec)
    }

    /// Reads a vif string.
    ///
    /// # Errors
    ///
    /// When it has a key that xl does not know, or one twice.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut vif = Self::default();
        for word in spec
            .split(',')
            .map(|word| word.trim_start_matches(' '))
            .filter(|word| !word.is_empty())
        {
            vif.word(word)?;
        }
        Ok(vif)
    }

    fn word(&mut self, word: &str) -> Result<(), SpecError> {
        let Some((key, value)) = word.split_once('=') else {
            if FLAGS.contains(&word) {
                self.others.push((word.to_owned(), String::new()));
                return Ok(());
            }
            return Err(SpecError::unknown(
                word,
                "a network interface is described by key=value, separated by commas",
            ));
        };
        let (place, key) = match key {
            "mac" => (&mut self.mac, "mac"),
            "bridge" => (&mut self.bridge, "bridge"),
            "ip" => (&mut self.ip, "ip"),
            "script" => (&mut self.script, "script"),
            "vifname" => (&mut self.vifname, "vifname"),
            "model" => (&mut self.model, "model"),
            _ if OTHER_KEYS.contains(&key) => {
                self.others.push((key.to_owned(), value.to_owned()));
                return Ok(());
            }
            _ => {
                return Err(SpecError::unknown(
                    word,
                    format!("xl knows no `{key}` for a network interface"),
                ));
            }
        };
        if place.replace(value.to_owned()).is_some() {
            return Err(SpecError::Twice { key });
        }
        Ok(())
    }
}

fn append(spec: &mut String, key: &str, value: Option<&str>) {
    if !spec.is_empty() {
        spec.push(',');
    }
    spec.push_str(key);
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = write!(spec, "={value}");
    }
}

fn check_value(key: &'static str, value: &str) -> Result<(), SpecError> {
    if value.is_empty() {
        return Err(SpecError::value(
            key,
            value,
            "it is empty; leave it out to get xl's default",
        ));
    }
    if value.contains(',') {
        return Err(SpecError::value(
            key,
            value,
            "a comma ends the value in xl, and there is no way to quote one",
        ));
    }
    if let Some(control) = value.chars().find(|c| c.is_control()) {
        let reason = format!(
            "it holds the control character U+{:04X}",
            u32::from(control)
        );
        return Err(SpecError::value(key, value, reason));
    }
    Ok(())
}

fn check_mac(mac: &str) -> Result<(), SpecError> {
    let parts: Vec<&str> = mac.split(':').collect();
    let pair = |part: &&str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    if parts.len() == 6 && parts.iter().all(pair) {
        Ok(())
    } else {
        Err(SpecError::value(
            "mac",
            mac,
            "a hardware address is six pairs of hexadecimal digits, like 00:16:3e:01:02:03",
        ))
    }
}
