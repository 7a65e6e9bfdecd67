//! What stands at a path.

use std::os::unix::fs::{FileExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::time::{Duration, UNIX_EPOCH};

use super::*;

#[test]
fn what_stands_there_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let bytes = Writer::pv().bytes();
    fs::write(at("whole"), &bytes).unwrap();
    fs::write(at("partial"), &bytes[..5000]).unwrap();
    fs::write(at("short"), &bytes[..10]).unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("junk"), "hello").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink(at("whole"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        Mode::RWXU,
        0,
    )
    .unwrap();
    let names = [
        "whole", "partial", "short", "empty", "junk", "folder", "link", "dangling", "socket",
        "pipe",
    ];
    let seen: Vec<String> = names
        .iter()
        .map(|name| {
            let file = read(&at(name)).unwrap();
            let content = match &file.content {
                Content::Saved(saved) => format!("{:?}", saved.state),
                other => format!("{other:?}"),
            };
            format!(
                "{name}: {} bytes, whole {}, xendomains tries {:?}, {content}",
                file.size_bytes,
                file.is_whole(),
                file.xendomains_tries(),
            )
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @"
    whole: 9105 bytes, whole true, xendomains tries Some(true), Whole
    partial: 5000 bytes, whole false, xendomains tries Some(true), Partial(Break { part: Image, size_bytes: 5000, at_least_bytes: 8921 })
    short: 10 bytes, whole false, xendomains tries Some(false), Partial(Break { part: Header, size_bytes: 10, at_least_bytes: 48 })
    empty: 0 bytes, whole false, xendomains tries Some(false), Empty
    junk: 5 bytes, whole false, xendomains tries Some(false), Foreign
    folder: 0 bytes, whole false, xendomains tries Some(false), Folder
    link: 0 bytes, whole false, xendomains tries None, Link
    dangling: 0 bytes, whole false, xendomains tries None, Link
    socket: 0 bytes, whole false, xendomains tries Some(false), Special
    pipe: 0 bytes, whole false, xendomains tries Some(false), Special
    ");
    for name in names {
        let (read, glance) = (read(&at(name)).unwrap(), glance(&at(name)).unwrap());
        assert_eq!(read.config(), glance.config());
        assert_eq!(read.is_whole(), name == "whole");
        assert!(!glance.is_whole());
        assert_eq!(
            matches!(&glance.content, Content::Saved(saved) if saved.state == State::EndsWell),
            name == "whole"
        );
    }
}

#[test]
fn the_time_is_that_of_the_last_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mrkitty");
    fs::write(&path, Writer::pv().bytes()).unwrap();
    let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(then)
        .unwrap();
    assert_eq!(read(&path).unwrap().modified, then);
}

#[test]
fn nothing_there_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(&folder.path().join("mrkitty")).unwrap_err();
    assert!(error.is_absent());
    assert!(
        error
            .to_string()
            .ends_with("mrkitty: No such file or directory (os error 2)")
    );
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(
        !read(&folder.path().join("file/mrkitty"))
            .unwrap_err()
            .is_absent()
    );
}

/// A file of 16 GiB whose memory is a hole: what it costs is reads, and not memory.
#[test]
fn a_large_file_is_read_by_its_headers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mrkitty");
    let mut writer = Writer::hvm();
    let memory = writer.image.remove(2);
    let after = writer.bytes();
    let end_of_static_data = 16 + 8 + 40 + (8 + 24) + 8;
    let begin = stream_begins(&after) + end_of_static_data;
    let file = File::create(&path).unwrap();
    file.write_at(&after[..begin], 0).unwrap();
    let mut at = begin as u64;
    for _ in 0..4096 {
        let length = 8 + 1024 * 8 + 1024 * PAGE;
        file.write_at(&memory.0.to_le_bytes(), at).unwrap();
        file.write_at(&u32::try_from(length).unwrap().to_le_bytes(), at + 4)
            .unwrap();
        file.write_at(&1024_u32.to_le_bytes(), at + 8).unwrap();
        at += 8 + length as u64;
    }
    file.write_at(&after[begin..], at).unwrap();
    let seen = read(&path).unwrap();
    assert!(seen.is_whole(), "{seen:?}");
    assert!(seen.size_bytes > 16 << 30);
    let Content::Saved(saved) = seen.content else {
        panic!();
    };
    assert_eq!(saved.memory_bytes, 16 << 30);
    // Cut where the quick look finds 8 bytes of zeros at a multiple of 8: in a page of zeros.
    let cut = begin as u64 + (8 << 30);
    file.set_len(cut).unwrap();
    let state_by = |look: fn(&Path) -> Result<SaveFile, SaveFileError>| match look(&path) {
        Ok(SaveFile {
            content: Content::Saved(saved),
            ..
        }) => saved.state,
        other => panic!("{other:?}"),
    };
    assert_eq!(state_by(glance), State::EndsWell);
    let State::Partial(at) = state_by(read) else {
        panic!();
    };
    assert_eq!((at.part, at.size_bytes), (Part::Image, cut));
    // No record ends elsewhere.
    file.set_len(cut + 3).unwrap();
    assert_eq!(state_by(glance), state_by(read));
    assert_ne!(state_by(glance), State::EndsWell);
}
