//! The smaller devices, one module each, because the laws have the same names.

use super::{near, text};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Text without white space around it, which some grammars drop.
pub fn trimmed() -> impl Strategy<Value = String> {
    "[^,=\"\\s\\x00-\\x1f\\x7f-\\x{9f}]([^,=\"\\x00-\\x1f\\x7f-\\x{9f}]{0,8}[^,=\"\\s\\x00-\\x1f\\x7f-\\x{9f}])?"
}

mod usbctrl {
    use super::*;
    use xl_cfg::usbctrl::{UsbCtrl, UsbCtrlKind};

    fn usbctrl() -> impl Strategy<Value = UsbCtrl> {
        let ports = prop_oneof![Just(2_u8), Just(6), 1..=31_u8];
        (of(select(UsbCtrlKind::ALL)), of(1..=3_u8), of(ports))
            .prop_map(|(kind, version, ports)| UsbCtrl {
                kind,
                version,
                ports,
            })
            .prop_filter("libxl refuses it", |controller| {
                controller.to_spec().is_ok()
            })
    }
    crate::grammars::laws!(
        UsbCtrl,
        usbctrl(),
        near(&[
            "type=",
            "pv",
            "qusb",
            "DeviceModel",
            "version=",
            "ports=",
            "2",
            "6"
        ])
    );
}

mod usbdev {
    use super::*;
    use xl_cfg::usbdev::UsbDev;

    fn usbdev() -> impl Strategy<Value = UsbDev> {
        let place = of((0..=0x7fff_ffff_u32, of(1..=31_u8)));
        (1..=u8::MAX, 1..=u8::MAX, place).prop_map(|(bus, address, place)| UsbDev {
            controller: place.map(|place| place.0),
            port: place.and_then(|place| place.1),
            ..UsbDev::new(bus, address)
        })
    }
    crate::grammars::laws!(
        UsbDev,
        usbdev(),
        near(&[
            "type=hostdev",
            "hostbus=",
            "hostaddr=",
            "010",
            "0x1",
            "controller=",
            "port=",
            "1"
        ])
    );
}

mod vfb {
    use super::*;
    use xl_cfg::vfb::{Password, Vfb};

    fn vfb() -> impl Strategy<Value = Vfb> {
        let password = of("[^,\\x00-\\x1f\\x7f-\\x{9f}]{0,8}".prop_map(Password));
        let texts = (of("[0-9.]{1,9}"), of(text()), of(text()), of(text()));
        (any::<[Option<bool>; 4]>(), of(0..=100_u16), password, texts).prop_map(
            |(
                [vnc, vnc_unused, sdl, opengl],
                vnc_display,
                vnc_password,
                (vnc_listen, display, xauthority, keymap),
            )| Vfb {
                vnc,
                vnc_listen,
                vnc_display,
                vnc_unused,
                vnc_password,
                sdl,
                opengl,
                display,
                xauthority,
                keymap,
            },
        )
    }
    crate::grammars::laws!(
        Vfb,
        vfb(),
        near(&[
            "vnc=",
            "1",
            "vnclisten=",
            "0.0.0.0:1",
            "vncdisplay=",
            "vncpasswd=",
            "sdl=",
            "keymap=",
            "de"
        ])
    );
}

mod p9 {
    use super::*;
    use xl_cfg::p9::{P9, P9Kind};

    fn p9() -> impl Strategy<Value = P9> {
        let limit = || of(0..=0x7fff_ffff_u32);
        let daemon = (
            of(trimmed()),
            of(trimmed()),
            of(trimmed()),
            [limit(), limit(), limit()],
            any::<bool>(),
        )
            .prop_map(
                |(tag, path, backend, [max_files, max_open_files, max_space_mib], auto_delete)| {
                    P9 {
                        tag,
                        path,
                        backend,
                        max_files,
                        max_open_files,
                        max_space_mib,
                        auto_delete,
                        ..P9::of(P9Kind::Xen9pfsd)
                    }
                },
            );
        let qemu = (trimmed(), trimmed(), of(trimmed())).prop_map(|(tag, path, backend)| P9 {
            backend,
            ..P9::new(tag, path)
        });
        prop_oneof![daemon, qemu]
    }
    crate::grammars::laws!(
        P9,
        p9(),
        near(&[
            "type=",
            "qemu",
            "xen_9pfsd",
            "tag=",
            "share",
            "path=",
            "/srv",
            "security_model=none",
            "max-files=",
            "1",
            "auto-delete=",
            "tag=a,path=/b,security_model=none",
        ])
    );
}

mod channel {
    use super::*;
    use xl_cfg::channel::{Channel, Connection};

    fn channel() -> impl Strategy<Value = Channel> {
        let connection = prop_oneof![
            Just(Connection::Pty),
            trimmed().prop_map(|path| Connection::Socket { path })
        ];
        (trimmed(), connection, of(trimmed())).prop_map(|(name, connection, backend)| Channel {
            name,
            connection,
            backend,
        })
    }
    crate::grammars::laws!(
        Channel,
        channel(),
        near(&[
            "name=",
            "a.b",
            "connection=",
            "pty",
            "socket",
            "path=",
            "/run/x",
            "backend=",
            "\""
        ])
    );
}

mod vtpm {
    use super::*;
    use uuid::Uuid;
    use xl_cfg::vtpm::Vtpm;

    fn vtpm() -> impl Strategy<Value = Vtpm> {
        (text(), of(any::<u128>().prop_map(Uuid::from_u128)))
            .prop_map(|(backend, uuid)| Vtpm { backend, uuid })
    }
    crate::grammars::laws!(
        Vtpm,
        vtpm(),
        near(&[
            "backend=",
            "tpm",
            "uuid=",
            "0123ABCD-0123-4567-89ab-0123456789ab"
        ])
    );
}

mod rdm {
    use super::*;
    use xl_cfg::pci::RdmPolicy;
    use xl_cfg::rdm::{Rdm, RdmStrategy};

    fn rdm() -> impl Strategy<Value = Rdm> {
        (of(select(RdmStrategy::ALL)), of(select(RdmPolicy::ALL)))
            .prop_map(|(strategy, policy)| Rdm { strategy, policy })
            .prop_filter("xl knows no empty one", |rdm| *rdm != Rdm::default())
    }
    crate::grammars::laws!(
        Rdm,
        rdm(),
        near(&["strategy=", "host", "policy=", "strict", "relaxed"])
    );
}
