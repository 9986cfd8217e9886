//! Writing the deterministic encoding.

use super::head::{HeadBytes, short};
use alloc::vec::Vec;
use ciborium_ll::Header;

/// Writes items one behind the other. Headers are always the shortest; the caller writes map entries in order.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// Goes on behind what is there.
    pub(crate) fn behind(out: Vec<u8>) -> Self {
        Self { out }
    }

    pub(crate) fn tag(&mut self, number: u64) -> &mut Self {
        self.head(Header::Tag(number))
    }

    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        self.head(Header::Array(Some(len)))
    }

    pub(crate) fn map(&mut self, len: usize) -> &mut Self {
        self.head(Header::Map(Some(len)))
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(Header::Positive(value))
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.head(match u64::try_from(value) {
            Ok(value) => Header::Positive(value),
            Err(_) => Header::Negative(!value.cast_unsigned()),
        })
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(Header::Bytes(Some(value.len()))).raw(value)
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(Header::Text(Some(value.len()))).raw(value.as_bytes())
    }

    pub(crate) fn literal_true(&mut self) -> &mut Self {
        self.head(Header::Simple(ciborium_ll::simple::TRUE))
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.head(Header::Simple(ciborium_ll::simple::NULL))
    }

    /// Bytes that are deterministic already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    #[inline]
    fn head(&mut self, header: Header) -> &mut Self {
        let Some((initial, argument)) = short(header) else {
            return self.raw(HeadBytes::by_ciborium(header).as_slice());
        };
        self.out.push(initial);
        self.out.extend(argument);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::{Reader, layer};

    #[test]
    fn integers_of_every_width_come_back() {
        for value in
            [0, 23, 24, 255, 256, 65_535, 65_536, i64::MAX, -1, -24, -25, -256, -257, -65_537, i64::MIN]
        {
            let bytes = Writer::default().int(value).finish();
            assert_eq!(layer(&bytes), Ok(()));
            assert_eq!(Reader::new(&bytes).int(), Ok(i128::from(value)));
        }
        assert_eq!(Writer::default().int(-65_537).finish(), [0x3a, 0, 1, 0, 0]);
    }
}
