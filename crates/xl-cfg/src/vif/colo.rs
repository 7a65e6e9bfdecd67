//! The keys by which a network interface takes part in COLO.

use crate::words::words;

words! {
    /// A key by which xl sets up COLO's comparing proxy; see `docs/README.colo` of Xen and `colo-proxy.txt` of QEMU.
    ///
    /// xl only hands the values on to QEMU and calls the keys unstable (`libxl_types.idl`), so they have no type here.
    pub enum ColoKey: exact "colo" {
        /// The device that forwards to the other host.
        Forwarddev = "forwarddev",
        /// The name of the socket `mirror`.
        SockMirrorId = "colo_sock_mirror_id",
        /// The address of the socket `mirror`.
        SockMirrorIp = "colo_sock_mirror_ip",
        /// The port of the socket `mirror`.
        SockMirrorPort = "colo_sock_mirror_port",
        /// The name of the socket `compare_sec_in`.
        SockCompareSecInId = "colo_sock_compare_sec_in_id",
        /// The address of the socket `compare_sec_in`.
        SockCompareSecInIp = "colo_sock_compare_sec_in_ip",
        /// The port of the socket `compare_sec_in`.
        SockCompareSecInPort = "colo_sock_compare_sec_in_port",
        /// The name of the socket `redirector0`.
        SockRedirector0Id = "colo_sock_redirector0_id",
        /// The address of the socket `redirector0`.
        SockRedirector0Ip = "colo_sock_redirector0_ip",
        /// The port of the socket `redirector0`.
        SockRedirector0Port = "colo_sock_redirector0_port",
        /// The name of the socket `redirector1`.
        SockRedirector1Id = "colo_sock_redirector1_id",
        /// The address of the socket `redirector1`.
        SockRedirector1Ip = "colo_sock_redirector1_ip",
        /// The port of the socket `redirector1`.
        SockRedirector1Port = "colo_sock_redirector1_port",
        /// The name of the socket `redirector2`.
        SockRedirector2Id = "colo_sock_redirector2_id",
        /// The address of the socket `redirector2`.
        SockRedirector2Ip = "colo_sock_redirector2_ip",
        /// The port of the socket `redirector2`.
        SockRedirector2Port = "colo_sock_redirector2_port",
        /// The name of the socket `compare_pri_in`.
        SockComparePriInId = "colo_sock_compare_pri_in_id",
        /// The address of the socket `compare_pri_in`.
        SockComparePriInIp = "colo_sock_compare_pri_in_ip",
        /// The port of the socket `compare_pri_in`.
        SockComparePriInPort = "colo_sock_compare_pri_in_port",
        /// The name of the socket `compare_notify`.
        SockCompareNotifyId = "colo_sock_compare_notify_id",
        /// The address of the socket `compare_notify`.
        SockCompareNotifyIp = "colo_sock_compare_notify_ip",
        /// The port of the socket `compare_notify`.
        SockCompareNotifyPort = "colo_sock_compare_notify_port",
        /// Filter `mirror`: the queue that it filters.
        FilterMirrorQueue = "colo_filter_mirror_queue",
        /// Filter `mirror`: the device that it writes to.
        FilterMirrorOutdev = "colo_filter_mirror_outdev",
        /// Filter `redirector0`: the queue that it filters.
        FilterRedirector0Queue = "colo_filter_redirector0_queue",
        /// Filter `redirector0`: the device that it reads from.
        FilterRedirector0Indev = "colo_filter_redirector0_indev",
        /// Filter `redirector0`: the device that it writes to.
        FilterRedirector0Outdev = "colo_filter_redirector0_outdev",
        /// Filter `redirector1`: the queue that it filters.
        FilterRedirector1Queue = "colo_filter_redirector1_queue",
        /// Filter `redirector1`: the device that it reads from.
        FilterRedirector1Indev = "colo_filter_redirector1_indev",
        /// Filter `redirector1`: the device that it writes to.
        FilterRedirector1Outdev = "colo_filter_redirector1_outdev",
        /// Where the comparer reads what the first host sends.
        ComparePriIn = "colo_compare_pri_in",
        /// Where the comparer reads what the second host sends.
        CompareSecIn = "colo_compare_sec_in",
        /// Where the comparer writes.
        CompareOut = "colo_compare_out",
        /// The device by which the comparer tells of a difference.
        CompareNotifyDev = "colo_compare_notify_dev",
        /// The name of the socket `sec_redirector0`.
        SockSecRedirector0Id = "colo_sock_sec_redirector0_id",
        /// The address of the socket `sec_redirector0`.
        SockSecRedirector0Ip = "colo_sock_sec_redirector0_ip",
        /// The port of the socket `sec_redirector0`.
        SockSecRedirector0Port = "colo_sock_sec_redirector0_port",
        /// The name of the socket `sec_redirector1`.
        SockSecRedirector1Id = "colo_sock_sec_redirector1_id",
        /// The address of the socket `sec_redirector1`.
        SockSecRedirector1Ip = "colo_sock_sec_redirector1_ip",
        /// The port of the socket `sec_redirector1`.
        SockSecRedirector1Port = "colo_sock_sec_redirector1_port",
        /// Filter `sec_redirector0`: the queue that it filters.
        FilterSecRedirector0Queue = "colo_filter_sec_redirector0_queue",
        /// Filter `sec_redirector0`: the device that it reads from.
        FilterSecRedirector0Indev = "colo_filter_sec_redirector0_indev",
        /// Filter `sec_redirector0`: the device that it writes to.
        FilterSecRedirector0Outdev = "colo_filter_sec_redirector0_outdev",
        /// Filter `sec_redirector1`: the queue that it filters.
        FilterSecRedirector1Queue = "colo_filter_sec_redirector1_queue",
        /// Filter `sec_redirector1`: the device that it reads from.
        FilterSecRedirector1Indev = "colo_filter_sec_redirector1_indev",
        /// Filter `sec_redirector1`: the device that it writes to.
        FilterSecRedirector1Outdev = "colo_filter_sec_redirector1_outdev",
        /// Filter `sec_rewriter0`: the queue that it filters.
        FilterSecRewriter0Queue = "colo_filter_sec_rewriter0_queue",
        /// The address that checkpoints go to.
        CheckpointHost = "colo_checkpoint_host",
        /// The port that checkpoints go to.
        CheckpointPort = "colo_checkpoint_port",
    }
}

/// Everything that xl knows of an interface: the common keys, then those of COLO.
pub(super) const KEYS: [&str; COMMON.len() + ColoKey::ALL.len()] = {
    let mut keys = [""; COMMON.len() + ColoKey::ALL.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = if index < COMMON.len() {
            COMMON[index]
        } else {
            ColoKey::ALL[index - COMMON.len()].as_str()
        };
        index += 1;
    }
    keys
};

const COMMON: [&str; 15] = [
    "mac",
    "bridge",
    "ip",
    "script",
    "vifname",
    "model",
    "type",
    "gatewaydev",
    "netdev",
    "backend",
    "rate",
    "devid",
    "mtu",
    "vlan",
    "accel",
];
