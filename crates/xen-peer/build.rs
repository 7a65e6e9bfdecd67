//! Finds libxlutil and compiles the shim that asks it.

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=shim/peer.c");
    let mut shim = cc::Build::new();
    for library in ["xlutil", "xenlight"] {
        match pkg_config::Config::new()
            .atleast_version("4.17")
            .cargo_metadata(false)
            .probe(library)
        {
            Ok(found) => {
                shim.includes(found.include_paths);
                for folder in found.link_paths {
                    println!("cargo::rustc-link-search=native={}", folder.display());
                }
            }
            Err(error) => {
                eprintln!(
                    "Xen's {library} is not here, and xen-peer compares with it.\n\
                     Install libxen-dev (Debian) or xen.dev (Nix); `cargo xtask test` does it as root.\n\
                     Without it, leave out --workspace: all other crates build.\n\n{error}"
                );
                return ExitCode::FAILURE;
            }
        }
    }
    shim.file("shim/peer.c")
        .warnings(true)
        .warnings_into_errors(true)
        .flag("-std=gnu11")
        .compile("xenpeer");
    // After the shim, which needs them.
    println!("cargo::rustc-link-lib=dylib=xlutil");
    println!("cargo::rustc-link-lib=dylib=xenlight");
    ExitCode::SUCCESS
}
