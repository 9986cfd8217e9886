//! Records from CSV: `mobile,name,doses,required`, columns in any order, one person a row and one row a line.

use ::csv::{ByteRecord, ReaderBuilder, StringRecord};
use kycvs::Subject;

use super::{
    Doses,
    import::{MOST_DOSES, Reason},
};
use crate::number::Numbers;

/// The columns that are read; others are passed over.
const COLUMNS: [&str; 4] = ["mobile", "name", "doses", "required"];

/// Where each column of [`COLUMNS`] stands in the file, and how many there are.
pub(super) struct Columns {
    places: [Option<usize>; COLUMNS.len()],
    count: usize,
    /// Where no row says how many doses a course has.
    required: Option<u32>,
    numbers: Numbers,
}

impl Columns {
    /// Reads the first row. No cell of it is repeated in an error: a file without a first row of names has people in it.
    pub(super) fn of(line: &[u8], required: Option<u32>) -> Result<Self, Reason> {
        let head = cells(line)?;
        let mut places = [None; COLUMNS.len()];
        for (place, title) in head.iter().enumerate() {
            let title = title.trim().to_ascii_lowercase();
            let Some(column) = COLUMNS.iter().position(|column| *column == title) else { continue };
            if places[column].replace(place).is_some() {
                return Err(format!("the first row names the column `{title}` twice").into());
            }
        }
        for (column, place) in COLUMNS.iter().zip(places) {
            let dispensable = *column == "required" && required.is_some();
            if place.is_none() && !dispensable {
                return Err(
                    format!("the first row names no column `{column}`: it is {}", COLUMNS.join(",")).into()
                );
            }
        }
        Ok(Self { places, count: head.len(), required, numbers: Numbers::default() })
    }

    /// With other rules for numbers than India's.
    pub(super) fn with_numbers(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    /// Who the row is about, and the doses.
    pub(super) fn read(&self, line: &[u8]) -> Result<(Subject, Doses), Reason> {
        let cells = cells(line)?;
        if cells.len() != self.count {
            return Err(
                format!("the number of cells is {}, and of columns {}", cells.len(), self.count).into()
            );
        }
        let [mobile, name, doses, required] =
            self.places.map(|place| place.and_then(|place| cells.get(place)).unwrap_or_default().trim());
        let required = match required {
            "" => self.required.ok_or("the number of required doses is missing")?,
            text => number(text, 1).ok_or("the number of required doses is not 1 to 99")?,
        };
        let given = number(doses, 0).ok_or("the number of doses is not 0 to 99")?;
        Ok((self.numbers.checked(Subject::new(name)?, mobile)?, Doses { given, required }))
    }
}

fn number(text: &str, least: u32) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && (least..=MOST_DOSES).contains(number))
}

/// The cells of one line. A quote that is open at its end would take the rows behind it into its cell.
fn cells(line: &[u8]) -> Result<StringRecord, Reason> {
    let pairs = line.split(|&byte| byte == b'"').count() % 2 == 1;
    // A second row, which is still there only where no quote is open before it.
    let both = [line, b"\n-\n"].concat();
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*both);
    let (mut row, mut second) = (ByteRecord::new(), ByteRecord::new());
    let failed = |_| Reason::from("the row cannot be read");
    reader.read_byte_record(&mut row).map_err(failed)?;
    if !pairs || !reader.read_byte_record(&mut second).map_err(failed)? {
        return Err("the quote is never closed: a row stands on one line".into());
    }
    StringRecord::from_byte_record(row).map_err(|_| "the row is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str, row: &str) -> Result<(String, String, u32, u32), String> {
        let columns = Columns::of(head.as_bytes(), None).expect("the columns are there");
        let (person, doses) = columns.read(row.as_bytes()).map_err(|reason| reason.to_string())?;
        let mobile = person.mobile().expect("it was given").to_owned();
        Ok((person.name().to_owned(), mobile, doses.given, doses.required))
    }

    #[test]
    fn columns_stand_in_any_order() {
        let expected = Ok(("asha verma".to_owned(), "+919876543210".to_owned(), 1, 2));
        assert_eq!(read("mobile,name,doses,required", "9876543210,Asha Verma,1,2"), expected);
        assert_eq!(
            read("required,  Name,id,DOSES,mobile", "2,\"Asha  Verma\",x, 1 ,+91 98765-43210"),
            expected
        );
        assert_eq!(read("\u{feff}mobile,name,doses,required", "9876543210,ASHA VERMA,1,2"), expected);
    }

    #[test]
    fn a_file_without_names_of_columns_is_refused_and_not_repeated() {
        for head in [
            "",
            "9876543210,Asha Verma,1,2",
            "mobile,name,doses",
            "mobile,name,doses,required,name",
            "\"mobile",
        ] {
            let reason = Columns::of(head.as_bytes(), None).err().expect("it is refused").to_string();
            assert!(!reason.contains("Asha") && !reason.contains("98765"), "{reason}");
        }
        let columns = Columns::of(b"mobile,name,doses", Some(2)).expect("it is said for all");
        assert_eq!(columns.read(b"9876543210,Asha,1").expect("it is good").1.required, 2);
    }

    #[test]
    fn bad_rows_are_told_without_their_content() {
        for row in [
            "9876543210,Asha Verma,1",
            "9876543210,Asha Verma,1,2,3",
            "9876543210,Asha Verma,,2",
            "9876543210,Asha Verma,1,",
            "9876543210,Asha Verma,1,0",
            "9876543210,Asha Verma,-1,2",
            "9876543210,Asha Verma,+1,2",
            "9876543210,Asha Verma,1.0,2",
            "9876543210,Asha Verma,100,2",
            "9876543210,Asha Verma,99999999999999,2",
            "98765,Asha Verma,1,2",
            "Asha Verma,9876543210,1,2",
            "9876543210,,1,2",
            "9876543210,\"Asha Verma,1,2",
            "9876543210,Asha \"Verma,1,2",
        ] {
            let reason = read("mobile,name,doses,required", row).expect_err(row);
            assert!(!reason.contains("Asha") && !reason.contains("98765"), "{reason}");
        }
        let columns = Columns::of(b"mobile,name,doses,required", None).expect("columns");
        assert!(columns.read(b"9876543210,\xff,1,2").is_err());
    }
}
