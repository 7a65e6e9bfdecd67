//! Disks and network interfaces.

use xl_cfg::disk::{Access, Colo, Disk as DiskSpec};
use xl_cfg::vif::Vif;
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{Disk, Network};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    let disks: Vec<Value> = guest
        .disks_in_boot_order()
        .into_iter()
        .map(|item| out.device(format!("disks.{}", item.name), disk_spec(item)))
        .collect::<Result<_, _>>()?;
    out.list("disk", disks)?;
    let networks: Vec<Value> = guest
        .networks
        .iter()
        .map(|item| out.device(format!("networks.{}", item.name), vif_spec(item)))
        .collect::<Result<_, _>>()?;
    out.list("vif", networks)
}

/// The string of a disk.
pub(crate) fn disk_spec(disk: &Disk) -> Result<String, SpecError> {
    let backend_type = disk.backend_type.map(|kind| kind.as_str().parse());
    let mut spec = DiskSpec {
        format: disk.format.as_str().parse()?,
        access: if disk.is_writable() {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
        cdrom: disk.cdrom,
        // With the Dom0 written out, libxl takes it for a driver domain and emulates no drive for HVM.
        backend: disk.driver_domain().map(str::to_owned),
        backend_type: backend_type.transpose()?,
        script: disk.script.clone(),
        direct_io_safe: disk.direct_io_safe,
        discard: disk.discard,
        untrusted: !disk.trusted,
        grant_usage: disk.grant_usage,
        colo: Colo {
            enabled: disk.colo.enable,
            host: disk.colo.host.clone(),
            port: disk.colo.port,
            export: disk.colo.export.clone(),
            active_disk: disk.colo.active_disk.clone(),
            hidden_disk: disk.colo.hidden_disk.clone(),
        },
        ..DiskSpec::new(disk.path.as_deref().unwrap_or_default(), &disk.vdev)
    };
    if let Some(specification) = disk.specification {
        spec.specification = specification.as_str().parse()?;
    }
    spec.to_spec()
}

/// The string of a network interface.
pub(crate) fn vif_spec(network: &Network) -> Result<String, SpecError> {
    let kind = network.kind.map(|kind| kind.as_str().parse());
    let rate = network.rate.as_deref().map(str::parse);
    let vlan = network.vlan.as_deref().map(str::parse);
    let colo = network
        .colo
        .iter()
        .map(|(key, value)| Ok((key.parse()?, value.clone())));
    Vif {
        mac: Some(network.mac.to_string().parse()?),
        bridge: network.bridge.clone(),
        ip: network.ip.clone(),
        script: network.script.clone(),
        vifname: network.vifname.clone(),
        model: network.model.clone(),
        kind: kind.transpose()?,
        gatewaydev: network.gatewaydev.clone(),
        backend: network.backend.clone(),
        rate: rate.transpose()?,
        devid: network.devid,
        mtu: network.mtu,
        vlan: vlan.transpose()?,
        untrusted: !network.trusted,
        colo: colo.collect::<Result<_, SpecError>>()?,
    }
    .to_spec()
}
