//! The strings of the smaller devices.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::SpecError;
use xl_cfg::arm_sci::ArmSci;
use xl_cfg::channel::{Channel, Connection};
use xl_cfg::iomem::IoMem;
use xl_cfg::ioports::IoPorts;
use xl_cfg::llc_colors::LlcColors;
use xl_cfg::p9::{P9, P9Kind};
use xl_cfg::pvcalls::Pvcalls;
use xl_cfg::rdm::Rdm;
use xl_cfg::usbctrl::{UsbCtrl, UsbCtrlKind};
use xl_cfg::usbdev::UsbDev;
use xl_cfg::vdispl::Vdispl;
use xl_cfg::vfb::{Password, Vfb};
use xl_cfg::virtio::Virtio;
use xl_cfg::vkb::Vkb;
use xl_cfg::vtpm::Vtpm;
use xl_cfg::xenstore_quota::XenstoreQuota;

/// The canonical spelling, or the message.
fn said(result: Result<String, SpecError>) -> String {
    result.unwrap_or_else(|error| error.to_string())
}

#[test]
fn usb_controllers() {
    let read = |spec: &str| said(UsbCtrl::parse(spec).and_then(|controller| controller.to_spec()));
    assert_eq!(read(""), "");
    assert_eq!(
        read("version=01, ports=4,type=QUSB"),
        "type=qusb,version=1,ports=4"
    );
    assert_eq!(
        read("type=devicemodel,version=3,ports=15"),
        "type=devicemodel,version=3,ports=15"
    );
    insta::assert_snapshot!(read("type=xhci"), @"type `xhci`: xl knows auto, pv, devicemodel and qusb");
    insta::assert_snapshot!(read("version=4"), @"version `4`: it must be a whole number from 1 to 3, in decimal digits");
    insta::assert_snapshot!(read("type=pv,version=3"), @"version `3`: only the type devicemodel has USB 3.0");
    insta::assert_snapshot!(read("ports=32"), @"ports `32`: it must be a whole number from 1 to 31, in decimal digits");
    insta::assert_snapshot!(read("type=devicemodel,ports=8"), @"ports `8`: USB 2.0 of type devicemodel has 6");
    insta::assert_snapshot!(read("type=devicemodel,version=1,ports=8"), @"ports `8`: USB 1.1 of type devicemodel has 2");
    insta::assert_snapshot!(read("type=devicemodel,version=3,ports=16"), @"ports `16`: USB 3.0 of type devicemodel has at most 15");
    insta::assert_snapshot!(read("port=2"), @"`port`: xl knows no such key for a USB controller; did you mean `ports`?");
    let wrong = UsbCtrl {
        kind: Some(UsbCtrlKind::Auto),
        version: Some(0),
        ports: None,
    };
    insta::assert_snapshot!(wrong.to_spec().unwrap_err(), @"version `0`: it must be 1, 2 or 3");
}

#[test]
fn usb_devices() {
    let read = |spec: &str| said(UsbDev::parse(spec).and_then(|device| device.to_spec()));
    assert_eq!(
        read("hostbus=1,hostaddr=0x10"),
        "type=hostdev,hostbus=1,hostaddr=16"
    );
    assert_eq!(
        read("type=HOSTDEV,hostbus=003,hostaddr=010,controller=0,port=4"),
        "type=hostdev,hostbus=3,hostaddr=8,controller=0,port=4"
    );
    insta::assert_snapshot!(read("hostbus=1"), @"hostaddr is missing: a USB device of the host is given by hostbus and hostaddr");
    insta::assert_snapshot!(read("hostbus=009,hostaddr=1"), @"hostbus `009`: it must be a whole number from 1 to 255 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(read("hostbus=1,hostaddr=300"), @"hostaddr `300`: it must be a whole number from 1 to 255 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(read("hostbus=1,hostaddr=1,port=1"), @"controller is missing: a port belongs to a controller");
    insta::assert_snapshot!(read("hostbus=1,hostadr=1"), @"`hostadr`: xl knows no such key for a USB device; did you mean `hostaddr`?");
    insta::assert_snapshot!(UsbDev::new(0, 1).to_spec().unwrap_err(), @"hostbus `0`: it counts from 1");
}

#[test]
fn framebuffers() {
    let read = |spec: &str| said(Vfb::parse(spec).and_then(|vfb| vfb.to_spec()));
    assert_eq!(read(""), "");
    assert_eq!(
        read("keymap=de, vnc=1,vncpasswd=,vnclisten=0.0.0.0:2,vncdisplay=0"),
        "vnc=1,vnclisten=0.0.0.0:2,vncdisplay=0,vncpasswd=,keymap=de"
    );
    insta::assert_snapshot!(read("vnc=yes"), @"vnc `yes`: it must be 1 or 0; xl would read any other word as 0");
    insta::assert_snapshot!(read("vncpaswd=secret"), @"`vncpaswd`: xl knows no such key for a framebuffer; did you mean `vncpasswd`?");
    insta::assert_snapshot!(read("vncdisplay=60000"), @"vncdisplay `60000`: it must be a whole number from 0 to 59635, in decimal digits");
    insta::assert_snapshot!(read("vnclisten=0.0.0.0:1,vncdisplay=2"), @"vnclisten `0.0.0.0:1`: the display's number stands both here and in vncdisplay; take one away");
    // The rest of a password with a comma must not be shown.
    insta::assert_snapshot!(read("vncpasswd=se,cret"), @"`…`: a framebuffer is described by key=value, separated by commas");
    let vfb = Vfb {
        vnc_password: Some(Password("se,cret".into())),
        ..Vfb::default()
    };
    insta::assert_snapshot!(vfb.to_spec().unwrap_err(), @"vncpasswd `…`: a comma ends the value in xl, and there is no way to quote one");
    assert!(!format!("{vfb:?} {:?}", vfb.to_spec()).contains("cret"));
}

#[test]
fn shares() {
    let read = |spec: &str| said(P9::parse(spec).and_then(|share| share.to_spec()));
    assert_eq!(
        read(" path = /srv/a b , tag=share,security_model=none,type=qemu"),
        "tag=share,path=/srv/a b,security_model=none"
    );
    assert_eq!(
        read(
            "type=xen_9pfsd,security_model=none,max-files=0,max-open-files=9,max-space=20,auto-delete=0x1"
        ),
        "type=xen_9pfsd,security_model=none,max-files=0,max-open-files=9,max-space=20,auto-delete=1"
    );
    insta::assert_snapshot!(read("tag=a,path=/b"), @"security_model is missing: xl asks for it; write security_model=none");
    insta::assert_snapshot!(read("security_model=mapped"), @"security_model `mapped`: xl knows none");
    insta::assert_snapshot!(read("tag=a,security_model=none"), @"path is missing: it says which directory is shared");
    insta::assert_snapshot!(read("path=/a,security_model=none"), @"tag is missing: the guest mounts the share by its tag");
    insta::assert_snapshot!(read("tag=a,path=/b,security_model=none,max-files=1"), @"max-files `1`: only type=xen_9pfsd has limits");
    insta::assert_snapshot!(read("max_files=1"), @"`max_files`: xl knows no such key for a 9pfs share; did you mean `max-files`?");
    insta::assert_snapshot!(P9::new("a ", "/b").to_spec().unwrap_err(), @"tag `a `: xl drops the white space around it; take it away");
    let many = P9 {
        max_files: Some(u32::MAX),
        ..P9::of(P9Kind::Xen9pfsd)
    };
    insta::assert_snapshot!(many.to_spec().unwrap_err(), @"max-files `4294967295`: xl takes numbers up to 2147483647");
}

#[test]
fn channels() {
    let read = |spec: &str| said(Channel::parse(spec).and_then(|channel| channel.to_spec()));
    assert_eq!(read("connection=pty,name=a.b"), "name=a.b,connection=pty");
    assert_eq!(
        read(" connection = socket , path = /run/a ,name=a,backend=0"),
        "name=a,connection=socket,path=/run/a,backend=0"
    );
    insta::assert_snapshot!(read("connection=SOCKET,name=a"), @"connection `SOCKET`: xl knows pty and socket, in small letters");
    insta::assert_snapshot!(read("connection=socket,name=a"), @"path is missing: a socket needs one");
    insta::assert_snapshot!(read("connection=pty,name=a,path=/a"), @"path `/a`: a pty has no path; xl would drop it");
    insta::assert_snapshot!(read("connection=pty"), @"name is missing: the guest finds the channel by its name");
    insta::assert_snapshot!(read("name=a"), @"connection is missing: it must be pty or socket");
    insta::assert_snapshot!(read("name=a=b,connection=pty"), @r#"name `a=b`: a value of a channel may not hold `=` or `"`"#);
    insta::assert_snapshot!(read("name=a,conection=pty"), @"`conection`: xl knows no such key for a channel; did you mean `connection`?");
    let spaced = Channel {
        name: " a".into(),
        connection: Connection::Pty,
        backend: None,
    };
    insta::assert_snapshot!(spaced.to_spec().unwrap_err(), @"name ` a`: xl drops the white space around it; take it away");
}

#[test]
fn virtual_tpms() {
    let read = |spec: &str| said(Vtpm::parse(spec).and_then(|vtpm| vtpm.to_spec()));
    assert_eq!(
        read("uuid=0123ABCD-0123-4567-89ab-0123456789ab, backend=tpm"),
        "backend=tpm,uuid=0123abcd-0123-4567-89ab-0123456789ab"
    );
    insta::assert_snapshot!(read(""), @"backend is missing: xl asks for the domain of the virtual TPM");
    insta::assert_snapshot!(read("backend=tpm,uuid={0123abcd-0123-4567-89ab-0123456789ab}"), @"uuid `{0123abcd-0123-4567-89ab-0123456789ab}`: it must be like 0123abcd-0123-4567-89ab-0123456789ab");
    insta::assert_snapshot!(read("backend="), @"backend ``: it is empty; leave it out to get xl's default");
    insta::assert_snapshot!(read("tpm"), @"`tpm`: a virtual TPM is described by key=value, separated by commas");
}

#[test]
fn reserved_device_memory() {
    let read = |spec: &str| said(Rdm::parse(spec).and_then(|rdm| rdm.to_spec()));
    assert_eq!(
        read("policy=Relaxed,strategy=host"),
        "strategy=host,policy=relaxed"
    );
    assert_eq!(Rdm::parse("strategy=host").unwrap().ignored_by_xl(), None);
    insta::assert_snapshot!(Rdm::parse("policy=strict").unwrap().ignored_by_xl().unwrap(), @"xl gives up at a policy here and goes on without rdm; give each PCI device its rdm_policy instead");
    insta::assert_snapshot!(read(""), @"strategy is missing: there is neither a strategy nor a policy; leave rdm out");
    insta::assert_snapshot!(read("strategy=HOST"), @"strategy `HOST`: xl takes it in small letters only; write `host`");
    insta::assert_snapshot!(read("strategy=host,"), @"`strategy=host,`: xl takes no space or second comma between strategy and policy");
    insta::assert_snapshot!(read("policy=invalid"), @"policy `invalid`: xl knows strict and relaxed");
}

#[test]
fn displays() {
    let read = |spec: &str| said(Vdispl::parse(spec).and_then(|display| display.to_spec()));
    assert_eq!(
        read("connectors=id0:1920x1080;;id1:800x600, be-alloc=0x1,backend=2"),
        "backend=2,be-alloc=1,connectors=id0:1920x1080;id1:800x600"
    );
    insta::assert_snapshot!(read("backend=a"), @"connectors is missing: a display needs at least one, like id0:1920x1080");
    insta::assert_snapshot!(read("connectors=id0"), @"connectors `id0`: a connector is like id0:1920x1080, and several are joined by `;`");
    insta::assert_snapshot!(read("connectors=id0:1920"), @"connectors `id0:1920`: a connector is like id0:1920x1080, and several are joined by `;`");
    insta::assert_snapshot!(read("connectors=id0:1920x1080px"), @"connectors `1080px`: it must be a whole number from 0 to 4294967295, in decimal digits");
    insta::assert_snapshot!(read("connectors=i d:1x1"), @"connectors `i d`: the name of a connector may hold no space, `:` or `;`");
    insta::assert_snapshot!(read("be_alloc=1"), @"`be_alloc`: xl knows no such key for a virtual display; did you mean `be-alloc`?");
}

#[test]
fn keyboards() {
    let read = |spec: &str| said(Vkb::parse(spec).and_then(|vkb| vkb.to_spec()));
    assert_eq!(
        read(
            "feature-disable-keyboard=1,feature-abs-pointer=0,backend-type=Linux,multi-touch-num-contacts=10,width=0x10"
        ),
        "backend-type=linux,feature-disable-keyboard=1,feature-multi-touch=1,multi-touch-width=0,multi-touch-height=0,multi-touch-num-contacts=10,width=16"
    );
    insta::assert_snapshot!(read(""), @"backend-type is missing: xl asks for it: qemu or linux");
    insta::assert_snapshot!(read("backend-type=unknown"), @"backend-type `unknown`: xl knows qemu and linux");
    insta::assert_snapshot!(read("backend-type=qemu,feature-multi-touch=1"), @"multi-touch-width is missing: a touch screen needs a width, a height or a number of contacts");
    insta::assert_snapshot!(read("backend-type=qemu,feature-multi-touch=0,multi-touch-width=1"), @"feature-multi-touch `0`: the multi-touch numbers make it a touch screen all the same; take them away");
    insta::assert_snapshot!(read("backend-type=qemu,feature-raw-pointer=true"), @"feature-raw-pointer `true`: it must be 1 or 0; xl would read any other word as 0");
    insta::assert_snapshot!(read("backend_type=qemu"), @"`backend_type`: xl knows no such key for a virtual keyboard; did you mean `backend-type`?");
}

#[test]
fn virtio_devices() {
    let read = |spec: &str| said(Virtio::parse(spec).and_then(|device| device.to_spec()));
    assert_eq!(
        read("backend=1, type=virtio,,device1a,transport=mmio,grant_usage=2"),
        "type=virtio,device1a,transport=mmio,backend=1,grant_usage=1"
    );
    assert_eq!(read("type=i2c"), "type=i2c");
    insta::assert_snapshot!(read("transport=mmio"), @"type is missing: it says what the device is, like virtio,device22");
    insta::assert_snapshot!(read("type=virtio"), @"type `virtio`: it must be virtio,device and a number in small hexadecimal digits, like virtio,device1a");
    insta::assert_snapshot!(read("type=virtio,transport=mmio"), @"type `virtio`: it must be virtio,device and a number in small hexadecimal digits, like virtio,device1a");
    insta::assert_snapshot!(read("type=virtio,device1A"), @"type `virtio,device1A`: it must be virtio,device and a number in small hexadecimal digits, like virtio,device1a");
    insta::assert_snapshot!(read("type=virtio,device1,type=virtio,device2"), @"type is given twice");
    insta::assert_snapshot!(read("type=a,type=virtio,device2"), @"type is given twice");
    insta::assert_snapshot!(read("backend=a,type=virtio,device2,backend=b"), @"backend is given twice");
    insta::assert_snapshot!(read("type=virtio,device2,transport=pci"), @"transport `pci`: xl knows mmio");
}

#[test]
fn the_rest() {
    let ports = |spec: &str| said(IoPorts::parse(spec).and_then(|ports| ports.to_spec()));
    assert_eq!(
        [ports("0x2F8"), ports("2f8-2ff"), ports("3-3")],
        ["2f8", "2f8-2ff", "3"]
    );
    insta::assert_snapshot!(ports("2ff-2f8"), @"ioports `2ff-2f8`: the range goes down");
    insta::assert_snapshot!(ports("10000"), @"ioports `10000`: it must be a hexadecimal number from 0 to ffff");
    insta::assert_snapshot!(ports("2f8 "), @"ioports `2f8 `: it must be a hexadecimal number from 0 to ffff");
    let memory = |spec: &str| said(IoMem::parse(spec).and_then(|memory| memory.to_spec()));
    assert_eq!(
        [memory("FD000,0x10"), memory("fd000,10@A")],
        ["fd000,10", "fd000,10@a"]
    );
    insta::assert_snapshot!(memory("fd000"), @"iomem `fd000`: it must be like fd000,10 or fd000,10@a0000: first page, number of pages, guest's first page");
    insta::assert_snapshot!(memory("fd000,0"), @"iomem `fd000,0`: there must be a page, and the last must still have a number");
    insta::assert_snapshot!(memory("ffffffffffffffff,2"), @"iomem `ffffffffffffffff,2`: there must be a page, and the last must still have a number");
    insta::assert_snapshot!(memory("fd000,10@"), @"iomem ``: it must be a hexadecimal number from 0 to ffffffffffffffff");
    let colors = |spec: &str| said(LlcColors::parse(spec).and_then(|colors| colors.to_spec()));
    assert_eq!([colors("0-4"), colors("3-3")], ["0-4", "3"]);
    insta::assert_snapshot!(colors("5-"), @"llc_colors ``: it must be a whole number from 0 to 4294967295, in decimal digits");
    insta::assert_snapshot!(colors("4-0"), @"llc_colors `4-0`: the range goes down");
    let quota = |spec: &str| said(XenstoreQuota::parse(spec).and_then(|quota| quota.to_spec()));
    assert_eq!(quota("nodes=0x10"), "nodes=16");
    insta::assert_snapshot!(quota("nodes"), @"xenstore_quota `nodes`: a quota is a name, = and a number, like nodes=1000");
    insta::assert_snapshot!(quota("nodes=-1"), @"xenstore_quota `-1`: it must be a whole number from 0 to 4294967295 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(quota("=1"), @"xenstore_quota ``: the name of a quota may not be empty or hold `=`");
    let sci = |spec: &str| said(ArmSci::parse(spec).and_then(|sci| sci.to_spec()));
    assert_eq!(sci("type=SCMI_SMC"), "type=scmi_smc");
    insta::assert_snapshot!(sci(""), @"type is missing: it must be none or scmi_smc");
    insta::assert_snapshot!(sci("typ=none"), @"`typ`: xl knows no such key for arm_sci; did you mean `type`?");
    insta::assert_snapshot!(sci("type=smc"), @"type `smc`: xl knows none and scmi_smc");
    let calls = |spec: &str| said(Pvcalls::parse(spec).and_then(|calls| calls.to_spec()));
    assert_eq!([calls(""), calls("backend=a")], ["", "backend=a"]);
    insta::assert_snapshot!(calls("a"), @"`a`: a pvcalls connection is described by key=value, separated by commas");
}

#[test]
fn messages_stay_short() {
    let long = UsbCtrl::parse(&"x".repeat(1_000_000))
        .unwrap_err()
        .to_string();
    assert!(long.len() < 400, "{}", long.len());
}
