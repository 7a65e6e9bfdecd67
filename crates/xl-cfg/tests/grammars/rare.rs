//! The devices that few guests have, and what is not a device, one module each.

use super::{near, text};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

mod vdispl {
    use super::*;
    use xl_cfg::vdispl::{Connector, Vdispl};

    fn vdispl() -> impl Strategy<Value = Vdispl> {
        let connector = (
            "[^,:; \\x00-\\x1f\\x7f-\\x{9f}]{1,6}",
            any::<u32>(),
            any::<u32>(),
        );
        let connector = connector.prop_map(|(id, width, height)| Connector { id, width, height });
        (
            of(text()),
            any::<Option<bool>>(),
            prop::collection::vec(connector, 1..4),
        )
            .prop_map(|(backend, backend_allocates, connectors)| Vdispl {
                backend,
                backend_allocates,
                connectors,
            })
    }
    crate::grammars::laws!(
        Vdispl,
        vdispl(),
        near(&[
            "backend=",
            "be-alloc=",
            "1",
            "connectors=",
            "id0:1920x1080",
            ";",
            "a:1x2"
        ])
    );
}

mod vkb {
    use super::*;
    use xl_cfg::vkb::{Coordinates, MultiTouch, Vkb, VkbBackend};

    prop_compose! {
        fn vkb()(
            backend_type in select(VkbBackend::ALL),
            (backend, unique_id) in (of(text()), of(text())),
            [keyboard, pointer, absolute, raw] in any::<[bool; 4]>(),
            touch in of((1..=u32::MAX, any::<u32>(), any::<u32>())),
            (width, height) in any::<(Option<u32>, Option<u32>)>(),
        ) -> Vkb {
            let multi_touch = touch.map(|(width, height, contacts)| MultiTouch { width, height, contacts });
            let coordinates = Coordinates { absolute, raw };
            Vkb { backend_type, backend, unique_id, keyboard, pointer, coordinates, multi_touch, width, height }
        }
    }
    crate::grammars::laws!(
        Vkb,
        vkb(),
        near(&[
            "backend-type=",
            "qemu",
            "linux",
            "backend=",
            "unique-id=",
            "feature-multi-touch=",
            "1",
            "multi-touch-width=",
            "width=",
            "backend-type=qemu,",
        ])
    );
}

mod virtio {
    use super::*;
    use xl_cfg::virtio::{Transport, Virtio};

    prop_compose! {
        fn virtio()(
            kind in prop_oneof!["virtio,device[0-9a-f]{0,8}", "[a-u][^,\\x00-\\x1f\\x7f-\\x{9f}]{0,6}"],
            transport in of(select(Transport::ALL)),
            backend in of(text()),
            grant_usage: Option<bool>,
        ) -> Virtio {
            Virtio { kind, transport, backend, grant_usage }
        }
    }
    crate::grammars::laws!(
        Virtio,
        virtio(),
        near(&[
            "type=",
            "virtio",
            "type=virtio,device22",
            "device1a",
            "transport=",
            "MMIO",
            "backend=",
            "grant_usage=",
            "1",
        ])
    );
}

mod pvcalls {
    use super::*;
    use xl_cfg::pvcalls::Pvcalls;

    crate::grammars::laws!(
        Pvcalls,
        of(text()).prop_map(|backend| Pvcalls { backend }),
        near(&["backend=", "a"])
    );
}

mod ranges {
    use super::*;
    use xl_cfg::iomem::IoMem;
    use xl_cfg::ioports::IoPorts;
    use xl_cfg::llc_colors::LlcColors;

    mod ioports {
        use super::*;
        fn ioports() -> impl Strategy<Value = IoPorts> {
            any::<[u16; 2]>().prop_map(|[a, b]| IoPorts {
                first: a.min(b),
                last: a.max(b),
            })
        }
        crate::grammars::laws!(IoPorts, ioports(), near(&["2f8", "2FF", "-", "0x"]));
    }

    mod iomem {
        use super::*;
        fn iomem() -> impl Strategy<Value = IoMem> {
            (any::<u32>(), 1..=u32::MAX, any::<Option<u32>>()).prop_map(
                |(start, pages, guest_start)| IoMem {
                    start: start.into(),
                    pages: pages.into(),
                    guest_start: guest_start.map(u64::from),
                },
            )
        }
        crate::grammars::laws!(IoMem, iomem(), near(&["fd000", "10", "@", "0xA"]));
    }

    mod llc_colors {
        use super::*;
        fn colors() -> impl Strategy<Value = LlcColors> {
            any::<[u32; 2]>().prop_map(|[a, b]| LlcColors {
                first: a.min(b),
                last: a.max(b),
            })
        }
        crate::grammars::laws!(LlcColors, colors(), near(&["0-4", "3"]));
    }
}

mod xenstore_quota {
    use super::*;
    use xl_cfg::xenstore_quota::XenstoreQuota;

    fn quota() -> impl Strategy<Value = XenstoreQuota> {
        ("[^=\\x00-\\x1f\\x7f-\\x{9f}]{1,8}", any::<u32>())
            .prop_map(|(name, value)| XenstoreQuota { name, value })
    }
    crate::grammars::laws!(
        XenstoreQuota,
        quota(),
        near(&["nodes", "=", "1000", "0x10"])
    );
}

mod arm_sci {
    use super::*;
    use xl_cfg::arm_sci::{ArmSci, ArmSciKind};

    crate::grammars::laws!(
        ArmSci,
        select(ArmSciKind::ALL).prop_map(|kind| ArmSci { kind }),
        near(&["type=", "none", "SCMI_SMC"])
    );
}
