//! The people of the demonstration. None of them is real.

use std::fmt::Write as _;

use kycvs::Status;

use crate::records::Doses;

/// One person of the demonstration's register.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The mobile number, as people write it.
    pub mobile: &'static str,
    /// The name.
    pub name: &'static str,
    /// Doses so far, of two.
    pub doses: u32,
}

impl Person {
    /// What an answer about this person will be.
    #[must_use]
    pub fn status(&self) -> Status {
        Doses { given: self.doses, required: REQUIRED }.status()
    }
}

/// Doses of a whole course.
pub(super) const REQUIRED: u32 = 2;

/// A family that shares a number, and others.
pub const PEOPLE: &[Person] = &[
    Person { mobile: "98765 43210", name: "Asha R. Verma", doses: 2 },
    Person { mobile: "98765 43210", name: "Ravi Verma", doses: 1 },
    Person { mobile: "98765 43210", name: "मीरा वर्मा", doses: 0 },
    Person { mobile: "98765 01234", name: "सुनीता देवी", doses: 2 },
    Person { mobile: "98765 05678", name: "Thomas Kurien", doses: 1 },
];

/// The register as `kycvs records import` takes it.
pub(super) fn csv() -> String {
    let mut csv = "mobile,name,doses,required\n".to_owned();
    for Person { mobile, name, doses } in PEOPLE {
        let _ = writeln!(csv, "{mobile},{name},{doses},{REQUIRED}");
    }
    csv
}
