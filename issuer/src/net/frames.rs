//! Where the frames of HTTP/2 begin and end (RFC 9113, section 4.1), as far as it takes to see that a head is not whole: a
//! client that keeps a connection open sends whole frames of other kinds, such as PING.

/// A frame's length, kind, flags and stream.
const HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// The length of the text before a client's first frame (section 3.4).
const PREFACE: usize = 24;

/// How far a connection was read.
#[derive(Default)]
pub(super) struct Frames {
    /// How much of the preface was read.
    preface: usize,
    header: [u8; HEADER],
    /// How much of a frame's header was read.
    filled: usize,
    /// How much of a frame is left after its header.
    left: usize,
    /// Whether a head has begun and not ended.
    in_head: bool,
    /// Whether a head has ended.
    has_begun: bool,
}

impl Frames {
    /// Reads on.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        let preface = bytes.len().min(PREFACE - self.preface);
        self.preface += preface;
        bytes = &bytes[preface..];
        while !bytes.is_empty() {
            if self.filled < HEADER {
                let taken = bytes.len().min(HEADER - self.filled);
                self.header[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
                self.filled += taken;
                bytes = &bytes[taken..];
                if self.filled < HEADER {
                    return;
                }
                let [high, middle, low, ..] = self.header;
                self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
                self.in_head |= self.kind() == HEADERS;
            }
            let taken = bytes.len().min(self.left);
            self.left -= taken;
            bytes = &bytes[taken..];
            if self.left == 0 {
                self.end_frame();
            }
        }
    }

    fn end_frame(&mut self) {
        self.filled = 0;
        if matches!(self.kind(), HEADERS | CONTINUATION) && self.header[4] & END_HEADERS != 0 {
            self.in_head = false;
            self.has_begun = true;
        }
    }

    fn kind(&self) -> u8 {
        self.header[3]
    }

    /// Whether the first head was read.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether a head is not whole, or a frame that could be part of one. Bodies (DATA) have a time of their own.
    pub(super) fn is_in_head(&self) -> bool {
        let in_frame = self.filled > 0 && !(self.filled == HEADER && self.kind() == DATA);
        self.in_head || in_frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.resize(HEADER + usize::from(length), 0);
        frame
    }

    /// The state after each byte, as runs of `h` (in a head) and `-`.
    fn read(frames: &[Vec<u8>]) -> String {
        let mut reader = Frames::default();
        reader.read(&[0; PREFACE]);
        let mut runs = String::new();
        for byte in frames.concat() {
            reader.read(&[byte]);
            let now = if reader.is_in_head() { 'h' } else { '-' };
            if !runs.ends_with(now) {
                runs.push(now);
            }
        }
        runs
    }

    #[test]
    fn whole_frames_of_any_kind_leave_no_head_open() {
        const PING: u8 = 6;
        assert!(read(&[frame(PING, 0, 8), frame(PING, 1, 8)]).ends_with("h-"));
        assert_eq!(read(&[frame(HEADERS, END_HEADERS, 5)]), "h-");
        assert_eq!(read(&[frame(HEADERS, END_HEADERS, 0)]), "h-");
    }

    #[test]
    fn head_is_open_until_its_last_part() {
        let head = [frame(HEADERS, 0, 5), frame(CONTINUATION, 0, 0), frame(CONTINUATION, END_HEADERS, 3)];
        assert_eq!(read(&head), "h-");
        assert_eq!(read(&head[..2]), "h");
    }

    #[test]
    fn body_that_comes_slowly_is_no_head() {
        assert_eq!(read(&[frame(HEADERS, END_HEADERS, 5), frame(DATA, 0, 200)]), "h-h-");
    }

    #[test]
    fn reading_in_any_pieces_finds_the_same() {
        let bytes =
            [vec![0; PREFACE], frame(4, 0, 12), frame(HEADERS, 0, 40), frame(CONTINUATION, 0, 2)].concat();
        for size in 1..bytes.len() {
            let mut reader = Frames::default();
            bytes.chunks(size).for_each(|piece| reader.read(piece));
            assert!(reader.is_in_head() && !reader.has_begun(), "{size}");
        }
    }
}
