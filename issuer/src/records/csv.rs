//! Records from CSV: `mobile,name,doses,required`, columns in any order, one person a row.
//!
//! The crate `kycvs-tables` reads the rows.

use kycvs::Subject;
use kycvs_tables::{Cells, RowError, trim};

use super::{
    Doses,
    import::{MOST_DOSES, Reason},
};
use crate::number::Numbers;

/// The columns that are read; others are passed over.
pub(super) const COLUMNS: [&str; 4] = ["mobile", "name", "doses", "required"];

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
    pub(super) fn of(head: &Cells<'_>, required: Option<u32>) -> Result<Self, Reason> {
        let mut places = [None; COLUMNS.len()];
        for (place, title) in head.iter().enumerate() {
            let title = trim(title).to_ascii_lowercase();
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

    /// Who the row is about, and the doses or why they cannot be read.
    pub(super) fn read(&self, cells: &Cells<'_>) -> Result<(Subject, Result<Doses, Reason>), Reason> {
        let [mobile, name, doses, required] =
            self.places.map(|place| trim(place.and_then(|place| cells.get(place)).unwrap_or_default()));
        // A quotation mark that is not closed takes the next rows for a part of the cell: of one person, two would be made.
        let read = self.places.iter().flatten().filter_map(|place| cells.get(*place));
        if read.into_iter().any(|cell| trim(cell).contains(['\n', '\r'])) {
            return Err("a cell has a line break: perhaps a quotation mark is not closed".into());
        }
        let person = self.numbers.checked(Subject::new(name)?, mobile)?;
        if cells.len() != self.count {
            // Which cells are shifted is not known, but this row is most likely about that person.
            let reason = format!("the number of cells is {}, and of columns {}", cells.len(), self.count);
            return Ok((person, Err(reason.into())));
        }
        Ok((person, self.doses(doses, required)))
    }

    fn doses(&self, doses: &str, required: &str) -> Result<Doses, Reason> {
        let required = match required {
            "" => self.required.ok_or("the number of required doses is missing")?,
            text => number(text, 1).ok_or("the number of required doses is not 1 to 99")?,
        };
        let given = number(doses, 0).ok_or("the number of doses is not 0 to 99")?;
        Ok(Doses { given, required })
    }
}

fn number(text: &str, least: u32) -> Option<u32> {
    kycvs_tables::number(text).filter(|number| (least..=MOST_DOSES).contains(number))
}

impl From<RowError> for Reason {
    fn from(error: RowError) -> Self {
        error.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use kycvs_tables::Rows;

    use super::*;

    fn columns(head: &str, required: Option<u32>) -> Result<Columns, Reason> {
        let mut rows = Rows::new(head.as_bytes());
        let head = rows.head(&COLUMNS).expect("it is read").ok_or("the file is empty")?;
        Columns::of(&head?, required)
    }

    fn read_with(head: &str, row: &[u8], required: Option<u32>) -> Result<(Subject, Doses), Reason> {
        let columns = columns(head, required).expect("the columns are there");
        let mut rows = Rows::new(head.as_bytes().chain(&b"\n"[..]).chain(row));
        rows.head(&COLUMNS).expect("it is read").expect("a first row")?;
        let (person, doses) = columns.read(&rows.next().expect("it is read").expect("a row")?)?;
        Ok((person, doses?))
    }

    fn read(head: &str, row: &str) -> Result<(String, String, u32, u32), String> {
        let (person, doses) = read_with(head, row.as_bytes(), None).map_err(|reason| reason.to_string())?;
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
    fn doses_are_written_in_the_digits_of_any_script() {
        for (doses, required) in
            [("\u{967}", "\u{968}"), ("\u{661}", "\u{ff12}"), ("\u{a0}1\u{200b}", "\u{3000}02\u{202c}")]
        {
            let row = format!("9876543210,Asha,{doses},{required}");
            let (_, _, given, needed) = read("mobile,name,doses,required", &row).expect(&row);
            assert_eq!((given, needed), (1, 2), "{row}");
        }
        for doses in ["\u{b2}", "\u{2161}", "\u{967}\u{966}\u{966}", "1 2", "-\u{967}"] {
            let row = format!("9876543210,Asha,{doses},2");
            assert!(read("mobile,name,doses,required", &row).is_err(), "{row}");
        }
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
            let reason = columns(head, None).err().expect("it is refused").to_string();
            assert!(!reason.contains("Asha") && !reason.contains("98765"), "{reason}");
        }
        let (_, doses) = read_with("mobile,name,doses", b"9876543210,Asha,1", Some(2)).expect("it is valid");
        assert_eq!(doses.required, 2);
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
            "9876543210,\"Asha,1,2\n9876543211,Ravi\",1,2",
            "9876543210,\"Asha\r\nVerma\",1,2",
        ] {
            let reason = read("mobile,name,doses,required", row).expect_err(row);
            assert!(!reason.contains("Asha") && !reason.contains("98765"), "{reason}");
        }
        assert!(read_with("mobile,name,doses,required", b"9876543210,\xff,1,2", None).is_err());
    }
}
