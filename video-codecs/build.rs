//! Compiles the bridge to the system's libvpx, if VP8 is wanted.

fn main() {
    println!("cargo:rerun-if-changed=src/vpx.c");
    #[cfg(feature = "vp8")]
    vpx();
}

/// Finds libvpx by `pkg-config`. A cross build says where it is by `PKG_CONFIG_PATH`, and
/// `VPX_STATIC=1` asks for the static library.
#[cfg(feature = "vp8")]
fn vpx() {
    let found = pkg_config::Config::new().atleast_version("1.8").probe("vpx");
    let vpx = found.unwrap_or_else(|error| {
        panic!(
            "the feature `vp8` needs libvpx 1.8 or newer with its headers (Debian: apt-get install \
             libvpx-dev; macOS: brew install libvpx), or leave the feature out: {error}"
        )
    });
    cc::Build::new().file("src/vpx.c").includes(&vpx.include_paths).compile("signalwire_vpx");
}
