//! libxc's image: the guest's memory and vCPUs.

use std::io::{Read, Seek};

use super::source::{Record, Source, Stop, le};
use super::{NotKnown, Part, Problem};

/// `IHDR_ID`
pub(super) const IMAGE_ID: u32 = 0x5845_4e46;
/// `DHDR_TYPE_X86_PV`
pub(super) const PV: u32 = 1;
/// `DHDR_TYPE_X86_HVM`, PVH guests too
pub(super) const HVM: u32 = 2;
/// `XC_PAGE_SHIFT`
pub(super) const PAGE_SHIFT: u16 = 12;
/// `REC_LENGTH_MAX`: xl refuses longer ones.
pub(super) const LENGTH_LIMIT: u32 = 128 << 20;

/// Types of libxc's records, of which the names alone are used.
pub(super) mod kind {
    pub const END: u32 = 0;
    pub const PAGE_DATA: u32 = 1;
    pub const X86_PV_INFO: u32 = 2;
    pub const X86_PV_P2M_FRAMES: u32 = 3;
    pub const X86_PV_VCPU_BASIC: u32 = 4;
    pub const SHARED_INFO: u32 = 7;
    pub const HVM_CONTEXT: u32 = 9;
    pub const VERIFY: u32 = 0xd;
    pub const CHECKPOINT: u32 = 0xe;
    pub const CHECKPOINT_DIRTY_PFN_LIST: u32 = 0xf;
    pub const STATIC_DATA_END: u32 = 0x10;
    /// The last that Xen 4.22 knows.
    pub const X86_MSR_POLICY: u32 = 0x12;
    /// Those from here on may be passed over.
    pub const OPTIONAL: u32 = 0x8000_0000;
}

/// What an image tells.
#[derive(Default)]
pub(super) struct Image {
    pub memory_bytes: u64,
    pub xen: Option<(u32, u32)>,
    version: u32,
    guest_type: u32,
    /// A bit for each type of record that is there.
    seen: u32,
    /// Memory comes a second time, for comparison.
    verifies: bool,
}

/// The records that every save has: `x86_pv_*` and `x86_hvm_*` in `xg_sr_save_x86_{pv,hvm}.c`. Where the rest of a file
/// is lost and reads as zeros, which are ENDs, it is by these that it shows.
const OF_PV: [(u32, &str); 5] = [
    (kind::X86_PV_INFO, "X86_PV_INFO"),
    (kind::X86_PV_P2M_FRAMES, "X86_PV_P2M_FRAMES"),
    (kind::PAGE_DATA, "PAGE_DATA"),
    (kind::SHARED_INFO, "SHARED_INFO"),
    (kind::X86_PV_VCPU_BASIC, "X86_PV_VCPU_BASIC"),
];
const OF_HVM: [(u32, &str); 2] = [
    (kind::PAGE_DATA, "PAGE_DATA"),
    (kind::HVM_CONTEXT, "HVM_CONTEXT"),
];
/// Since version 3.
const OF_VERSION_3: (u32, &str) = (kind::STATIC_DATA_END, "STATIC_DATA_END");

impl Image {
    fn missing(&self) -> Option<&'static str> {
        let of_type: &[_] = if self.guest_type == PV {
            &OF_PV
        } else {
            &OF_HVM
        };
        let of_version = (self.version >= 3).then_some(&OF_VERSION_3);
        let missing = |(kind, _): &&(u32, &str)| self.seen & (1 << kind) == 0;
        of_version
            .into_iter()
            .chain(of_type)
            .find(missing)
            .map(|(_, name)| *name)
    }
}

/// How many bytes of memory a `PAGE_DATA` has: it tells of a number of pages, with 8 bytes for each, and has the
/// contents of some.
fn contents(record: Record) -> Result<u64, Stop> {
    let wrong = || Stop::damaged(record.at, Problem::RecordLength);
    let Some([c0, c1, c2, c3, ..]) = record.first else {
        // Either it is too short, or it breaks off here, which skipping it shows.
        return if record.length < 8 {
            Err(wrong())
        } else {
            Ok(0)
        };
    };
    let count = u64::from(u32::from_le_bytes([c0, c1, c2, c3]));
    let contents = u64::from(record.length)
        .checked_sub(8 + 8 * count)
        .ok_or_else(wrong)?;
    let page = 1 << PAGE_SHIFT;
    if count == 0 || !contents.is_multiple_of(page) || contents / page > count {
        return Err(wrong());
    }
    Ok(contents)
}

/// `xc_sr_ihdr` and `xc_sr_dhdr`.
fn headers<S: Read + Seek>(source: &mut Source<S>, image: &mut Image) -> Result<(), Stop> {
    source.part = Part::Image;
    let at = source.at;
    let header = source.take::<24>()?;
    let [id, version] = [8, 12].map(|at| le(&header, at).swap_bytes());
    if !header.starts_with(&[0xff; 8]) || id != IMAGE_ID {
        return Err(Stop::damaged(at, Problem::ImageMark));
    } else if !(2..=3).contains(&version) {
        return Err(Stop::not_known(NotKnown::ImageVersion(version)));
    } else if header[17] & 1 != 0 {
        return Err(Stop::not_known(NotKnown::ByteOrder));
    }
    let header = source.take::<16>()?;
    let [guest_type, major, minor] = [0, 8, 12].map(|at| le(&header, at));
    let page_shift = u16::from_le_bytes([header[4], header[5]]);
    if ![PV, HVM].contains(&guest_type) {
        return Err(Stop::not_known(NotKnown::GuestType(guest_type)));
    } else if page_shift != PAGE_SHIFT {
        return Err(Stop::not_known(NotKnown::PageShift(page_shift)));
    }
    image.version = version;
    image.guest_type = guest_type;
    image.xen = Some((major, minor));
    Ok(())
}

/// Goes over the image to the byte after its END.
pub(super) fn walk<S: Read + Seek>(source: &mut Source<S>, image: &mut Image) -> Result<(), Stop> {
    headers(source, image)?;
    loop {
        let record = source.record()?;
        let wrong_length = || Err(Stop::damaged(record.at, Problem::RecordLength));
        if record.length > LENGTH_LIMIT {
            return wrong_length();
        }
        match record.kind {
            kind::END if record.length != 0 => return wrong_length(),
            kind::END => {
                return image.missing().map_or(Ok(()), |name| {
                    Err(Stop::damaged(record.at, Problem::Missing(name)))
                });
            }
            kind::PAGE_DATA => {
                let contents = contents(record)?;
                source.skip(record)?;
                if !image.verifies {
                    image.memory_bytes += contents;
                }
            }
            kind::CHECKPOINT | kind::CHECKPOINT_DIRTY_PFN_LIST => {
                return Err(Stop::not_known(NotKnown::Checkpoints));
            }
            kind::VERIFY => {
                image.verifies = true;
                source.skip(record)?;
            }
            ..=kind::X86_MSR_POLICY | kind::OPTIONAL.. => source.skip(record)?,
            other => return Err(Stop::not_known(NotKnown::ImageRecord(other))),
        }
        if record.kind <= kind::X86_MSR_POLICY {
            image.seen |= 1 << record.kind;
        }
    }
}
