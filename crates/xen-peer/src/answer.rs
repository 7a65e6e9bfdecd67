//! What Xen's parsers answer.

use std::fmt;

/// A value as libxlutil holds it.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// No value: a key that is not set, a member that is a null pointer.
    Nothing,
    /// A number.
    Integer(i64),
    /// A string, as the bytes that it has.
    String(Vec<u8>),
    /// A list; of a structure, a list of names with values.
    List(Vec<Answer>),
}

/// What Xen's parser makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It reads it, as this.
    Accepted(Answer),
    /// It refuses it, and says this.
    Refused(String),
    /// It ends the process that asked.
    Died,
}

impl Answer {
    /// Reads the shim's encoding.
    ///
    /// # Panics
    ///
    /// When it is not that.
    pub(crate) fn decode(mut bytes: &[u8]) -> Self {
        let answer = Self::take(&mut bytes);
        assert!(bytes.is_empty(), "the shim's answer has a tail: {bytes:?}");
        answer
    }

    fn take(bytes: &mut &[u8]) -> Self {
        match cut(bytes, 1)[0] {
            b'N' => Self::Nothing,
            b'I' => Self::Integer(i64::from_ne_bytes(array(bytes))),
            b'S' => {
                let length = count(bytes);
                Self::String(cut(bytes, length).to_vec())
            }
            b'L' => (0..count(bytes)).map(|_| Self::take(bytes)).collect(),
            tag => panic!("the shim's answer has the tag {tag}"),
        }
    }

    /// The value of a structure's member; nothing when it is null.
    ///
    /// # Panics
    ///
    /// When there is no such member.
    #[must_use]
    pub fn member(&self, name: &str) -> &Answer {
        let members = self.as_list();
        let member = members.iter().map(Answer::as_list).find(
            |member| matches!(member, [Answer::String(of), _] if of.as_slice() == name.as_bytes()),
        );
        &member.unwrap_or_else(|| panic!("the shim gives no {name}"))[1]
    }

    /// The items of a list; of anything else, none.
    #[must_use]
    pub fn as_list(&self) -> &[Answer] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

impl FromIterator<Answer> for Answer {
    fn from_iter<I: IntoIterator<Item = Answer>>(items: I) -> Self {
        Self::List(items.into_iter().collect())
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self::String(text.as_bytes().to_vec())
    }
}

impl From<bool> for Answer {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl<T: Into<Answer>> From<Option<T>> for Answer {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::String(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Self::List(items) => f.debug_list().entries(items).finish(),
        }
    }
}

fn cut<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (head, tail) = bytes
        .split_at_checked(length)
        .unwrap_or_else(|| panic!("the shim's answer is cut off"));
    *bytes = tail;
    head
}

fn array<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(cut(bytes, N));
    array
}

fn count(bytes: &mut &[u8]) -> usize {
    u32::from_ne_bytes(array(bytes)) as usize
}
