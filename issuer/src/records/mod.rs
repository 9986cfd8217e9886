//! Who has how many doses: the one question that an answer needs.

mod csv;
mod fhir;
mod format;
mod import;
mod matching;
mod sql;
mod stage;

pub use format::{START_OF_FILE, UnknownFormat};
pub use import::{BadRow, Changes, Format, ImportError, Options, Progress, Reason, Report, Source, import};
pub(crate) use sql::SqlRecords;

use std::fmt;

use futures_util::future::BoxFuture;
use kycvs::{Status, Subject};

/// How many doses a person has, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doses {
    /// Given so far.
    pub given: u32,
    /// What makes the course complete, at least 1.
    pub required: u32,
}

impl Doses {
    /// What that means: 2 where the course is complete, 1 where it has begun, 0 otherwise.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self { given, required } if given >= required.max(1) => Status::FullyVaccinated,
            Self { given: 0, .. } => Status::NotVaccinated,
            Self { .. } => Status::PartiallyVaccinated,
        }
    }
}

/// A register of vaccinations.
pub trait Records: Send + Sync {
    /// The doses of the person with this name and number (both are there). `None` if there is no such record: the person
    /// then corrects the name, declines, or consents to the answer 0. Asked only after the right one-time password.
    fn find<'a>(&'a self, person: &'a Subject) -> BoxFuture<'a, Result<Option<Doses>, RecordsUnavailable>>;
}

/// The register cannot be asked now. The text is for the operator's log and holds neither name nor number.
pub struct RecordsUnavailable(pub String);

impl fmt::Debug for RecordsUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordsUnavailable({})", self.0)
    }
}
