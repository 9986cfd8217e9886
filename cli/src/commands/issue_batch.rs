//! `kycvs issue --batch`: one answer for each row of a CSV file, issued on every core.

use std::io::Read;
use std::path::Path;

use indicatif::ProgressBar;
use kycvs::{Answer, Issuer, Presentation, SigningKey, Timestamp};
use kycvs_tables::{Cells, ReadError, Rows, trim};

use super::answer::{AnswerFields, Issued, parse_nonce};
use crate::args::{Issue, parse_status};
use crate::columns::{Columns, Others, bad_row, in_row, unreadable};
use crate::failure::{DONE, Failure, Result, WRONG_CALL};
use crate::files::{self, Readers, WholeFile};
use crate::output::Output;
use crate::report::{ErrorObject, OnLine};
use crate::{progress, subject, times};

/// The columns that a file may have, in any order.
const COLUMNS: [&str; 7] = ["status", "purpose", "audience", "nonce", "name", "mobile", "valid_for"];
type IssueColumns = Columns<{ COLUMNS.len() }>;

/// At most so many rows are held and issued together. Held is what a row asks for, of which every part has a bound in the core.
const CHUNK: usize = 4_096;

pub(super) fn run(
    path: &Path,
    target: Option<&Path>,
    options: &Issue,
    issuer: &Issuer<SigningKey>,
    out: &mut Output,
) -> Result<u8> {
    // What the options say wrongly is no row's fault.
    options.nonce.as_deref().map(parse_nonce).transpose()?;
    let bar = progress::bar(files::size(path), target.is_some());
    let mut rows = Rows::new(files::open(path)?);
    let columns = Columns::begin(&mut rows, path, &COLUMNS, Others::Refused)?;
    let mut target = target.map(|path| WholeFile::begin(path, Readers::Owner)).transpose()?;
    let (mut good, mut refused) = (0_u64, 0_u64);

    loop {
        let mut chunk = Chunk::default();
        chunk.fill(&mut rows, &columns, options).map_err(|error| unreadable(path, &error))?;
        if chunk.is_empty() {
            break;
        }
        for (line, result) in chunk.issue(issuer, options.now.unwrap_or_else(Timestamp::now)) {
            match &result {
                Ok(_) => good += 1,
                Err(_) => refused += 1,
            }
            write_row((line, result), target.as_mut(), &bar, out)?;
        }
        out.finish()?;
        bar.set_position(rows.read());
        bar.set_message(format!("{good} issued, {refused} refused"));
    }
    bar.finish_and_clear();
    if good + refused == 0 {
        return Err(Failure::BadCsv(format!("{} names columns and has no row", files::name(path))));
    }
    if let Some(target) = target {
        target.replace()?;
    }
    out.note(&format!("{good} issued, {refused} refused"));
    Ok(if refused == 0 { DONE } else { WRONG_CALL })
}

/// The next rows: what they ask for, and those that ask for nothing that can be issued, by their lines.
#[derive(Default)]
struct Chunk {
    lines: Vec<u64>,
    answers: Vec<Answer>,
    refused: Vec<(u64, Failure)>,
}

impl Chunk {
    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.refused.is_empty()
    }

    /// Reads the rows that are there, at most [`CHUNK`]. It waits for the first alone, and so those before an error are
    /// answered.
    fn fill(
        &mut self,
        rows: &mut Rows<impl Read>,
        columns: &IssueColumns,
        options: &Issue,
    ) -> Result<(), ReadError> {
        while let Some(row) = rows.next()? {
            match row.map_err(bad_row).and_then(|cells| answer(&Row::of(columns, &cells)?, options)) {
                Ok(answer) => {
                    self.lines.push(rows.number());
                    self.answers.push(answer);
                }
                Err(failure) => self.refused.push((rows.number(), failure)),
            }
            if self.answers.len() + self.refused.len() == CHUNK || !rows.is_row_there()? {
                break;
            }
        }
        Ok(())
    }

    /// The result of each row, in the order of the lines.
    fn issue(self, issuer: &Issuer<SigningKey>, now: Timestamp) -> Vec<(u64, Result<Presentation>)> {
        let answered = issuer.issue_many_at(&self.answers, now).into_iter().map(|answer| Ok(answer?));
        let refused = self.refused.into_iter().map(|(line, failure)| (line, Err(failure)));
        let mut results: Vec<_> = self.lines.into_iter().zip(answered).chain(refused).collect();
        results.sort_unstable_by_key(|(line, _)| *line);
        results
    }
}

/// The answer's line; an empty one where there is none, so that lines and rows stay side by side.
fn write_row(
    (line, result): (u64, Result<Presentation>),
    target: Option<&mut WholeFile>,
    bar: &ProgressBar,
    out: &mut Output,
) -> Result<()> {
    let text = match &result {
        Ok(presentation) => presentation.to_text(),
        Err(_) => String::new(),
    };
    let in_file = target.is_some();
    if let Some(target) = target {
        target.write(text.as_bytes())?;
        target.write(b"\n")?;
    }
    if out.is_json() {
        return match &result {
            Ok(presentation) => out.object(&OnLine { line, object: Issued::new(presentation, None) }),
            Err(failure) => out.object(&OnLine { line, object: ErrorObject::new(failure) }),
        };
    }
    if let Err(failure) = result {
        bar.suspend(|| out.note(&failure.at(format!("line {line}")).line()));
    }
    if in_file { Ok(()) } else { out.line(&text) }
}

/// What a row asks for, with the options for what it leaves out.
fn answer(row: &Row<'_>, options: &Issue) -> Result<Answer> {
    let status = match row.status {
        // No cell is ever repeated in an error: where columns are mixed up it holds a name or a number.
        Some(text) => {
            Some(parse_status(text).ok_or_else(|| Failure::BadCsv("the status is not 0, 1 or 2".into()))?)
        }
        None => options.status,
    };
    let missing =
        |what: &str| Failure::BadCsv(format!("there is no {what} in this row and no --{what} in the call"));
    let valid_for = match row.valid_for {
        Some(text) => times::parse_duration(text)
            .map_err(|_| Failure::BadCsv("valid_for is not a duration as 90s, 15m, 24h or 30d".into()))?,
        None => options.valid_for,
    };
    let subject = match (row.name, row.mobile) {
        (Some(name), mobile) => Some(subject::new(name, mobile)?),
        (None, Some(_)) => return Err(Failure::BadCsv("a mobile number without a name".into())),
        (None, None) => None,
    };
    let words = AnswerFields {
        status: status.ok_or_else(|| missing("status"))?,
        purpose: row.purpose.or(options.purpose.as_deref()).ok_or_else(|| missing("purpose"))?,
        audience: row.audience.or(options.audience.as_deref()),
        nonce: row.nonce.or(options.nonce.as_deref()),
        subject,
        valid_for,
        specimen: options.specimen,
    };
    words.answer().map_err(in_row)
}

/// The cells of a row; empty ones are left out. White space is not empty: a blank name must not become a token for anyone,
/// nor a blank audience one for everyone.
struct Row<'a> {
    status: Option<&'a str>,
    purpose: Option<&'a str>,
    audience: Option<&'a str>,
    nonce: Option<&'a str>,
    name: Option<&'a str>,
    mobile: Option<&'a str>,
    valid_for: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(columns: &IssueColumns, cells: &Cells<'a>) -> Result<Self> {
        let [status, purpose, audience, nonce, name, mobile, valid_for] =
            columns.cells(cells)?.map(|cell| cell.filter(|cell| !cell.is_empty()).map(trim));
        Ok(Self { status, purpose, audience, nonce, name, mobile, valid_for })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Call {
        #[command(flatten)]
        issue: Issue,
    }

    /// Gives its text, and then fails as a disk does.
    struct Breaks<'a>(&'a [u8]);

    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }

    /// The columns of a file and its rows, of which none was read.
    fn begin<R: Read>(source: R) -> Result<(IssueColumns, Rows<R>)> {
        let mut rows = Rows::new(source);
        let columns = Columns::begin(&mut rows, Path::new("-"), &COLUMNS, Others::Refused)?;
        Ok((columns, rows))
    }

    fn options() -> Issue {
        Call::parse_from(["kycvs", "--key", "k", "--issuer", "i", "--batch", "b"]).issue
    }

    #[test]
    fn what_was_read_before_an_error_is_issued() -> Result<()> {
        let (columns, mut rows) = begin(Breaks(b"status,purpose\n2,gate\n7,gate\n\n1,gate\n\n0,ga"))?;
        let mut chunk = Chunk::default();
        chunk.fill(&mut rows, &columns, &options()).expect("what is there is read");
        let issuer = Issuer::new(kycvs::IssuerName::new("in.gov.cowin")?, SigningKey::generate()?);
        let results = chunk.issue(&issuer, Timestamp::now());
        let lines: Vec<_> = results.iter().map(|(line, result)| (*line, result.is_ok())).collect();
        assert_eq!(lines, [(2, true), (3, false), (5, true)]);
        let mut chunk = Chunk::default();
        assert!(matches!(chunk.fill(&mut rows, &columns, &options()), Err(ReadError::Io(_))));
        assert!(chunk.is_empty());
        Ok(())
    }

    /// Neither stands anywhere else in what this process can write to.
    #[cfg(target_os = "linux")]
    const PERSON: [&[u8]; 2] = [b"Savitri Quenby Ollerenshaw", b"+91 70123 45609"];

    #[cfg(target_os = "linux")]
    #[test]
    fn names_and_numbers_are_wiped() -> Result<()> {
        // After that, what is as large as a block of lines is kept too when it is freed.
        drop(std::hint::black_box(vec![1_u8; 8 << 20]));
        let mut window = vec![0; 1 << 20];
        let [name, mobile] = PERSON;
        // A row that is refused, with the person where no other use of freed memory reaches soon.
        let far = [&b"7,"[..], "far".repeat(7_000).as_bytes(), b",", name, b",", mobile, b"\n"].concat();
        let good = [&b"2,gate,\""[..], name, b"\",", mobile, b"\n"].concat();
        let rows = [&b"status,purpose,name,mobile\n"[..], &far, &good].concat();
        let hidden: Vec<_> = rows.iter().map(|byte| byte ^ HIDDEN).collect();
        zeroize::Zeroize::zeroize(&mut [far, good, rows]);
        let (columns, mut rows) = begin(Hidden(&hidden))?;
        let mut chunk = Chunk::default();
        chunk.fill(&mut rows, &columns, &options()).expect("what is there is read");
        assert_eq!((chunk.answers.len(), chunk.refused.len()), (1, 1));
        // Behind what is freed, which goes back to the system otherwise.
        let _behind = std::hint::black_box(vec![1_u8; 100_000]);
        assert_eq!(
            PERSON.map(|text| is_in_memory(text, &mut window)),
            [true; 2],
            "it is looked for where it is"
        );
        drop((rows, chunk));
        assert_eq!(PERSON.map(|text| is_in_memory(text, &mut window)), [false; 2]);
        Ok(())
    }

    /// Text of which every byte is another one until it is read.
    #[cfg(target_os = "linux")]
    struct Hidden<'a>(&'a [u8]);

    #[cfg(target_os = "linux")]
    const HIDDEN: u8 = 0x95;

    #[cfg(target_os = "linux")]
    impl Read for Hidden<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(buffer)?;
            buffer[..count].iter_mut().for_each(|byte| *byte ^= HIDDEN);
            Ok(count)
        }
    }

    /// Looks through what this process can write to, all of which a core dump would show.
    #[cfg(target_os = "linux")]
    fn is_in_memory(text: &[u8], window: &mut [u8]) -> bool {
        use std::fs::{File, read_to_string};
        use std::os::unix::fs::FileExt as _;

        let memory = File::open("/proc/self/mem").expect("the memory");
        let is_there = read_to_string("/proc/self/maps").expect("its map").lines().any(|line| {
            let Some((range, _)) = line.split_once(" rw") else { return false };
            let (start, end) = range.split_once('-').expect("a range");
            let [mut at, end] = [start, end].map(|text| u64::from_str_radix(text, 16).expect("an address"));
            while at < end {
                // Another thread may have given it back meanwhile.
                let Ok(count @ 1..) = memory.read_at(window, at) else { break };
                let count = count.min(usize::try_from(end - at).unwrap_or(count));
                if window[..count].windows(text.len()).any(|bytes| bytes == text) {
                    return true;
                }
                at += count as u64;
            }
            false
        });
        window.fill(0);
        is_there
    }
}
