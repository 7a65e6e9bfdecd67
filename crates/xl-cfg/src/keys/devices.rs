//! Paravirtual devices, which other domains serve.

use super::Seen;
use super::info::{Arch, KeyInfo, Types, key};
use super::shape::Shape;
use crate::Grammar;
use Seen::{By, Created, Now};
use Shape::{List, Spec};

pub(super) const KEYS: &[KeyInfo] = &[
    key("disk", List(&Spec(Grammar::Disk)), "The guest's disks and CD drives.")
        .live(
            "xl block-attach, xl block-detach, xl cd-insert, xl cd-eject",
            "a disk in use cannot be taken away, an emulated one of an HVM guest neither; stays at the guest's reboot",
        )
        .seen(&[Now("/disks"), By("xl block-list")]),
    key("vif", List(&Spec(Grammar::Vif)), "The guest's network interfaces.")
        .live(
            "xl network-attach, xl network-detach",
            "only paravirtual ones; to change one is to take it away and to add it; stays at the guest's reboot",
        )
        .seen(&[Now("/nics"), By("xl network-list")])
        .note("What xl does not know in an item is a warning."),
    key("vtpm", List(&Spec(Grammar::Vtpm)), "Virtual TPMs, each served by another domain.")
        .since(3)
        .live("xl vtpm-attach, xl vtpm-detach", "stays at the guest's reboot")
        .seen(&[Now("/vtpms"), By("xl vtpm-list")]),
    key("p9", List(&Spec(Grammar::P9)), "Folders that the guest mounts by 9p.")
        .since(9)
        .seen(&[Created("/p9s")])
        .note("Up to Xen 4.17 one without a backend gets that of the one before it."),
    key("pvcalls", List(&Spec(Grammar::Pvcalls)), "Sockets that another domain opens for the guest.")
        .since(11)
        .seen(&[Created("/pvcallsifs")]),
    key("vfb", List(&Spec(Grammar::Vfb)), "Paravirtual framebuffers, shown by VNC or SDL.")
        .on(Types::PV_PVH)
        .seen(&[Created("/vfbs")])
        .note("May hold a password. An HVM guest has `vnc` instead."),
    key("channel", List(&Spec(Grammar::Channel)), "Named byte streams between the guest and the Dom0.")
        .since(5)
        .seen(&[Created("/channels"), By("xl channel-list")]),
    key("vdispl", List(&Spec(Grammar::Vdispl)), "Paravirtual displays, served by another domain.")
        .since(10)
        .live("xl vdispl-attach, xl vdispl-detach", "stays at the guest's reboot")
        .seen(&[Now("/vdispls"), By("xl vdispl-list")]),
    key("vsnd", List(&List(&Spec(Grammar::Vsnd))), "Paravirtual sound cards, each a list of its parts.")
        .since(12)
        .live("xl vsnd-attach, xl vsnd-detach", "stays at the guest's reboot")
        .seen(&[Now("/vsnds"), By("xl vsnd-list")]),
    key("vkb", List(&Spec(Grammar::Vkb)), "Paravirtual keyboards and pointers.")
        .since(12)
        .live("xl vkb-attach, xl vkb-detach", "stays at the guest's reboot")
        .seen(&[Created("/vkbs"), By("xl vkb-list")]),
    key("virtio", List(&Spec(Grammar::Virtio)), "Virtio devices on an MMIO bus, served by another program.")
        .since(18)
        .on(Types::PVH)
        .arch(Arch::Arm)
        .seen(&[Created("/virtios")]),
    key("usbctrl", List(&Spec(Grammar::UsbCtrl)), "USB controllers, paravirtual or emulated.")
        .since(7)
        .live("xl usbctrl-attach, xl usbctrl-detach", "stays at the guest's reboot")
        .seen(&[Now("/usbctrls"), By("xl usb-list")]),
    key("usbdev", List(&Spec(Grammar::UsbDev)), "USB devices of the host, given to the guest.")
        .since(7)
        .live("xl usbdev-attach, xl usbdev-detach", "stays at the guest's reboot")
        .seen(&[Now("/usbdevs"), By("xl usb-list")])
        .note("Without a controller that has room, libxl adds one."),
];
