//! Enums whose values are words of xl.

use crate::SpecError;
use crate::nearest::{and, nearest};

/// An enum made by [`words!`].
pub(crate) trait Word: Copy + 'static {
    /// The key whose value it is.
    const KEY: &'static str;
    const ALL: &'static [Self];
    fn word(self) -> &'static str;
}

/// The value that is spelled so; xl compares by `strcmp`.
pub(crate) fn exact<T: Word>(text: &str) -> Result<T, SpecError> {
    find(text, |word| word == text)
}

/// The value that is spelled so in capitals or small letters; libxl's `…_from_string` compares by `strcasecmp`.
pub(crate) fn any_case<T: Word>(text: &str) -> Result<T, SpecError> {
    find(text, |word| word.eq_ignore_ascii_case(text))
}

fn find<T: Word>(text: &str, fits: impl Fn(&str) -> bool) -> Result<T, SpecError> {
    if let Some(found) = T::ALL.iter().find(|value| fits(value.word())) {
        return Ok(*found);
    }
    let known: Vec<&str> = T::ALL.iter().map(|value| value.word()).collect();
    let near = nearest(text, &known);
    let reason = match near {
        Some(near) if near.eq_ignore_ascii_case(text) => {
            format!("xl takes it in small letters only; write `{near}`")
        }
        Some(near) if known.len() > 8 => format!("xl knows no such word; did you mean `{near}`?"),
        Some(near) => format!("xl knows {}; did you mean `{near}`?", and(&known)),
        None => format!("xl knows {}", and(&known)),
    };
    Err(SpecError::value(T::KEY, text, reason))
}

/// An enum of words, with `ALL`, `as_str`, `Display` and `FromStr`.
///
/// After the name stands how xl compares (`exact` or `any_case`) and the key whose value it is, for messages.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $compare:ident $key:literal {
            $($(#[$word_meta:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_meta])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that xl knows it by.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::words::Word for $name {
            const KEY: &'static str = $key;
            const ALL: &'static [Self] = Self::ALL;
            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::SpecError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::words::$compare(text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;
