//! CBOR diagnostic notation (RFC 8949 section 8, with the `<< >>` of RFC 8610 appendix G), for people who look into
//! a token.
//!
//! It reads whatever comes, as far as it can, and judges nothing: what a token may hold is the core's to say. Where
//! an item is not in its shortest form, the notation's encoding indicators (`_0` to `_3`, `_`) show it.

use std::fmt::Write as _;

use ciborium_ll::{Decoder, Header};

use crate::output::shown;

/// The notation of a CBOR sequence, an item on each line, and whether all of it could be read.
pub(crate) fn notation(bytes: &[u8]) -> (String, bool) {
    let mut printer = Printer { bytes, position: 0, item_start: 0, text: String::new() };
    let mut whole = true;
    while printer.position < bytes.len() {
        if printer.position > 0 {
            printer.text.push_str(",\n");
        }
        if printer.item(Place::default()).is_err() {
            let rest = &bytes[printer.item_start..];
            let _ = write!(printer.text, "/ cannot be read: h'{}' /", hex::encode(rest));
            whole = false;
            break;
        }
    }
    (printer.text, whole)
}

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
        if place.holds_cbor && !content.is_empty() && is_one_item(content) {
            self.position = start;
            self.text.push_str("<< ");
            self.item(Place { holds_cbor: false, ..place })?;
            self.print(format_args!(" >>{form}"));
        } else {
            self.print(format_args!("h'{}'{form}", hex::encode(content)));
        }
        Ok(())
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

fn is_one_item(bytes: &[u8]) -> bool {
    let mut printer = Printer { bytes, position: 0, item_start: 0, text: String::new() };
    printer.item(Place::default()).is_ok() && printer.position == bytes.len()
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
    use super::notation;

    fn of(hex: &str) -> (String, bool) {
        notation(&hex::decode(hex).unwrap_or_default())
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
