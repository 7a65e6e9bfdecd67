use super::{near, text};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use xl_cfg::pci::{Bdf, Pci, PciDevice, RdmPolicy};

prop_compose! {
    pub fn bdf()(domain: u16, bus: u8, slot in 0..32_u8, function in of(0..8_u8)) -> Bdf {
        Bdf { domain, bus, slot, function }
    }
}

prop_compose! {
    fn pci()(
        device in prop_oneof![bdf().prop_map(PciDevice::At), text().prop_map(PciDevice::Named)],
        virtual_slot in of(0..32_u8),
        (permissive, msitranslate) in any::<(Option<bool>, Option<bool>)>(),
        (seize, power_mgmt) in any::<(Option<bool>, Option<bool>)>(),
        rdm_policy in of(select(RdmPolicy::ALL)),
    ) -> Pci {
        Pci { device, virtual_slot, permissive, msitranslate, seize, power_mgmt, rdm_policy }
    }
}

super::laws!(
    Pci,
    pci(),
    near(&[
        "bdf=",
        "03:00.0",
        "0000:",
        "@",
        "vslot=",
        "1f",
        "seize=",
        "1",
        "permissive=",
        "name=",
        "nic",
        "rdm_policy=",
        "strict",
    ])
);
