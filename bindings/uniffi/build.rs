//! Link flags that must not depend on how an app builds the library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Android of today loads libraries into pages of 16 KiB, and refuses those that are aligned to less.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "android") {
        // In words that both the NDK's clang and a bare linker take.
        println!("cargo:rustc-cdylib-link-arg=-z");
        println!("cargo:rustc-cdylib-link-arg=max-page-size=16384");
    }
}
