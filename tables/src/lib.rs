//! Reads text files and tables as people and spreadsheets save them.
//!
//! `kycvs records import`, `kycvs issue --batch` and `kycvs verify --batch` all read with this crate: a kind of file is
//! understood by all three or by none. The rules:
//!
//! - **Text** is UTF-8. A byte order mark at the start is dropped. UTF-16, UTF-32, an archive (`.xlsx` is one) and other
//!   binary content are errors that say what the file is ([`text`]).
//! - **Lines** end with LF, CRLF or CR, also mixed in one file ([`Lines`]).
//! - **Cells** are separated by `,`, `;`, tab or `|`: the separator that finds the most known column names in the first
//!   row. A line `sep=;` before the first row names the separator instead. If another character separates the known
//!   names, such as a full-width comma or a space, the error names it ([`Rows`]).
//! - **Quotes** are those of RFC 4180. A quoted cell may have line breaks in it. If its quote is never closed, only the
//!   line on which the quote was opened is refused.
//! - **Empty rows**, also rows of separators and white space only, are skipped.
//! - **White space** around a cell means nothing: [`trim`] drops that of every script, and marks that nobody can see.
//! - **Digits** are the decimal digits of every script ([`number`]).
//!
//! Cells are names and numbers. They are held in two buffers, which are wiped when they are dropped, and never appear in
//! an error. Memory is bounded whatever the input is.
//!
//! ```
//! use kycvs_tables::{Rows, number, trim};
//!
//! let mut rows = Rows::new(&b"\xef\xbb\xbfname;doses\r\"Verma; Asha\"; \xe0\xa5\xa8\r;\r"[..]);
//! let head = rows.head(&["name", "doses"])?.expect("there is a first row")?;
//! assert_eq!(head.iter().collect::<Vec<_>>(), ["name", "doses"]);
//! let row = rows.next()?.expect("there is a row")?;
//! assert_eq!((row.get(0), row.get(1).map(trim).and_then(number)), (Some("Verma; Asha"), Some(2)));
//! assert!(rows.next()?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod digits;
mod lines;
mod quotes;
mod rows;
pub mod text;

pub use digits::number;
pub use lines::{Line, Lines, MAX_ROW_LINES, ReadError};
pub use rows::{Cells, MAX_ROW_BYTES, RowError, Rows};
pub use text::trim;
