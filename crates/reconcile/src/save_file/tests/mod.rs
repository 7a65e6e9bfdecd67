//! Save files written byte by byte, cut, spoilt, and real ones.

mod laws;
mod places;
mod real;
mod writer;

use std::io::Cursor;

use super::source::Source;
use super::*;
use crate::domains::DomainConfig;
use writer::{JSON, PAGE, Writer, pages, put};

/// What both ways of looking say of these bytes. They agree, but for what the quick one does not look at.
fn judge(bytes: &[u8]) -> Content {
    let read = parse(Cursor::new(bytes)).unwrap();
    let size = bytes.len() as u64;
    let glance = stream::glance(&mut Source::new(Cursor::new(bytes), size)).unwrap();
    match (&read, &glance) {
        (
            Content::Saved(read),
            Content::Saved(Saved {
                state: State::EndsWell,
                config,
                memory_bytes: 0,
                xen: None,
            }),
        ) => assert_eq!(config, &read.config),
        _ => assert_eq!(glance, read),
    }
    read
}

fn saved(bytes: &[u8]) -> Saved {
    match judge(bytes) {
        Content::Saved(saved) => saved,
        other => panic!("{other:?}"),
    }
}

/// Where libxl's stream begins.
fn stream_begins(bytes: &[u8]) -> usize {
    let mut places = bytes.windows(8);
    places
        .position(|eight| eight == stream::STREAM_MARK)
        .unwrap()
}

fn state(writer: &Writer) -> State {
    saved(&writer.bytes()).state
}

#[test]
fn a_whole_file_tells_its_domain() {
    for (writer, memory) in [(Writer::pv(), 2 * PAGE), (Writer::hvm(), PAGE)] {
        let saved = saved(&writer.bytes());
        assert_eq!(saved.state, State::Whole);
        assert_eq!(saved.memory_bytes, memory as u64);
        assert_eq!(saved.xen, Some((4, 17)));
        let config = saved.config.unwrap();
        assert_eq!(config.json(), JSON);
        let parsed: DomainConfig = serde_json::from_str(config.json()).unwrap();
        assert_eq!(parsed.c_info.name.as_deref(), Some("mrkitty"));
        assert_eq!(parsed.disks[0].target(), "/vmdisks/mrkitty-root.img");
        let json = serde_json::from_str(config.json()).unwrap();
        let guest = crate::libxl_json::config(&json).config;
        assert_eq!(
            guest.get("maxmem").map(ToString::to_string).as_deref(),
            Some("512")
        );
    }
}

#[test]
fn a_password_is_not_shown() {
    let content = judge(&Writer::hvm().bytes());
    assert!(!format!("{content:?} {content:#?}").contains("sesame"));
    insta::assert_snapshot!(
        format!("{content:?}"),
        @"Saved(Saved { state: Whole, config: Some(SavedConfig(468 bytes)), memory_bytes: 4096, xen: Some((4, 17)) })"
    );
}

#[test]
fn a_file_cut_anywhere_is_partial() {
    for writer in [Writer::pv(), Writer::hvm()] {
        let bytes = writer.bytes();
        let config_end = stream_begins(&bytes);
        let mut last = Part::Header;
        for length in 1..bytes.len() {
            let saved = saved(&bytes[..length]);
            let State::Partial(at) = saved.state else {
                panic!("of {length} bytes: {:?}", saved.state);
            };
            assert_eq!(at.size_bytes, length as u64);
            assert!(at.at_least_bytes > length as u64 && at.at_least_bytes <= bytes.len() as u64);
            assert_eq!(saved.config.is_some(), length >= config_end, "{length}");
            let order = [
                Part::Header,
                Part::Config,
                Part::Stream,
                Part::Image,
                Part::Stream,
            ];
            assert!(order.windows(2).any(|two| two == [last, at.part]) || last == at.part);
            last = at.part;
        }
        assert_eq!(judge(&[]), Content::Empty);
    }
}

/// Power was lost: the file has its length, and zeros where its end was.
#[test]
fn a_file_with_zeros_at_its_end_is_not_whole() {
    // Zeros in the last body cannot be told from its contents; before it, three bytes of its length are zeros anyway,
    // and after it stand the ENDs.
    for (writer, not_told) in [(Writer::pv(), 3 + 24 + 8 + 8), (Writer::hvm(), 3 + 64 + 8)] {
        let whole = writer.bytes();
        for zeros in 1..=whole.len() - stream::SHORT_MAGIC {
            let mut bytes = whole.clone();
            bytes[whole.len() - zeros..].fill(0);
            let state = saved(&bytes).state;
            assert_eq!(
                state == State::Whole,
                zeros <= not_told,
                "{zeros}: {state:?}"
            );
        }
    }
}

#[test]
fn what_contradicts_the_format_is_damaged() {
    let said = |change: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::hvm();
        change(&mut writer);
        match state(&writer) {
            State::Damaged(damage) => damage.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let cases = [
        said(&|w| w.config.clear()),
        said(&|w| w.config = b"\0{}".to_vec()),
        said(&|w| w.room = -1),
        said(&|w| w.config = b"name = 'mrkitty'\n\0".to_vec()),
        said(&|w| w.config = b"{\"name\": \"\xff\"}\0".to_vec()),
        said(&|w| w.stream_mark[7] = b'T'),
        said(&|w| w.image_mark[0] = 0),
        said(&|w| w.image[2].1[0] = 2),
        said(&|w| w.image[2].1[0] = 0),
        said(&|w| w.image[2].1.truncate(7)),
        said(&|w| w.image[2].1.push(0)),
        said(&|w| w.image[2].1 = pages(1, 2)),
        said(&|w| w.image[6].1.push(0)),
        said(&|w| {
            w.image.remove(4);
        }),
        said(&|w| {
            w.image.remove(1);
        }),
        said(&|w| w.guest_type = image::PV),
        said(&|w| w.stream[0].1.truncate(7)),
        said(&|w| w.stream[2].1.push(0)),
        said(&|w| w.stream.insert(0, (stream::kind::LIBXC_CONTEXT, vec![]))),
        said(&|w| w.stream.push((0, vec![]))),
    ];
    insta::assert_snapshot!(cases.join("\n"), @"
    at byte 48, the domain's configuration is missing
    at byte 48, the domain's configuration is missing
    at byte 48, the domain's configuration is longer than its room
    at byte 48, the domain's configuration is no JSON
    at byte 48, the domain's configuration is no JSON
    at byte 521, no stream of libxl begins
    at byte 545, no image of libxc begins
    at byte 625, a record has a length that it cannot have
    at byte 625, a record has a length that it cannot have
    at byte 625, a record has a length that it cannot have
    at byte 625, a record has a length that it cannot have
    at byte 625, a record has a length that it cannot have
    at byte 4857, a record has a length that it cannot have
    at byte 4809, it ends without HVM_CONTEXT, which every save has
    at byte 4849, it ends without STATIC_DATA_END, which every save has
    at byte 4857, it ends without X86_PV_INFO, which every save has
    at byte 4865, a record has a length that it cannot have
    at byte 4969, a record has a length that it cannot have
    at byte 4865, a second image of libxc begins
    at byte 4977, something follows its end
    ");
    let mut without_image = b"".to_vec();
    let bytes = Writer::pv().bytes();
    let begin = bytes
        .windows(8)
        .position(|window| window == b"LibxlFmt")
        .unwrap();
    without_image.extend(&bytes[..begin + 16]);
    put(&mut without_image, stream::kind::END, &[]);
    let State::Damaged(damage) = saved(&without_image).state else {
        panic!();
    };
    assert_eq!(damage.problem, Problem::Missing("LIBXC_CONTEXT"));
}

#[test]
fn what_is_not_known_is_never_called_partial() {
    let said = |change: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::hvm();
        change(&mut writer);
        match state(&writer) {
            State::NotKnown(what) => what.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let cases = [
        said(&|w| w.magic[17] = b';'),
        said(&|w| w.byte_order = w.byte_order.swap_bytes()),
        said(&|w| w.mandatory |= 4),
        said(&|w| w.mandatory &= !stream::FLAG_JSON),
        said(&|w| w.mandatory = 0),
        said(&|w| w.config.resize((16 << 20) + 1, b' ')),
        said(&|w| w.stream_version = 3),
        said(&|w| w.stream_options = 1),
        said(&|w| w.image_version = 4),
        said(&|w| w.image_options = 1),
        said(&|w| w.guest_type = 3),
        said(&|w| w.page_shift = 14),
        said(&|w| w.image[3].0 = 0x13),
        said(&|w| w.image[3].0 = image::kind::CHECKPOINT),
        said(&|w| w.stream[0].0 = 6),
        said(&|w| w.stream[0].0 = stream::kind::CHECKPOINT_END),
    ];
    insta::assert_snapshot!(cases.join("\n"), @"
    it is in a format other than xl's
    it is of a machine with another byte order
    it is of a newer xl, with the flags 0x4
    its configuration is not JSON
    it is of Xen 4.5 or older
    its configuration has 16777217 bytes
    it is of a newer libxl, with stream version 3
    it is of a machine with another byte order
    it is of another libxc, with image version 4
    it is of a machine with another byte order
    it is of a guest of the unknown type 3
    it is of a guest with pages of 2^14 bytes
    it has a record of libxc of the unknown type 0x13
    it is a stream of checkpoints
    it has a record of libxl of the unknown type 0x6
    it is a stream of checkpoints
    ");
}

#[test]
fn what_xl_accepts_is_whole() {
    let accepted: [&dyn Fn(&mut Writer); 7] = [
        // xl looks at no optional flag, and passes over what follows the configuration.
        &|w| w.optional = 0xffff_ffff,
        &|w| w.room = 3,
        // The legacy conversion wrote it.
        &|w| w.stream_options = 2,
        // Xen 4.6 to 4.13.
        &|w| {
            w.image_version = 2;
            w.image.remove(1);
        },
        // Records that may be passed over.
        &|w| w.image.insert(1, (0x8000_0001, vec![1, 2, 3])),
        &|w| w.stream.insert(0, (0x8000_0001, vec![1, 2, 3])),
        // `xl save` never does, but libxc can compare.
        &|w| {
            w.image.insert(3, (image::kind::VERIFY, vec![]));
            w.image.insert(4, (image::kind::PAGE_DATA, pages(1, 1)));
        },
    ];
    for change in accepted {
        let mut writer = Writer::hvm();
        change(&mut writer);
        let saved = saved(&writer.bytes());
        assert_eq!(saved.state, State::Whole);
        assert_eq!(saved.memory_bytes, PAGE as u64);
    }
}

#[test]
fn what_xl_did_not_write_is_foreign() {
    let texts: [&[u8]; 6] = [
        b"\0",
        b"hello",
        b"Xen saved Domain",
        b"LinuxGuestRecord",
        b"libvirt-xml\n \0 \r",
        &[0xff; 4096],
    ];
    for text in texts {
        assert_eq!(judge(text), Content::Foreign, "{text:?}");
    }
}

#[test]
fn where_it_breaks_off_is_said() {
    let bytes = Writer::hvm().bytes();
    let lengths = [20, 60, bytes.len() - 2000, bytes.len() - 4];
    let said = lengths.map(|length| match saved(&bytes[..length]).state {
        State::Partial(at) => at.to_string(),
        other => panic!("{other:?}"),
    });
    insta::assert_snapshot!(said.join("\n"), @"
    it breaks off after 20 bytes, in xl's header, and would have at least 48
    it breaks off after 60 bytes, in the domain's configuration, and would have at least 521
    it breaks off after 2977 bytes, in the guest's memory and vCPUs, and would have at least 4745
    it breaks off after 4973 bytes, in libxl's records, and would have at least 4977
    ");
}
