//! The reference page of the keys, `docs/xl-cfg-keys.md`.

use super::{Arch, Change, Group, KeyInfo, Matching, Range, Seen, Shape, Treatment, Types, Words};

const HEAD: &str = "\
# The keys of xl.cfg

Generated from the table in `crates/xl-cfg/src/keys/`; write it again by `DOMUS_WRITE=1 cargo test -p xl-cfg --test keys`.

How to read it:

- **Guests** are the types on which a key has an effect. On others xl ignores it without a word, unless it says *refused*.
- **Since** is the first Xen that reads it; keys without one are older than 4.3. Older versions ignore it without a word.
- **Change**: *live* is a command that changes it while the guest runs. *Next boot*: the guest is created anew from its
  file, or `xl config-update` stores the file and the guest reboots by itself.
- **Seen**: a path such as `/b_info/max_vcpus` is a JSON Pointer into the `config` of an item of `xl list -l`, in which `*`
  stands for each item of a list; what equals libxl's default is left out there. *As created* does not follow later changes.
  `~/` is `/local/domain/<domid>/` of xenstore.
- A yes or no is a number: 0 is no, any other is yes. Words such as `yes` or `True` are not read.
";

/// The page, in Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut sections = vec![HEAD.to_owned()];
    sections.extend(super::groups().iter().map(group));
    sections.join("\n")
}

fn group(group: &Group) -> String {
    let keys: Vec<String> = group.keys.iter().map(entry).collect();
    format!("## {}\n\n{}", group.title, keys.join("\n"))
}

fn entry(info: &KeyInfo) -> String {
    let mut lines = vec![format!("### `{}`\n\n{}\n", info.name, info.about)];
    if let Some(old) = info.deprecated {
        let since = old.since.map(|minor| format!(" since Xen 4.{minor}"));
        let treatment = match old.treatment {
            Treatment::Silent => "xl still does as it says",
            Treatment::Warns => "xl still does as it says, with a warning",
            Treatment::Ignores => "xl ignores it, with a warning",
            Treatment::SilentlyIgnores => "xl ignores it without a word",
        };
        lines.push(format!(
            "- **Deprecated**{} in favour of `{}`; {treatment}",
            since.unwrap_or_default(),
            old.instead
        ));
    }
    lines.push(format!("- **Value**: {}", shape(&info.shape)));
    if !info.default.is_empty() {
        lines.push(format!("- **Default**: {}", info.default));
    }
    lines.push(format!("- **Guests**: {}", guests(info)));
    if let Some(versions) = versions(info) {
        lines.push(format!("- {versions}"));
    }
    lines.push(format!("- **Change**: {}", change(info.change)));
    if !info.observed.is_empty() {
        let seen: Vec<String> = info.observed.iter().map(|seen| place(*seen)).collect();
        lines.push(format!("- **Seen**: {}", seen.join(", ")));
    }
    if info.secret {
        lines.push("- **Secret**: not to be shown".to_owned());
    }
    if !info.note.is_empty() {
        lines.push(format!("- {}", info.note));
    }
    lines.join("\n") + "\n"
}

fn shape(of: &Shape) -> String {
    match of {
        Shape::Text => "text".to_owned(),
        Shape::Path => "path".to_owned(),
        Shape::Uuid => "UUID".to_owned(),
        Shape::Integer(of) => range(*of),
        Shape::Boolean => "yes or no".to_owned(),
        Shape::Words(of) => words(of),
        Shape::Letters(letters) => {
            let letters: Vec<String> = letters
                .chars()
                .map(|letter| format!("`{letter}`"))
                .collect();
            format!("letters of {}", letters.join(", "))
        }
        Shape::Spec(grammar) => format!("string of the grammar {grammar:?}"),
        Shape::List(item) => format!("list of: {}", shape(item)),
        Shape::Either(shapes) => {
            let shapes: Vec<String> = shapes.iter().map(shape).collect();
            shapes.join("; or ")
        }
        Shape::Old(of) => format!("(deprecated, with a warning) {}", shape(of)),
    }
}

fn range(of: Range) -> String {
    let bounds = match (of.min, of.max) {
        (i64::MIN, i64::MAX) => String::new(),
        // Where xl's own field is the only bound, a number says nothing.
        (min, max) if max >= i64::MAX / 1024 => format!(", {min} or more"),
        (min, max) => format!(", {min} to {max}"),
    };
    let unit = match of.unit {
        "" => String::new(),
        unit => format!(" of {unit}"),
    };
    format!("number{unit}{bounds}")
}

fn words(of: &Words) -> String {
    let always = of.always.iter().map(|word| format!("`{word}`"));
    let later = of
        .later
        .iter()
        .map(|(word, since)| format!("`{word}` (since 4.{since})"));
    let gone = of
        .gone
        .iter()
        .map(|(word, until)| format!("`{word}` (until 4.{until})"));
    let words: Vec<String> = always.chain(later).chain(gone).collect();
    let matching = match of.matching {
        Matching::Exact => "",
        Matching::AnyCase => ", in any case",
        Matching::Prefix => ", or any beginning of one",
        Matching::Qemu => ", judged by QEMU alone",
    };
    format!("{}{matching}", words.join(", "))
}

fn guests(info: &KeyInfo) -> String {
    let on = types(info.types);
    let on = if on.is_empty() { "none".to_owned() } else { on };
    let arch = match info.arch {
        Arch::Any => "",
        Arch::X86 => ", on x86",
        Arch::Arm => ", on Arm",
    };
    let refused = match types(info.refused) {
        none if none.is_empty() => none,
        some => format!("; refused for {some}"),
    };
    format!("{on}{arch}{refused}")
}

fn types(of: Types) -> String {
    let words: Vec<&str> = of.iter().map(super::GuestType::word).collect();
    words.join(", ")
}

fn versions(info: &KeyInfo) -> Option<String> {
    match (info.since, info.until) {
        (None, None) => None,
        (Some(since), None) => Some(format!("**Since**: Xen 4.{since}")),
        (None, Some(until)) => Some(format!("**Until**: Xen 4.{until}")),
        (Some(since), Some(until)) => Some(format!("**Only**: Xen 4.{since} to 4.{until}")),
    }
}

fn change(of: Change) -> String {
    match of {
        Change::Live { how, limits } => format!("live, by `{how}` ({limits})"),
        Change::NextBoot => "next boot".to_owned(),
        Change::Recreate(why) => format!("only another guest: {why}"),
        Change::Nothing(why) => format!("none has an effect: {why}"),
    }
}

fn place(of: Seen) -> String {
    match of {
        Seen::Now(pointer) => format!("`{pointer}`"),
        Seen::Created(pointer) => format!("`{pointer}` (as created)"),
        Seen::By(command) => format!("`{command}`"),
        Seen::Xenstore(path) => format!("`~/{path}`"),
    }
}
