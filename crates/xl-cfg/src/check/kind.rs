//! Which type of guest a configuration makes.

use super::Settings;
use crate::keys::GuestType;

/// The type, as `xl_parse.c` (`parse_config_data`) finds it on x86; none where xl would refuse what stands there, which
/// is a finding of its own.
pub(super) fn guest_type(settings: &Settings<'_>) -> Option<GuestType> {
    let word = |key| settings.get(key).and_then(super::Setting::text);
    of(word("type").as_deref(), word("builder").as_deref())
}

/// The type by the words of `type` and `builder`. One that is only the beginning of a word has a finding of its own, and
/// is taken as xl takes it.
pub(super) fn of(kind: Option<&str>, builder: Option<&str>) -> Option<GuestType> {
    let first = |words: &[(&str, GuestType)], text: &str| {
        words
            .iter()
            .find(|(word, _)| word.starts_with(text))
            .map(|(_, guest)| *guest)
    };
    let by_builder = [("hvm", GuestType::Hvm), ("generic", GuestType::Pv)];
    match (kind, builder) {
        (Some(text), _) => first(
            &[
                ("hvm", GuestType::Hvm),
                ("pv", GuestType::Pv),
                ("pvh", GuestType::Pvh),
            ],
            text,
        ),
        (None, Some(text)) => first(&by_builder, text),
        (None, None) => Some(GuestType::Pv),
    }
}
