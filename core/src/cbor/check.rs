//! Whether bytes are well-formed CBOR, and whether they are the deterministic encoding of it.

use super::head::{AnyHead, Head, Major};

/// How deep items may nest; the outermost item is at depth 1.
pub(crate) const MAX_DEPTH: usize = 8;

/// What is wrong with a layer as CBOR. The order is that of the codes: the first one that applies is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Not well-formed, text that is not UTF-8, nested too deep, cut short, or bytes behind the end.
    Malformed,
    /// Well-formed, but not the deterministic encoding.
    NotCanonical,
}

/// What the walk over one well-formed item found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// How many bytes of the input the item takes.
    pub(crate) len: usize,
    /// Whether they are its deterministic encoding.
    pub(crate) canonical: bool,
}

/// Walks the one item at the start of `input`; `None` where it is not well-formed or is cut short.
pub(crate) fn item(input: &[u8]) -> Option<Item> {
    let mut walk = Walk { input, at: 0, canonical: true };
    walk.item(1)?;
    Some(Item { len: walk.at, canonical: walk.canonical })
}

/// Checks that `input` is one item in the deterministic encoding, and nothing more.
pub(crate) fn layer(input: &[u8]) -> Result<(), Fault> {
    match item(input) {
        Some(Item { len, canonical: true }) if len == input.len() => Ok(()),
        Some(Item { len, canonical: false }) if len == input.len() => Err(Fault::NotCanonical),
        _ => Err(Fault::Malformed),
    }
}

struct Walk<'a> {
    input: &'a [u8],
    at: usize,
    canonical: bool,
}

/// Every step returns `None` where the item is not well-formed.
impl<'a> Walk<'a> {
    fn item(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.head()? {
            AnyHead::Definite(head) => self.behind(head, depth),
            AnyHead::Indefinite(Major::Array) => self.until_break(|walk| walk.item(depth + 1)),
            AnyHead::Indefinite(Major::Map) => self.until_break(|walk| {
                walk.item(depth + 1)?;
                walk.item(depth + 1)
            }),
            AnyHead::Indefinite(string) => self.chunks(string),
            AnyHead::Whole => Some(()),
            AnyHead::Break => None,
        }
    }

    /// What stands behind a header of a definite item.
    fn behind(&mut self, head: Head, depth: usize) -> Option<()> {
        match head.major {
            Major::Positive | Major::Negative => Some(()),
            Major::Bytes => self.take(head.argument).map(drop),
            Major::Text => self.text(head.argument),
            Major::Array => (0..head.argument).try_for_each(|_| self.item(depth + 1)),
            Major::Map => self.map(head.argument, depth),
            Major::Tag => self.item(depth + 1),
        }
    }

    /// Reads a header and notes whether it is the shortest.
    fn head(&mut self) -> Option<AnyHead> {
        let (head, written) = AnyHead::read(&self.input[self.at..])?;
        self.canonical &= written.shortest;
        self.at += written.len;
        Some(head)
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let end = self.at.checked_add(usize::try_from(len).ok()?)?;
        let taken = self.input.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn text(&mut self, len: u64) -> Option<()> {
        core::str::from_utf8(self.take(len)?).ok().map(drop)
    }

    /// A map of definite length: the keys must ascend in the bytewise order of their encodings.
    fn map(&mut self, len: u64, depth: usize) -> Option<()> {
        let mut previous: Option<&[u8]> = None;
        for _ in 0..len {
            let start = self.at;
            self.item(depth + 1)?;
            let key = &self.input[start..self.at];
            self.canonical &= previous.is_none_or(|previous| previous < key);
            previous = Some(key);
            self.item(depth + 1)?;
        }
        Some(())
    }

    /// The chunks of an indefinite string: definite ones of the same type (RFC 8949 section 3.2.3).
    fn chunks(&mut self, string: Major) -> Option<()> {
        self.until_break(|walk| match walk.head()? {
            AnyHead::Definite(head) if head.major == string => walk.behind(head, MAX_DEPTH),
            _ => None,
        })
    }

    fn until_break(&mut self, mut step: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.canonical = false;
        while *self.input.get(self.at)? != BREAK {
            step(self)?;
        }
        self.at += 1;
        Some(())
    }
}

const BREAK: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    fn fault(hex: &str) -> Option<Fault> {
        layer(&hex::decode(hex).expect("hex")).err()
    }

    #[test]
    fn deterministic_items_pass() {
        for hex in [
            "00",
            "17",
            "1818",
            "1bffffffffffffffff",
            "20",
            "3bffffffffffffffff",
            "40",
            "4101",
            "60",
            "6161",
            "80",
            "8101",
            "a0",
            "a10102",
            "a20102616103",
            "d200",
            "f4",
            "f6",
            "f7",
            "f820",
            "f8ff",
            "e0",
            "f90000",
            "f97e00",
            "f93c00",
            "fa47c35000",
            "fb3ff199999999999a",
        ] {
            assert_eq!(fault(hex), None, "{hex}");
        }
    }

    #[test]
    fn every_rule_of_well_formedness_is_kept() {
        for hex in [
            "",
            "18",
            "1c",
            "1d",
            "1e",
            "1f",
            "3f",
            "5c",
            "7c",
            "9c",
            "bc",
            "dc",
            "df",
            "fc",
            "ff",
            "41",
            "61",
            "61ff",
            "62c328",
            "81",
            "a1",
            "a101",
            "d2",
            "f8",
            "f818",
            "f81f",
            "f9",
            "5f00ff",
            "5f5f4100ffff",
            "5f6100ff",
            "7f4100ff",
            "7f61c3ff",
            "9f",
            "9f00",
            "bf",
            "bf00",
            "bf00ff",
            "bf",
            "0000",
            "a0ff",
            "9bffffffffffffffff",
            "5bffffffffffffffff",
            "bbffffffffffffffff",
        ] {
            assert_eq!(fault(hex), Some(Fault::Malformed), "{hex}");
        }
    }

    #[test]
    fn every_rule_of_the_deterministic_encoding_is_kept() {
        for hex in [
            "1800",
            "1817",
            "190000",
            "1900ff",
            "1a0000ffff",
            "1b00000000ffffffff",
            "3800",
            "5800",
            "7800",
            "9800",
            "b800",
            "d81200",
            "5fff",
            "7fff",
            "9fff",
            "bfff",
            "a201020003",
            "a201020103",
            "f97e01",
            "fa7fc00000",
            "fb7ff8000000000000",
            "fa3f800000",
            "fb3ff0000000000000",
            "f9fe00",
        ] {
            assert_eq!(fault(hex), Some(Fault::NotCanonical), "{hex}");
        }
    }

    #[test]
    fn malformed_comes_before_not_canonical() {
        assert_eq!(fault("82180061ff"), Some(Fault::Malformed));
        assert_eq!(fault("180000"), Some(Fault::Malformed));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize, opener: u8| {
            let mut bytes: Vec<u8> = core::iter::repeat_n(opener, depth - 1).collect();
            bytes.push(0);
            layer(&bytes).err()
        };
        for opener in [0x81, 0xd2] {
            assert_eq!(nested(MAX_DEPTH, opener), None);
            assert_eq!(nested(MAX_DEPTH + 1, opener), Some(Fault::Malformed));
        }
        assert_eq!(layer(&vec![0x9f; 1_000_000]).err(), Some(Fault::Malformed));
    }
}
