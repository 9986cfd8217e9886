// The functions of KycvsFFI.h are in the static library `libkycvs_ffi.a`, which is written in Rust. SwiftPM wants a source
// file in a target of C.
