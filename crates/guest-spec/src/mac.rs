//! MAC addresses of vifs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A unicast MAC address, written as six pairs of hexadecimal digits with colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// Why a text is not a MAC address that a vif can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a MAC address for a guest: write six pairs of hexadecimal digits, the first pair even, such as \"00:16:3e:12:34:56\""
)]
pub struct MacError {
    text: String,
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let error = || MacError {
            text: text.to_owned(),
        };
        let mut octets = [0; 6];
        let mut pairs = text.split(':');
        for octet in &mut octets {
            let pair = pairs
                .next()
                .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
            *octet = u8::from_str_radix(pair.ok_or_else(error)?, 16).map_err(|_| error())?;
        }
        let multicast = octets[0] & 1 == 1;
        if pairs.next().is_some() || multicast || octets == [0; 6] {
            return Err(error());
        }
        Ok(Self(octets))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [head, tail @ ..] = self.0;
        write!(f, "{head:02x}")?;
        tail.iter().try_for_each(|octet| write!(f, ":{octet:02x}"))
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Mac {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mac".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows() {
        let mac: Mac = "00:16:3E:aB:cd:09".parse().unwrap();
        assert_eq!(mac.to_string(), "00:16:3e:ab:cd:09");
    }

    #[test]
    fn refuses_multicast_zero_and_nonsense() {
        for text in [
            "01:16:3e:00:00:00",
            "00:00:00:00:00:00",
            "00:16:3e:00:00",
            "00:16:3e:00:00:00:00",
            "0:16:3e:0:0:0",
            "+0:16:3e:00:00:00",
            "",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }
}
