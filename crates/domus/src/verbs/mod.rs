//! One module a verb; what starting a guest means is in `begin` and `restore`.

pub mod adopt;
pub mod apply;
pub mod begin;
pub mod check;
pub mod console;
pub mod host_shutdown;
pub mod image;
pub mod import;
pub mod lint;
pub mod logs;
pub mod plan;
pub mod render;
pub mod restart;
pub mod run;
pub mod start;
pub mod status;
pub mod stop;
