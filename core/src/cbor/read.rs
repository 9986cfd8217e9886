//! Taking an item apart, borrowing from it.

#![allow(
    clippy::inline_always,
    reason = "where a key is known, so are its bytes, and to compare them takes no call"
)]

use super::head::{Head, HeadBytes, Major, TRUE};

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

/// A cursor over items.
///
/// Whoever asks for definite items alone, with the keys of each map in the order of the deterministic encoding, and gets
/// all of them from a [`deterministic`](Self::deterministic) reader up to its [`end`](Self::end), has read the deterministic
/// encoding of one value: every header was the shortest, every text was UTF-8. What was read so has not to be
/// [checked](super::layer) too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    deterministic: bool,
}

impl<'a> Reader<'a> {
    /// Refuses whatever is not written as the deterministic encoding writes it.
    pub(crate) fn deterministic(items: &'a [u8]) -> Self {
        Self { rest: items, deterministic: true }
    }

    /// Takes well-formed items in any encoding but for indefinite lengths: for what others write.
    pub(crate) fn lenient(items: &'a [u8]) -> Self {
        Self { rest: items, deterministic: false }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(WrongShape) }
    }

    pub(crate) fn kind(&self) -> Kind {
        match Head::read(self.rest).map(|(head, _)| head.major) {
            Some(Major::Positive | Major::Negative) => Kind::Integer,
            Some(Major::Text) => Kind::Text,
            Some(Major::Array) => Kind::Array,
            _ => Kind::Other,
        }
    }

    pub(crate) fn tag(&mut self, number: u64) -> Result<()> {
        self.expect(Head { major: Major::Tag, argument: number })
    }

    pub(crate) fn array(&mut self, len: usize) -> Result<()> {
        self.expect(Head::length(Major::Array, len))
    }

    pub(crate) fn array_of_any_length(&mut self) -> Result<usize> {
        self.length(Major::Array)
    }

    pub(crate) fn map(&mut self) -> Result<MapReader<'a, '_>> {
        let remaining = self.length(Major::Map)?;
        Ok(MapReader { reader: self, remaining })
    }

    pub(crate) fn uint(&mut self) -> Result<u64> {
        self.argument(Major::Positive)
    }

    /// An integer of either sign; CBOR's are within -2^64 and 2^64 - 1.
    pub(crate) fn int(&mut self) -> Result<i128> {
        match self.head()? {
            Head { major: Major::Positive, argument } => Ok(argument.into()),
            Head { major: Major::Negative, argument } => Ok(-1 - i128::from(argument)),
            _ => Err(WrongShape),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.length(Major::Bytes)?;
        self.take(len)
    }

    pub(crate) fn bytes_of<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        self.bytes()?.try_into().map_err(|_| WrongShape)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        let len = self.length(Major::Text)?;
        core::str::from_utf8(self.take(len)?).map_err(|_| WrongShape)
    }

    pub(crate) fn literal_true(&mut self) -> Result<()> {
        if self.take(1)? == [TRUE] { Ok(()) } else { Err(WrongShape) }
    }

    /// Passes over one item, whatever it is, and returns its bytes.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8]> {
        let item = super::item(self.rest).ok_or(WrongShape)?;
        self.take(item.len)
    }

    #[inline]
    fn head(&mut self) -> Result<Head> {
        let (head, written) = Head::read(self.rest).ok_or(WrongShape)?;
        if self.deterministic && !written.shortest {
            return Err(WrongShape);
        }
        self.rest = &self.rest[written.len..];
        Ok(head)
    }

    #[inline]
    fn argument(&mut self, major: Major) -> Result<u64> {
        // Most are in the initial byte.
        if let Some((&initial, rest)) = self.rest.split_first()
            && let argument @ 0..=23 = initial ^ ((major as u8) << 5)
        {
            self.rest = rest;
            return Ok(argument.into());
        }
        self.longer_argument(major)
    }

    fn longer_argument(&mut self, major: Major) -> Result<u64> {
        let head = self.head()?;
        if head.major == major { Ok(head.argument) } else { Err(WrongShape) }
    }

    fn length(&mut self, major: Major) -> Result<usize> {
        usize::try_from(self.argument(major)?).map_err(|_| WrongShape)
    }

    #[inline]
    fn expect(&mut self, head: Head) -> Result<()> {
        self.rest = self.behind(head).ok_or(WrongShape)?;
        Ok(())
    }

    /// What stands behind this header, where it comes next.
    #[inline(always)]
    fn behind(&self, head: Head) -> Option<&'a [u8]> {
        if self.deterministic {
            // There is one way to write it, and so nothing to take apart.
            return self.rest.strip_prefix(HeadBytes::of(head).as_slice());
        }
        let (found, written) = Head::read(self.rest)?;
        if found == head { Some(&self.rest[written.len..]) } else { None }
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
    #[inline(always)]
    pub(crate) fn required(&mut self, key: i64) -> Result<&mut Reader<'a>> {
        self.optional(key).ok_or(WrongShape)
    }

    /// The value of the entry with this integer key, where it comes next.
    #[inline(always)]
    pub(crate) fn optional(&mut self, key: i64) -> Option<&mut Reader<'a>> {
        let value = self.reader.behind(Head::integer(key))?;
        self.at(value)
    }

    /// The value of the entry with this text key, which must come next.
    pub(crate) fn required_text(&mut self, key: &str) -> Result<&mut Reader<'a>> {
        let mut ahead = *self.reader;
        if ahead.text()? != key {
            return Err(WrongShape);
        }
        self.at(ahead.rest).ok_or(WrongShape)
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

    /// The value of the next entry, which begins there; `None` where there is no entry.
    #[inline]
    fn at(&mut self, value: &'a [u8]) -> Option<&mut Reader<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        self.reader.rest = value;
        Some(self.reader)
    }
}
