//! The rules about virtual NUMA nodes (`libxl_vnuma.c`, `libxl_create.c`).

use xl_cfg::vnuma::VcpuSet;

use super::report::Report;
use crate::GuestType::{Hvm, Pvh};
use crate::Vnode;

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let nodes = &guest.vnuma;
    if nodes.is_empty() {
        return;
    }
    report.only_for(&[Hvm, Pvh], &[("vnuma", true)]);
    let sum: u64 = nodes
        .iter()
        .map(|node| u64::from(node.memory_mib.get()))
        .sum();
    let most = guest.max_memory();
    if sum != u64::from(most.get()) {
        report.add(
            "vnuma",
            format!(
                "its nodes have {sum} MiB together, and the guest has {most}; make them the same"
            ),
        );
    }
    if most != guest.memory_mib {
        report.add(
            "maxMemory",
            format!("it is {most}, and a guest with vnuma starts with all of its memory, not with {}; remove maxMemory, or vnuma", guest.memory_mib),
        );
    }
    vcpus(report, nodes);
    for (index, node) in nodes.iter().enumerate() {
        distances(report, index, node, nodes.len());
    }
}

/// Each vCPU is on one node.
fn vcpus(report: &mut Report, nodes: &[Vnode]) {
    let most = report.guest.most_vcpus();
    let mut owner = vec![None; usize::try_from(most).unwrap_or_default()];
    for (index, node) in nodes.iter().enumerate() {
        let place = format!("vnuma.{index}.vcpus");
        let Ok(set) = node.vcpus.parse::<VcpuSet>() else {
            report.add(
                place,
                format!(
                    "{:?} is no set of vCPUs; write numbers and ranges, as in \"0-3,5\"",
                    node.vcpus
                ),
            );
            return;
        };
        for range in set.ranges() {
            if *range.end() >= most {
                report.add(
                    place,
                    format!("there is no vCPU {}: the guest has {most}, from 0; correct it, or raise maxVcpus", range.end()),
                );
                return;
            }
            for vcpu in range {
                let slot = &mut owner[vcpu as usize];
                if let Some(other) = slot.replace(index) {
                    report.add(
                        place,
                        format!("vCPU {vcpu} is on node {other} too; a vCPU is on one node"),
                    );
                    return;
                }
            }
        }
    }
    if let Some(vcpu) = owner.iter().position(Option::is_none) {
        report.add(
            "vnuma",
            format!("vCPU {vcpu} is on no node, and the guest has {most}; add it to the vcpus of one, or lower maxVcpus"),
        );
    }
}

fn distances(report: &mut Report, index: usize, node: &Vnode, count: usize) {
    let Some(distances) = &node.distances else {
        return;
    };
    let place = format!("vnuma.{index}.distances");
    if distances.len() != count {
        report.add(
            place,
            format!("it has {} numbers, and there are {count} nodes; write one for each, itself included", distances.len()),
        );
    } else if distances
        .iter()
        .any(|distance| *distance < distances[index])
    {
        report.add(
            place,
            format!("a node is nearer than the node itself, which is {} away from itself; make that the smallest", distances[index]),
        );
    }
}
