//! Bytes that are almost tokens: a tree that knows how each item is encoded, so that a change can be of the structure, of the
//! encoding or of the bytes, in any layer.

use crate::common::Random;

/// One item as it is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    major: u8,
    /// The number of a tag, the value of an integer, a simple value or a float; lengths and counts follow from the body.
    argument: u64,
    body: Body,
    /// At least so wide: 0 for the initial byte, then 1, 2, 3 and 4 for one, two, four and eight bytes. Wider where needed.
    width: u8,
    /// Of indefinite length. A string is cut in two chunks.
    indefinite: bool,
    /// Added to the length or count that is written.
    lie: i8,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Bytes(Vec<u8>),
    /// The items of an array, a map (keys and values in turn) or a tag.
    Items(Vec<Node>),
    /// A byte string that holds a layer.
    Layer(Vec<Node>),
}

impl Node {
    fn new(major: u8, argument: u64, body: Body) -> Self {
        Self { major, argument, body, width: 0, indefinite: false, lie: 0 }
    }

    /// The item at the start of `bytes`, which are a sound token or a part of one.
    fn read(bytes: &mut &[u8]) -> Self {
        let initial = bytes[0];
        *bytes = &bytes[1..];
        let argument = match initial & 0x1f {
            info @ 0..24 => u64::from(info),
            info => {
                let (number, behind) = bytes.split_at(1 << (info - 24));
                *bytes = behind;
                number.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
            }
        };
        let count = usize::try_from(argument).unwrap_or_default();
        let mut take = |len| {
            let (taken, behind) = bytes.split_at(len);
            *bytes = behind;
            taken.to_vec()
        };
        let major = initial >> 5;
        let body = match major {
            2 | 3 => Body::Bytes(take(count)),
            4 => Body::Items((0..count).map(|_| Self::read(bytes)).collect()),
            5 => Body::Items((0..2 * count).map(|_| Self::read(bytes)).collect()),
            6 => Body::Items(vec![Self::read(bytes)]),
            _ => Body::None,
        };
        Self::new(major, argument, body)
    }

    fn read_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut items = Vec::new();
        while !bytes.is_empty() {
            items.push(Self::read(&mut bytes));
        }
        items
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.indefinite && (2..=5).contains(&self.major) {
            out.push(self.major << 5 | 31);
            match &self.body {
                Body::Items(items) => items.iter().for_each(|item| item.write(out)),
                body => {
                    let content = body.content();
                    let (one, other) = content.split_at(content.len() / 2);
                    for chunk in [one, other] {
                        Self::new(self.major, 0, Body::Bytes(chunk.to_vec())).write(out);
                    }
                }
            }
            out.push(0xff);
            return;
        }
        let content = self.body.content();
        let argument = match (&self.body, self.major) {
            (Body::None, _) | (_, 6..) => self.argument,
            (Body::Items(items), 5) => (items.len() / 2) as u64,
            (Body::Items(items), _) => items.len() as u64,
            _ => content.len() as u64,
        };
        self.write_head(argument.wrapping_add_signed(self.lie.into()), out);
        out.extend(content);
    }

    fn write_head(&self, argument: u64, out: &mut Vec<u8>) {
        let needed = match argument {
            0..24 => 0,
            24..0x100 => 1,
            0x100..0x1_0000 => 2,
            0x1_0000..0x1_0000_0000 => 3,
            _ => 4,
        };
        match needed.max(self.width.min(4)) {
            0 => out.push(self.major << 5 | argument.to_be_bytes()[7]),
            width => {
                out.push(self.major << 5 | (23 + width));
                out.extend(&argument.to_be_bytes()[8 - (1 << (width - 1))..]);
            }
        }
    }

    /// How many items there are in this one, itself included, layers and all.
    fn count(&self) -> usize {
        1 + self.body.items().map_or(0, |items| items.iter().map(Self::count).sum())
    }

    /// The item of that number.
    fn nth(&mut self, number: usize) -> &mut Self {
        if number == 0 {
            return self;
        }
        let mut left = number - 1;
        let items = self.body.items_mut().expect("the number is under the count");
        for item in items {
            let count = item.count();
            if left < count {
                return item.nth(left);
            }
            left -= count;
        }
        unreachable!("the number is under the count")
    }
}

impl Body {
    fn content(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Items(items) | Self::Layer(items) => write_all(items),
        }
    }

    fn items(&self) -> Option<&Vec<Node>> {
        match self {
            Self::Items(items) | Self::Layer(items) => Some(items),
            _ => None,
        }
    }

    fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match self {
            Self::Items(items) | Self::Layer(items) => Some(items),
            _ => None,
        }
    }
}

fn write_all(items: &[Node]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        item.write(&mut bytes);
    }
    bytes
}

/// A sound presentation as a tree, to be changed.
pub(crate) fn tree(presentation: &[u8]) -> Vec<Node> {
    let mut items = Node::read_all(presentation);
    for part in parts(&mut items).iter_mut().step_by(2) {
        let Body::Bytes(layer) = &part.body else { unreachable!("a sound token") };
        part.body = Body::Layer(Node::read_all(layer));
    }
    assert_eq!(write_all(&items), presentation, "a tree that is not changed is the presentation");
    items
}

/// One input: a changed presentation, or CBOR that has little to do with one.
pub(crate) fn input(random: &mut Random, presentations: &[Vec<Node>]) -> Vec<u8> {
    let mut sequence = random.pick(presentations).clone();
    match random.below(10) {
        0 => sequence = (0..=random.below(3)).map(|_| any_item(random, 0)).collect(),
        1 => replace_a_layer(random, &mut sequence),
        _ => {
            for _ in 0..=random.below(3) {
                change_the_tree(random, &mut sequence);
            }
        }
    }
    let mut bytes = write_all(&sequence);
    for _ in 0..[0, 0, 0, 0, 0, 1, 1, 4][random.below(8)] {
        change_the_bytes(random, &mut bytes);
    }
    bytes
}

/// Any CBOR where the header or the claims belong.
fn replace_a_layer(random: &mut Random, sequence: &mut [Node]) {
    let item = any_item(random, 0);
    let at = 2 * random.below(2);
    parts(sequence)[at].body = Body::Layer(vec![item]);
}

/// The protected header, the unprotected one and the payload of a token that is still sound.
fn parts(sequence: &mut [Node]) -> &mut [Node] {
    let envelope = sequence[0].body.items_mut().and_then(|tag| tag[0].body.items_mut());
    &mut envelope.expect("a sound token")[..3]
}

fn change_the_tree(random: &mut Random, sequence: &mut Vec<Node>) {
    if random.one_in(20) {
        match random.below(3) {
            0 => sequence.push(any_item(random, 0)),
            1 => sequence.push(Node::new(2, 0, Body::Bytes(random.bytes(16)))),
            _ => drop(sequence.pop()),
        }
        return;
    }
    let total: usize = sequence.iter().map(Node::count).sum();
    if total == 0 {
        return;
    }
    let mut number = random.below(total);
    for item in sequence {
        let count = item.count();
        if number < count {
            change_the_item(random, item.nth(number));
            return;
        }
        number -= count;
    }
}

fn change_the_item(random: &mut Random, node: &mut Node) {
    match random.below(16) {
        0 => node.width += 1 + u8::try_from(random.below(4)).unwrap_or_default(),
        1 => node.indefinite = true,
        2 => node.lie = if random.one_in(2) { 1 } else { -1 },
        3 => node.major = random.byte() % 8,
        4 => *node = any_item(random, 0),
        5 => {
            // In a tag, in an array, or deep within many.
            let levels = [1, 1, 1, 2, 3, 4, 5, 6, 7, 8][random.below(10)];
            for _ in 0..levels {
                let (major, number) = [(6, 18), (6, 61), (6, 2), (4, 0)][random.below(4)];
                *node = Node::new(major, number, Body::Items(vec![node.clone()]));
            }
        }
        // Values of the same kind, which leave the token sound more often than not.
        6..=10 => change_the_value(random, node),
        _ => change_the_items(random, node),
    }
}

fn change_the_value(random: &mut Random, node: &mut Node) {
    match &mut node.body {
        Body::None if node.major < 2 => {
            node.argument = match random.below(4) {
                0 => node.argument.wrapping_add(1),
                1 => node.argument.wrapping_sub(1),
                2 => u64::MAX >> random.below(64),
                _ => random.next() % 30,
            }
        }
        Body::Bytes(bytes) if node.major == 3 => match random.below(5) {
            0 => *bytes = random.bytes(4),
            1 => *bytes = b"x".repeat(random.below(70)),
            2 => *bytes = "अ".repeat(1 + random.below(21)).into_bytes(),
            3 => drop(bytes.pop()),
            _ => bytes.push(b'x'),
        },
        Body::Bytes(bytes) => match random.below(6) {
            0 => drop(bytes.pop()),
            1 => bytes.push(0),
            2 => {
                let len = *random.pick(&[0, 7, 8, 16, 32, 64, 65]);
                *bytes = random.bytes(len);
            }
            _ => bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1)),
        },
        Body::Items(_) | Body::Layer(_) => change_the_items(random, node),
        Body::None => *node = any_item(random, 0),
    }
}

fn change_the_items(random: &mut Random, node: &mut Node) {
    let each = if node.major == 5 { 2 } else { 1 };
    let Some(items) = node.body.items_mut() else { return change_the_value(random, node) };
    let entries = items.len() / each;
    match random.below(5) {
        0 if entries > 1 => {
            let [one, other] = [random.below(entries), random.below(entries)];
            (0..each).for_each(|i| items.swap(one * each + i, other * each + i));
        }
        1 if entries > 0 => {
            let at = random.below(entries) * each;
            items.drain(at..at + each);
        }
        2 if entries > 0 => {
            let at = random.below(entries) * each;
            let again = items[at..at + each].to_vec();
            items.splice(at..at, again);
        }
        // A claim that belongs there as often as one that does not, in its place as often as not.
        3 if each == 2 => {
            let key = [3, 10, 2, 65_535, 5, 1, 0][random.below(7)];
            let value = if random.one_in(2) { any_item(random, 0) } else { claim_of(key, random) };
            let before = |item: &Node| item.major == 0 && item.argument < key;
            let at = 2 * items.iter().step_by(2).take_while(|item| before(item)).count();
            let at = if random.one_in(4) { 0 } else { at };
            items.splice(at..at, [Node::new(0, key, Body::None), value]);
        }
        _ => {
            let at = random.below(entries + 1) * each;
            let added: Vec<Node> = (0..each).map(|_| any_item(random, 0)).collect();
            items.splice(at..at, added);
        }
    }
}

/// A value that may stand behind this key of the claims or of the answer.
fn claim_of(key: u64, random: &mut Random) -> Node {
    let text = |text: &str| Node::new(3, 0, Body::Bytes(text.into()));
    match key {
        10 => Node::new(2, 0, Body::Bytes(random.bytes(16))),
        1 => Node::new(2, 0, Body::Bytes(random.bytes(32))),
        65_535 => {
            let list =
                vec![text("idx"), Node::new(0, random.next(), Body::None), text("uri"), text("https://x")];
            let list = Node::new(5, 0, Body::Items(list));
            Node::new(5, 0, Body::Items(vec![text("status_list"), list]))
        }
        3 if random.one_in(2) => Node::new(7, 21, Body::None),
        _ => text("irctc.co.in"),
    }
}

/// Any item at all.
fn any_item(random: &mut Random, depth: usize) -> Node {
    let major = if depth > 6 { random.byte() % 4 } else { random.byte() % 8 };
    let mut node = match major {
        0 | 1 => Node::new(major, u64::MAX >> random.below(64), Body::None),
        2 => {
            let len = random.below(40);
            Node::new(2, 0, Body::Bytes(random.bytes(len)))
        }
        3 => Node::new(3, 0, Body::Bytes(["", "a", "uri", "ü€😀", "status_list"][random.below(5)].into())),
        4..=6 => {
            let count = if major == 6 { 1 } else { random.below(4) * if major == 5 { 2 } else { 1 } };
            let items = (0..count).map(|_| any_item(random, depth + 1)).collect();
            Node::new(major, u64::MAX >> random.below(64), Body::Items(items))
        }
        _ => any_simple_or_float(random),
    };
    if random.one_in(12) {
        node.width += 1;
    }
    node.indefinite = random.one_in(12);
    node
}

fn any_simple_or_float(random: &mut Random) -> Node {
    // Floats that a shorter form holds, floats that just do not, and NaNs.
    let float = [1.0, 1.5, -0.0, 65504.0, 65505.0, 5.96e-8, 3.4e38, 1.0e300, f64::INFINITY, f64::NAN, 0.1];
    let float = *random.pick(&float);
    #[allow(clippy::cast_possible_truncation, reason = "a float of 32 bits is wanted")]
    let single = u64::from((float as f32).to_bits());
    let (argument, width) = match random.below(6) {
        0 => (20 + random.next() % 4, 0),
        1 => (random.next() % 20, 0),
        2 => (random.next() % 256, 1),
        3 => (random.next() & 0xffff, 2),
        4 => (single, 3),
        _ => (if random.one_in(3) { random.next() } else { float.to_bits() }, 4),
    };
    Node { width, ..Node::new(7, argument, Body::None) }
}

fn change_the_bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, random.byte()),
        3 => bytes.insert(at, *random.pick(&[0xff, 0xf6, 0x5f, 0x9f, 0xbf, 0x1c, 0xf8, 0xa0, 0x80])),
        4 => bytes[at] = random.byte(),
        5 => bytes.push(random.byte()),
        _ => bytes[at] ^= 1 << random.below(8),
    }
}
