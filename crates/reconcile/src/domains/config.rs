//! What Domus reads of libxl's configuration of a domain.

use serde::Deserialize;

/// The part of libxl's configuration of a domain (`libxl_domain_config`) that Domus compares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DomainConfig {
    /// `c_info`
    #[serde(default)]
    pub c_info: CreateInfo,
    /// `b_info`
    #[serde(default)]
    pub b_info: BuildInfo,
    /// The disks.
    #[serde(default)]
    pub disks: Vec<DiskConfig>,
    /// The network interfaces.
    #[serde(default)]
    pub nics: Vec<NicConfig>,
}

/// `libxl_domain_create_info`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CreateInfo {
    /// The name.
    pub name: Option<String>,
}

/// `libxl_domain_build_info`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    /// The most memory, in KiB.
    pub max_memkb: Option<u64>,
    /// The memory that the guest is to have, in KiB.
    pub target_memkb: Option<u64>,
    /// The most vCPUs.
    pub max_vcpus: Option<u32>,
    /// The vCPUs that are to be online.
    pub avail_vcpus: Option<Vec<u32>>,
    /// How it is scheduled.
    #[serde(default)]
    pub sched_params: SchedParams,
}

/// `libxl_domain_sched_params`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SchedParams {
    /// The scheduler that it is under: `credit2`.
    pub sched: Option<String>,
}

/// `libxl_device_disk`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DiskConfig {
    /// The image or device.
    pub pdev_path: Option<String>,
    /// The name in the guest.
    pub vdev: Option<String>,
    /// 1 where the guest may write to it. libxl leaves out what is 0 (`get_default_expr` in `gentypes.py`).
    pub readwrite: Option<u8>,
    /// How it is laid out; `empty` for a CD drive without a disc.
    pub format: Option<String>,
    /// The script that makes a device of `pdev_path`.
    pub script: Option<String>,
    /// The domain that serves it, where it was named; that is not the Dom0.
    pub backend_domname: Option<String>,
    /// The number of the domain that serves it.
    pub backend_domid: Option<u32>,
}

impl DiskConfig {
    /// Whether the guest may write to it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.readwrite.is_some_and(|flag| flag != 0)
    }

    /// The image or device, or what it is known by; empty for a CD drive without a disc, for which libxl may show
    /// a file of its own.
    #[must_use]
    pub fn target(&self) -> &str {
        let path = self.pdev_path.as_deref().unwrap_or_default();
        if self.format.as_deref() == Some("empty") {
            ""
        } else {
            path
        }
    }
}

/// `libxl_device_nic`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct NicConfig {
    /// The MAC address.
    pub mac: Option<String>,
    /// The bridge.
    pub bridge: Option<String>,
}
