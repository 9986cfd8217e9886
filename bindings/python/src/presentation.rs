//! What a person hands over, and the forms in which a verifier takes it.

use crate::{
    arguments::{Bytes, Text},
    claims::Claims,
    failure::Outcome,
    names::wrong_type,
};
use kycvs::Presented;
use pyo3::{
    prelude::*,
    types::{PyByteArray, PyBytes, PyMemoryView, PyString, PyType},
};

/// What a person hands over: a token and, where the subject is to be checked, the opening of its commitment.
///
/// It has been read and is of the right form; nothing of it is verified. Who has it can test a guess of the name while
/// the opening is there: its repr shows nothing of it, and ``without_opening`` leaves it out.
///
/// >>> from kycvs import Issuer, Presentation, SigningKey, Status
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> presentation = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
/// >>> Presentation.from_text(presentation.to_text()) == presentation
/// True
/// >>> Presentation.from_bytes(bytes(presentation)) == presentation
/// True
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Presentation {
    pub(crate) inner: kycvs::Presentation,
}

#[pymethods]
impl Presentation {
    /// Reads the bytes of a presentation. Nothing of it is verified.
    ///
    /// Raises UnreadableError: ``too_large``, ``malformed``, ``not_canonical`` or ``not_a_status_token``.
    ///
    /// >>> from kycvs import Presentation, UnreadableError
    /// >>> try:
    /// ...     Presentation.from_bytes(b"")
    /// ... except UnreadableError as error:
    /// ...     print(error.code)
    /// malformed
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let data = Bytes::of("data", data)?;
        Ok(Self { inner: kycvs::Presentation::from_bytes(data.as_slice())? })
    }

    /// Reads either text form, with white space around it or not. Nothing of it is verified.
    ///
    /// Raises UnreadableError: ``bad_text``, and those of ``from_bytes``.
    ///
    /// >>> from kycvs import Presentation, UnreadableError
    /// >>> try:
    /// ...     Presentation.from_text("not a token!")
    /// ... except UnreadableError as error:
    /// ...     print(error.code)
    /// bad_text
    #[classmethod]
    fn from_text(_: &Bound<'_, PyType>, py: Python<'_>, text: &Bound<'_, PyAny>) -> Outcome<Self> {
        let text = text.cast::<PyString>().map_err(|_| wrong_type("text", "str", text))?;
        let text = Text::of(text);
        Ok(Self { inner: py.detach(|| kycvs::Presentation::from_text(&text))? })
    }

    /// The bytes, which hold the opening too where there is one.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> len(issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900).to_bytes())
    /// 168
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.as_bytes())
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(py)
    }

    /// ``KV1:`` and Base45, for QR codes in their alphanumeric mode. It holds the opening too where there is one.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900).to_text()[:8]
    /// 'KV1:RRQJ'
    fn to_text(&self) -> String {
        self.inner.to_text()
    }

    /// Unpadded base64url, for JSON, HTTP and URLs. It holds the opening too where there is one.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900).to_base64url()[:8]
    /// '0oRYJKMB'
    fn to_base64url(&self) -> String {
        self.inner.to_base64url()
    }

    /// The same answer for someone who is not to test a name against it.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status, Subject
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> asha = Subject("Asha Rao")
    /// >>> bound = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, subject=asha)
    /// >>> bound.has_opening, bound.without_opening().has_opening
    /// (True, False)
    fn without_opening(&self) -> Self {
        Self { inner: self.inner.without_opening() }
    }

    /// Whether the opening of the commitment is there, by which a name can be checked.
    #[getter]
    fn has_opening(&self) -> bool {
        self.inner.opening().is_some()
    }

    /// What the token says, **believed by nobody yet**: for inspection, never for a decision. Anyone can write one that
    /// says anything; ``Verifier.verify`` tells whether to believe it.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900).unverified_claims().purpose
    /// 'gate'
    fn unverified_claims(&self) -> Claims {
        Claims::of(&self.inner.token())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        // Of the token alone, so that no copy of the opening is made.
        PyBytes::new(py, self.inner.token().as_bytes()).hash()
    }

    fn __repr__(&self) -> String {
        let opening = if self.has_opening() { " with its opening" } else { "" };
        format!("<Presentation: {} bytes{opening}>", self.inner.as_bytes().len())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (self.to_bytes(py),)))
    }
}

/// What a verifier is handed.
pub(crate) enum Input {
    Bytes(Bytes),
    Text(Text<'static>),
    Presentation(Py<Presentation>),
}

impl Input {
    pub(crate) fn of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self::Text(Text::of(text)));
        }
        if let Ok(presentation) = value.cast::<Presentation>() {
            return Ok(Self::Presentation(presentation.clone().unbind()));
        }
        Bytes::of_buffer(value)?
            .map(Self::Bytes)
            .ok_or_else(|| wrong_type(name, "bytes, bytearray, memoryview, str or kycvs.Presentation", value))
    }

    /// For the core to read.
    pub(crate) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Bytes(bytes) => Presented::Bytes(bytes.as_slice()),
            Self::Text(text) => Presented::Text(text),
            Self::Presentation(presentation) => Presented::Bytes(presentation.get().inner.as_bytes()),
        }
    }

    /// Whether this is one presentation where several are wanted: Python would go through its bytes one by one.
    pub(crate) fn is_one(value: &Bound<'_, PyAny>) -> bool {
        value.is_instance_of::<PyString>()
            || value.is_instance_of::<PyBytes>()
            || value.is_instance_of::<PyByteArray>()
            || value.is_instance_of::<PyMemoryView>()
            || value.is_instance_of::<Presentation>()
    }
}
