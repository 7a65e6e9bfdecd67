//! Enumerations whose values are words of xl.cfg and of the options alike.

/// An enumeration with a word for each value: what guests.json holds, and what xl.cfg is given.
macro_rules! words {
    (
        $(#[$outer:meta])*
        $name:ident { $( $(#[$inner:meta])* $value:ident = $word:literal, )+ }
    ) => {
        $(#[$outer])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $( $(#[$inner])* #[serde(rename = $word)] $value, )+
        }

        impl $name {
            /// As xl.cfg writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$value => $word, )+
                }
            }
        }
    };
}

pub(crate) use words;
