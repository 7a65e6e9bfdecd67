//! What an expert would say about a configuration that xl takes without a word.
//!
//! xl asks for the keys that it knows and ignores the rest; it takes a beginning of a word for the word, a leading zero
//! for octal, and of a value of the wrong kind it says a line on the console and goes on without it. Here each of these
//! is a [`Finding`], by the table in [`crate::keys`].
//!
//! ```
//! use xl_cfg::check::{self, Options, Rule};
//!
//! let document = xl_cfg::Document::parse("name = 'web'\nkernel = '/boot/xen'\nmemroy = 512\n")?;
//! let findings = check::document(&document, Options::default());
//! assert_eq!(findings[0].rule, Rule::UnknownKey);
//! assert!(findings[0].message.contains("did you mean `memory`"));
//! # Ok::<(), xl_cfg::ParseError>(())
//! ```

mod devices;
mod kind;
mod name;
mod setting;
mod together;
mod value;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::document::{Document, Node, Operator};
use crate::keys::{self, GuestType, Treatment};
use crate::{Config, Value, secret};

/// One thing that is wrong, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which rule it breaks.
    pub rule: Rule,
    /// The key that it is about; none when it is about the whole configuration.
    pub key: Option<String>,
    /// Where it stands in the file, in bytes; none when there is no file, or no one place.
    pub span: Option<Range<usize>>,
    /// What is wrong, what xl does with it, and what to write instead; it does not name the key.
    pub message: String,
}

impl Finding {
    /// Whether xl starts the guest as if what was found did not stand there: the key is unknown, has no effect on such a
    /// guest, or has a value that xl warns about and goes on without.
    #[must_use]
    pub fn is_ignored_by_xl(&self) -> bool {
        match self.rule {
            Rule::UnknownKey | Rule::AppendToNumber => true,
            Rule::NotForThisGuest => self.severity == Severity::Warning,
            Rule::Deprecated => self
                .key
                .as_deref()
                .and_then(keys::get)
                .and_then(|info| info.deprecated)
                .is_some_and(|old| {
                    matches!(
                        old.treatment,
                        Treatment::Ignores | Treatment::SilentlyIgnores
                    )
                }),
            _ => false,
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The guest comes up as it is meant, and the file could be clearer, or something in it has no effect.
    Warning,
    /// The guest does not come up, or not as it is written.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The rule that a finding breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A key that no xl reads.
    UnknownKey,
    /// A key that the xl in question does not read yet, or no longer.
    OtherXen,
    /// A key without an effect on guests of this type, or on this architecture.
    NotForThisGuest,
    /// A key or a spelling that has a better one.
    Deprecated,
    /// A list where xl wants one value, or the other way round.
    Shape,
    /// Something else where xl wants a number.
    NotANumber,
    /// A number with a zero in front.
    Octal,
    /// A number between quotes, which needs none.
    QuotedNumber,
    /// A number that is out of bounds.
    OutOfRange,
    /// A word that xl does not know at this key.
    UnknownWord,
    /// The beginning of a word, which xl takes for the word.
    WordPrefix,
    /// A string that xl reads further, and cannot.
    Syntax,
    /// A key that is set twice.
    SetTwice,
    /// `+=` at a key that holds a number.
    AppendToNumber,
    /// Something without which there is no guest.
    Missing,
    /// Settings that are right alone, and not together.
    Together,
}

impl Rule {
    /// Its name, for programs: `unknown-key`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown-key",
            Self::OtherXen => "other-xen",
            Self::NotForThisGuest => "not-for-this-guest",
            Self::Deprecated => "deprecated",
            Self::Shape => "shape",
            Self::NotANumber => "not-a-number",
            Self::Octal => "octal",
            Self::QuotedNumber => "quoted-number",
            Self::OutOfRange => "out-of-range",
            Self::UnknownWord => "unknown-word",
            Self::WordPrefix => "word-prefix",
            Self::Syntax => "syntax",
            Self::SetTwice => "set-twice",
            Self::AppendToNumber => "append-to-number",
            Self::Missing => "missing",
            Self::Together => "together",
        }
    }
}

/// What is judged by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The Xen that is to read the configuration, by its minor version (17 for 4.17). Without one, every key of any Xen
    /// up to the newest that is known is right.
    pub xen_minor: Option<u32>,
}

/// Judges a file. The findings are in the order of the file; those without a place come last.
#[must_use]
pub fn document(document: &Document<'_>, options: Options) -> Vec<Finding> {
    let settings = document.assignments().iter().map(|assignment| Setting {
        key: assignment.key.as_str(),
        key_span: Some(assignment.key_span.clone()),
        operator: assignment.operator,
        node: &assignment.value,
    });
    let line = |span: &Range<usize>| document.place(span.start).line;
    let mut findings = judge(
        &Settings::new(settings.collect()),
        &|_| true,
        options,
        &line,
    );
    for finding in &mut findings {
        if let Some(span) = &finding.span
            && document.is_secret(span.start)
        {
            finding.message = secret::mask(&finding.message, document.text_of(span.clone()));
        }
    }
    findings
}

/// Judges a configuration that is not in a file. No finding has a place.
#[must_use]
pub fn config(config: &Config, options: Options) -> Vec<Finding> {
    config_of(config, &|_| true, options)
}

/// Judges a configuration as [`config()`] does, but by itself only each key that `of` chooses: the others are looked at
/// together, and are cheaper that way. Whatever is found of a chosen key is the same.
#[must_use]
pub fn config_of(config: &Config, of: &dyn Fn(&str) -> bool, options: Options) -> Vec<Finding> {
    let nodes: Vec<_> = config
        .iter()
        .map(|(key, value)| (key, node(value)))
        .collect();
    let settings = nodes.iter().map(|(key, node)| Setting {
        key: key.as_str(),
        key_span: None,
        operator: Operator::Set,
        node,
    });
    let mut findings = judge(&Settings::new(settings.collect()), of, options, &|_| 0);
    for finding in &mut findings {
        finding.span = None;
    }
    findings
}

/// The type of guest that a configuration makes on x86; nothing where xl would refuse what `type` or `builder` says.
#[must_use]
pub fn guest_type(config: &Config) -> Option<GuestType> {
    let word = |key| {
        let text = config.get(key)?.as_text()?;
        Some(text.into_owned())
    };
    kind::of(word("type").as_deref(), word("builder").as_deref())
}

/// A value as if it stood in a file; its place means nothing.
fn node(value: &Value) -> Node {
    Node::from_value(value, 0..0)
}

fn judge(
    settings: &Settings<'_>,
    of: &dyn Fn(&str) -> bool,
    options: Options,
    line: &dyn Fn(&Range<usize>) -> usize,
) -> Vec<Finding> {
    let guest = kind::guest_type(settings);
    let mut findings = Vec::new();
    for (index, setting) in settings.all.iter().enumerate() {
        if !settings.shadowed[index] && of(setting.key) {
            setting::judge(setting, guest, options, &mut findings);
        }
        if setting.operator == Operator::Set
            && let Some(earlier) = settings.before(index)
        {
            setting::twice(setting, earlier, line, &mut findings);
        }
    }
    name::judge(settings, &mut findings);
    together::judge(settings, guest, &mut findings);
    devices::judge(settings, &mut findings);
    // Stable: of one place, what was found first stays first.
    findings.sort_by_key(|finding| finding.span.as_ref().map_or(usize::MAX, |span| span.start));
    findings
}

/// One assignment, as the rules see it.
struct Setting<'a> {
    key: &'a str,
    key_span: Option<Range<usize>>,
    operator: Operator,
    node: &'a Node,
}

impl Setting<'_> {
    fn finding(&self, severity: Severity, rule: Rule, message: impl Into<String>) -> Finding {
        Finding {
            severity,
            rule,
            key: Some(self.key.to_owned()),
            span: self.key_span.clone(),
            message: message.into(),
        }
    }

    /// The text of its value, when it is one and valid UTF-8.
    fn text(&self) -> Option<String> {
        self.node.as_text().map(Cow::into_owned)
    }

    /// Its value as xl reads a number.
    fn integer(&self) -> Option<i64> {
        self.node.as_integer()
    }
}

/// All assignments, and which of them xl uses.
struct Settings<'a> {
    all: Vec<Setting<'a>>,
    last: HashMap<&'a str, usize>,
    /// For each assignment the one of the same key before it.
    before: Vec<Option<usize>>,
    /// Whether a later `=` takes an assignment's place, so that xl never looks at it.
    shadowed: Vec<bool>,
}

impl<'a> Settings<'a> {
    fn new(all: Vec<Setting<'a>>) -> Self {
        let mut last = HashMap::with_capacity(all.len());
        let before = all
            .iter()
            .enumerate()
            .map(|(index, setting)| last.insert(setting.key, index))
            .collect();
        let mut set = HashSet::new();
        let mut shadowed = vec![false; all.len()];
        for (index, setting) in all.iter().enumerate().rev() {
            shadowed[index] = set.contains(setting.key);
            if setting.operator == Operator::Set {
                set.insert(setting.key);
            }
        }
        Self {
            all,
            last,
            before,
            shadowed,
        }
    }

    /// The assignment that xl uses: the last. Of a `+=` it is the last part alone.
    fn get(&self, key: &str) -> Option<&Setting<'a>> {
        self.all.get(*self.last.get(key)?)
    }

    fn before(&self, index: usize) -> Option<&Setting<'a>> {
        self.all.get((*self.before.get(index)?)?)
    }

    /// Every part of a key's value: the last `=` and each `+=` after it.
    fn parts(&self, key: &str) -> Vec<&Setting<'a>> {
        let mut parts = Vec::new();
        let mut next = self.last.get(key).copied();
        while let Some(setting) = next.and_then(|index| self.all.get(index)) {
            parts.push(setting);
            if setting.operator == Operator::Set {
                break;
            }
            next = next.and_then(|index| self.before.get(index).copied().flatten());
        }
        parts.reverse();
        parts
    }
}

/// A guest of a type, as messages name it: "a PV", "an HVM".
fn name_of(guest: GuestType) -> &'static str {
    match guest {
        GuestType::Pv => "a PV",
        GuestType::Pvh => "a PVH",
        GuestType::Hvm => "an HVM",
    }
}
