//! Writing the deterministic encoding.

use super::head::{Head, HeadBytes, Major, NULL, TRUE};
use alloc::vec::Vec;

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

    #[inline]
    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        self.head(Head::length(Major::Array, len))
    }

    #[inline]
    pub(crate) fn map(&mut self, len: usize) -> &mut Self {
        self.head(Head::length(Major::Map, len))
    }

    #[inline]
    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(Head { major: Major::Positive, argument: value })
    }

    #[inline]
    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.head(Head::integer(value))
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(Head::length(Major::Bytes, value.len())).raw(value)
    }

    /// A byte string of what `write` writes.
    #[inline]
    pub(crate) fn bytes_written_by(&mut self, write: impl FnOnce(&mut Self)) -> &mut Self {
        let begin = self.len();
        write(self);
        let end = self.len();
        // How long the header is depends on what was written: it comes behind it, and is brought to the front.
        self.head(Head::length(Major::Bytes, end - begin));
        let head = self.len() - end;
        self.out[begin..].rotate_right(head);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(Head::length(Major::Text, value.len())).raw(value.as_bytes())
    }

    pub(crate) fn literal_true(&mut self) -> &mut Self {
        self.raw(&[TRUE])
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.raw(&[NULL])
    }

    /// Bytes that are deterministic already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// Bytes that were written.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    #[inline]
    fn head(&mut self, head: Head) -> &mut Self {
        HeadBytes::of(head).push_to(&mut self.out);
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
            assert_eq!(Reader::deterministic(&bytes).int(), Ok(i128::from(value)));
        }
        assert_eq!(Writer::default().int(-65_537).finish(), [0x3a, 0, 1, 0, 0]);
    }

    #[test]
    fn a_byte_string_that_is_written_in_place_is_one_that_is_given() {
        for len in [0, 1, 23, 24, 255, 256, 1_000, 65_536] {
            let content: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let given = Writer::default().uint(7).bytes(&content).uint(8).finish();
            let mut writer = Writer::default();
            writer.uint(7).bytes_written_by(|writer| _ = writer.raw(&content)).uint(8);
            assert_eq!(writer.finish(), given, "{len} bytes");
        }
    }
}
