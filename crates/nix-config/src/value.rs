//! Nix values, and their text as nixfmt (RFC 166) leaves it.

use crate::strings::{attribute_name, indented, quoted};
use crate::tree;

/// How far nixfmt lets a line go, in characters.
const WIDTH: usize = 100;

/// A value that can be written as Nix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NixValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    String(String),
    /// A path literal, such as `./disk.img`.
    Path(String),
    /// A list.
    List(Vec<NixValue>),
    /// An attribute set, in its order.
    AttrSet(Vec<(String, NixValue)>),
    /// Any expression, written as it is.
    Raw(String),
}

/// A value that Nix has no text for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nix strings end at a NUL.
    #[error("the text `{}` holds a NUL character, which Nix cannot hold; remove it", .0.escape_debug())]
    Nul(String),
    /// No path literal.
    #[error("`{}` is not a path that Nix can read without quotes; use a string", .0.escape_debug())]
    Path(String),
    /// No expression.
    #[error("`{}` is not one Nix expression", .0.escape_debug())]
    Raw(String),
    /// One name twice in a set.
    #[error("the name `{}` is twice in one set", .0.escape_debug())]
    Twice(String),
}

impl From<bool> for NixValue {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for NixValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for NixValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for NixValue {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl<T: Into<NixValue>> From<Vec<T>> for NixValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl NixValue {
    /// The text of the value, without a newline at its end.
    ///
    /// # Errors
    ///
    /// When Nix has no text for it: a NUL, a path that is none, a raw expression that does not parse.
    pub fn to_text(&self) -> Result<String, WriteError> {
        self.render("")
    }

    /// The text to stand after `name = `, on a line that begins with `indent`.
    pub(crate) fn render(&self, indent: &str) -> Result<String, WriteError> {
        match self {
            Self::Null => Ok("null".to_owned()),
            Self::Bool(flag) => Ok(flag.to_string()),
            // Nix reads the digits before it applies the sign, and they do not fit.
            Self::Integer(i64::MIN) => Ok(format!("({} - 1)", i64::MIN + 1)),
            Self::Integer(number) => Ok(number.to_string()),
            Self::String(text) if text.contains('\0') => Err(WriteError::Nul(text.clone())),
            Self::String(text) => Ok(indented(text, indent).unwrap_or_else(|| quoted(text))),
            Self::Path(path) if is_path(path) => Ok(path.clone()),
            Self::Path(path) => Err(WriteError::Path(path.clone())),
            Self::Raw(text) => raw(text),
            Self::List(items) => list(items, indent),
            Self::AttrSet(bindings) if bindings.is_empty() => Ok("{ }".to_owned()),
            Self::AttrSet(bindings) => set(bindings, indent),
        }
    }

    /// The text as an item of a list, where a sign or a call needs parentheses.
    fn render_item(&self, indent: &str) -> Result<String, WriteError> {
        match self {
            Self::Integer(number) if *number < 0 && *number != i64::MIN => {
                Ok(format!("({number})"))
            }
            Self::Raw(text) => {
                let text = raw(text)?;
                if tree::is_simple(&text) {
                    Ok(text)
                } else {
                    Ok(format!("({text})"))
                }
            }
            // One binding may stay on the line; nixfmt spreads more.
            Self::AttrSet(bindings) if bindings.len() == 1 => {
                let short = binding(&bindings[0].0, &bindings[0].1, indent)?;
                let line = format!("{{ {short} }}");
                if line.contains('\n') || too_wide(indent, &line) {
                    set(bindings, indent)
                } else {
                    Ok(line)
                }
            }
            _ => self.render(indent),
        }
    }
}

/// `name = value;`
pub(crate) fn binding(name: &str, value: &NixValue, indent: &str) -> Result<String, WriteError> {
    if name.contains('\0') {
        return Err(WriteError::Nul(name.to_owned()));
    }
    Ok(format!(
        "{} = {};",
        attribute_name(name),
        value.render(indent)?
    ))
}

fn too_wide(indent: &str, line: &str) -> bool {
    indent.chars().count() + line.chars().count() > WIDTH
}

fn list(items: &[NixValue], indent: &str) -> Result<String, WriteError> {
    let deeper = format!("{indent}  ");
    if items.is_empty() {
        return Ok("[ ]".to_owned());
    }
    if let [item] = items {
        let line = format!("[ {} ]", item.render_item(indent)?);
        if !line.contains('\n') && !too_wide(indent, &line) {
            return Ok(line);
        }
    }
    let mut text = "[\n".to_owned();
    for item in items {
        text.push_str(&deeper);
        text.push_str(&item.render_item(&deeper)?);
        text.push('\n');
    }
    text.push_str(indent);
    text.push(']');
    Ok(text)
}

fn set(bindings: &[(String, NixValue)], indent: &str) -> Result<String, WriteError> {
    let deeper = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (index, (name, value)) in bindings.iter().enumerate() {
        if bindings[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(WriteError::Twice(name.clone()));
        }
        text.push_str(&deeper);
        text.push_str(&binding(name, value, &deeper)?);
        text.push('\n');
    }
    text.push_str(indent);
    text.push('}');
    Ok(text)
}

fn raw(text: &str) -> Result<String, WriteError> {
    let text = text.trim();
    // A comment at its end would swallow the `;` after it.
    if tree::parse(text).is_err() || tree::ends_in_comment(text) {
        return Err(WriteError::Raw(text.to_owned()));
    }
    Ok(text.to_owned())
}

/// Nix's PATH token, without interpolation: a slash with something after it, and none at the end.
fn is_path(path: &str) -> bool {
    let begins = path.starts_with('/')
        || path.starts_with("./")
        || path.starts_with("../")
        || path.starts_with("~/");
    let tail = path.trim_start_matches(['.', '~']);
    let parts = tail.strip_prefix('/').unwrap_or_default().split('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    begins
        && parts
            .clone()
            .all(|part| !part.is_empty() && part.chars().all(plain))
}
