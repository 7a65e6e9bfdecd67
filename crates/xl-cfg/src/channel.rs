//! The grammar of `channel = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::spec::trimmed;

/// A stream of bytes between the host and a program in the guest.
///
/// By xl.cfg(5), xen-pv-channel(7) and the loop over `channel` in `parse_config_data` of `xl_parse.c`. The manual
/// writes the connections in capitals; xl takes small letters only.
///
/// # Stricter than xl
///
/// - A key that xl does not know: xl prints a message and goes on.
/// - A key given twice: xl takes the last. An empty value.
/// - `=` or `"` in a value, which the manual forbids: up to Xen 4.17 xl drops a second `=` and what follows it.
/// - A channel without a name, which libxl refuses, and a `path` of a pty, which xl drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The name by which the program in the guest finds it, such as `org.example.agent.1`.
    pub name: String,
    /// What the host sees of it.
    pub connection: Connection,
    /// The domain that serves it, by name or number; Dom0 when unset.
    pub backend: Option<String>,
}

/// What the host sees of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// A pseudo-terminal; `xl channel-list` tells which.
    Pty,
    /// A Unix socket that the backend listens on.
    Socket {
        /// Where it is.
        path: String,
    },
}

static KEYS: Keys = Keys {
    trims: true,
    ..Keys::new("a channel", &["name", "connection", "path", "backend"])
};

impl Channel {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When a value is empty, holds a comma, `=`, `"` or a control character, or has white space around it.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put("name", &self.name);
        match &self.connection {
            Connection::Pty => spec.put("connection", "pty"),
            Connection::Socket { path } => {
                spec.put("connection", "socket");
                spec.put("path", path);
            }
        }
        spec.put_some("backend", self.backend.as_ref());
        Ok(spec.finish())
    }

    /// Reads the string of a channel.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it, or drop part of it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let (mut name, mut connection, mut path, mut backend) = (None, None, None, None);
        for word in KEYS.read(spec) {
            let (key, value) = word?;
            *match key {
                "name" => &mut name,
                "connection" => &mut connection,
                "path" => &mut path,
                _ => &mut backend,
            } = Some(value.to_owned());
        }
        let missing = |key, reason| SpecError::Missing { key, reason };
        let connection =
            connection.ok_or_else(|| missing("connection", "it must be pty or socket"))?;
        let connection = match (connection.as_str(), path) {
            ("pty", None) => Connection::Pty,
            ("pty", Some(path)) => {
                return Err(SpecError::value(
                    "path",
                    &path,
                    "a pty has no path; xl would drop it",
                ));
            }
            ("socket", Some(path)) => Connection::Socket { path },
            ("socket", None) => return Err(missing("path", "a socket needs one")),
            _ => {
                return Err(SpecError::value(
                    "connection",
                    &connection,
                    "xl knows pty and socket, in small letters",
                ));
            }
        };
        let channel = Self {
            name: name.ok_or_else(|| missing("name", "the guest finds the channel by its name"))?,
            connection,
            backend,
        };
        channel.check()?;
        Ok(channel)
    }

    fn check(&self) -> Result<(), SpecError> {
        value("name", &self.name)?;
        if let Connection::Socket { path } = &self.connection {
            value("path", path)?;
        }
        self.backend
            .as_ref()
            .map_or(Ok(()), |backend| value("backend", backend))
    }
}

fn value(key: &'static str, text: &str) -> Result<(), SpecError> {
    if text.contains(['=', '"']) {
        return Err(SpecError::value(
            key,
            text,
            "a value of a channel may not hold `=` or `\"`",
        ));
    }
    trimmed(key, text).map(drop)
}
