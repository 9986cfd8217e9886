//! Taking a checked item apart, borrowing from it.

use super::head::Head;
use ciborium_ll::Header;

/// The item is not of the shape that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongShape;

type Result<T> = core::result::Result<T, WrongShape>;

/// What kind of item comes next, for readers that leave the choice to the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Array,
    Other,
}

/// A cursor over items that [`item`](super::item) found well-formed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(items: &'a [u8]) -> Self {
        Self { rest: items }
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(WrongShape) }
    }

    pub(crate) fn kind(&self) -> Kind {
        match Head::read(self.rest).map(|head| head.header) {
            Some(Header::Positive(_) | Header::Negative(_)) => Kind::Integer,
            Some(Header::Text(_)) => Kind::Text,
            Some(Header::Array(_)) => Kind::Array,
            _ => Kind::Other,
        }
    }

    pub(crate) fn tag(&mut self, number: u64) -> Result<()> {
        self.expect(Header::Tag(number))
    }

    pub(crate) fn array(&mut self, len: usize) -> Result<()> {
        self.expect(Header::Array(Some(len)))
    }

    pub(crate) fn array_of_any_length(&mut self) -> Result<usize> {
        match self.head()? {
            Header::Array(Some(len)) => Ok(len),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn map(&mut self) -> Result<MapReader<'a, '_>> {
        match self.head()? {
            Header::Map(Some(remaining)) => Ok(MapReader { reader: self, remaining }),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64> {
        match self.head()? {
            Header::Positive(value) => Ok(value),
            _ => Err(WrongShape),
        }
    }

    /// An integer of either sign; CBOR's are within -2^64 and 2^64 - 1.
    pub(crate) fn int(&mut self) -> Result<i128> {
        match self.head()? {
            Header::Positive(value) => Ok(value.into()),
            Header::Negative(value) => Ok(-1 - i128::from(value)),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        match self.head()? {
            Header::Bytes(Some(len)) => self.take(len),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn bytes_of<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        self.bytes()?.try_into().map_err(|_| WrongShape)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        match self.head()? {
            Header::Text(Some(len)) => core::str::from_utf8(self.take(len)?).map_err(|_| WrongShape),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn literal_true(&mut self) -> Result<()> {
        self.expect(Header::Simple(ciborium_ll::simple::TRUE))
    }

    /// Passes over one item, whatever it is, and returns its bytes.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8]> {
        let item = super::item(self.rest).ok_or(WrongShape)?;
        self.take(item.len)
    }

    fn head(&mut self) -> Result<Header> {
        let head = Head::read(self.rest).ok_or(WrongShape)?;
        self.rest = &self.rest[head.len..];
        Ok(head.header)
    }

    fn expect(&mut self, header: Header) -> Result<()> {
        if self.head()? == header { Ok(()) } else { Err(WrongShape) }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(WrongShape)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The entries of one map, asked for in the order of the deterministic encoding.
pub(crate) struct MapReader<'a, 'r> {
    reader: &'r mut Reader<'a>,
    remaining: usize,
}

impl<'a> MapReader<'a, '_> {
    /// The value of the entry with this integer key, which must come next.
    pub(crate) fn required(&mut self, key: i64) -> Result<&mut Reader<'a>> {
        self.optional(key).ok_or(WrongShape)
    }

    /// The value of the entry with this integer key, where it comes next.
    pub(crate) fn optional(&mut self, key: i64) -> Option<&mut Reader<'a>> {
        self.next_if(|reader| reader.int().is_ok_and(|found| found == i128::from(key)))
    }

    /// The value of the entry with this text key, which must come next.
    pub(crate) fn required_text(&mut self, key: &str) -> Result<&mut Reader<'a>> {
        self.next_if(|reader| reader.text().is_ok_and(|found| found == key)).ok_or(WrongShape)
    }

    /// The next entry, whatever its key; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<&mut Reader<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        Some(self.reader)
    }

    /// That no entry is left.
    pub(crate) fn end(self) -> Result<()> {
        if self.remaining == 0 { Ok(()) } else { Err(WrongShape) }
    }

    fn next_if(&mut self, is_key: impl FnOnce(&mut Reader<'a>) -> bool) -> Option<&mut Reader<'a>> {
        let mut ahead = *self.reader;
        if self.remaining == 0 || !is_key(&mut ahead) {
            return None;
        }
        *self.reader = ahead;
        self.remaining -= 1;
        Some(self.reader)
    }
}
