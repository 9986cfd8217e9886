//! Fills the table `records` from files.
//!
//! A bad row stops no other, and is told by its place and what is wrong with it, never by what stands in it. Rows are
//! written a few hundred at a time, so that the service can go on; a person who is there already gets the new doses.

use std::{borrow::Cow, collections::BTreeMap, fmt, io::Read};

use kycvs::Subject;
use kycvs_tables::{Line, Lines, ReadError, Rows, text};

use super::{
    Doses,
    csv::{COLUMNS, Columns},
    fhir::{Bundle, Collector, MOST_BUNDLE_BYTES},
};
use crate::admin::{Admin, AdminError};

/// No course has more; where a file says so, its columns are mixed up.
pub(super) const MOST_DOSES: u32 = 99;
/// The longest line of NDJSON, in bytes.
const RESOURCE_BOUND: usize = 4 << 20;
/// So many people are written in one transaction.
const BATCH: usize = 500;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV with the columns `mobile`, `name`, `doses` and `required`.
    Csv,
    /// A FHIR R4 Bundle of Patient and Immunization resources, JSON, at most 64 MiB.
    FhirBundle,
    /// FHIR R4 resources, one a line, as the Bulk Data export writes them.
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
    /// How many doses a course has where a file does not say it, 1 to 99.
    pub required: Option<u32>,
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
}

/// A row that was not imported.
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
    /// Rows of the table that were written; a person with two numbers has two.
    pub written: u64,
    /// Rows of the files that were not imported.
    pub bad: u64,
    /// Immunizations of other vaccines, which were passed over.
    pub passed_over: u64,
}

/// Why an import stopped. What was written before stays.
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
    /// The database is away.
    #[error(transparent)]
    Database(#[from] AdminError),
}

/// Imports the files, in their order. Patients and immunizations of FHIR may stand in different ones.
///
/// # Errors
/// Where a file cannot be read, a CSV file does not name its columns, a Bundle is none or too large, the options do not
/// fit, or the database is away.
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
    let mut import = Import {
        admin,
        options,
        told,
        report: Report::default(),
        batch: BTreeMap::new(),
        fhir: Collector::new(admin.numbers.clone()),
    };
    for (file, source) in sources.into_iter().enumerate() {
        match source.format {
            Format::Csv => import.csv(file, source.content).await?,
            Format::FhirNdjson => import.ndjson(file, source.content)?,
            Format::FhirBundle => import.bundle(file, source.content)?,
        }
    }
    import.write_fhir().await?;
    import.flush().await?;
    Ok(import.report)
}

struct Import<'a> {
    admin: &'a Admin,
    options: &'a Options,
    told: &'a mut dyn FnMut(Progress),
    report: Report,
    /// By number and name: a statement must not meet the same person twice.
    batch: BTreeMap<(String, String), Doses>,
    fhir: Collector,
}

impl Import<'_> {
    async fn csv(&mut self, file: usize, content: Box<dyn Read + '_>) -> Result<(), ImportError> {
        let mut rows = Rows::new(content);
        let head = rows.head(&COLUMNS).map_err(|error| cannot_read(file, &error))?;
        let head = head.ok_or_else(|| in_file(file, "the file is empty"))?;
        let columns = head
            .map_err(Reason::from)
            .and_then(|head| Columns::of(&head, self.options.required))
            .map_err(|reason| in_file(file, reason))?;
        let columns = columns.with_numbers(self.admin.numbers.clone());
        let mut read = 0;
        while let Some(row) = rows.next().map_err(|error| cannot_read(file, &error))? {
            let row = row.map_err(Reason::from).and_then(|cells| columns.read(&cells));
            (self.told)(Progress::Read(rows.read() - read));
            read = rows.read();
            match row {
                Ok((person, doses)) => self.put(&person, doses).await?,
                Err(reason) => self.bad(BadRow { file, place: rows.number(), reason }),
            }
        }
        Ok(())
    }

    fn ndjson(&mut self, file: usize, content: Box<dyn Read + '_>) -> Result<(), ImportError> {
        let mut lines = Lines::new(content, RESOURCE_BOUND);
        let mut read = 0;
        loop {
            let place = lines.number() + 1;
            let added = match lines.next().map_err(|error| cannot_read(file, &error))? {
                None => return Ok(()),
                Some(Line::Whole(line)) if line.trim_ascii().is_empty() => continue,
                Some(Line::Whole(line)) => self.fhir.add((file, place), None, line, &self.options.vaccines),
                Some(Line::TooLong) => Err("the line is longer than 4 MiB".into()),
            };
            (self.told)(Progress::Read(lines.read() - read));
            read = lines.read();
            if let Err(reason) = added {
                self.bad(BadRow { file, place, reason });
            }
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
        for (place, (full_url, resource)) in (1..).zip(bundle.resources()) {
            let added = match resource {
                Some(resource) => {
                    self.fhir.add((file, place), full_url, resource.as_bytes(), &self.options.vaccines)
                }
                None => Err("the entry holds no resource".into()),
            };
            if let Err(reason) = added {
                self.bad(BadRow { file, place, reason });
            }
        }
        Ok(())
    }

    async fn write_fhir(&mut self) -> Result<(), ImportError> {
        let fhir = std::mem::take(&mut self.fhir);
        self.report.passed_over += fhir.passed_over();
        let (people, bad) = fhir.finish(self.options.required);
        for bad in bad {
            self.bad(bad);
        }
        for (person, doses) in people {
            self.put_normalised(person, doses).await?;
        }
        Ok(())
    }

    async fn put(&mut self, person: &Subject, doses: Doses) -> Result<(), AdminError> {
        let mobile = person.mobile().unwrap_or_default().to_owned();
        self.put_normalised((mobile, person.name().to_owned()), doses).await
    }

    async fn put_normalised(&mut self, person: (String, String), doses: Doses) -> Result<(), AdminError> {
        self.batch.insert(person, doses);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), AdminError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let count = batch.len();
        let statement = upsert(count);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for ((mobile, name), doses) in batch {
            query =
                query.bind(mobile).bind(name).bind(i64::from(doses.given)).bind(i64::from(doses.required));
        }
        let mut tx = self.admin.db.begin().await?;
        query.execute(&mut *tx).await?;
        tx.commit().await?;
        self.report.written += count as u64;
        (self.told)(Progress::Written(count as u64));
        Ok(())
    }

    fn bad(&mut self, row: BadRow) {
        self.report.bad += 1;
        (self.told)(Progress::Bad(row));
    }
}

/// One statement for so many people.
fn upsert(count: usize) -> String {
    let rows: Vec<_> = (0..count)
        .map(|row| format!("(${}, ${}, ${}, ${})", 4 * row + 1, 4 * row + 2, 4 * row + 3, 4 * row + 4))
        .collect();
    format!(
        "INSERT INTO records (mobile, name, doses, required) VALUES {} ON CONFLICT (mobile, name) \
         DO UPDATE SET doses = excluded.doses, required = excluded.required",
        rows.join(", ")
    )
}

fn in_file(file: usize, reason: impl Into<Reason>) -> ImportError {
    ImportError::File { file, reason: reason.into() }
}

fn cannot_read(file: usize, error: &ReadError) -> ImportError {
    match error {
        ReadError::Io(error) => in_file(file, format!("it cannot be read: {}", error.kind())),
        error => in_file(file, format!("it {error}")),
    }
}

#[cfg(test)]
mod tests;
