//! What Xen 4.17's `xl save` wrote of the micro guest, with zeros in place of the numbers and the contents of its pages.
//!
//! The fixtures are text: `zeros N`, `hex BYTES`, `text "A JSON STRING"`, and `times N` for the next two lines.

use super::*;
use crate::compare;

const PV: &str = include_str!("../../fixtures/save-4.17-pv.txt");
const PVH: &str = include_str!("../../fixtures/save-4.17-pvh.txt");
/// Of a save to a file system with 20 MiB of room. xl said "Failed to save domain, resuming domain", and the guest went
/// on.
const NO_SPACE: &str = include_str!("../../fixtures/save-4.17-no-space.txt");

fn unpacked(fixture: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut lines = fixture.lines();
    while let Some(line) = lines.next() {
        let (times, block) = match line.strip_prefix("times ") {
            Some(times) => (
                times.parse().unwrap(),
                vec![lines.next().unwrap(), lines.next().unwrap()],
            ),
            None => (1, vec![line]),
        };
        for line in std::iter::repeat_n(block, times).flatten() {
            match line.split_once(' ').unwrap() {
                ("zeros", number) => {
                    bytes.resize(bytes.len() + number.parse::<usize>().unwrap(), 0);
                }
                ("text", text) => {
                    bytes.extend(serde_json::from_str::<String>(text).unwrap().bytes());
                }
                ("hex", digits) => bytes.extend(
                    (0..digits.len())
                        .step_by(2)
                        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()),
                ),
                other => panic!("{other:?}"),
            }
        }
    }
    bytes
}

fn told(fixture: &str) -> String {
    let bytes = unpacked(fixture);
    let saved = saved(&bytes);
    let config: DomainConfig = serde_json::from_str(saved.config.as_ref().unwrap().json()).unwrap();
    format!(
        "{}: {:?}, {} KiB of at most {}, Xen {:?}, {} bytes, {:?}",
        config.c_info.name.unwrap(),
        saved.state,
        saved.memory_bytes >> 10,
        config.b_info.max_memkb.unwrap(),
        saved.xen.unwrap(),
        bytes.len(),
        saved.config.unwrap(),
    )
}

#[test]
fn real_saves_are_whole() {
    insta::assert_snapshot!([PV, PVH].map(told).join("\n"), @"
    small-pv: Whole, 98304 KiB of at most 98304, Xen (4, 17), 100872358 bytes, SavedConfig(841 bytes)
    small-pvh: Whole, 98368 KiB of at most 98304, Xen (4, 17), 109105937 bytes, SavedConfig(844 bytes)
    ");
}

#[test]
fn a_real_save_without_space_is_partial() {
    insta::assert_snapshot!(told(NO_SPACE), @"small-pv: Partial(Break { part: Image, size_bytes: 20971520, at_least_bytes: 21015214 }), 16384 KiB of at most 98304, Xen (4, 17), 20971520 bytes, SavedConfig(841 bytes)");
}

#[test]
fn a_real_configuration_becomes_xl_keys() {
    let read = [PV, PVH].map(|fixture| {
        let saved = saved(&unpacked(fixture));
        let json = serde_json::from_str(saved.config.unwrap().json()).unwrap();
        let read = crate::libxl_json::config(&json);
        let get = |key| read.config.get(key).map(ToString::to_string);
        format!("{:?} {:?} {:?}", get("name"), get("type"), read.unread)
    });
    insta::assert_snapshot!(read.join("\n"), @r#"
    Some("small-pv") Some("pv") []
    Some("small-pvh") Some("pvh") []
    "#);
}

#[test]
fn a_real_save_cut_in_many_places_is_partial() {
    for fixture in [PV, PVH] {
        let bytes = unpacked(fixture);
        let mut cuts: Vec<usize> = (1..6000).collect();
        cuts.extend((6000..bytes.len()).step_by(1 << 18));
        cuts.extend(bytes.len() - 3000..bytes.len());
        for length in cuts {
            let state = saved(&bytes[..length]).state;
            assert!(matches!(state, State::Partial(_)), "{length}: {state:?}");
        }
    }
}

/// What xl saves of a guest is told from its declaration as what `xl list -l` shows of one that runs.
#[test]
fn what_was_saved_is_compared_with_what_is_declared() {
    for fixture in [PV, PVH] {
        let saved = saved(&unpacked(fixture));
        let json = saved.config.as_ref().unwrap().json();
        let declared = crate::libxl_json::config(&serde_json::from_str(json).unwrap()).config;
        let compared = |text: &str| compare::compare(text, Some(json), None, 17);
        let text = declared.to_text().unwrap();
        let same = compared(&text);
        assert!(
            same.keys.is_empty() && same.disks.is_empty() && same.vifs.is_empty(),
            "{same:?}"
        );
        let other = compared(&text.replacen("memory = ", "memory = 1", 1));
        assert!(
            other.keys.iter().any(|one| one.key == "memory"),
            "{other:?}"
        );
    }
}
