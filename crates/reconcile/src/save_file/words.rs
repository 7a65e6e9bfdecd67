//! What is wrong with a save file, for a person.

use std::fmt;

use super::{Break, Damage, NotKnown, Part, Problem};

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it breaks off after {} bytes, in {}, and would have at least {}",
            self.size_bytes, self.part, self.at_least_bytes
        )
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "xl's header",
            Self::Config => "the domain's configuration",
            Self::Image => "the guest's memory and vCPUs",
            Self::Stream => "libxl's records",
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}, {}", self.at, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConfig => "the domain's configuration is missing",
            Self::ConfigLength => "the domain's configuration is longer than its room",
            Self::ConfigText => "the domain's configuration is no JSON",
            Self::StreamMark => "no stream of libxl begins",
            Self::ImageMark => "no image of libxc begins",
            Self::RecordLength => "a record has a length that it cannot have",
            Self::SecondImage => "a second image of libxc begins",
            Self::Missing(record) => {
                return write!(f, "it ends without {record}, which every save has");
            }
            Self::Trailing => "something follows its end",
        })
    }
}

impl fmt::Display for NotKnown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFormat => f.write_str("it is in a format other than xl's"),
            Self::ByteOrder => f.write_str("it is of a machine with another byte order"),
            Self::Flags(flags) => write!(f, "it is of a newer xl, with the flags {flags:#x}"),
            Self::NoJson => f.write_str("its configuration is not JSON"),
            Self::OldStream => f.write_str("it is of Xen 4.5 or older"),
            Self::LongConfig(bytes) => write!(f, "its configuration has {bytes} bytes"),
            Self::StreamVersion(version) => {
                write!(f, "it is of a newer libxl, with stream version {version}")
            }
            Self::ImageVersion(version) => {
                write!(f, "it is of another libxc, with image version {version}")
            }
            Self::GuestType(number) => write!(f, "it is of a guest of the unknown type {number}"),
            Self::PageShift(shift) => write!(f, "it is of a guest with pages of 2^{shift} bytes"),
            Self::StreamRecord(kind) => {
                write!(f, "it has a record of libxl of the unknown type {kind:#x}")
            }
            Self::ImageRecord(kind) => {
                write!(f, "it has a record of libxc of the unknown type {kind:#x}")
            }
            Self::Checkpoints => f.write_str("it is a stream of checkpoints"),
            Self::ManyRecords => f.write_str("it has more records than a guest of 16 TiB has"),
        }
    }
}
