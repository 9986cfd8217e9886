//! Who an answer is about.

use crate::{
    arguments::{Bytes, text},
    failure::Outcome,
};
use kycvs::{Commitment, Opening};
use pyo3::{prelude::*, types::PyBytes};

/// A person as named: a name, and a mobile number where the verifying entity has it already.
///
/// Both are brought to their normal forms, and are equal where these are: case, dots and spacing do not count, and ten
/// digits are an Indian number. Neither is shown by repr, and a subject cannot be pickled.
///
/// Raises SetUpError (``invalid_claim``) if nothing is left of the name or too much, or if the number is none.
///
/// >>> from kycvs import Subject
/// >>> booked = Subject("A.P.J. Abdul Kalam", "098765 43210")
/// >>> booked == Subject("a p j  abdul kalam", mobile="+91-98765-43210")
/// True
/// >>> booked.name, booked.mobile
/// ('a p j abdul kalam', '+919876543210')
/// >>> booked
/// <Subject>
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) inner: kycvs::Subject,
}

#[pymethods]
impl Subject {
    #[new]
    #[pyo3(signature = (name, mobile=None))]
    fn new(py: Python<'_>, name: &Bound<'_, PyAny>, mobile: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let name = text("name", name)?;
        let mobile = mobile.map(|mobile| text("mobile", mobile)).transpose()?;
        let subject = || {
            let subject = kycvs::Subject::new(name)?;
            match mobile {
                Some(mobile) => subject.with_mobile(mobile),
                None => Ok(subject),
            }
        };
        Ok(Self { inner: py.detach(subject)? })
    }

    /// The name in its normal form.
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }

    /// The number in E.164, such as ``+919876543210``; None where none was given.
    #[getter]
    fn mobile(&self) -> Option<&str> {
        self.inner.mobile()
    }

    /// What a token holds of this person: SHA-256 over the normal forms and a secret opening of 16 bytes.
    ///
    /// An ``Issuer`` and a ``Verifier`` see to it themselves; this is for tests and for tools.
    ///
    /// Raises SetUpError (``invalid_claim``) if the opening has another length.
    ///
    /// >>> from kycvs import Subject
    /// >>> len(Subject("Asha Rao").commitment(bytes(16)))
    /// 32
    fn commitment<'py>(&self, py: Python<'py>, opening: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyBytes>> {
        let opening = Opening::try_from(Bytes::of("opening", opening)?.as_slice())?;
        Ok(PyBytes::new(py, Commitment::new(&self.inner, &opening).as_bytes()))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.inner.name(), self.inner.mobile()).into_pyobject(py)?.hash()
    }

    #[allow(clippy::unused_self, reason = "it shows nothing")]
    fn __repr__(&self) -> &'static str {
        "<Subject>"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}
