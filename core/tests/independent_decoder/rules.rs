//! Sections 4.1 and 10.4 of SPEC.md a second time: the CDDL as data, with a matcher that takes map members in any order, and
//! the layers as the text has them.

use crate::reader::{Value, encode, first_item};
use std::ops::RangeInclusive;

/// A rule of the CDDL.
enum Rule {
    Uint(RangeInclusive<u64>),
    AnyInt,
    Bytes(RangeInclusive<usize>),
    Text(RangeInclusive<usize>),
    ThisText(&'static str),
    True,
    Array(Vec<Rule>),
    Tag(u64, Box<Rule>),
    Map(Vec<Member>),
}

struct Member {
    key: Value,
    needed: bool,
    rule: Rule,
}

fn needed(key: i64, rule: Rule) -> Member {
    let key = u64::try_from(key).map_or(Value::Nint(!key.cast_unsigned()), Value::Uint);
    Member { key, needed: true, rule }
}

fn optional(key: i64, rule: Rule) -> Member {
    Member { needed: false, ..needed(key, rule) }
}

fn named(key: &str, rule: Rule) -> Member {
    Member { key: Value::Text(key.into()), needed: true, rule }
}

impl Rule {
    fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Uint(range), Value::Uint(number)) => range.contains(number),
            (Self::Bytes(len), Value::Bytes(bytes)) => len.contains(&bytes.len()),
            (Self::Text(len), Value::Text(text)) => len.contains(&text.len()),
            (Self::ThisText(this), Value::Text(text)) => text == this,
            (Self::AnyInt, Value::Uint(_) | Value::Nint(_)) | (Self::True, Value::Simple(21)) => true,
            (Self::Array(rules), Value::Array(items)) => {
                rules.len() == items.len() && rules.iter().zip(items).all(|(rule, item)| rule.matches(item))
            }
            (Self::Tag(number, rule), Value::Tag(tag, content)) => tag == number && rule.matches(content),
            (Self::Map(members), Value::Map(pairs)) => {
                let known = |(key, value): &(Value, Value)| {
                    members.iter().any(|member| member.key == *key && member.rule.matches(value))
                };
                let there = |member: &Member| pairs.iter().any(|(key, _)| *key == member.key);
                pairs.iter().all(known) && members.iter().all(|member| !member.needed || there(member))
            }
            _ => false,
        }
    }
}

fn status_token() -> Rule {
    let any = || Rule::Bytes(0..=usize::MAX);
    Rule::Tag(18, Box::new(Rule::Array(vec![any(), Rule::Map(vec![]), any(), Rule::Bytes(64..=64)])))
}

fn protected_header() -> Rule {
    Rule::Map(vec![
        needed(1, Rule::AnyInt),
        needed(4, Rule::Bytes(8..=8)),
        needed(16, Rule::ThisText("application/kycvs+cwt")),
    ])
}

fn claims() -> Rule {
    let time = || Rule::Uint(0..=u64::MAX);
    Rule::Map(vec![
        needed(1, Rule::Text(1..=64)),
        optional(3, Rule::Text(1..=64)),
        needed(4, time()),
        needed(6, time()),
        needed(7, Rule::Bytes(16..=16)),
        optional(10, Rule::Bytes(8..=64)),
        optional(
            65_535,
            Rule::Map(vec![named(
                "status_list",
                Rule::Map(vec![named("idx", time()), named("uri", Rule::Text(1..=256))]),
            )]),
        ),
        needed(
            -65_537,
            Rule::Map(vec![
                needed(0, Rule::Uint(0..=2)),
                optional(1, Rule::Bytes(32..=32)),
                needed(2, Rule::Text(1..=64)),
                optional(3, Rule::True),
            ]),
        ),
    ])
}

/// What the CDDL does not say: `iat` is less than `exp`.
fn lives(claims: &Value) -> bool {
    let Value::Map(pairs) = claims else { return false };
    let time = |key| pairs.iter().find(|(found, _)| *found == Value::Uint(key)).map(|(_, value)| value);
    matches!((time(6), time(4)), (Some(Value::Uint(iat)), Some(Value::Uint(exp))) if iat < exp)
}

/// The three rules that a presentation is held to.
pub(crate) struct Rules {
    status_token: Rule,
    protected_header: Rule,
    claims: Rule,
}

const TOO_LARGE: u16 = 1;
const MALFORMED: u16 = 3;
const NOT_CANONICAL: u16 = 4;
const NOT_A_STATUS_TOKEN: u16 = 5;

impl Rules {
    pub(crate) fn new() -> Self {
        Self { status_token: status_token(), protected_header: protected_header(), claims: claims() }
    }

    /// Section 10.4, for a whole presentation: the number of the code.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<(), u16> {
        if bytes.len() > 1041 {
            return Err(TOO_LARGE);
        }
        let (token, behind) = first_item(bytes).map_err(|_| MALFORMED)?;
        let of_token = bytes.len() - behind.len();
        if of_token > 1024 {
            return Err(TOO_LARGE);
        }
        let mut items = vec![token];
        if !behind.is_empty() {
            let (opening, behind) = first_item(behind).map_err(|_| MALFORMED)?;
            if !behind.is_empty() {
                return Err(MALFORMED);
            }
            items.push(opening);
        }
        let written: Option<Vec<Vec<u8>>> = items.iter().map(encode).collect();
        if written.is_none_or(|written| written.concat() != bytes) {
            return Err(NOT_CANONICAL);
        }
        let opening = Rule::Bytes(16..=16);
        if !self.status_token.matches(&items[0]) || !items[1..].iter().all(|item| opening.matches(item)) {
            return Err(NOT_A_STATUS_TOKEN);
        }
        let (protected, payload) = layers(&items[0]).ok_or(NOT_A_STATUS_TOKEN)?;
        if !self.protected_header.matches(&layer(protected)?) {
            return Err(NOT_A_STATUS_TOKEN);
        }
        let claims = layer(payload)?;
        if !self.claims.matches(&claims) || !lives(&claims) {
            return Err(NOT_A_STATUS_TOKEN);
        }
        Ok(())
    }

    /// The same question, yes or no, with `ciborium` as the decoder.
    ///
    /// `ciborium::Value` holds less than was there: a tag 2 or 3 around a short byte string becomes an integer, `undefined`
    /// becomes null, a NaN loses its payload; other simple values than false, true, null and undefined it refuses; it allows
    /// 256 levels. So it cannot tell 3, 4 and 5 apart. But nothing of this stands in a token, and a value that lost
    /// something is not written again as it was: whether bytes are a status token it can tell.
    pub(crate) fn accepts_by_ciborium(&self, bytes: &[u8]) -> bool {
        let of_ciborium = |mut rest: &[u8]| {
            let mut items = Vec::new();
            let mut written = Vec::new();
            while !rest.is_empty() {
                let item = from_ciborium(&ciborium::from_reader(&mut rest).ok()?)?;
                written.extend(encode(&item)?);
                items.push(item);
            }
            Some((items, written))
        };
        let layer = |bytes: &[u8], rule: &Rule| {
            let (items, written) = of_ciborium(bytes)?;
            let [item] = &items[..] else { return None };
            (rule.matches(item) && written == bytes).then(|| item.clone())
        };
        let accepts = || {
            let (items, written) = of_ciborium(bytes).filter(|(_, written)| written == bytes)?;
            let token = items.first().filter(|token| self.status_token.matches(token))?;
            let opening = Rule::Bytes(16..=16);
            let (protected, payload) = layers(token)?;
            layer(protected, &self.protected_header)?;
            let sound = lives(&layer(payload, &self.claims)?)
                && encode(token)?.len() <= 1024
                && written.len() <= 1041
                && items.len() <= 2
                && items[1..].iter().all(|item| opening.matches(item));
            sound.then_some(())
        };
        accepts().is_some()
    }
}

/// The two byte strings that hold a layer.
fn layers(token: &Value) -> Option<(&[u8], &[u8])> {
    let Value::Tag(_, content) = token else { return None };
    let Value::Array(items) = &**content else { return None };
    match &items[..] {
        [Value::Bytes(protected), _, Value::Bytes(payload), _] => Some((protected, payload)),
        _ => None,
    }
}

/// A layer is one item in the deterministic encoding, and nothing more.
fn layer(bytes: &[u8]) -> Result<Value, u16> {
    match first_item(bytes) {
        Ok((value, [])) if encode(&value).as_deref() == Some(bytes) => Ok(value),
        Ok((_, [])) => Err(NOT_CANONICAL),
        _ => Err(MALFORMED),
    }
}

fn from_ciborium(value: &ciborium::Value) -> Option<Value> {
    use ciborium::Value as C;
    Some(match value {
        C::Integer(integer) => {
            let integer = i128::from(*integer);
            match u64::try_from(integer) {
                Ok(number) => Value::Uint(number),
                Err(_) => Value::Nint(u64::try_from(-1 - integer).ok()?),
            }
        }
        C::Bytes(bytes) => Value::Bytes(bytes.clone()),
        C::Text(text) => Value::Text(text.clone()),
        C::Float(float) => Value::Float(*float),
        C::Bool(bool) => Value::Simple(20 + u8::from(*bool)),
        C::Null => Value::Simple(22),
        C::Tag(number, content) => Value::Tag(*number, Box::new(from_ciborium(content)?)),
        C::Array(items) => Value::Array(items.iter().map(from_ciborium).collect::<Option<_>>()?),
        C::Map(pairs) => Value::Map(
            pairs
                .iter()
                .map(|(key, value)| Some((from_ciborium(key)?, from_ciborium(value)?)))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}
