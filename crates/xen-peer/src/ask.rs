//! The calls into C, all of them.

#![allow(
    unsafe_code,
    reason = "libxlutil is a C library; this module is the only one that calls it"
)]

use std::ffi::{c_char, c_int};

use crate::answer::{Answer, Verdict};

unsafe extern "C" {
    fn peer_ask(
        kind: c_int,
        apart: c_int,
        text: *const c_char,
        length: usize,
        keys: *const c_char,
        key_count: usize,
        answer: *mut *mut c_char,
        answer_length: *mut usize,
        report: *mut *mut c_char,
        report_length: *mut usize,
    ) -> c_int;
    fn peer_free(bytes: *mut c_char);
    fn peer_read(text: *const c_char, length: usize) -> c_int;
}

/// Which of the library's parsers is asked; the numbers are those of `shim/peer.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Config = 0,
    Disk = 1,
    PciBdf = 2,
    PciSpec = 3,
    Rdm = 4,
    Rate = 5,
}

/// Asks the parser of that kind. `apart` does so in a process of its own, for texts that may end the process.
///
/// # Panics
///
/// When the library could not be asked at all (no memory, no process), or the shim's answer makes no sense.
pub(crate) fn ask(kind: Kind, apart: bool, text: &[u8], keys: &[&[u8]]) -> Verdict {
    let mut terminated = Vec::with_capacity(text.len() + 1);
    terminated.extend_from_slice(text);
    terminated.push(0);
    let mut joined = keys.join(&0);
    joined.push(0);
    let (mut answer, mut answer_length) = (std::ptr::null_mut(), 0);
    let (mut report, mut report_length) = (std::ptr::null_mut(), 0);
    // SAFETY: all pointers are to memory that lives until the call returns; the text and the keys end with the NUL
    // that the shim counts on, and it writes through the four result pointers only.
    let verdict = unsafe {
        peer_ask(
            kind as c_int,
            c_int::from(apart),
            terminated.as_ptr().cast(),
            text.len(),
            joined.as_ptr().cast(),
            keys.len(),
            &raw mut answer,
            &raw mut answer_length,
            &raw mut report,
            &raw mut report_length,
        )
    };
    // SAFETY: these are the pointers that the shim has just handed over, with their lengths, and each is taken once.
    let (answer, report) = unsafe { (taken(answer, answer_length), taken(report, report_length)) };
    let report = String::from_utf8_lossy(&report).trim_end().to_owned();
    match verdict {
        0 => Verdict::Accepted(Answer::decode(&answer)),
        1 => Verdict::Refused(report),
        2 => Verdict::Died,
        _ => panic!("libxlutil could not be asked: {report}"),
    }
}

/// Has the library read a text and forget it again. Whether it accepted it.
#[must_use]
pub fn read_only(text: &[u8]) -> bool {
    // SAFETY: the text is readable for its length; the library copies it.
    unsafe { peer_read(text.as_ptr().cast(), text.len()) == 0 }
}

/// Copies what the shim allocated, and gives it back.
///
/// # Safety
///
/// The pointer is null, or one from `peer_ask` with its length that was not taken before.
unsafe fn taken(bytes: *mut c_char, length: usize) -> Vec<u8> {
    if bytes.is_null() {
        return Vec::new();
    }
    // SAFETY: by the contract above, so many bytes are there, and nobody else holds them.
    unsafe {
        let copy = std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec();
        peer_free(bytes);
        copy
    }
}
