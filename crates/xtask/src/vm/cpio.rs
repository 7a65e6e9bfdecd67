//! Writes an initrd: a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace).

/// A cpio archive that grows.
pub struct Archive {
    bytes: Vec<u8>,
    inode: u32,
}

impl Archive {
    /// An empty archive.
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            inode: 1,
        }
    }

    /// Adds a folder, `path` without a leading slash; its parents come first.
    pub fn folder(&mut self, path: &str) {
        self.entry(path, 0o040_755, &[]);
    }

    /// Adds a file that may be run.
    pub fn program(&mut self, path: &str, data: &[u8]) {
        self.entry(path, 0o100_755, data);
    }

    /// Adds a file that is read.
    pub fn file(&mut self, path: &str, data: &[u8]) {
        self.entry(path, 0o100_644, data);
    }

    /// Ends the archive and gives its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    /// The header's fields in the format's order: inode, mode, uid, gid, links, time, size, device major and minor,
    /// special device major and minor, length of the name with its NUL, checksum (0 in this format).
    fn entry(&mut self, path: &str, mode: u32, data: &[u8]) {
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let name_size = u32::try_from(path.len() + 1).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(b"070701");
        for field in [self.inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0] {
            self.bytes
                .extend_from_slice(format!("{field:08X}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(data);
        self.pad();
        self.inode += 1;
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    #[test]
    fn busybox_reads_what_is_written() {
        let mut archive = Archive::new();
        archive.folder("bin");
        archive.program("bin/hello", b"#!/bin/sh\n");
        archive.file("modules", b"one\n");
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        let Ok(mut child) = Command::new("busybox")
            .args(["cpio", "-t"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
        else {
            return; // no busybox on this machine: the scenarios boot what is written
        };
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let listing = child.wait_with_output().unwrap();
        assert_eq!(
            String::from_utf8(listing.stdout).unwrap(),
            "bin\nbin/hello\nmodules\n"
        );
    }

    #[test]
    fn a_header_is_110_bytes_and_its_name_ends_on_a_multiple_of_four() {
        let mut archive = Archive::new();
        archive.file("a", b"xyz");
        assert_eq!(&archive.bytes[..6], b"070701");
        assert_eq!(&archive.bytes[110..116], b"a\0xyz\0");
    }
}
