//! The grammar of `smbios = [ … ]`.

use std::collections::BTreeSet;

use crate::SpecError;
use crate::spec::no_control;
use crate::words::words;

/// A text that an HVM guest finds in its firmware's tables. Since Xen 4.18.
///
/// By xl.cfg(5), the branch for `smbios` in `parse_config_data` of `xl_parse.c` and `libxl_smbios_type` in
/// `libxl_types.idl`. After the first `=` everything belongs to the text.
///
/// # Stricter than xl
///
/// - A control character in the text.
/// - A field other than `oem` given twice: libxl keeps the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smbios {
    /// Which text it is.
    pub field: SmbiosField,
    /// The text.
    pub value: String,
}

words! {
    /// A field of the firmware's tables.
    pub enum SmbiosField: any_case "smbios" {
        /// Who made the BIOS.
        BiosVendor = "bios_vendor",
        /// Which BIOS it is.
        BiosVersion = "bios_version",
        /// Who made the computer.
        SystemManufacturer = "system_manufacturer",
        /// What the computer is called.
        SystemProductName = "system_product_name",
        /// Which one it is.
        SystemVersion = "system_version",
        /// Its serial number.
        SystemSerialNumber = "system_serial_number",
        /// Who made the board.
        BaseboardManufacturer = "baseboard_manufacturer",
        /// What the board is called.
        BaseboardProductName = "baseboard_product_name",
        /// Which one it is.
        BaseboardVersion = "baseboard_version",
        /// Its serial number.
        BaseboardSerialNumber = "baseboard_serial_number",
        /// The owner's number of it.
        BaseboardAssetTag = "baseboard_asset_tag",
        /// Where it is built in.
        BaseboardLocationInChassis = "baseboard_location_in_chassis",
        /// Who made the case.
        EnclosureManufacturer = "enclosure_manufacturer",
        /// Its serial number.
        EnclosureSerialNumber = "enclosure_serial_number",
        /// The owner's number of it.
        EnclosureAssetTag = "enclosure_asset_tag",
        /// Who made the battery.
        BatteryManufacturer = "battery_manufacturer",
        /// What the battery is called.
        BatteryDeviceName = "battery_device_name",
        /// Anything else; up to 99 of them, in order.
        Oem = "oem",
    }
}

/// How many `oem` texts xl takes.
const MOST_OEM: usize = 99;

impl Smbios {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the text is empty or holds a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        Ok(format!("{}={}", self.field, self.value))
    }

    /// Reads one string of the list.
    ///
    /// # Errors
    ///
    /// When xl would refuse it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let Some((field, value)) = spec.split_once('=') else {
            return Err(SpecError::unknown(
                spec,
                "a text of the firmware is like system_manufacturer=…",
            ));
        };
        let smbios = Self {
            field: field.parse()?,
            value: value.to_owned(),
        };
        smbios.check()?;
        Ok(smbios)
    }

    /// Checks what all texts of a guest must have together.
    ///
    /// # Errors
    ///
    /// When there are more than 99 `oem` texts, or another field is given twice.
    pub fn check_all(texts: &[Self]) -> Result<(), SpecError> {
        let mut seen = BTreeSet::new();
        let mut oem = 0;
        for text in texts {
            text.check()?;
            if text.field == SmbiosField::Oem {
                oem += 1;
                if oem > MOST_OEM {
                    return Err(SpecError::value("oem", &text.value, "xl takes 99 of them"));
                }
            } else if !seen.insert(text.field) {
                let key = text.field.as_str();
                return Err(SpecError::Twice { key });
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SpecError> {
        let key = self.field.as_str();
        if self.value.is_empty() {
            return Err(SpecError::value(
                key,
                "",
                "it is empty, which xl refuses; leave it out",
            ));
        }
        no_control(key, &self.value).map(drop)
    }
}
