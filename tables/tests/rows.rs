//! Tables as spreadsheets save them, and the reader beside the `csv` crate.

use std::io::{self, Read};

use kycvs_tables::{MAX_ROW_BYTES, MAX_ROW_LINES, ReadError, RowError, Rows, text::NotText, trim};
use proptest::prelude::*;

const COLUMNS: [&str; 3] = ["mobile", "name", "doses"];

/// Gives its bytes in pieces of these lengths, and then byte by byte.
struct Pieces<'a> {
    bytes: &'a [u8],
    lengths: std::vec::IntoIter<usize>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.lengths.next().unwrap_or(1).min(buffer.len());
        self.bytes.read(&mut buffer[..count])
    }
}

type Row = (u64, Result<Vec<String>, RowError>);

/// All rows with the numbers of their lines, the first row too.
fn rows_of(source: impl Read) -> Result<Vec<Row>, ReadError> {
    let mut rows = Rows::new(source);
    let mut seen = Vec::new();
    let copy = |cells: kycvs_tables::Cells<'_>| cells.iter().map(str::to_owned).collect();
    match rows.head(&COLUMNS)? {
        Some(head) => {
            let head = head.map(copy);
            seen.push((rows.number(), head));
        }
        None => return Ok(seen),
    }
    while let Some(row) = rows.next()? {
        let row = row.map(copy);
        seen.push((rows.number(), row));
    }
    Ok(seen)
}

#[track_caller]
fn read(text: impl AsRef<[u8]>) -> Vec<Row> {
    rows_of(text.as_ref()).expect("it is a text")
}

fn row(line: u64, cells: &[&str]) -> Row {
    (line, Ok(cells.iter().map(|&cell| cell.to_owned()).collect()))
}

fn plain(separator: &str, end: &str) -> String {
    [["mobile", "name", "doses"], ["1", "Asha", "2"], ["3", "Ravi", "0"]]
        .map(|cells| cells.join(separator))
        .join(end)
}

fn expected(first: u64) -> [Row; 3] {
    [
        row(first, &["mobile", "name", "doses"]),
        row(first + 1, &["1", "Asha", "2"]),
        row(first + 2, &["3", "Ravi", "0"]),
    ]
}

#[test]
fn each_separator_with_each_line_end_is_read() {
    for separator in [",", ";", "\t", "|"] {
        for end in ["\n", "\r", "\r\n"] {
            for mark in ["", "\u{feff}"] {
                for last in ["", end] {
                    let text = format!("{mark}{}{last}", plain(separator, end));
                    assert_eq!(read(&text), expected(1), "{text:?}");
                    let quoted = text.replace("name", "\"name\"").replace("mobile", "\"mobile\"");
                    assert_eq!(read(&quoted), expected(1), "{quoted:?}");
                    let named = format!("{mark}sep={separator}{end}{}", plain(separator, end));
                    assert_eq!(read(&named), expected(2), "{named:?}");
                }
            }
        }
    }
}

#[test]
fn mixed_line_ends_are_read() {
    let text = "mobile,name,doses\r1,Asha,2\r\n\r\r\n\n3,Ravi,0\n";
    assert_eq!(read(text), [row(1, &COLUMNS), row(2, &["1", "Asha", "2"]), row(6, &["3", "Ravi", "0"])]);
}

#[test]
fn the_separator_is_the_one_that_finds_the_known_columns() {
    for (head, cells) in [
        ("Mobile;Full, given name;NAME;doses", &["Mobile", "Full, given name", "NAME", "doses"][..]),
        ("\"name\";\"a,b,c,d\"", &["name", "a,b,c,d"]),
        ("name", &["name"]),
        ("a;b", &["a;b"]),
        ("\u{a0}name\u{200b};x,y", &["\u{a0}name\u{200b}", "x,y"]),
        ("\"mobile;name\",doses;x", &["mobile;name", "doses;x"]),
        ("mobile | name | doses", &["mobile ", " name ", " doses"]),
        ("name, mobile of name, doses", &["name", " mobile of name", " doses"]),
    ] {
        assert_eq!(read(head), [row(1, cells)], "{head}");
    }
}

#[test]
fn a_separator_that_cannot_be_read_is_named() {
    for (text, error) in [
        ("mobile\u{ff0c}name\n", RowError::ForeignSeparator('\u{ff0c}')),
        ("mobile\u{60c}name\n", RowError::ForeignSeparator('\u{60c}')),
        ("mobile\u{fe54}name\u{fe54}doses\n", RowError::ForeignSeparator('\u{fe54}')),
        ("a\u{fe54}b\n", RowError::ForeignSeparator('\u{fe54}')),
        ("mobile name  doses\n", RowError::ForeignSeparator(' ')),
        ("\"mobile\"~\"name\"~x, y\n", RowError::ForeignSeparator('~')),
        ("mobile\u{1f}name\n", RowError::ForeignSeparator('\u{1f}')),
        ("mobile : name : doses, x\n", RowError::ForeignSeparator(':')),
        ("sep=^\nmobile^name", RowError::UnknownSeparator),
        ("sep=\nmobile", RowError::UnknownSeparator),
    ] {
        assert_eq!(read(text)[0], (1, Err(error)), "{text}");
    }
    assert!(RowError::ForeignSeparator('\u{ff0c}').to_string().contains("U+FF0C"));
    assert_eq!(read("\"SEP=;\";;\nname;doses")[0], row(2, &["name", "doses"]));
    // A column of that name is nothing of the kind.
    assert_eq!(read("separator,name")[0], row(1, &["separator", "name"]));
}

#[test]
fn rows_of_separators_and_white_space_are_skipped() {
    let text = ",,\nmobile,name,doses\n,,\n\n , \t,\u{a0}\u{3000}\n\"\",\"\",\"\"\n1,Asha,2\n,,,,,\n";
    assert_eq!(read(text), [row(2, &COLUMNS), row(7, &["1", "Asha", "2"])]);
    assert_eq!(read(";;\r;;\r"), []);
    // Somebody wrote this white space.
    assert_eq!(read("name\n\"  \"\n")[1], row(2, &["  "]));
    // No separators of this file.
    assert_eq!(read("name,doses\n;;\n")[1], row(2, &[";;"]));
}

#[test]
fn a_quoted_cell_may_have_line_breaks() {
    for end in ["\n", "\r", "\r\n"] {
        let text = "mobile,name,doses@1,\"As@@\"\"ha\"\",\",2@3,\"Ravi@\",0@".replace('@', end);
        let expected = [
            row(1, &COLUMNS),
            row(2, &["1", &format!("As{end}{end}\"ha\","), "2"]),
            row(5, &["3", &format!("Ravi{end}"), "0"]),
        ];
        assert_eq!(read(&text), expected, "{end:?}");
    }
    // What looks like a row within a cell is none.
    let note = "name,note,doses,mobile\nRavi,\"he said\n9876543210,Asha,2,2\n\",1,3\n";
    assert_eq!(read(note).len(), 2);
}

#[test]
fn a_quote_that_is_never_closed_takes_no_row_with_it() {
    let many = "x,y,z\n".repeat(200);
    for text in [
        "mobile,name,doses\n1,\"Asha,2\n3,Ravi,0\n",
        "mobile,name,doses\n1,\"Asha,2\n3,Ravi,0",
        "mobile,name,doses\n1,\"Asha,2\n3,Ravi,0\n4,\"Meena,1\n",
        &format!("mobile,name,doses\n1,\"Asha,2\n3,Ravi,0\n{many}"),
        &format!("mobile,name,doses\n1,\"Asha,2\n3,Ravi,0\n{}\n\"", "x".repeat(MAX_ROW_BYTES)),
    ] {
        let rows = read(text);
        assert_eq!(rows[1..3], [(2, Err(RowError::Unclosed)), row(3, &["3", "Ravi", "0"])], "{text:.60}");
    }
}

#[test]
fn a_row_has_at_most_so_many_lines() {
    for (lines, is_read) in [(MAX_ROW_LINES, true), (MAX_ROW_LINES + 1, false)] {
        for end in ["\n", "\r\n"] {
            let breaks = end.repeat(usize::try_from(lines).expect("few") - 1);
            for length in [1, 2, usize::MAX] {
                let text = format!("name{end}\"{breaks}\"{end}");
                let source = Pieces { bytes: text.as_bytes(), lengths: vec![length; text.len()].into_iter() };
                let rows = rows_of(source).expect("a text");
                assert_eq!(rows[1].1.is_ok(), is_read, "{lines} lines, {length} bytes at a time");
            }
        }
    }
}

#[test]
fn text_behind_a_closed_quote_stays_in_its_row() {
    assert_eq!(read("name,doses\n\"As\"ha,2\n")[1], row(2, &["Asha", "2"]));
    assert_eq!(read("name,doses\nAs\"ha\",2\n")[1], row(2, &["As\"ha\"", "2"]));
    // An odd quote may be one that was never closed.
    assert_eq!(read("name,doses\nAs\"ha,2\n")[1], (2, Err(RowError::Unclosed)));
}

#[test]
fn a_row_that_is_too_long_or_not_utf_8_stops_no_other() {
    let long = "x".repeat(MAX_ROW_BYTES + 1);
    let text = [b"name\n", long.as_bytes(), b"\n\"", long.as_bytes(), b"\nAs\xffha\nRavi\n"].concat();
    let expected = [
        row(1, &["name"]),
        (2, Err(RowError::TooLong)),
        (3, Err(RowError::TooLong)),
        (4, Err(RowError::NotUtf8)),
        row(5, &["Ravi"]),
    ];
    assert_eq!(read(text), expected);
}

#[test]
fn a_file_that_is_no_text_is_an_error() {
    for (text, expected) in
        [(&b"PK\x03\x04"[..], NotText::Zip), (b"\xff\xfen\0a\0m\0e\0\r\0\n\0", NotText::Utf16)]
    {
        let error = rows_of(text).expect_err("it is no text");
        assert!(matches!(error, ReadError::NotText(kind) if kind == expected), "{error}");
    }
}

#[test]
fn rows_that_are_there_are_known_without_reading() -> Result<(), ReadError> {
    let parts: [&[u8]; 4] = [b"name\n\n,\nAsha\n \n\"Ra", b"vi\n\"\n", b"Mee", b"na\n"];
    let source = parts[0].chain(parts[1]).chain(parts[2]).chain(parts[3]);
    let mut rows = Rows::new(source);
    rows.head(&COLUMNS)?.expect("a first row").expect("it is read");
    let mut seen = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.expect("it is read").get(0).map(|name| trim(name).to_owned());
        seen.push((name.expect("a cell"), rows.is_row_there()?));
    }
    // An open quote may go on, and half a row may.
    assert_eq!(seen, [("Asha".to_owned(), false), ("Ravi".to_owned(), false), ("Meena".to_owned(), false)]);
    Ok(())
}

/// Text of what matters to the reader.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 16] = [
        b"\r",
        b"\n",
        b"\r\n",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\t",
        b" ",
        b"a",
        b"\xe0\xa4\xa8",
        b"\xff",
        b"\xef\xbb\xbf",
        b"name",
        b"sep=;",
        b"\0",
    ];
    let piece = prop::sample::select(pieces.to_vec());
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A cell of a valid file, without an empty row and white space at its ends.
fn cells() -> impl Strategy<Value = String> {
    "[a-z\u{928},;\t \"\r\n]{0,6}".prop_map(|text| format!("x{text}x"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_split_into_reads_gives_the_same_rows(text in texts(), lengths in prop::collection::vec(1..9_usize, 0..40)) {
        let whole = rows_of(&*text).map_err(|error| error.to_string());
        let parts = rows_of(Pieces { bytes: &text, lengths: lengths.into_iter() }).map_err(|error| error.to_string());
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn the_csv_crate_reads_the_same_from_valid_files(
        table in prop::collection::vec(prop::collection::vec(cells(), 3), 0..6),
        separator in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        end in prop::sample::select(vec![csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r')]),
        quotes in prop::sample::select(vec![csv::QuoteStyle::Necessary, csv::QuoteStyle::Always]),
    ) {
        let mut writer = csv::WriterBuilder::new();
        writer.delimiter(separator).terminator(end).quote_style(quotes);
        let mut writer = writer.from_writer(Vec::new());
        writer.write_record(COLUMNS).expect("it is written");
        for row in &table {
            writer.write_record(row).expect("it is written");
        }
        let text = writer.into_inner().expect("it is written");
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.delimiter(separator).has_headers(false).from_reader(&*text);
        let reference: Vec<Vec<String>> =
            reader.records().map(|row| row.expect("it is valid").iter().map(str::to_owned).collect()).collect();
        let rows: Result<Vec<_>, _> = read(&text).into_iter().map(|(_, row)| row).collect();
        prop_assert_eq!(rows.expect("it is valid"), reference);
    }
}
