//! The KYC-VS status token for Python: the extension module `kycvs._kycvs`, whose names the package `kycvs` shows.
//!
//! Nothing is decided here. Each file turns Python's types into those of the core, calls it, and turns back what it says:
//! [`arguments`] (bytes, text, flags), [`times`] (moments, spans, numbers), [`names`] (the enums and the classes of
//! exceptions, which are written in Python), [`expected`] (expectations), [`failure`] (errors); then one
//! file for each class. [`many`] checks a list on
//! several threads, and [`in_order`] is how these ask one replay guard; [`arrow`] checks a column. What is not given by the
//! caller is not given to the core either, so that no default stands twice.
//!
//! The documentation of classes and methods is that of Python's `help()`, whose examples `tests/test_doctests.py` runs.
#![allow(clippy::doc_markdown, clippy::doc_link_with_quotes, reason = "it is written for Python's help()")]
#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

mod arguments;
mod arrow;
mod claims;
mod expected;
mod failure;
mod in_order;
mod issuer;
mod keys;
mod many;
mod names;
mod pending;
mod preparation;
mod presentation;
mod replay;
mod signing_key;
mod subject;
mod times;
mod trust;
mod verdict;
mod verifier;

use pyo3::{exceptions::PyImportError, ffi, prelude::*};

/// The compiled part of the package `kycvs`: import that instead.
// `gil_used`: nothing here counts on the lock, but no interpreter without one was there to test with.
#[pymodule(gil_used = true)]
mod _kycvs {
    use super::{PyImportError, PyResult, ffi};

    #[pymodule_export]
    use crate::{
        arrow::{Verdicts, verify_column},
        claims::{Claims, unpickle_claims},
        issuer::Issuer,
        keys::{
            ImportedKey, ImportedKeys, VerifyingKey, import_keys, unpickle_imported_key,
            unpickle_imported_keys,
        },
        pending::{PendingAnswer, PendingVerdict},
        preparation::Preparation,
        presentation::Presentation,
        replay::MemoryReplayGuard,
        signing_key::SigningKey,
        subject::Subject,
        trust::{TrustStore, TrustedKey, unpickle_trusted_key},
        verdict::{Verdict, unpickle_verdict},
        verifier::Verifier,
    };

    /// The version of this package.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// The classes are made once for the process, and would be another interpreter's there. From 3.12 on Python itself
    /// refuses.
    #[pymodule_init]
    fn in_the_main_interpreter_alone() -> PyResult<()> {
        // SAFETY: this thread is attached, so that there is an interpreter to be asked for its number.
        match unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) } {
            0 => Ok(()),
            _ => Err(PyImportError::new_err(
                "kycvs does not support loading in subinterpreters \
                 (of mod_wsgi: say `WSGIApplicationGroup %{GLOBAL}`)",
            )),
        }
    }
}
