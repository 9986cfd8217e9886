//! The header of one item: its type, and its value or length.

use ciborium_io::Write;
use ciborium_ll::{Decoder, Encoder, Header};
use core::convert::Infallible;

/// A header as it stands in the input.
pub(super) struct Head {
    pub(super) header: Header,
    /// How many bytes of the input it takes.
    pub(super) len: usize,
}

impl Head {
    /// The longest: the initial byte and an eight-byte argument.
    const MAX_LEN: usize = 9;

    /// Reads the header at the start of `input`; `None` where it is cut short or not well-formed.
    pub(super) fn read(input: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::from(input);
        let header = decoder.pull().ok()?;
        // ciborium-ll takes a simple value under 32 in two bytes; RFC 8949 section 3.3 does not.
        if let (Header::Simple(0..32), 0xf8) = (header, *input.first()?) {
            return None;
        }
        Some(Self { header, len: decoder.offset() })
    }

    /// Whether the header stands in `input` as the deterministic encoding writes it.
    pub(super) fn is_shortest(&self, input: &[u8]) -> bool {
        let written = &input[..self.len];
        match self.header {
            Header::Float(float) if float.is_nan() => written == [0xf9, 0x7e, 0x00],
            header => written == HeadBytes::of(header).as_slice(),
        }
    }
}

/// A header in its shortest encoding.
pub(crate) struct HeadBytes {
    bytes: [u8; Head::MAX_LEN],
    len: usize,
}

impl HeadBytes {
    pub(super) fn of(header: Header) -> Self {
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
