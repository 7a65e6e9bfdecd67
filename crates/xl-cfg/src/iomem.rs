//! The grammar of `iomem = [ … ]`.

use crate::SpecError;
use crate::number::hexadecimal;

/// Pages of the host's device memory that a guest may use: `fd000,10@a0000`, in hexadecimal.
///
/// By xl.cfg(5) and the loop over `iomem` in `parse_config_data` of `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A number with a sign, or white space within.
/// - No pages at all, or pages past the end of all memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoMem {
    /// The number of the host's first page, of 4 KiB.
    pub start: u64,
    /// How many pages.
    pub pages: u64,
    /// The number of the guest's first page; the same as the host's when unset.
    pub guest_start: Option<u64>,
}

impl IoMem {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When there are no pages, or they go past the end.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let Self {
            start,
            pages,
            guest_start,
        } = self;
        let text = match guest_start {
            Some(guest_start) => format!("{start:x},{pages:x}@{guest_start:x}"),
            None => format!("{start:x},{pages:x}"),
        };
        let starts = [Some(*start), *guest_start];
        let mut ends = starts
            .iter()
            .flatten()
            .map(|start| start.checked_add(*pages));
        if *pages == 0 || ends.any(|end| end.is_none()) {
            return Err(SpecError::value(
                "iomem",
                &text,
                "there must be a page, and the last must still have a number",
            ));
        }
        Ok(text)
    }

    /// Reads one range of pages.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let number = |text| hexadecimal("iomem", text, 0..=u64::MAX);
        let Some((start, rest)) = spec.split_once(',') else {
            return Err(SpecError::value(
                "iomem",
                spec,
                "it must be like fd000,10 or fd000,10@a0000: first page, number of pages, guest's first page",
            ));
        };
        let (pages, guest_start) = match rest.split_once('@') {
            Some((pages, guest_start)) => (pages, Some(number(guest_start)?)),
            None => (rest, None),
        };
        let memory = Self {
            start: number(start)?,
            pages: number(pages)?,
            guest_start,
        };
        memory.to_spec()?;
        Ok(memory)
    }
}
