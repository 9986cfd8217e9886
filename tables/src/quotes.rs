//! Where quoted cells begin and end, before a row is cut into cells.

use memchr::memchr;

/// Follows the quotes of a row over its lines. It agrees with `csv-core` on which quotes open and close a cell.
pub(crate) struct Quotes<'a> {
    separators: &'a [u8],
    at: At,
    is_loose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The start of a cell: a quote opens here only.
    Start,
    /// Within a cell without quotes around it.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: it closed them, or another quote makes the two of them one.
    Behind,
}

impl<'a> Quotes<'a> {
    /// At the start of a row.
    pub(crate) fn new(separators: &'a [u8]) -> Self {
        Self { separators, at: At::Start, is_loose: false }
    }

    /// Goes over bytes of the row.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        if memchr(b'"', bytes).is_none() {
            self.read_plain(bytes);
            return;
        }
        for &byte in bytes {
            self.at = match (self.at, byte) {
                (At::Quoted, b'"') => At::Behind,
                (At::Start | At::Behind, b'"') | (At::Quoted, _) => At::Quoted,
                (_, byte) if self.separators.contains(&byte) => At::Start,
                (at, _) => {
                    self.is_loose |= at == At::Behind;
                    At::Plain
                }
            };
        }
    }

    /// The same for bytes without a quote.
    fn read_plain(&mut self, bytes: &[u8]) {
        let ([first, ..], [.., last]) = (bytes, bytes) else { return };
        if self.at == At::Quoted {
            return;
        }
        self.is_loose |= self.at == At::Behind && !self.separators.contains(first);
        self.at = if self.separators.contains(last) { At::Start } else { At::Plain };
    }

    /// Whether a quote is open.
    pub(crate) fn is_open(&self) -> bool {
        self.at == At::Quoted
    }

    /// Whether text stood behind a closing quote, which RFC 4180 does not have: such a quote closed nothing, perhaps.
    pub(crate) fn is_loose(&self) -> bool {
        self.is_loose
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_open_at_the_start_of_a_cell_and_close_at_its_end() {
        for (row, is_open, is_loose) in [
            ("", false, false),
            ("a,b", false, false),
            ("a,\"b", true, false),
            ("\"", true, false),
            ("\"\"", false, false),
            ("\"a\"\"", true, false),
            ("\"a\"\"\"", false, false),
            ("a\"b", false, false),
            ("5\" pipe,\"x,", true, false),
            ("\"a\"b", false, true),
            ("\"a\"b,\"c", true, true),
            ("\"a\";\"b", true, false),
            ("\"a\" ,b", false, true),
        ] {
            let mut whole = Quotes::new(b",;");
            whole.read(row.as_bytes());
            let mut parts = Quotes::new(b",;");
            row.as_bytes().chunks(1).for_each(|byte| parts.read(byte));
            for quotes in [whole, parts] {
                assert_eq!((quotes.is_open(), quotes.is_loose()), (is_open, is_loose), "{row}");
            }
        }
    }
}
