//! A second reader of section 5 of SPEC.md, which shares neither code nor manner with the crate's.
//!
//! The crate walks over bytes, recursively, and judges each header where it stands. This one builds a tree with a stack, and
//! then writes the tree in the deterministic encoding: bytes are canonical where that gives them back.

use std::{collections::HashMap, sync::OnceLock};

/// One item, without a trace of how it was encoded. Integers keep CBOR's argument, so that all of -2^64 to 2^64-1 are there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Uint(u64),
    Nint(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Tag(u64, Box<Value>),
    Simple(u8),
    Float(f64),
}

/// Not well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

const MAX_DEPTH: usize = 8;

/// The item at the start of `bytes`, and what stands behind it.
pub(crate) fn first_item(bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    let mut rest = bytes;
    // What is open around the item that comes next; its depth is one more than there are.
    let mut open: Vec<Open> = Vec::new();
    loop {
        let mut done = if open.last().is_some_and(Open::may_break) && rest.first() == Some(&0xff) {
            rest = &rest[1..];
            open.pop().ok_or(Malformed)?.close()?
        } else {
            if open.len() >= MAX_DEPTH {
                return Err(Malformed);
            }
            match next(&mut rest)? {
                Piece::Whole(value) => value,
                Piece::Opening(Open { wanted: Some(0), kind, .. }) => Open::new(kind, Some(0)).close()?,
                Piece::Opening(opening) => {
                    open.push(opening);
                    continue;
                }
            }
        };
        // The item may be the last that something around it waited for.
        loop {
            let Some(around) = open.last_mut() else { return Ok((done, rest)) };
            around.items.push(done);
            if around.wanted != Some(around.items.len() as u64) {
                break;
            }
            done = open.pop().ok_or(Malformed)?.close()?;
        }
    }
}

enum Piece {
    Whole(Value),
    Opening(Open),
}

/// An array, a map or a tag whose items are still coming.
struct Open {
    kind: Kind,
    /// How many items there will be, keys and values counted each; `None` until a break.
    wanted: Option<u64>,
    items: Vec<Value>,
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
    Tag(u64),
}

impl Open {
    fn new(kind: Kind, wanted: Option<u64>) -> Self {
        Self { kind, wanted, items: Vec::new() }
    }

    fn may_break(&self) -> bool {
        self.wanted.is_none() && (!matches!(self.kind, Kind::Map) || self.items.len().is_multiple_of(2))
    }

    fn close(self) -> Result<Value, Malformed> {
        let mut items = self.items.into_iter();
        Ok(match self.kind {
            Kind::Array => Value::Array(items.collect()),
            Kind::Tag(number) => Value::Tag(number, Box::new(items.next().ok_or(Malformed)?)),
            Kind::Map => {
                let mut pairs = Vec::new();
                while let Some(key) = items.next() {
                    pairs.push((key, items.next().ok_or(Malformed)?));
                }
                Value::Map(pairs)
            }
        })
    }
}

fn next(rest: &mut &[u8]) -> Result<Piece, Malformed> {
    let initial = take(rest, 1)?[0];
    let (major, info) = (initial >> 5, initial & 0x1f);
    let indefinite = info == 31;
    let argument = match info {
        0..=23 => u64::from(info),
        24..=27 => {
            take(rest, 1 << (info - 24))?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
        }
        31 if matches!(major, 2..=5) => 0,
        _ => return Err(Malformed),
    };
    let wanted = |each: u64| {
        // More than there are bytes can never come.
        let count = argument.checked_mul(each).filter(|&count| count <= rest.len() as u64);
        if indefinite { Ok(None) } else { count.map(Some).ok_or(Malformed) }
    };
    Ok(match major {
        0 => Piece::Whole(Value::Uint(argument)),
        1 => Piece::Whole(Value::Nint(argument)),
        2 | 3 => {
            let chunks = if indefinite { chunks(rest, major)? } else { vec![string(rest, argument)?] };
            Piece::Whole(match major {
                2 => Value::Bytes(chunks.concat()),
                _ => Value::Text(chunks.into_iter().map(utf8).collect::<Result<_, _>>()?),
            })
        }
        4 => Piece::Opening(Open::new(Kind::Array, wanted(1)?)),
        5 => Piece::Opening(Open::new(Kind::Map, wanted(2)?)),
        6 => Piece::Opening(Open::new(Kind::Tag(argument), Some(1))),
        _ => Piece::Whole(match info {
            24 if argument < 32 => return Err(Malformed),
            0..=24 => Value::Simple(u8::try_from(argument).map_err(|_| Malformed)?),
            25 => Value::Float(half(u16::try_from(argument).map_err(|_| Malformed)?)),
            26 => Value::Float(f64::from(f32::from_bits(u32::try_from(argument).map_err(|_| Malformed)?))),
            _ => Value::Float(f64::from_bits(argument)),
        }),
    })
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Malformed> {
    let (taken, behind) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = behind;
    Ok(taken)
}

fn string(rest: &mut &[u8], len: u64) -> Result<Vec<u8>, Malformed> {
    take(rest, usize::try_from(len).map_err(|_| Malformed)?).map(<[u8]>::to_vec)
}

/// The chunks of an indefinite-length string: definite ones of the same major type, up to a break.
fn chunks(rest: &mut &[u8], major: u8) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut chunks = Vec::new();
    loop {
        match rest.first() {
            Some(0xff) => {
                *rest = &rest[1..];
                return Ok(chunks);
            }
            Some(initial) if initial >> 5 == major && initial & 0x1f != 31 => match next(rest)? {
                Piece::Whole(Value::Bytes(chunk)) => chunks.push(chunk),
                Piece::Whole(Value::Text(chunk)) => chunks.push(chunk.into_bytes()),
                _ => return Err(Malformed),
            },
            _ => return Err(Malformed),
        }
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, Malformed> {
    String::from_utf8(bytes).map_err(|_| Malformed)
}

/// Appendix D of RFC 8949, in Rust.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The deterministic encoding, or `None` where there is none, because a map has a key twice.
pub(crate) fn encode(value: &Value) -> Option<Vec<u8>> {
    use crate::common::head;
    Some(match value {
        Value::Uint(argument) => head(0, *argument),
        Value::Nint(argument) => head(1, *argument),
        Value::Bytes(bytes) => [&head(2, bytes.len() as u64), &bytes[..]].concat(),
        Value::Text(text) => [&head(3, text.len() as u64), text.as_bytes()].concat(),
        Value::Array(items) => {
            let items: Vec<Vec<u8>> = items.iter().map(encode).collect::<Option<_>>()?;
            [head(4, items.len() as u64), items.concat()].concat()
        }
        Value::Map(pairs) => {
            let mut encoded: Vec<(Vec<u8>, Vec<u8>)> = pairs
                .iter()
                .map(|(key, value)| Some((encode(key)?, encode(value)?)))
                .collect::<Option<_>>()?;
            encoded.sort();
            if encoded.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return None;
            }
            let pairs: Vec<u8> = encoded.iter().flat_map(|(key, value)| [&key[..], value].concat()).collect();
            [head(5, encoded.len() as u64), pairs].concat()
        }
        Value::Tag(number, content) => [head(6, *number), encode(content)?].concat(),
        Value::Simple(number) => head(7, u64::from(*number)),
        Value::Float(float) => encode_float(*float),
    })
}

fn encode_float(float: f64) -> Vec<u8> {
    /// Every value that a float of 16 bits can have, by its bits as one of 64.
    static HALVES: OnceLock<HashMap<u64, u16>> = OnceLock::new();
    let halves = HALVES.get_or_init(|| (0..=u16::MAX).map(|bits| (half(bits).to_bits(), bits)).collect());

    if float.is_nan() {
        return vec![0xf9, 0x7e, 0x00];
    }
    if let Some(bits) = halves.get(&float.to_bits()) {
        return [&[0xf9][..], &bits.to_be_bytes()].concat();
    }
    #[allow(clippy::cast_possible_truncation, reason = "whether anything is lost is what is asked")]
    let single = float as f32;
    if f64::from(single).to_bits() == float.to_bits() {
        return [&[0xfa][..], &single.to_be_bytes()].concat();
    }
    [&[0xfb][..], &float.to_be_bytes()].concat()
}
