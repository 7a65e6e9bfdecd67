//! The `domus` program.
fn main() {}
