//! The header of one item: its type, and its value or length.

use ciborium_io::{Read, Write};
use ciborium_ll::{Decoder, Encoder, Header};
use core::convert::Infallible;

/// A header as it stands in the input.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) header: Header,
    /// How many bytes of the input it takes.
    pub(super) len: usize,
}

impl Head {
    /// The longest: the initial byte and an eight-byte argument.
    const MAX_LEN: usize = 9;

    /// Reads the header at the start of `input`; `None` where it is cut short or not well-formed.
    #[inline]
    pub(super) fn read(input: &[u8]) -> Option<Self> {
        let &initial = input.first()?;
        if let Some(header) = within_initial_byte(initial) {
            return Some(Self { header, len: 1 });
        }
        let mut decoder = Decoder::from(Source(input));
        let header = decoder.pull().ok()?;
        // ciborium-ll takes a simple value under 32 in two bytes; RFC 8949 section 3.3 does not.
        if let (0xf8, Header::Simple(0..32)) = (initial, header) {
            return None;
        }
        Some(Self { header, len: decoder.offset() })
    }

    /// Whether the header stands in `input` as the deterministic encoding writes it.
    #[inline]
    pub(super) fn is_shortest(&self, input: &[u8]) -> bool {
        let argument = match self.header {
            Header::Positive(value) | Header::Negative(value) | Header::Tag(value) => value,
            Header::Bytes(Some(len))
            | Header::Text(Some(len))
            | Header::Array(Some(len))
            | Header::Map(Some(len)) => len as u64,
            Header::Float(float) => return is_shortest_float(float, &input[..self.len]),
            _ => return true,
        };
        let shortest = match argument {
            0..=23 => 1,
            24..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        self.len == shortest
    }
}

/// The header whose argument is within its initial byte, as most are. What ciborium-ll gives, in a tenth of the time: half
/// of what reading a token took was this.
#[inline]
fn within_initial_byte(initial: u8) -> Option<Header> {
    let argument = initial & 0x1f;
    let (value, len) = (u64::from(argument), Some(usize::from(argument)));
    (argument <= 23).then_some(match initial >> 5 {
        0 => Header::Positive(value),
        1 => Header::Negative(value),
        2 => Header::Bytes(len),
        3 => Header::Text(len),
        4 => Header::Array(len),
        5 => Header::Map(len),
        6 => Header::Tag(value),
        _ => Header::Simple(argument),
    })
}

fn is_shortest_float(float: f64, written: &[u8]) -> bool {
    if float.is_nan() {
        written == [0xf9, 0x7e, 0x00]
    } else {
        written == HeadBytes::of(Header::Float(float)).as_slice()
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
    bytes: [u8; Head::MAX_LEN],
    len: usize,
}

impl HeadBytes {
    pub(super) fn of(header: Header) -> Self {
        match short(header) {
            Some((initial, argument)) => {
                let mut bytes = [0; Head::MAX_LEN];
                bytes[0] = initial;
                bytes[1] = argument.unwrap_or_default();
                Self { bytes, len: 1 + usize::from(argument.is_some()) }
            }
            None => Self::by_ciborium(header),
        }
    }

    pub(super) fn by_ciborium(header: Header) -> Self {
        let mut written = Self { bytes: [0; Head::MAX_LEN], len: 0 };
        let Ok(()) = Encoder::from(Sink(&mut written)).push(header);
        written
    }

    /// The header of a byte string of `len` bytes.
    pub(crate) fn of_bytes(len: usize) -> Self {
        Self::of(Header::Bytes(Some(len)))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The initial byte and, if there is one, the byte behind it, of a header whose argument is below 256. Most are like that, and
/// the long way to write them would cost as much as all else that is written.
#[inline]
pub(super) fn short(header: Header) -> Option<(u8, Option<u8>)> {
    let (major, argument) = match header {
        Header::Positive(value) => (0, value),
        Header::Negative(value) => (1, value),
        Header::Bytes(Some(len)) => (2, len as u64),
        Header::Text(Some(len)) => (3, len as u64),
        Header::Array(Some(len)) => (4, len as u64),
        Header::Map(Some(len)) => (5, len as u64),
        Header::Tag(number) => (6, number),
        _ => return None,
    };
    let argument = u8::try_from(argument).ok()?;
    Some(if argument < 24 { (major << 5 | argument, None) } else { (major << 5 | 0x18, Some(argument)) })
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

    #[test]
    fn the_short_way_writes_what_ciborium_writes() {
        let of_a_length: [fn(Option<usize>) -> Header; 4] =
            [Header::Bytes, Header::Text, Header::Array, Header::Map];
        let of_a_number: [fn(u64) -> Header; 3] = [Header::Positive, Header::Negative, Header::Tag];
        let mut short_ones = 0;
        for argument in 0..300_usize {
            let headers = of_a_length.map(|header| header(Some(argument)));
            let headers = headers.into_iter().chain(of_a_number.map(|header| header(argument as u64)));
            for header in headers {
                short_ones += u32::from(short(header).is_some());
                assert_eq!(HeadBytes::of(header).as_slice(), HeadBytes::by_ciborium(header).as_slice());
            }
        }
        assert_eq!(short_ones, 7 * 256);
    }

    #[test]
    fn the_short_way_gives_what_ciborium_gives() {
        for initial in 0..=u8::MAX {
            if let Some(header) = within_initial_byte(initial) {
                let mut decoder = Decoder::from(Source(core::slice::from_ref(&initial)));
                assert_eq!(decoder.pull().ok(), Some(header), "{initial:02x}");
            } else {
                assert!(initial & 0x1f > 23, "{initial:02x}");
            }
        }
    }
}
