//! One module a verb.

pub mod apply;
pub mod check;
pub mod guest;
pub mod image;
pub mod import;
pub mod lint;
pub mod plan;
pub mod render;
pub mod status;
