//! What goes into the Dom0's image; all of it is in the image's key.

use std::collections::BTreeMap;

/// The Debian release that the Dom0 is.
pub const SUITE: &str = "bookworm";

/// What the Dom0 has beside the essential packages. qemu-system-xen serves file-backed disks; python3 runs
/// pygrub and the agent.
pub const PACKAGES: &[&str] = &[
    "bridge-utils",
    "busybox-static",
    "e2fsprogs",
    "grub-xen-host",
    "initramfs-tools",
    "iproute2",
    "kmod",
    "linux-image-amd64",
    "procps",
    "python3",
    "qemu-system-xen",
    "qemu-utils",
    "strace",
    "systemd",
    "systemd-sysv",
    "udev",
    "xen-hypervisor-4.17-amd64",
    "xen-utils-4.17",
    "xen-utils-common",
];

/// A file that is put into the Dom0.
pub struct Custom {
    /// Where, below the root.
    pub path: &'static str,
    /// What it holds.
    pub text: &'static str,
}

/// Xen's own units by the names that nixpkgs gives them too (Debian has init scripts instead), and the agent.
pub const CUSTOM: &[Custom] = &[
    Custom {
        path: "usr/lib/domus-dom0/agent.py",
        text: include_str!("../dom0/agent.py"),
    },
    Custom {
        path: "usr/lib/domus-dom0/xendomains.defaults",
        text: include_str!("../dom0/xendomains.defaults"),
    },
    Custom {
        path: "usr/lib/systemd/system/domus-agent.service",
        text: include_str!("../dom0/domus-agent.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/domus-shell.service",
        text: include_str!("../dom0/domus-shell.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/proc-xen.mount",
        text: include_str!("../dom0/proc-xen.mount"),
    },
    Custom {
        path: "usr/lib/systemd/system/xenstored.service",
        text: include_str!("../dom0/xenstored.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xen-init-dom0.service",
        text: include_str!("../dom0/xen-init-dom0.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xenconsoled.service",
        text: include_str!("../dom0/xenconsoled.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xen-qemu-dom0-disk-backend.service",
        text: include_str!("../dom0/xen-qemu-dom0-disk-backend.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xendomains.service",
        text: include_str!("../dom0/xendomains.service"),
    },
    Custom {
        path: "etc/default/xendomains",
        text: ". /usr/lib/domus-dom0/xendomains.defaults\n",
    },
    Custom {
        path: "etc/hostname",
        text: "dom0\n",
    },
    Custom {
        path: "etc/fstab",
        text: "/dev/vda / ext4 errors=remount-ro 0 1\n",
    },
    Custom {
        path: "etc/modules-load.d/domus.conf",
        text: "loop\nvirtio_console\nxen_gntdev\nxen_evtchn\nxen_gntalloc\nxen_blkback\nxen_netback\n",
    },
    Custom {
        path: "etc/modprobe.d/domus.conf",
        text: "options loop max_loop=64\n",
    },
    Custom {
        path: "etc/systemd/journald.conf.d/domus.conf",
        text: "[Journal]\nStorage=persistent\nRateLimitBurst=0\n",
    },
    Custom {
        path: "etc/systemd/system.conf.d/domus.conf",
        text: "[Manager]\nDefaultTimeoutStartSec=180s\n",
    },
];

/// Enabled at boot.
pub const ENABLED: &[&str] = &[
    "domus-agent.service",
    "xenstored.service",
    "xen-init-dom0.service",
    "xenconsoled.service",
    "xen-qemu-dom0-disk-backend.service",
    "xendomains.service",
];

/// Never started: Debian's init script for Xen, a login on Xen's console, and what only costs time.
pub const MASKED: &[&str] = &[
    "xen.service",
    "serial-getty@hvc0.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "systemd-pstore.service",
];

/// The units that the Dom0 has in every generation and that a generation may change by a drop-in, by name: their texts.
pub fn packaged_units() -> BTreeMap<&'static str, &'static str> {
    let units = CUSTOM.iter().filter_map(|custom| {
        Some((
            custom.path.strip_prefix("usr/lib/systemd/system/")?,
            custom.text,
        ))
    });
    units
        .filter(|(name, _)| !name.starts_with("domus-"))
        .collect()
}

/// The initramfs has no more than the disk needs: it is unpacked at every boot, by an emulated processor.
pub const INITRAMFS_CONF: &str = "MODULES=list\nCOMPRESS=gzip\n";
pub const INITRAMFS_MODULES: &str = "virtio_pci\nvirtio_blk\next4\n";

/// The modules that a micro guest needs, before those that they depend on are added.
pub const GUEST_MODULES: &[&str] = &["crc32c_generic", "ext4", "xen-blkfront", "xen-netfront"];

/// The size of the Dom0's disk; it is sparse.
pub const DISK_SIZE: &str = "8G";
