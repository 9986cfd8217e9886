//! The printer.

use std::fmt::Write as _;

use ciborium_ll::{Decoder, Header};

use crate::escape::shown;

/// What [`notation`] could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notation {
    /// The notation, an item of the sequence on each line, and at its end the hex of what could not be read.
    pub text: String,
    /// Whether all of the input could be read.
    pub is_whole: bool,
    /// How many headers of items were decoded. It measures the work: at most one for each byte of the input.
    pub headers: usize,
}

/// The notation of a CBOR sequence (RFC 8742).
///
/// The work and the output are bounded by the length of the input, whatever is in it: each byte is decoded at most once,
/// and the output has at most [`MAX_GROWTH`] bytes for each byte of the input, and as many again.
///
/// ```
/// let seen = kycvs_diagnostic::notation(&[0x01, 0x41, 0xff]);
/// assert_eq!((seen.text.as_str(), seen.is_whole), ("1,\nh'ff'", true));
/// ```
#[must_use]
pub fn notation(bytes: &[u8]) -> Notation {
    let mut printer = Printer { bytes, position: 0, item_start: 0, headers: 0, text: String::new() };
    let mut is_whole = true;
    while printer.position < bytes.len() {
        if printer.position > 0 {
            printer.text.push_str(",\n");
        }
        if printer.item(Place::default()).is_err() {
            let rest = &bytes[printer.item_start..];
            let _ = write!(printer.text, "/ cannot be read: h'{}' /", hex::encode(rest));
            is_whole = false;
            break;
        }
    }
    Notation { text: printer.text, is_whole, headers: printer.headers }
}

/// The most bytes of output for each byte of input. The worst is an item of one byte that is printed on a line of its own
/// at the deepest indentation.
pub const MAX_GROWTH: usize = 64;

/// Deeper items than these are not shown.
const DEEPEST: usize = 16;

/// The item cannot be read; what could be is printed.
struct Unreadable;

/// Where an item stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// How many items it stands in.
    depth: usize,
    /// How many of them are arrays and maps.
    indent: usize,
    /// Whether it is the content of a `COSE_Sign1`'s tag.
    in_sign1_tag: bool,
    /// Whether it is a byte string in which a `COSE_Sign1` has CBOR: its first and its third.
    holds_cbor: bool,
}

struct Printer<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Where the last header starts that was looked at.
    item_start: usize,
    headers: usize,
    text: String,
}

impl<'a> Printer<'a> {
    fn item(&mut self, place: Place) -> Result<(), Unreadable> {
        if place.depth > DEEPEST {
            return Err(Unreadable);
        }
        let inside = Place { depth: place.depth + 1, indent: place.indent, ..Place::default() };
        let member = Place { indent: place.indent + 1, ..inside };
        let (header, form) = self.header()?;
        match header {
            Header::Positive(number) => self.print(format_args!("{number}{form}")),
            Header::Negative(number) => self.print(format_args!("{}{form}", -1 - i128::from(number))),
            Header::Float(number) => self.print(format_args!("{number:?}{form}")),
            Header::Simple(20) => self.text.push_str("false"),
            Header::Simple(21) => self.text.push_str("true"),
            Header::Simple(22) => self.text.push_str("null"),
            Header::Simple(23) => self.text.push_str("undefined"),
            Header::Simple(number) => self.print(format_args!("simple({number})")),
            Header::Tag(number) => {
                self.print(format_args!("{number}{form}("));
                self.item(Place { in_sign1_tag: number == 18, ..inside })?;
                self.text.push(')');
            }
            Header::Bytes(Some(length)) => self.byte_string(length, form, place)?,
            Header::Text(Some(length)) => {
                let content = self.take(length)?;
                self.text_string(content, form);
            }
            Header::Bytes(None) | Header::Text(None) => self.chunks(inside)?,
            Header::Array(length) => {
                self.text.push('[');
                self.members(length, form, place.indent, |printer, index| {
                    let holds_cbor = place.in_sign1_tag && (index == 0 || index == 2);
                    printer.item(Place { holds_cbor, ..member })
                })?;
                self.text.push(']');
            }
            Header::Map(length) => {
                self.text.push('{');
                self.members(length, form, place.indent, |printer, _| {
                    printer.item(member)?;
                    printer.text.push_str(": ");
                    printer.item(member)
                })?;
                self.text.push('}');
            }
            Header::Break => return Err(Unreadable),
        }
        Ok(())
    }

    /// The next header, and the indicator of its form where that is not the shortest.
    fn header(&mut self) -> Result<(Header, &'static str), Unreadable> {
        self.item_start = self.position;
        let mut decoder = Decoder::from(&self.bytes[self.position..]);
        let header = decoder.pull().map_err(|_| Unreadable)?;
        self.headers += 1;
        let length = decoder.offset();
        self.position += length;
        let shortest = match header {
            Header::Positive(number) | Header::Negative(number) | Header::Tag(number) => shortest(number),
            Header::Bytes(Some(number))
            | Header::Text(Some(number))
            | Header::Array(Some(number))
            | Header::Map(Some(number)) => shortest(number as u64),
            // A float's width is always told.
            Header::Float(_) => 0,
            _ => length,
        };
        let form = match length {
            _ if length == shortest => "",
            2 => "_0",
            3 => "_1",
            5 => "_2",
            9 => "_3",
            _ => "",
        };
        Ok((header, form))
    }

    /// Whether the next byte ends an item of unknown length; it is taken.
    fn ends(&mut self) -> bool {
        let ends = self.bytes.get(self.position) == Some(&0xff);
        self.position += usize::from(ends);
        ends
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let end = self.position.checked_add(length).ok_or(Unreadable)?;
        let content = self.bytes.get(self.position..end).ok_or(Unreadable)?;
        self.position = end;
        Ok(content)
    }

    /// The members of an array or a map, each on a line of its own.
    fn members(
        &mut self,
        length: Option<usize>,
        form: &str,
        indent: usize,
        mut member: impl FnMut(&mut Self, usize) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.text.push_str(if length.is_none() { "_" } else { form });
        let mut index = 0;
        while length.map_or_else(|| !self.ends(), |length| index < length) {
            if index > 0 {
                self.text.push(',');
            }
            self.new_line(indent + 1);
            member(self, index)?;
            index += 1;
        }
        if index > 0 {
            self.new_line(indent);
        }
        Ok(())
    }

    fn byte_string(&mut self, length: usize, form: &str, place: Place) -> Result<(), Unreadable> {
        let start = self.position;
        let content = self.take(length)?;
        if place.holds_cbor && !content.is_empty() && self.embedded(start, place).is_ok() {
            self.print(format_args!(" >>{form}"));
        } else {
            self.print(format_args!("h'{}'{form}", hex::encode(content)));
        }
        Ok(())
    }

    /// Prints the content of the byte string that was taken, if it is one item. If it is not, nothing is printed.
    ///
    /// The content is printed while it is read, and the text is cut back if it turns out not to be an item. Reading it
    /// twice, once to see and once to print, doubles the work with each level of nesting.
    fn embedded(&mut self, start: usize, place: Place) -> Result<(), Unreadable> {
        let end = self.position;
        let (outer, item_start, printed) = (self.bytes, self.item_start, self.text.len());
        self.bytes = &outer[..end];
        self.position = start;
        self.text.push_str("<< ");
        let inside = Place { depth: place.depth + 1, indent: place.indent, ..Place::default() };
        let read = self.item(inside);
        let result = if read.is_ok() && self.position == end { Ok(()) } else { Err(Unreadable) };
        self.bytes = outer;
        self.position = end;
        if result.is_err() {
            self.item_start = item_start;
            self.text.truncate(printed);
        }
        result
    }

    fn text_string(&mut self, content: &[u8], form: &str) {
        let Ok(text) = std::str::from_utf8(content) else {
            self.print(format_args!("h'{}'{form} / text that is not UTF-8 /", hex::encode(content)));
            return;
        };
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        self.print(format_args!("\"{}\"{form}", shown(&quoted)));
    }

    /// The chunks of a string of unknown length.
    fn chunks(&mut self, inside: Place) -> Result<(), Unreadable> {
        self.text.push_str("(_");
        let mut first = true;
        while !self.ends() {
            self.text.push_str(if first { " " } else { ", " });
            self.item(inside)?;
            first = false;
        }
        self.text.push(')');
        Ok(())
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("  ", indent));
    }

    fn print(&mut self, arguments: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(arguments);
    }
}

fn shortest(number: u64) -> usize {
    match number {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_GROWTH, notation};

    fn of(hex: &str) -> (String, bool) {
        let seen = notation(&hex::decode(hex).expect("hex"));
        (seen.text, seen.is_whole)
    }

    /// A byte string in its shortest form.
    fn byte_string(content: &[u8]) -> Vec<u8> {
        let head = match content.len() {
            length @ 0..24 => vec![0x40 | length.to_le_bytes()[0]],
            length @ 24..0x100 => vec![0x58, length.to_le_bytes()[0]],
            length => vec![0x59, length.to_le_bytes()[1], length.to_le_bytes()[0]],
        };
        [&head[..], content].concat()
    }

    /// COSE_Sign1 in the protected byte string of a COSE_Sign1, and so on, around `x`.
    fn nested(mut x: Vec<u8>, levels: usize, in_payload: bool) -> Vec<u8> {
        for _ in 0..levels {
            let inner = byte_string(&x);
            x = if in_payload {
                [&[0xd2, 0x84, 0x40, 0xa0], &inner[..], &[0x40]].concat()
            } else {
                [&[0xd2, 0x84], &inner[..], &[0xa0, 0x40, 0x40]].concat()
            };
        }
        x
    }

    /// That work and output are bounded by the input.
    #[track_caller]
    fn is_bounded(bytes: &[u8]) {
        let seen = notation(bytes);
        assert!(seen.headers <= bytes.len(), "{} headers of {} bytes", seen.headers, bytes.len());
        let most = MAX_GROWTH * (bytes.len() + 1);
        assert!(seen.text.len() <= most, "{} bytes of {}", seen.text.len(), bytes.len());
    }

    #[test]
    fn nested_sign1_of_any_depth_takes_work_of_its_length() {
        for levels in [1, 3, 7, 8, 9, 25, 40, 200, 1_000] {
            for in_payload in [false, true] {
                // The innermost content is one item, none, two, or broken.
                for x in [&[1][..], &[], &[1, 1], &[0x82, 1], &[0xff], &[0x5f, 0x41]] {
                    is_bounded(&nested(x.to_vec(), levels, in_payload));
                }
            }
        }
        // Two byte strings that end too early.
        is_bounded(&[0xd2, 0x84, 0x41, 0x81, 0xa0, 0x41, 0x81, 0x40]);
        // Both byte strings nested: the input doubles with each level.
        let mut x = vec![1];
        for _ in 0..12 {
            let inner = byte_string(&x);
            x = [&[0xd2, 0x84], &inner[..], &[0xa0], &inner[..], &[0x40]].concat();
            is_bounded(&x);
        }
    }

    #[test]
    fn small_input_does_not_become_long_output() {
        for head in ["81", "9f", "a1", "bf", "c1", "d2", "5f", "7f", "a100", "bf00", "d281", "d29f", "82f5"] {
            let head = hex::decode(head).expect("hex");
            for tail in [&[0][..], &[0x60], &[0xf9, 0x7c, 0], &[0xfb, 0, 0, 0, 0, 0, 0, 0, 1], &[0xff], &[]] {
                for levels in [1, 8, 15, 16, 17, 500] {
                    is_bounded(&[&head.repeat(levels)[..], tail].concat());
                    // Many members at the depth that is indented most.
                    is_bounded(&[&head.repeat(levels)[..], &[0x98, 200], &tail.repeat(200)].concat());
                    is_bounded(&[&head.repeat(levels)[..], &[0x9f], &tail.repeat(200)].concat());
                }
            }
        }
        // What steers a terminal becomes longest.
        is_bounded(&[&[0x79, 3, 0xe8][..], &[1; 1_000]].concat());
        is_bounded(&[&[0x79, 3, 0xe8][..], "\u{e0041}".repeat(250).as_bytes()].concat());
        // Lengths that nothing has.
        for head in ["5b", "7b", "9b", "bb"] {
            let head = hex::decode(head).expect("hex");
            is_bounded(&[&head[..], &[0xff; 8], &[0; 900]].concat());
            is_bounded(&[&head[..], &[0x7f], &[0xff; 7], &[0; 900]].concat());
        }
    }

    #[test]
    fn content_that_is_nested_too_deep_is_shown_as_bytes() {
        let (text, is_whole) = of(&hex::encode(nested(vec![1], 20, false)));
        assert!(is_whole && text.contains("<< 18([") && text.contains("h'd284"), "{text}");
    }

    #[test]
    fn items_are_written_as_the_standard_does() {
        for (hex, text) in [
            ("00", "0"),
            ("1818", "24"),
            ("1817", "23_0"),
            ("190001", "1_1"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("f4", "false"),
            ("f7", "undefined"),
            ("f93c00", "1.0_1"),
            ("42beef", "h'beef'"),
            ("5801be", "h'be'_0"),
            ("6161", "\"a\""),
            ("63225c1b", "\"\\\"\\\\\\u{1b}\""),
            ("80", "[]"),
            ("a0", "{}"),
            ("9fff", "[_]"),
            ("8101", "[\n  1\n]"),
            ("bf0102ff", "{_\n  1: 2\n}"),
            ("5f4101420203ff", "(_ h'01', h'0203')"),
            ("c101", "1(1)"),
            ("0102", "1,\n2"),
        ] {
            assert_eq!(of(hex), (text.to_owned(), true), "{hex}");
        }
    }

    #[test]
    fn what_a_cose_sign1_holds_is_opened() {
        assert_eq!(
            of("d28443a10126a0410540").0,
            "18([\n  << {\n    1: -7\n  } >>,\n  {},\n  << 5 >>,\n  h''\n])"
        );
        assert_eq!(of("d28441a1a0410540").0, "18([\n  h'a1',\n  {},\n  << 5 >>,\n  h''\n])");
    }

    #[test]
    fn what_can_be_read_of_a_broken_item_is_shown() {
        assert_eq!(of("8201"), ("[\n  1,\n  / cannot be read: h'' /".into(), false));
        assert_eq!(of("1c"), ("/ cannot be read: h'1c' /".into(), false));
        assert!(!of("5bffffffffffffffff00").1);
        assert!(!of("9bffffffffffffffff00").1);
        assert!(!of(&"81".repeat(4000)).1);
        assert_eq!(of(""), (String::new(), true));
    }
}
