//! libvirt's `virsh define` of domains that it has already, unchanged, against its test driver.
//!
//! That driver keeps its domains in memory, for one connection, and begins with those of an XML file: it reads and
//! judges what it is given as every driver does, and writes no file and asks no hypervisor, which is kind to it.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, ensure};
use guest_spec::{Guest, GuestType};

use super::dom0::Dom0;
use super::guests;
use super::measure::Line;

/// The same guests for libvirt.
pub struct Peer<'a> {
    dom0: &'a Dom0,
}

impl<'a> Peer<'a> {
    /// Writes a domain's XML for each guest, a node that has them all, and for each guest a node that has it.
    ///
    /// # Errors
    /// There is no place for them.
    pub fn new(dom0: &'a Dom0) -> Result<Self> {
        let folder = dom0.path("libvirt");
        let (mut node, mut commands) = (String::from("<node>\n"), String::new());
        for number in 0..dom0.count {
            let guest = guests::guest(number)?;
            let xml = domain(&guest);
            let file = format!("libvirt/{}.xml", guest.name);
            dom0.write(&file, &xml)?;
            let own = format!("libvirt/nodes/{}.xml", guest.name);
            dom0.write(&own, &format!("<node>\n{xml}</node>\n"))?;
            node += &xml;
            writeln!(commands, "define {}/{}.xml", folder.display(), guest.name)?;
        }
        node += "</node>\n";
        dom0.write("libvirt/node.xml", &node)?;
        dom0.write("libvirt/define", &commands)?;
        dom0.write("libvirt/nothing", "version\n")?;
        Ok(Self { dom0 })
    }

    fn virsh(&self, options: &[&str], commands: &str) -> Line {
        let node = format!("test://{}", self.dom0.path("libvirt/node.xml").display());
        let args = [options, &["-c", &node]].concat();
        Line::new("virsh", &args).reading(self.dom0.path(commands))
    }

    /// All in one virsh.
    pub fn in_one(&self) -> Line {
        self.virsh(&["-q"], "libvirt/define")
    }

    /// What of [`Self::in_one`] is virsh's start and the reading of the node, which a libvirtd has behind it.
    pub fn start(&self) -> Line {
        self.virsh(&["-q"], "libvirt/nothing")
    }

    /// One virsh for each domain, and a node that has no other.
    pub fn one_each(&self) -> Line {
        Line::script(
            r#"for xml in "$1"/libvirt/*.xml; do
                   name=${xml##*/}
                   [ "$name" = node.xml ] || virsh -q -c "test://$1/libvirt/nodes/$name" define "$xml" || exit 1
               done"#,
            self.dom0.root(),
        )
    }

    /// Makes sure that each domain is defined, and that none is a new one: else the time would say nothing.
    ///
    /// # Errors
    /// It is not so.
    pub fn prove(&self) -> Result<()> {
        let count = self.dom0.count;
        let define = fs::read_to_string(self.dom0.path("libvirt/define"))?;
        self.dom0
            .write("libvirt/proof", &format!("{define}list --all --name\n"))?;
        let (_, said) = self.virsh(&[], "libvirt/proof").output()?;
        let listed = said.lines().filter(|line| line.trim().starts_with("guest"));
        let (defined, listed) = (said.matches("' defined from ").count(), listed.count());
        ensure!(
            (defined, listed) == (count, count),
            "of {count} domains libvirt defined {defined}, and has {listed} then"
        );
        Ok(())
    }
}

/// A guest as libvirt has it.
fn domain(guest: &Guest) -> String {
    let devices = guest.disks.iter().map(|disk| {
        let bus = if disk.vdev.starts_with("hd") { "ide" } else { "xen" };
        let device = if disk.cdrom { "cdrom" } else { "disk" };
        let source = disk.path.as_ref().map(|path| format!("<source file='{path}'/>"));
        format!(
            "    <disk type='file' device='{device}'><driver name='qemu' type='raw'/>{}<target dev='{}' bus='{bus}'/></disk>\n",
            source.unwrap_or_default(),
            disk.vdev
        )
    });
    let networks = guest.networks.iter().map(|network| {
        let bridge = network.bridge.as_deref().unwrap_or_default();
        format!("    <interface type='bridge'><mac address='{}'/><source bridge='{bridge}'/></interface>\n", network.mac)
    });
    let boot = [
        ("kernel", &guest.boot.kernel),
        ("initrd", &guest.boot.initrd),
        ("cmdline", &guest.boot.cmdline),
    ];
    let boot = boot
        .iter()
        .filter_map(|(name, value)| Some(format!("<{name}>{}</{name}>", value.as_ref()?)));
    let (os, more) = if guest.guest_type == GuestType::Hvm {
        (
            "hvm",
            "    <graphics type='vnc' listen='127.0.0.1' keymap='de'/>\n    <video><model type='vga' vram='16384'/></video>\n",
        )
    } else {
        ("xen", "    <console type='pty'/>\n")
    };
    format!(
        "<domain type='test'>\n  <name>{}</name>\n  <uuid>{}</uuid>\n  <memory unit='MiB'>{}</memory>\n  \
         <currentMemory unit='MiB'>{}</currentMemory>\n  <vcpu>{}</vcpu>\n  <os><type arch='i686'>{os}</type>{}</os>\n  \
         <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n  \
         <devices>\n{}{}{more}  </devices>\n</domain>\n",
        guest.name,
        guest.uuid,
        guest.max_memory().get(),
        guest.memory_mib.get(),
        guest.vcpus,
        boot.collect::<String>(),
        devices.collect::<String>(),
        networks.collect::<String>(),
    )
}
