//! Disks and network interfaces.

use xl_cfg::Value;
use xl_cfg::disk::{Access, Disk as DiskSpec, Format};
use xl_cfg::vif::Vif;

use super::{LowerError, Lowering};
use crate::{Disk, DiskFormat, Network};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    let disks = guest.disks_in_boot_order();
    let disks: Vec<Value> = disks
        .into_iter()
        .map(|disk| disk_spec(out, disk))
        .collect::<Result<_, _>>()?;
    out.list("disk", disks)?;
    let networks: Vec<Value> = guest
        .networks
        .iter()
        .map(|network| vif_spec(out, network))
        .collect::<Result<_, _>>()?;
    out.list("vif", networks)
}

fn disk_spec(out: &Lowering, disk: &Disk) -> Result<Value, LowerError> {
    let spec = DiskSpec {
        format: match disk.format {
            DiskFormat::Raw => Format::Raw,
            DiskFormat::Qcow2 => Format::Qcow2,
        },
        access: if disk.is_writable() {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
        cdrom: disk.cdrom,
        ..DiskSpec::new(&disk.path, &disk.vdev)
    };
    out.device(format!("disks.{}", disk.name), spec.to_spec())
}

fn vif_spec(out: &Lowering, network: &Network) -> Result<Value, LowerError> {
    let spec = || {
        Vif {
            mac: Some(network.mac.to_string().parse()?),
            bridge: network.bridge.clone(),
            ip: network.ip.clone(),
            script: network.script.clone(),
            ..Vif::default()
        }
        .to_spec()
    };
    out.device(format!("networks.{}", network.name), spec())
}
