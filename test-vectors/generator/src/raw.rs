//! CBOR written by hand, right or wrong: heads of any width, maps in any order, items that never end.
//!
//! Nothing of the core is used here, so that a fault of its writer cannot hide in the vectors.

pub(super) const UINT: u8 = 0;
pub(super) const NINT: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;

pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;
pub(super) const UNDEFINED: u8 = 0xf7;
pub(super) const BREAK: u8 = 0xff;

/// Where the argument of a head stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Two,
    Four,
    Eight,
}

impl Width {
    pub(super) const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
            Self::Four => "four",
            Self::Eight => "eight",
        }
    }

    /// As it stands in a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::One => "a byte of its own",
            Self::Two => "two bytes of their own",
            Self::Four => "four bytes of their own",
            Self::Eight => "eight bytes of their own",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    fn information(self) -> u8 {
        match self {
            Self::One => 24,
            Self::Two => 25,
            Self::Four => 26,
            Self::Eight => 27,
        }
    }
}

/// A head in its shortest form.
pub(super) fn head(major: u8, argument: u64) -> Vec<u8> {
    let small = u8::try_from(argument).ok().filter(|&argument| argument < 24);
    if let Some(small) = small {
        return vec![major << 5 | small];
    }
    let width = match argument {
        0..=0xff => Width::One,
        0x100..=0xffff => Width::Two,
        0x1_0000..=0xffff_ffff => Width::Four,
        _ => Width::Eight,
    };
    long_head(major, width, argument)
}

/// A head whose argument stands in so many bytes, whether it needs them or not.
pub(super) fn long_head(major: u8, width: Width, argument: u64) -> Vec<u8> {
    let mut written = vec![major << 5 | width.information()];
    written.extend_from_slice(&argument.to_be_bytes()[8 - width.bytes()..]);
    written
}

pub(super) fn uint(value: u64) -> Vec<u8> {
    head(UINT, value)
}

pub(super) fn int(value: i64) -> Vec<u8> {
    // -1 - n is !n in two's complement.
    if value < 0 { head(NINT, (!value).cast_unsigned()) } else { uint(value.cast_unsigned()) }
}

pub(super) fn bytes(content: &[u8]) -> Vec<u8> {
    join(&[&head(BYTES, content.len() as u64), content])
}

pub(super) fn text(content: &str) -> Vec<u8> {
    join(&[&head(TEXT, content.len() as u64), content.as_bytes()])
}

pub(super) fn array(items: &[&[u8]]) -> Vec<u8> {
    join(&[&head(ARRAY, items.len() as u64), &join(items)])
}

pub(super) fn tag(number: u64, content: &[u8]) -> Vec<u8> {
    join(&[&head(TAG, number), content])
}

/// A string with a head of another width.
pub(super) fn long_string(major: u8, width: Width, content: &[u8]) -> Vec<u8> {
    join(&[&long_head(major, width, content.len() as u64), content])
}

/// Whatever major type, with an indefinite length, and the break behind it.
pub(super) fn indefinite(major: u8, items: &[&[u8]]) -> Vec<u8> {
    join(&[&[major << 5 | 31], &join(items), &[BREAK]])
}

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A number of things, in words: `1 byte`, `2 bytes`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Bytes from their hexadecimal digits; spaces mean nothing.
pub(super) fn hx(digits: &str) -> Vec<u8> {
    hex::decode(digits.replace([' ', '\n'], "")).expect("the generator's own digits")
}

/// A map whose entries stand as they were put.
#[derive(Clone, Debug)]
pub(super) struct Map {
    /// The head, where it is not the shortest one of the count.
    pub(super) head: Option<Vec<u8>>,
    /// Encoded keys and values.
    pub(super) entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// What stands behind the entries: a break, or what has no place there.
    pub(super) end: Vec<u8>,
}

impl Map {
    pub(super) fn new(entries: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { head: None, entries, end: Vec::new() }
    }

    /// Another value for an integer key, or a new entry in its place of the deterministic order.
    pub(super) fn set(&mut self, key: i64, value: Vec<u8>) {
        self.set_raw(int(key), value);
    }

    /// As [`set`](Self::set), for a key of any kind.
    pub(super) fn set_raw(&mut self, key: Vec<u8>, value: Vec<u8>) {
        match self.entries.iter().position(|(known, _)| *known >= key) {
            Some(at) if self.entries[at].0 == key => self.entries[at].1 = value,
            Some(at) => self.entries.insert(at, (key, value)),
            None => self.entries.push((key, value)),
        }
    }

    pub(super) fn remove(&mut self, key: i64) {
        let at = self.position(key);
        self.entries.remove(at);
    }

    /// The same value under a key with these bytes, in the same place.
    pub(super) fn rename(&mut self, key: i64, bytes: Vec<u8>) {
        let at = self.position(key);
        self.entries[at].0 = bytes;
    }

    pub(super) fn swap(&mut self, one: i64, other: i64) {
        let (one, other) = (self.position(one), self.position(other));
        self.entries.swap(one, other);
    }

    /// The entry once more, behind itself.
    pub(super) fn repeat(&mut self, key: i64) {
        let at = self.position(key);
        self.entries.insert(at, self.entries[at].clone());
    }

    pub(super) fn make_indefinite(&mut self) {
        self.head = Some(vec![MAP << 5 | 31]);
        self.end = vec![BREAK];
    }

    pub(super) fn make_head_long(&mut self, width: Width) {
        self.head = Some(long_head(MAP, width, self.entries.len() as u64));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut written = self.head.clone().unwrap_or_else(|| head(MAP, self.entries.len() as u64));
        for (key, value) in &self.entries {
            written.extend_from_slice(key);
            written.extend_from_slice(value);
        }
        written.extend_from_slice(&self.end);
        written
    }

    fn position(&self, key: i64) -> usize {
        let key = int(key);
        self.entries.iter().position(|(known, _)| *known == key).expect("a key that the map has")
    }
}
