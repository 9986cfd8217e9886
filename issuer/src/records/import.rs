//! Fills the table `records` from files, in one transaction.
//!
//! A bad row is reported by its place and its fault, never by its content, and its person stays as they
//! are. An import that would ruin the register stops. `issuer/docs/records.md` has the rules.

use std::{borrow::Cow, collections::BTreeSet, fmt, io::Read};

use jiff::Timestamp;
use kycvs::Subject;
use kycvs_tables::{Line, Lines, ReadError, Rows, text};

use super::{
    Doses,
    csv::{COLUMNS, Columns},
    fhir::{Bundle, Collector, Entry, MOST_BUNDLE_BYTES, Seen},
    stage::{Keep, Stage, StagedRow},
};
use crate::{
    admin::{Admin, AdminError},
    number::Numbers,
};

/// No course has more; where a file says so, its columns are mixed up.
pub(super) const MOST_DOSES: u32 = 99;
/// The longest line of NDJSON, in bytes.
const RESOURCE_BOUND: usize = 4 << 20;
/// An import stops if more known people than this fall to a lower status,
const FALLS: u64 = 3;
/// and they are more than one in so many of those in the files.
const ONE_IN: u64 = 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV with the columns `mobile`, `name`, `doses` and `required`.
    Csv,
    /// A FHIR Bundle of Patient and Immunization resources, JSON, at most 64 MiB.
    FhirBundle,
    /// FHIR resources, one a line, as the Bulk Data export writes them.
    FhirNdjson,
}

/// A file to import.
pub struct Source<'a> {
    /// What it is.
    pub format: Format,
    /// Its content. Read on the thread that imports.
    pub content: Box<dyn Read + 'a>,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("format", &self.format).finish_non_exhaustive()
    }
}

/// What the files do not say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which immunizations of FHIR count, by the code of their vaccine or target disease: `CODE` or `SYSTEM|CODE`, as
    /// FHIR searches write it. Those of other vaccines are passed over.
    pub vaccines: Vec<String>,
    /// How many doses a course has if a file does not say it, 1 to 99.
    pub required: Option<u32>,
    /// The files hold only what changed since an earlier export. Nobody's row gets lower, except after a withdrawal or a refusal.
    pub add: bool,
    /// Find out what would change, and change nothing.
    pub dry_run: bool,
    /// Import even if that looks as if it would ruin the register, or a FHIR resource cannot be read.
    pub force: bool,
}

/// What is told while files are imported.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress {
    /// So many bytes more were read.
    Read(u64),
    /// So many people more were written.
    Written(u64),
    /// A row was not imported.
    Bad(BadRow),
    /// Something was decided in doubt, so that a person may have fewer doses in the register than they got.
    Noted(BadRow),
}

/// A row that was not imported, or of which something was decided in doubt.
#[derive(Debug)]
pub struct BadRow {
    /// The number of its file among the sources, the first being 0.
    pub file: usize,
    /// The number of its line, or of its entry in a Bundle, the first being 1.
    pub place: u64,
    /// What is wrong with it, without anything of its content.
    pub reason: Reason,
}

/// What is wrong with a row. Holds nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for Reason {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<kycvs::Error> for Reason {
    fn from(error: kycvs::Error) -> Self {
        Self(error.to_string().into())
    }
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of the table that now say what the files say; a person with two numbers has two.
    pub written: u64,
    /// Rows of the files that were not imported.
    pub bad: u64,
    /// Decisions in doubt.
    pub noted: u64,
    /// Immunizations of other vaccines, which were passed over.
    pub passed_over: u64,
    /// People who were not written because a FHIR resource beside theirs cannot be read.
    pub held_back: u64,
    /// How the register changed, or would change.
    pub changes: Changes,
}

/// How rows of the register change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// People who were not there.
    pub added: u64,
    /// People who get a higher status.
    pub higher: u64,
    /// People who get a lower status.
    pub lower: u64,
    /// People who get other doses, and keep their status.
    pub renewed: u64,
    /// People whose row is the same.
    pub same: u64,
    /// People whose row stays although the files have something else.
    pub kept: u64,
    /// People of the register whom the files name and who are not written, such as those who are refused. Their rows stay.
    pub unwritten: u64,
    /// People of the register who are in none of the files. Their rows stay.
    pub absent: u64,
}

/// Why an import stopped. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file as a whole cannot be imported.
    #[error("{reason}")]
    File {
        /// Its number among the sources, the first being 0.
        file: usize,
        /// What is wrong with it.
        reason: Reason,
    },
    /// The options do not fit.
    #[error("{0}")]
    Options(&'static str),
    /// The import looks as if it would ruin the register.
    #[error("{0}")]
    Ruinous(String),
    /// The database is unavailable.
    #[error(transparent)]
    Database(#[from] AdminError),
}

/// Imports the files, in their order. Patients and immunizations of NDJSON may stand in different ones.
///
/// # Errors
/// If a file cannot be read, a CSV file does not name its columns, a Bundle is none or too large, the options do not
/// fit, the import looks as if it would ruin the register, or the database is unavailable. Nothing is written then.
pub async fn import(
    admin: &Admin,
    sources: Vec<Source<'_>>,
    options: &Options,
    told: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    if options.required.is_some_and(|required| !(1..=MOST_DOSES).contains(&required)) {
        return Err(ImportError::Options("a course has 1 to 99 required doses"));
    }
    let has_fhir = sources.iter().any(|source| source.format != Format::Csv);
    if has_fhir && options.vaccines.is_empty() {
        return Err(ImportError::Options(
            "say which immunizations count: name the code of the vaccine or of its target disease",
        ));
    }
    let now = Timestamp::from_second(admin.clock.now()).unwrap_or(Timestamp::MAX);
    let mut import = Import {
        options,
        told,
        report: Report::default(),
        fhir: Collector::new(options.vaccines.clone(), now).with_numbers(admin.numbers.clone()),
        numbers: admin.numbers.clone(),
        stage: Stage::begin(&admin.db).await.map_err(AdminError::from)?,
    };
    for (file, source) in sources.into_iter().enumerate() {
        match source.format {
            Format::Csv => import.csv(file, source.content).await?,
            Format::FhirNdjson => import.ndjson(file, source.content)?,
            Format::FhirBundle => import.bundle(file, source.content)?,
        }
    }
    if has_fhir {
        import.stage_fhir().await?;
    }
    import.finish().await
}

struct Import<'a> {
    options: &'a Options,
    told: &'a mut dyn FnMut(Progress),
    report: Report,
    fhir: Collector,
    numbers: Numbers,
    stage: Stage,
}

impl Import<'_> {
    async fn csv(&mut self, file: usize, content: Box<dyn Read + '_>) -> Result<(), ImportError> {
        let mut rows = Rows::new(content);
        let head = rows.head(&COLUMNS).map_err(|error| cannot_read(file, &error))?;
        let head = head.ok_or_else(|| in_file(file, "the file is empty"))?;
        let columns = head
            .map_err(Reason::from)
            .and_then(|head| Columns::of(&head, self.options.required))
            .map_err(|reason| in_file(file, reason))?
            .with_numbers(self.numbers.clone());
        let mut read = 0;
        while let Some(row) = rows.next().map_err(|error| cannot_read(file, &error))? {
            let row = row.map_err(Reason::from).and_then(|cells| columns.read(&cells));
            (self.told)(Progress::Read(rows.read() - read));
            read = rows.read();
            match row {
                Ok((person, doses)) => self.put((file, rows.number()), &person, doses).await?,
                Err(reason) => self.bad(BadRow { file, place: rows.number(), reason }),
            }
        }
        Ok(())
    }

    fn ndjson(&mut self, file: usize, content: Box<dyn Read + '_>) -> Result<(), ImportError> {
        let mut lines = Lines::new(content, RESOURCE_BOUND);
        let mut read = 0;
        loop {
            let place = (file, lines.number() + 1);
            match lines.next().map_err(|error| cannot_read(file, &error))? {
                None => return Ok(()),
                Some(Line::Whole(line)) if line.trim_ascii().is_empty() => continue,
                Some(Line::Whole(line)) => self
                    .fhir
                    .add(place, Collector::bulk(), &Entry::line(line))
                    .map_err(|reason| in_file(file, reason))?,
                Some(Line::TooLong) => {
                    self.fhir.unreadable(place, Collector::bulk(), "the line is longer than 4 MiB".into());
                }
            }
            (self.told)(Progress::Read(lines.read() - read));
            read = lines.read();
        }
    }

    fn bundle(&mut self, file: usize, content: Box<dyn Read + '_>) -> Result<(), ImportError> {
        let mut bytes = kycvs::Zeroizing::new(Vec::new());
        content
            .take(MOST_BUNDLE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| cannot_read(file, &error.into()))?;
        if bytes.len() as u64 > MOST_BUNDLE_BYTES {
            return Err(in_file(
                file,
                "a Bundle has at most 64 MiB here: export it as NDJSON, one resource a line",
            ));
        }
        (self.told)(Progress::Read(bytes.len() as u64));
        let text = text::check(&bytes).map_err(|error| cannot_read(file, &error.into()))?;
        let bundle = Bundle::read(text).map_err(|reason| in_file(file, reason))?;
        let space = self.fhir.open_bundle();
        if bundle.has_more_pages() {
            self.fhir.note((file, 1), "the Bundle has further pages: import them in the same call");
        }
        for (place, entry) in (1..).zip(bundle.entries()) {
            self.fhir.add((file, place), space, &entry).map_err(|reason| in_file(file, reason))?;
        }
        Ok(())
    }

    async fn stage_fhir(&mut self) -> Result<(), ImportError> {
        let options = self.options;
        let fhir = std::mem::replace(&mut self.fhir, Collector::new(Vec::new(), Timestamp::MIN));
        let found = fhir.finish(options.required, options.force);
        self.report.passed_over += found.seen.passed_over;
        self.report.held_back += found.held_back;
        for row in found.bad {
            self.bad(row);
        }
        for row in found.notes {
            self.report.noted += 1;
            (self.told)(Progress::Noted(row));
        }
        let is_empty = found.seen == Seen::default() && self.report.bad == 0;
        if !options.force && !options.add {
            if is_empty {
                let why = "the FHIR files hold neither Patients nor Immunizations, so nothing was written. Give other files";
                return Err(ImportError::Ruinous(why.into()));
            }
            found.seen.ruinous().map_or(Ok(()), |why| Err(ImportError::Ruinous(why)))?;
        }
        let mut renewed = BTreeSet::new();
        for person in found.people {
            if options.add && !person.has_immunization {
                let row =
                    StagedRow { place: person.place, person: person.person, doses: None, keep: Keep::Former };
                self.stage.put(row).await.map_err(AdminError::from)?;
                continue;
            }
            if options.add && person.is_withdrawn && person.doses.is_some() && renewed.insert(person.place) {
                let (file, place) = person.place;
                let reason = "a dose was withdrawn or refused, so the person has only the doses of these files now: \
                              import the whole record of the person";
                self.report.noted += 1;
                (self.told)(Progress::Noted(BadRow { file, place, reason: reason.into() }));
            }
            let keep = match () {
                () if options.add && !person.is_withdrawn => Keep::IfNotLower,
                () if options.add && person.may_lack_a_dose => Keep::IfHigherOfAdded,
                () if options.add => Keep::NeverOfAdded,
                () if person.may_lack_a_dose => Keep::IfHigher,
                () => Keep::Never,
            };
            let row = StagedRow { place: person.place, person: person.person, doses: person.doses, keep };
            self.stage.put(row).await.map_err(AdminError::from)?;
        }
        for person in found.former {
            // The doses that were added, or one too few, say nothing of a row that has more.
            let is_whole = person.is_withdrawn || !options.add && !person.may_lack_a_dose;
            let doses = person.doses.filter(|_| is_whole);
            let row = StagedRow { place: person.place, person: person.person, doses, keep: Keep::Former };
            self.stage.put(row).await.map_err(AdminError::from)?;
        }
        Ok(())
    }

    /// Adds a row of a person. If its doses cannot be read, no other row of the person is written either.
    async fn put(
        &mut self,
        (file, place): (usize, u64),
        person: &Subject,
        doses: Result<Doses, Reason>,
    ) -> Result<(), AdminError> {
        let doses = doses.map_err(|reason| self.bad(BadRow { file, place, reason })).ok();
        let person = (person.mobile().unwrap_or_default().to_owned(), person.name().to_owned());
        let keep = if self.options.add { Keep::IfNotLower } else { Keep::Never };
        Ok(self.stage.put(StagedRow { place: (file, place), person, doses, keep }).await?)
    }

    async fn finish(self) -> Result<Report, ImportError> {
        let Self { options, told, mut report, mut stage, .. } = self;
        let mut bad = 0;
        let mut tell = |row| {
            bad += 1;
            told(Progress::Bad(row));
        };
        stage.refuse_unclear(&mut tell).await.map_err(AdminError::from)?;
        report.changes = stage.compare().await.map_err(AdminError::from)?;
        stage.tell_kept(&mut tell).await.map_err(AdminError::from)?;
        stage.tell_former(&mut tell).await.map_err(AdminError::from)?;
        report.bad += bad;
        let mut note = |row| {
            report.noted += 1;
            told(Progress::Noted(row));
        };
        stage.tell_not_added(&mut note).await.map_err(AdminError::from)?;
        if report.changes.unwritten + report.changes.absent > 0 {
            stage.tell_other_names(&mut note).await.map_err(AdminError::from)?;
        }
        if !options.dry_run
            && !options.force
            && let Some(why) = report.changes.ruinous()
        {
            return Err(ImportError::Ruinous(format!(
                "{why}, so nothing was written. Look at the files with `--dry-run`, and give `--force` if they are right"
            )));
        }
        if options.dry_run {
            stage.discard().await.map_err(AdminError::from)?;
            return Ok(report);
        }
        stage.commit().await.map_err(AdminError::from)?;
        report.written = report.changes.taken();
        told(Progress::Written(report.written));
        Ok(report)
    }

    fn bad(&mut self, row: BadRow) {
        self.report.bad += 1;
        (self.told)(Progress::Bad(row));
    }
}

impl Seen {
    /// Why these files cannot be what was meant.
    fn ruinous(self) -> Option<String> {
        let Self { patients, immunizations, wanted, .. } = self;
        match (patients, immunizations, wanted) {
            (0, ..) | (_, _, 1..) => None,
            (_, 0, _) => Some(format!(
                "there is no Immunization at all (for {patients} Patients), so nothing was written. Import the files \
                 with Immunizations in the same call, or give `--force` if nobody was vaccinated"
            )),
            _ => Some(format!(
                "there is no Immunization of the wanted vaccine (of {immunizations}), so nothing was written. Correct \
                 `--vaccine`, or give `--force` if nobody was vaccinated"
            )),
        }
    }
}

impl Changes {
    /// How many people have in the register what the files say.
    fn taken(self) -> u64 {
        self.added + self.higher + self.lower + self.renewed + self.same
    }

    /// Why these changes cannot be what was meant: an import stops then, unless it is forced.
    #[must_use]
    pub fn ruinous(self) -> Option<String> {
        let known = self.higher + self.lower + self.renewed + self.same + self.kept;
        (self.lower > FALLS && self.lower * ONE_IN > known).then(|| {
            format!("{} of {known} people who are in the register would fall to a lower status", self.lower)
        })
    }
}

fn in_file(file: usize, reason: impl Into<Reason>) -> ImportError {
    ImportError::File { file, reason: reason.into() }
}

fn cannot_read(file: usize, error: &ReadError) -> ImportError {
    match error {
        ReadError::Io(error) => in_file(file, format!("it cannot be read: {}", crate::config::why(error))),
        error => in_file(file, format!("it {error}")),
    }
}

#[cfg(test)]
mod tests;
