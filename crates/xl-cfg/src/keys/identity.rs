//! Name, type, identity, security labels.

use super::info::{Change, KeyInfo, Treatment, Types, key};
use super::shape::{Shape, any_case, int, prefix};
use super::{Arch, Seen, Words};
use Seen::{By, Created, Now};
use Shape::{Boolean, List, Spec, Text};

const I32: i64 = i32::MAX as i64;

pub(super) const KEYS: &[KeyInfo] = &[
    key("name", Text, "The guest's name, which must be set; no other domain of the host has it.")
        .change(Change::Recreate("other tools, save files and the log know the guest by it; `xl rename` renames a running domain"))
        .seen(&[Now("/c_info/name"), By("xl list")]),
    key(
        "type",
        Shape::Words(Words { later: &[("pvh", 10)], ..prefix(&["hvm", "pv"]) }),
        "The kind of guest: pv, pvh or hvm.",
    )
    .since(10)
    .default("pv on x86, pvh on Arm")
    .seen(&[Created("/c_info/type")])
    .note("xl takes any beginning of a word, and tries hvm, pv, pvh in this order: `p` is pv, the empty string hvm."),
    key("builder", Shape::Words(prefix(&["hvm", "generic"])), "The old spelling of `type`: hvm, or generic for PV.")
        .old(Some(10), "type", Treatment::Silent)
        .default("generic")
        .seen(&[Created("/c_info/type")])
        .note("xl refuses the file when it contradicts `type`."),
    key("pvh", Boolean, "The old kind of PVH (version 1), of Xen 4.4 to 4.8.")
        .since(4)
        .until(8)
        .on(Types::PV)
        .arch(Arch::X86)
        .old(Some(10), "type=\"pvh\"", Treatment::SilentlyIgnores)
        .default("0"),
    key("uuid", Shape::Uuid, "The guest's UUID.")
        .change(Change::Recreate("Xen and libxl's own records know the guest by it"))
        .default("a new random one at each create")
        .seen(&[Now("/c_info/uuid"), By("xl vm-list")])
        .note("Without it, each start is another identity to the guest (SMBIOS) and to backups."),
    key("seclabel", Text, "The label under which Xen's security policy (XSM) judges the guest.")
        .seen(&[Created("/b_info/exec_ssid_label"), Created("/c_info/ssid_label"), By("xl list -Z")])
        .note("Without an XSM policy libxl warns and goes on."),
    key("init_seclabel", Text, "The label while the guest is built; `seclabel` replaces it before it runs.")
        .since(3)
        .seen(&[Created("/c_info/ssid_label")]),
    key("driver_domain", Boolean, "Whether the guest serves as a driver domain, a backend for other guests.")
        .since(4)
        .default("0")
        .seen(&[Created("/c_info/driver_domain")]),
    key("nomigrate", Boolean, "Gives up migration, so that the guest may see an invariant TSC in CPUID.")
        .default("0")
        .arch(Arch::X86)
        .seen(&[Created("/b_info/disable_migrate")])
        .note("It does not stop `xl migrate`."),
    key(
        "xend_suspend_evtchn_compat",
        Boolean,
        "Leaves out the xenstore path of the suspend event channel, for old PV drivers that stumble over it.",
    )
    .since(14)
    .default("0")
    .seen(&[Created("/c_info/xend_suspend_evtchn_compat")]),
    key("xenstore_feature_mask", int(0, 0xffff_ffff, ""), "The xenstore features that the guest may see, a bit each.")
        .since(21)
        .default("0xffffffff")
        .seen(&[Created("/b_info/xenstore_feature_mask")]),
    key("xenstore_quota", List(&Spec(crate::Grammar::XenstoreQuota)), "Quotas of the guest in xenstore.")
        .since(22)
        .live("xl xenstore-quota-set", "only by a xenstored that has quotas for single domains")
        .default("those of xenstored")
        .seen(&[Now("/b_info/xenstore_quota/quota"), By("xl xenstore-quota-get")]),
    key("max_grant_frames", int(0, I32, "frames"), "How many frames of grants the guest may have, of 4 KiB each.")
        .since(10)
        .default("xl.conf's, else Xen's")
        .seen(&[Created("/b_info/max_grant_frames")])
        .note("xl refuses the file when the number is out of range."),
    key("max_maptrack_frames", int(0, I32, "frames"), "How many frames the guest may use to keep track of grants that it maps.")
        .since(10)
        .default("xl.conf's, else Xen's")
        .seen(&[Created("/b_info/max_maptrack_frames")])
        .note("xl refuses the file when the number is out of range."),
    key("max_grant_version", int(0, 2, ""), "The newest version of grant tables that the guest may use.")
        .since(16)
        .default("xl.conf's, else the newest that Xen offers")
        .seen(&[Created("/b_info/max_grant_version")]),
    key("max_event_channels", int(0, 131_071, ""), "The highest number of an event channel that the guest may use; 0 is the default.")
        .since(4)
        .default("1023")
        .seen(&[Created("/b_info/event_channels")]),
    key(
        "passthrough",
        Shape::Words(any_case(&["default", "disabled", "enabled", "sync_pt", "share_pt"])),
        "Whether the IOMMU maps the guest's memory, so that host devices can be given to it.",
    )
    .since(13)
    .default("enabled with host devices, else disabled")
    .seen(&[Created("/c_info/passthrough")])
    .note("share_pt is not for PV and needs HAP, sync_pt not for Arm; an x86 PVH guest takes only disabled."),
    key("vmtrace_buf_kb", int(0, 65_536, "KiB"), "The size of the trace buffer (Intel PT) of each virtual processor, a power of two from 4; 0 is none.")
        .since(15)
        .on(Types::PVH_HVM)
        .refused(Types::PV)
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/vmtrace_buf_kb")]),
    key("vpmu", Boolean, "Whether the guest may use the processor's performance counters.")
        .since(16)
        .arch(Arch::Arm)
        .default("0")
        .seen(&[Created("/b_info/vpmu")])
        .note("libxl refuses it where the processor or Xen offers none, as all of x86."),
    key("msr_relaxed", Boolean, "Lets reads of unknown model-specific registers give 0 instead of a fault, as before Xen 4.15.")
        .since(15)
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/arch_x86/msr_relaxed")])
        .note("xl warns that it will go away."),
    key("vncviewer", int(i64::MIN, i64::MAX, ""), "An option of xend: open a viewer at create.")
        .change(Change::Nothing("xl only warns"))
        .old(None, "xl create -V", Treatment::Ignores)
        .on(Types::NONE),
    key("vif2", List(&Text), "Network interfaces of the netchannel2 protocol, which xl never had.")
        .change(Change::Nothing("xl only warns"))
        .old(None, "vif", Treatment::Ignores)
        .on(Types::NONE),
];
