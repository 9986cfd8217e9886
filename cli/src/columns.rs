//! The columns of a table, found by the names in its first row.

use std::io::Read;
use std::path::Path;

use kycvs_tables::{Cells, ReadError, RowError, Rows, trim};

use crate::failure::{Failure, Result};
use crate::files;

/// The places of `N` known columns in a file, and how many columns the file has.
pub(crate) struct Columns<const N: usize> {
    places: [Option<usize>; N],
    count: usize,
}

/// How to take a column with an unknown name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// A mistake, since the file decides what is done: a misspelt `name` must not leave people unbound.
    Refused,
    /// Something for another program, since the call decides what is done.
    Ignored,
}

impl<const N: usize> Columns<N> {
    /// Reads the first row of the table at `path`.
    ///
    /// # Errors
    /// If there is no first row, it cannot be read, or a column in it is refused. An error repeats no cell: a file without a
    /// first row of names has people in it.
    pub(crate) fn begin<R: Read>(
        rows: &mut Rows<R>,
        path: &Path,
        names: &[&str; N],
        others: Others,
    ) -> Result<Self> {
        let head = rows.head(names).map_err(|error| unreadable(path, &error))?;
        let columns = head.map(|head| head.map_err(bad_row).and_then(|head| Self::of(&head, names, others)));
        columns
            .ok_or_else(|| Failure::BadCsv(format!("{} is empty", files::name(path))))?
            .map_err(|failure| failure.at(format!("{}: line {}", files::name(path), rows.number())))
    }

    fn of(head: &Cells<'_>, names: &[&str; N], others: Others) -> Result<Self> {
        let mut places = [None; N];
        for (place, title) in head.iter().enumerate() {
            let title = trim(title);
            let number = place + 1;
            match names.iter().position(|name| name.eq_ignore_ascii_case(title)) {
                Some(column) if places[column].replace(place).is_some() => {
                    let name = names[column];
                    return Err(Failure::BadCsv(format!("column {number} is `{name}` a second time")));
                }
                None if others == Others::Refused => {
                    let known = names.join(", ");
                    return Err(Failure::BadCsv(format!(
                        "column {number} has a name that is not known; the columns are {known}"
                    )));
                }
                _ => {}
            }
        }
        Ok(Self { places, count: head.len() })
    }

    /// Whether the file has the column at this place of the known names.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.places[column].is_some()
    }

    /// The cells of the known columns, as they are in the row; `None` if the file does not have the column.
    pub(crate) fn cells<'a>(&self, row: &Cells<'a>) -> Result<[Option<&'a str>; N]> {
        if row.len() != self.count {
            let (found, count) = (row.len(), self.count);
            return Err(Failure::BadCsv(format!("the number of cells is {found}, and of columns {count}")));
        }
        Ok(self.places.map(|place| row.get(place?)))
    }
}

/// The failure of a file that is no table, by a code that says so.
pub(crate) fn unreadable(path: &Path, error: &ReadError) -> Failure {
    match error {
        ReadError::NotText(kind) => Failure::BadCsv(format!("{} {kind}", files::name(path))),
        error => files::unreadable(path, error),
    }
}

/// The failure of a row that cannot be read.
pub(crate) fn bad_row(error: RowError) -> Failure {
    Failure::BadCsv(error.to_string())
}

/// A failure to understand the words of a row: what is wrong with them is no fault of the call.
pub(crate) fn in_row(failure: Failure) -> Failure {
    match failure {
        Failure::Usage(text) => Failure::BadCsv(text),
        failure => failure,
    }
}
