//! The grammar of `p9 = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{any_base_switch, decimal};
use crate::spec::trimmed;
use crate::words::words;

/// A directory that a guest mounts by 9pfs.
///
/// By xl.cfg(5), the loop over `p9` in `parse_config_data` of `xl_parse.c` and `libxl__device_p9_setdefault`. Up to
/// Xen 4.18 there is only QEMU's backend, without `type` and the limits: [`P9Kind::Qemu`] is therefore never written.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. A number with anything after it, or an empty value.
/// - What libxl refuses when the guest starts: a share of QEMU without a path or a tag, or with limits.
/// - A `security_model` other than `none`, which no backend knows, and `type=unknown`, which libxl keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct P9 {
    /// What serves the directory.
    pub kind: P9Kind,
    /// The name by which the guest mounts it. Of `xen_9pfsd` it is `Xen` when unset; QEMU needs one.
    pub tag: Option<String>,
    /// The directory. Of `xen_9pfsd` it is `guests/` and the guest's name in Xen's log directory when unset; QEMU needs
    /// one.
    pub path: Option<String>,
    /// How owners and modes are kept.
    pub security_model: SecurityModel,
    /// The domain that serves the directory, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// How many files there may be; 0 is without limit. `xen_9pfsd` only.
    pub max_files: Option<u32>,
    /// How many files may be open; 5 when unset. `xen_9pfsd` only.
    pub max_open_files: Option<u32>,
    /// How much space the files may take, in MiB; 0 is without limit. `xen_9pfsd` only.
    pub max_space_mib: Option<u32>,
    /// Whether the oldest files go when a limit is reached. `xen_9pfsd` only.
    pub auto_delete: bool,
}

words! {
    /// What serves a directory by 9pfs.
    pub enum P9Kind: any_case "type" {
        /// QEMU, what xl takes when nothing is said.
        Qemu = "qemu",
        /// Xen's own daemon. Since Xen 4.19.
        Xen9pfsd = "xen_9pfsd",
    }
}

words! {
    /// How owners and modes of files are kept.
    pub enum SecurityModel: exact "security_model" {
        /// As they are in the guest.
        None = "none",
    }
}

static KEYS: Keys = Keys {
    trims: true,
    ..Keys::new(
        "a 9pfs share",
        &[
            "type",
            "tag",
            "path",
            "security_model",
            "backend",
            "max-files",
            "max-open-files",
            "max-space",
            "auto-delete",
        ],
    )
};

/// What libxl's `integer` holds.
const LIMITS: std::ops::RangeInclusive<u32> = 0..=0x7fff_ffff;

impl P9 {
    /// A directory that QEMU serves.
    #[must_use]
    pub fn new(tag: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            tag: Some(tag.into()),
            path: Some(path.into()),
            ..Self::of(P9Kind::Qemu)
        }
    }

    /// A share of that kind, with nothing else said.
    #[must_use]
    pub fn of(kind: P9Kind) -> Self {
        Self {
            kind,
            tag: None,
            path: None,
            security_model: SecurityModel::None,
            backend: None,
            max_files: None,
            max_open_files: None,
            max_space_mib: None,
            auto_delete: false,
        }
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When a value holds a comma or a control character or white space around it, or does not go with the kind.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        if self.kind != P9Kind::Qemu {
            spec.put("type", self.kind);
        }
        spec.put_some("tag", self.tag.as_ref());
        spec.put_some("path", self.path.as_ref());
        spec.put("security_model", self.security_model);
        spec.put_some("backend", self.backend.as_ref());
        spec.put_some("max-files", self.max_files);
        spec.put_some("max-open-files", self.max_open_files);
        spec.put_some("max-space", self.max_space_mib);
        if self.auto_delete {
            spec.put("auto-delete", 1);
        }
        Ok(spec.finish())
    }

    /// Reads the string of a share.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut share = Self::of(P9Kind::Qemu);
        let mut security_model = None;
        for word in KEYS.read(spec) {
            let (key, value) = word?;
            let own = || Some(value.to_owned());
            match key {
                "type" => share.kind = value.parse()?,
                "tag" => share.tag = own(),
                "path" => share.path = own(),
                "security_model" => security_model = Some(value.parse()?),
                "backend" => share.backend = own(),
                "max-files" => share.max_files = Some(decimal(key, value, LIMITS)?),
                "max-open-files" => share.max_open_files = Some(decimal(key, value, LIMITS)?),
                "max-space" => share.max_space_mib = Some(decimal(key, value, LIMITS)?),
                _ => share.auto_delete = any_base_switch(key, value)?,
            }
        }
        share.security_model = security_model.ok_or(SpecError::Missing {
            key: "security_model",
            reason: "xl asks for it; write security_model=none",
        })?;
        share.check()?;
        Ok(share)
    }

    fn check(&self) -> Result<(), SpecError> {
        for (key, value) in [
            ("tag", &self.tag),
            ("path", &self.path),
            ("backend", &self.backend),
        ] {
            if let Some(value) = value {
                trimmed(key, value)?;
            }
        }
        let limits = [
            ("max-files", self.max_files),
            ("max-open-files", self.max_open_files),
            ("max-space", self.max_space_mib),
            ("auto-delete", self.auto_delete.then_some(1)),
        ];
        for (key, limit) in limits {
            let Some(limit) = limit else { continue };
            let reason = if !LIMITS.contains(&limit) {
                "xl takes numbers up to 2147483647"
            } else if self.kind == P9Kind::Qemu && limit != 0 {
                "only type=xen_9pfsd has limits"
            } else {
                continue;
            };
            return Err(SpecError::value(key, &limit.to_string(), reason));
        }
        let missing = |key, reason| Err(SpecError::Missing { key, reason });
        match self.kind {
            P9Kind::Qemu if self.tag.is_none() => {
                missing("tag", "the guest mounts the share by its tag")
            }
            P9Kind::Qemu if self.path.is_none() => {
                missing("path", "it says which directory is shared")
            }
            _ => Ok(()),
        }
    }
}
