use super::{near, text};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use xl_cfg::disk::{Access, BackendType, Colo, Disk, Format, Specification};

fn colo() -> impl Strategy<Value = Colo> {
    (
        any::<bool>(),
        of(text()),
        of(1..=u16::MAX),
        of(text()),
        of(text()),
        of(text()),
    )
        .prop_map(
            |(enabled, host, port, export, active_disk, hidden_disk)| Colo {
                enabled,
                host,
                port,
                export,
                active_disk,
                hidden_disk,
            },
        )
}

prop_compose! {
    fn disk()(
        target in "/[^\\x00-\\x1f\\x7f-\\x{9f}]{0,20}",
        format in select(Format::ALL),
        vdev in "xvd[a-z]{1,2}([1-9][0-9]?)?|hd[a-d]([1-9]|[1-5][0-9])?|sd[a-p][1-9]?|d[1-9]p[0-9]|[1-9][0-9]{1,6}",
        (access, cdrom, empty) in (select(Access::ALL), any::<bool>(), any::<bool>()),
        backend in of(text()),
        backend_type in of(select(BackendType::ALL)),
        script in of(text()),
        (direct_io_safe, untrusted) in any::<(bool, bool)>(),
        discard in of(any::<bool>()),
        specification in select(Specification::ALL),
        grant_usage in of(any::<bool>()),
        colo in colo(),
    ) -> Disk {
        let empty = cdrom && empty;
        Disk {
            target: if empty { String::new() } else { target },
            format: if empty { Format::Raw } else { format },
            vdev,
            access: if cdrom { Access::ReadOnly } else { access },
            cdrom, backend, backend_type, script, direct_io_safe, discard, untrusted, specification, grant_usage, colo,
        }
    }
}

super::laws!(
    Disk,
    disk(),
    near(&[
        "format=",
        "raw",
        "qcow2",
        "vdev=",
        "xvda",
        "hdc",
        "access=",
        "rw",
        "ro",
        "cdrom",
        "devtype=",
        "backend=",
        "backendtype=",
        "phy",
        "qdisk",
        "script=",
        "direct-io-safe",
        "discard",
        "no-discard",
        "trusted",
        "untrusted",
        "specification=",
        "virtio",
        "grant_usage=",
        "1",
        "colo",
        "colo-port=",
        "target=",
        "/a",
        "phy:",
        "nbd:",
        "raw:",
        "empty",
        "target=/a",
        "vdev=xvda",
        "/a,raw,xvda,rw",
    ])
);
