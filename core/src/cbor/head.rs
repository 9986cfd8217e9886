//! The header of one item: its type, and its value or length.

use ciborium_io::{Read, Write};
use ciborium_ll::{Decoder, Encoder, Header};
use core::convert::Infallible;

/// The major types that a header with an argument can have (RFC 8949 section 3.1), by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Major {
    Positive = 0,
    Negative = 1,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
    Tag = 6,
}

/// What a header says: its type, and its value or length. There are others (floats, simple values, indefinite lengths),
/// and no token has one of those but for `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) major: Major,
    pub(super) argument: u64,
}

/// `true` and `null` (RFC 8949 section 3.3).
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;

/// How a header stands in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// In bytes.
    pub(super) len: usize,
    /// Whether it is as the deterministic encoding writes it.
    pub(super) shortest: bool,
}

impl Head {
    pub(super) const fn length(major: Major, len: usize) -> Self {
        Self { major, argument: len as u64 }
    }

    /// The header of an integer, which is all of it.
    #[inline]
    pub(super) const fn integer(value: i64) -> Self {
        if value < 0 {
            Self { major: Major::Negative, argument: !value.cast_unsigned() }
        } else {
            Self { major: Major::Positive, argument: value.cast_unsigned() }
        }
    }

    /// Reads the header at the start of `input`; `None` where it is cut short, not well-formed, or one of the others.
    #[inline]
    pub(super) fn read(input: &[u8]) -> Option<(Self, Written)> {
        let (&initial, rest) = input.split_first()?;
        let (argument, len, shortest) = match initial & 0x1f {
            argument @ 0..=23 => (argument.into(), 1, true),
            24 => {
                let &argument = rest.first()?;
                (argument.into(), 2, argument > 23)
            }
            25 => {
                let argument = u16::from_be_bytes(*rest.first_chunk()?);
                (argument.into(), 3, argument > 0xff)
            }
            26 => {
                let argument = u32::from_be_bytes(*rest.first_chunk()?);
                (argument.into(), 5, argument > 0xffff)
            }
            27 => {
                let argument = u64::from_be_bytes(*rest.first_chunk()?);
                (argument, 9, argument > 0xffff_ffff)
            }
            _ => return None,
        };
        let major = match initial >> 5 {
            0 => Major::Positive,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => return None,
        };
        Some((Self { major, argument }, Written { len, shortest }))
    }

    /// The same in ciborium's words; `None` where a length is beyond what this machine can address.
    fn to_header(self) -> Option<Header> {
        let length = || usize::try_from(self.argument).ok().map(Some);
        Some(match self.major {
            Major::Positive => Header::Positive(self.argument),
            Major::Negative => Header::Negative(self.argument),
            Major::Bytes => Header::Bytes(length()?),
            Major::Text => Header::Text(length()?),
            Major::Array => Header::Array(length()?),
            Major::Map => Header::Map(length()?),
            Major::Tag => Header::Tag(self.argument),
        })
    }
}

/// Reads any header at the start of `input`; `None` where it is cut short or not well-formed.
pub(super) fn read_any(input: &[u8]) -> Option<(Header, Written)> {
    match Head::read(input) {
        Some((head, written)) => Some((head.to_header()?, written)),
        None => read_by_ciborium(input),
    }
}

fn read_by_ciborium(input: &[u8]) -> Option<(Header, Written)> {
    let mut decoder = Decoder::from(Source(input));
    let header = decoder.pull().ok()?;
    let len = decoder.offset();
    // ciborium-ll takes a simple value under 32 in two bytes; RFC 8949 section 3.3 does not.
    if let (0xf8, Header::Simple(0..32)) = (*input.first()?, header) {
        return None;
    }
    Some((header, Written { len, shortest: is_shortest(header, &input[..len]) }))
}

/// Whether the deterministic encoding writes the header like this. Indefinite lengths have one way to be written, and
/// are never deterministic: that is for who reads what stands behind them.
fn is_shortest(header: Header, written: &[u8]) -> bool {
    match header {
        Header::Float(float) if float.is_nan() => written == [0xf9, 0x7e, 0x00],
        header => written == HeadBytes::by_ciborium(header).as_slice(),
    }
}

/// Lets ciborium-ll read from a slice, with or without its `std` feature.
struct Source<'a>(&'a [u8]);

impl Read for Source<'_> {
    type Error = CutShort;

    #[inline]
    fn read_exact(&mut self, data: &mut [u8]) -> Result<(), CutShort> {
        let (taken, rest) = self.0.split_at_checked(data.len()).ok_or(CutShort)?;
        data.copy_from_slice(taken);
        self.0 = rest;
        Ok(())
    }
}

struct CutShort;

/// A header in its shortest encoding.
pub(crate) struct HeadBytes {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl HeadBytes {
    /// The longest: the initial byte and an eight-byte argument.
    const MAX_LEN: usize = 9;

    #[inline]
    pub(super) fn of(head: Head) -> Self {
        let (information, width) = match head.argument {
            argument @ 0..=23 => (argument.to_le_bytes()[0], 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = (head.major as u8) << 5 | information;
        bytes[1..=width].copy_from_slice(&head.argument.to_be_bytes()[8 - width..]);
        Self { bytes, len: 1 + width }
    }

    fn by_ciborium(header: Header) -> Self {
        let mut written = Self { bytes: [0; Self::MAX_LEN], len: 0 };
        let Ok(()) = Encoder::from(Sink(&mut written)).push(header);
        written
    }

    /// The header of a byte string of `len` bytes.
    pub(crate) fn of_bytes(len: usize) -> Self {
        Self::of(Head::length(Major::Bytes, len))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Lets ciborium-ll write into a [`HeadBytes`], with or without its `std` feature.
struct Sink<'a>(&'a mut HeadBytes);

impl Write for Sink<'_> {
    type Error = Infallible;

    fn write_all(&mut self, data: &[u8]) -> Result<(), Infallible> {
        let HeadBytes { bytes, len } = &mut *self.0;
        bytes[*len..*len + data.len()].copy_from_slice(data);
        *len += data.len();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arguments on both sides of every border, and some beyond.
    fn arguments() -> impl Iterator<Item = u64> {
        let borders = [0, 24, 0x100, 0x1_0000, 0x1_0000_0000, 1 << 63];
        borders
            .into_iter()
            .flat_map(|border: u64| (0..40).map(move |step| border.wrapping_sub(20).wrapping_add(step)))
    }

    #[test]
    fn headers_are_written_as_ciborium_writes_them() {
        use Major::{Array, Bytes, Map, Negative, Positive, Tag, Text};
        for argument in arguments() {
            for major in [Positive, Negative, Bytes, Text, Array, Map, Tag] {
                let head = Head { major, argument };
                let Some(header) = head.to_header() else { continue };
                assert_eq!(HeadBytes::of(head).as_slice(), HeadBytes::by_ciborium(header).as_slice());
            }
        }
    }

    #[test]
    fn headers_are_read_as_ciborium_reads_them() {
        let mut own_ones = 0;
        for initial in 0..=u8::MAX {
            for argument in arguments() {
                let mut input = [0; 10];
                input[0] = initial;
                for width in [1, 2, 4, 8] {
                    input[1..=width].copy_from_slice(&argument.to_be_bytes()[8 - width..]);
                    for len in 0..=input.len() {
                        let input = &input[..len];
                        let own = Head::read(input).map(|(head, written)| (head.to_header(), written));
                        let theirs = read_by_ciborium(input).map(|(header, written)| (Some(header), written));
                        own_ones += u32::from(own.is_some());
                        assert!(own.is_none() || own == theirs, "{input:02x?}: {own:?}, {theirs:?}");
                        let other = theirs.is_none_or(|(header, _)| {
                            matches!(header, Some(Header::Float(_) | Header::Simple(_) | Header::Break))
                                || input[0] & 0x1f == 0x1f
                        });
                        assert!(own.is_some() || other, "{input:02x?}: {theirs:?}");
                    }
                }
            }
        }
        assert!(own_ones > 100_000);
    }
}
