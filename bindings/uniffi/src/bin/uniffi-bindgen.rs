//! The generator of the Kotlin and Swift sources; `cargo xtask bindings` runs it.

fn main() {
    uniffi::uniffi_bindgen_main();
}
