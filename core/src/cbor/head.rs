//! The header of one item: its type, and its value or length.

use alloc::vec::Vec;
use ciborium_io::Write;
use ciborium_ll::{Encoder, Header};
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
}

/// Any header there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnyHead {
    Definite(Head),
    /// Of a string, an array or a map that goes on up to a break.
    Indefinite(Major),
    /// A float or a simple value: there is nothing behind it.
    Whole,
    Break,
}

impl AnyHead {
    /// Reads the header at the start of `input`; `None` where it is cut short or not well-formed.
    #[inline]
    pub(super) fn read(input: &[u8]) -> Option<(Self, Written)> {
        if let Some((head, written)) = Head::read(input) {
            return Some((Self::Definite(head), written));
        }
        let (&initial, rest) = input.split_first()?;
        let simple = |len, shortest| Some((Self::Whole, Written { len, shortest }));
        match initial {
            0xe0..=0xf7 => simple(1, true),
            // RFC 8949 section 3.3: those under 32 are not written in two bytes.
            0xf8 => simple(2, true).filter(|_| rest.first().is_some_and(|&value| value >= 32)),
            // No float is shorter.
            0xf9 => {
                let float = u16::from_be_bytes(*rest.first_chunk()?);
                simple(3, float & 0x7fff <= INFINITY || float == NAN)
            }
            0xfa => {
                let float = f32::from_be_bytes(*rest.first_chunk()?);
                simple(5, !float.is_nan() && is_shortest(float.into(), 5))
            }
            0xfb => {
                let float = f64::from_be_bytes(*rest.first_chunk()?);
                simple(9, !float.is_nan() && is_shortest(float, 9))
            }
            0xff => Some((Self::Break, Written { len: 1, shortest: true })),
            _ => {
                // What the deterministic encoding never has, and whoever reads on notes.
                let major = match initial {
                    0x5f => Major::Bytes,
                    0x7f => Major::Text,
                    0x9f => Major::Array,
                    0xbf => Major::Map,
                    _ => return None,
                };
                Some((Self::Indefinite(major), Written { len: 1, shortest: true }))
            }
        }
    }
}

/// The largest float of two bytes, and the one NaN of the deterministic encoding (RFC 8949 section 4.2.2).
const INFINITY: u16 = 0x7c00;
const NAN: u16 = 0x7e00;

/// Whether no shorter float is the same number: as `ciborium-ll` writes it.
fn is_shortest(float: f64, len: usize) -> bool {
    let mut written = HeadBytes { bytes: [0; HeadBytes::MAX_LEN], len: 0 };
    let Ok(()) = Encoder::from(Sink(&mut written)).push(Header::Float(float));
    written.len == len
}

/// A header in its shortest encoding.
pub(super) struct HeadBytes {
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
        // The argument's last `width` bytes come first.
        bytes[1..].copy_from_slice(&head.argument.unbounded_shl(64 - 8 * width).to_be_bytes());
        Self { bytes, len: 1 + width as usize }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Puts it behind what is there. The whole array is copied, whose length is known, and what is over cut off again: a
    /// few bytes would take longer.
    #[inline]
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len;
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
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
    use ciborium_io::Read;
    use ciborium_ll::Decoder;

    /// Lets ciborium-ll read from a slice, with or without its `std` feature.
    struct Source<'a>(&'a [u8]);

    impl Read for Source<'_> {
        type Error = CutShort;

        fn read_exact(&mut self, data: &mut [u8]) -> Result<(), CutShort> {
            let (taken, rest) = self.0.split_at_checked(data.len()).ok_or(CutShort)?;
            data.copy_from_slice(taken);
            self.0 = rest;
            Ok(())
        }
    }

    struct CutShort;

    fn written_by_ciborium(header: Header) -> Vec<u8> {
        let mut written = HeadBytes { bytes: [0; HeadBytes::MAX_LEN], len: 0 };
        let Ok(()) = Encoder::from(Sink(&mut written)).push(header);
        written.as_slice().to_vec()
    }

    fn read_by_ciborium(input: &[u8]) -> Option<(Header, Written)> {
        let mut decoder = Decoder::from(Source(input));
        let header = decoder.pull().ok()?;
        let len = decoder.offset();
        // ciborium-ll takes a simple value under 32 in two bytes; RFC 8949 section 3.3 does not.
        if let (0xf8, Header::Simple(0..32)) = (*input.first()?, header) {
            return None;
        }
        let shortest = match header {
            Header::Float(float) if float.is_nan() => input[..len] == [0xf9, 0x7e, 0x00],
            header => input[..len] == written_by_ciborium(header),
        };
        Some((header, Written { len, shortest }))
    }

    fn in_our_words(header: Header) -> AnyHead {
        let number = |major, argument| AnyHead::Definite(Head { major, argument });
        let of_length = |major, len: Option<usize>| match len {
            Some(len) => AnyHead::Definite(Head::length(major, len)),
            None => AnyHead::Indefinite(major),
        };
        match header {
            Header::Positive(value) => number(Major::Positive, value),
            Header::Negative(value) => number(Major::Negative, value),
            Header::Tag(value) => number(Major::Tag, value),
            Header::Bytes(len) => of_length(Major::Bytes, len),
            Header::Text(len) => of_length(Major::Text, len),
            Header::Array(len) => of_length(Major::Array, len),
            Header::Map(len) => of_length(Major::Map, len),
            Header::Float(_) | Header::Simple(_) => AnyHead::Whole,
            Header::Break => AnyHead::Break,
        }
    }

    /// Arguments on both sides of every border, and some beyond.
    fn arguments() -> impl Iterator<Item = u64> {
        let borders = [0, 24, 0x100, 0x1_0000, 0x1_0000_0000, 1 << 63];
        borders
            .into_iter()
            .flat_map(|border: u64| (0..40).map(move |step| border.wrapping_sub(20).wrapping_add(step)))
    }

    #[test]
    fn headers_are_read_and_written_as_ciborium_does() {
        let mut definite = 0;
        for initial in 0..=u8::MAX {
            for argument in arguments() {
                let mut input = [0; 10];
                input[0] = initial;
                for width in [1, 2, 4, 8] {
                    input[1..=width].copy_from_slice(&argument.to_be_bytes()[8 - width..]);
                    for len in 0..=input.len() {
                        let input = &input[..len];
                        let theirs = read_by_ciborium(input);
                        let in_our_words = theirs.map(|(header, written)| (in_our_words(header), written));
                        assert_eq!(AnyHead::read(input), in_our_words, "{input:02x?}");
                        if let (Some((head, _)), Some((header, _))) = (Head::read(input), theirs) {
                            let mut written = Vec::new();
                            HeadBytes::of(head).push_to(&mut written);
                            assert_eq!(written, written_by_ciborium(header));
                            definite += 1;
                        }
                    }
                }
            }
        }
        assert!(definite > 100_000);
    }

    #[test]
    fn floats_are_read_as_ciborium_reads_them() {
        let check = |input: &[u8]| {
            let theirs = read_by_ciborium(input).map(|(_, written)| (AnyHead::Whole, written));
            assert_eq!(AnyHead::read(input), theirs, "{input:02x?}");
        };
        for bits in 0..=u16::MAX {
            let [high, low] = bits.to_be_bytes();
            check(&[0xf9, high, low]);
            // Floats around all that have a shorter form: of the same number, and with one more bit set.
            for more in [0, 1] {
                check(&[&[0xfa, high, low, 0], &[more][..]].concat());
                check(&[&[0xfb, high, low, 0, 0, 0, 0, 0], &[more][..]].concat());
                check(&[&[0xfb, high, low, 0, 0, more, 0, 0, 0][..]].concat());
                check(&[&[0xfa, high, low, more << 5, 0][..]].concat());
            }
        }
    }
}
