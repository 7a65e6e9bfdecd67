//! A save file as xl writes it, byte by byte: xl's header and the domain's configuration, libxl's stream, libxc's image.
//!
//! It is written from Xen's own description (`docs/specs`), not with what Domus reads it by.

#![allow(dead_code, reason = "the tests use what the fake xl does not")]

/// Where the fake xl's own words begin, in the guest's memory.
const MARK: &[u8] = b"fake xl:";
const PAGE: usize = 4096;

/// A whole save file of a PV guest: `config` is libxl's JSON of the domain, `memory` what is in its memory.
pub fn whole(config: &str, memory: &[u8]) -> Vec<u8> {
    let config = [config.as_bytes(), b"\0"].concat();
    let mut file = b"Xen saved domain, xl format\n \0 \r".to_vec();
    let length = number(config.len());
    // The byte order, the mandatory flags (JSON, stream 2), the optional ones, and the lengths.
    for word in [0x0102_0304, 3, 0, length + 4, length] {
        file.extend(u32::to_le_bytes(word));
    }
    file.extend(config);
    file.extend(b"LibxlFmt");
    file.extend(2_u32.to_be_bytes());
    file.extend(0_u32.to_be_bytes());
    // LIBXC_CONTEXT
    record(&mut file, 1, &[]);
    file.extend([0xff; 8]);
    file.extend(0x5845_4e46_u32.to_be_bytes());
    file.extend(3_u32.to_be_bytes());
    file.extend([0; 8]);
    for word in [1, 12, 4, 17] {
        // PV, pages of 2^12 bytes, Xen 4.17
        file.extend(u32::to_le_bytes(word));
    }
    // X86_PV_INFO, STATIC_DATA_END, X86_PV_P2M_FRAMES
    record(&mut file, 2, &[8, 4, 0, 0, 0, 0, 0, 0]);
    record(&mut file, 0x10, &[]);
    record(&mut file, 3, &[0; 16]);
    // PAGE_DATA
    let mut pages = [MARK, memory].concat();
    let count = pages.len().div_ceil(PAGE);
    pages.resize(count * PAGE, 0);
    let mut body = u64::from(number(count)).to_le_bytes().to_vec();
    for frame in 0..u64::from(number(count)) {
        body.extend(frame.to_le_bytes());
    }
    body.extend(pages);
    record(&mut file, 1, &body);
    // SHARED_INFO, X86_PV_VCPU_BASIC, END; END of libxl's stream
    record(&mut file, 7, &[3; 64]);
    record(&mut file, 4, &[4; 21]);
    record(&mut file, 0, &[]);
    record(&mut file, 0, &[]);
    file
}

/// What is in the memory of a guest that was saved so; nothing where the file is none.
pub fn memory(file: &[u8]) -> Option<&[u8]> {
    let at = file.windows(MARK.len()).position(|part| part == MARK)?;
    let rest = &file[at + MARK.len()..];
    let end = rest.iter().position(|byte| *byte == 0);
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn record(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    file.extend(kind.to_le_bytes());
    file.extend(number(body.len()).to_le_bytes());
    file.extend(body);
    file.resize(file.len() + body.len().next_multiple_of(8) - body.len(), 0);
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
