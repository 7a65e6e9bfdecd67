//! Writes save files byte by byte, as xl, libxl and libxc do.

use super::super::image::{self, HVM, IMAGE_ID, PAGE_SHIFT, PV};
use super::super::stream::{self, BYTE_ORDER, FLAG_JSON, FLAG_STREAM_2, MAGIC, STREAM_MARK};

/// A configuration with a password, as libxl tells it.
pub const JSON: &str = r#"{
    "c_info": {
        "type": "hvm",
        "name": "mrkitty",
        "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001"
    },
    "b_info": {
        "max_memkb": 524288,
        "target_memkb": 262144,
        "type.hvm": {
            "vnc": {
                "passwd": "sesame"
            }
        }
    },
    "disks": [
        {
            "pdev_path": "/vmdisks/mrkitty-root.img",
            "vdev": "xvda",
            "readwrite": 1
        }
    ]
}
"#;

pub const PAGE: usize = 1 << PAGE_SHIFT;

/// What a save file is written from.
#[derive(Clone)]
pub struct Writer {
    pub magic: [u8; 32],
    pub byte_order: u32,
    pub mandatory: u32,
    pub optional: u32,
    pub config: Vec<u8>,
    /// Room beyond the configuration's.
    pub room: i64,
    pub stream_mark: [u8; 8],
    pub stream_version: u32,
    pub stream_options: u32,
    pub image_mark: [u8; 8],
    pub image_version: u32,
    pub image_options: u16,
    pub guest_type: u32,
    pub page_shift: u16,
    /// libxc's records.
    pub image: Vec<(u32, Vec<u8>)>,
    /// libxl's records after the image.
    pub stream: Vec<(u32, Vec<u8>)>,
}

impl Writer {
    fn new(guest_type: u32, image: Vec<(u32, Vec<u8>)>, stream: Vec<(u32, Vec<u8>)>) -> Self {
        Self {
            magic: *MAGIC,
            byte_order: BYTE_ORDER,
            mandatory: FLAG_JSON | FLAG_STREAM_2,
            optional: 0,
            config: [JSON.as_bytes(), b"\0"].concat(),
            room: 0,
            stream_mark: *STREAM_MARK,
            stream_version: 2,
            stream_options: 0,
            image_mark: [0xff; 8],
            image_version: 3,
            image_options: 0,
            guest_type,
            page_shift: PAGE_SHIFT,
            image,
            stream,
        }
    }

    /// A PV guest of three pages, of which one has no contents.
    pub fn pv() -> Self {
        let records = vec![
            (image::kind::X86_PV_INFO, vec![8, 4, 0, 0, 0, 0, 0, 0]),
            (0x11, vec![1; 24]),
            (0x12, vec![2; 16]),
            (image::kind::STATIC_DATA_END, vec![]),
            (image::kind::X86_PV_P2M_FRAMES, vec![0; 16]),
            (image::kind::PAGE_DATA, pages(3, 2)),
            (8, vec![0; 24]),
            (image::kind::SHARED_INFO, vec![3; 64]),
            // Of a length that is padded.
            (image::kind::X86_PV_VCPU_BASIC, vec![4; 21]),
            (5, vec![5; 17]),
            (image::kind::END, vec![]),
        ];
        Self::new(PV, records, vec![(stream::kind::END, vec![])])
    }

    /// An HVM guest of one page, with QEMU's state.
    pub fn hvm() -> Self {
        let records = vec![
            (0x11, vec![1; 24]),
            (image::kind::STATIC_DATA_END, vec![]),
            (image::kind::PAGE_DATA, pages(1, 1)),
            (8, vec![0; 24]),
            (image::kind::HVM_CONTEXT, vec![6; 33]),
            (0xa, vec![0; 24]),
            (image::kind::END, vec![]),
        ];
        let after = vec![
            (
                stream::kind::EMULATOR_XENSTORE_DATA,
                b"\x02\0\0\0\0\0\0\0physmap/0\0value\0".to_vec(),
            ),
            (stream::kind::EMULATOR_CONTEXT, vec![7; 61]),
            (stream::kind::END, vec![]),
        ];
        Self::new(HVM, records, after)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.config.len()).unwrap();
        let room = u32::try_from(i64::from(length) + 4 + self.room).unwrap();
        let mut file = self.magic.to_vec();
        for number in [self.byte_order, self.mandatory, self.optional, room, length] {
            file.extend(number.to_le_bytes());
        }
        file.extend(&self.config);
        file.resize(
            file.len() + usize::try_from(self.room.max(0)).unwrap(),
            b'x',
        );
        file.extend(self.stream_mark);
        file.extend(self.stream_version.to_be_bytes());
        file.extend(self.stream_options.to_be_bytes());
        put(&mut file, stream::kind::LIBXC_CONTEXT, &[]);
        file.extend(self.image_mark);
        file.extend(IMAGE_ID.to_be_bytes());
        file.extend(self.image_version.to_be_bytes());
        file.extend(self.image_options.to_be_bytes());
        file.extend([0; 6]);
        file.extend(self.guest_type.to_le_bytes());
        file.extend(self.page_shift.to_le_bytes());
        file.extend([0; 2]);
        file.extend(4_u32.to_le_bytes());
        file.extend(17_u32.to_le_bytes());
        for (kind, body) in self.image.iter().chain(&self.stream) {
            put(&mut file, *kind, body);
        }
        file
    }
}

/// The body of a `PAGE_DATA` that tells of `count` pages, of which `contents` have contents.
pub fn pages(count: u32, contents: usize) -> Vec<u8> {
    let mut body = u64::from(count).to_le_bytes().to_vec();
    for frame in 0..u64::from(count) {
        body.extend(frame.to_le_bytes());
    }
    body.resize(body.len() + contents * PAGE, 0x5a);
    body
}

/// Appends a record.
pub fn put(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    file.extend(kind.to_le_bytes());
    file.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    file.extend(body);
    file.resize(file.len() + body.len().next_multiple_of(8) - body.len(), 0);
}
