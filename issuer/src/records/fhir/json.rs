//! Elements of a resource as JSON: absent, there, or not what FHIR has in this place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::records::import::{MOST_DOSES, Reason};

/// An object's members.
pub(super) type Members = Map<String, Value>;

/// Reads a resource. A member that is there twice is an error: nobody can tell which of the two counts.
///
/// # Errors
/// Names no value: the parser's own message can repeat one.
pub(super) fn resource(bytes: &[u8]) -> Result<Members, Reason> {
    match strict(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err("it is no FHIR resource in JSON".into()),
    }
}

/// Reads JSON, except if an object has a member twice.
///
/// # Errors
/// The parser's own message can repeat a value.
pub(super) fn strict(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes).map(|Strict(value)| value)
}

/// The text of a member. `null` is how FHIR pads, and counts as absent.
pub(super) fn text<'a>(of: &'a Members, name: &str) -> Result<Option<&'a str>, Reason> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(odd(name)),
    }
}

/// A yes or no.
pub(super) fn flag(of: &Members, name: &str) -> Result<Option<bool>, Reason> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(odd(name)),
    }
}

/// A whole number from 1 to 99, written as a number.
pub(super) fn count(of: &Members, name: &str) -> Result<Option<u32>, Reason> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=MOST_DOSES).contains(number))
            .map(Some)
            .ok_or_else(|| odd(name)),
    }
}

/// The objects of a list.
pub(super) fn objects<'a>(of: &'a Members, name: &str) -> Result<Vec<&'a Members>, Reason> {
    list(of, name)?
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| value.as_object().ok_or_else(|| odd(name)))
        .collect()
}

/// The texts of a list.
pub(super) fn texts<'a>(of: &'a Members, name: &str) -> Result<Vec<&'a str>, Reason> {
    list(of, name)?
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| value.as_str().ok_or_else(|| odd(name)))
        .collect()
}

/// One object.
pub(super) fn object<'a>(of: &'a Members, name: &str) -> Result<Option<&'a Members>, Reason> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(odd(name)),
    }
}

/// Whether an element says that it means something else than it seems to: a `modifierExtension`, and on a resource
/// `implicitRules`. This program understands none of either.
pub(super) fn is_modified(of: &Members) -> bool {
    let is_there = |name| match of.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    ["modifierExtension", "implicitRules", "_implicitRules"].into_iter().any(is_there)
}

fn list<'a>(of: &'a Members, name: &str) -> Result<&'a [Value], Reason> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(odd(name)),
    }
}

fn odd(name: &str) -> Reason {
    format!("its `{name}` is not as FHIR has it: correct it at its source and export again").into()
}

/// JSON without an object that has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Members::new();
        while let Some(name) = access.next_key::<String>()? {
            let Strict(value) = access.next_value()?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_that_is_there_twice_is_refused_at_any_depth() {
        for text in ["{\"a\":1,\"a\":2}", "{\"b\":[{\"a\":null,\"a\":null}]}", "[]", "", "{\"a\":1", "7"] {
            assert!(resource(text.as_bytes()).is_err(), "{text}");
        }
        assert!(resource(b"{\"a\":{\"a\":[1,-1,1.5,null,true,\"x\"]}}").is_ok());
        let deep = "[".repeat(100_000);
        assert!(resource(deep.as_bytes()).is_err());
    }

    #[test]
    fn element_of_another_type_is_named_without_its_value() {
        let members = resource(br#"{"a":"Asha","n":"2","z":0,"l":[null,"x"],"f":"true"}"#).expect("JSON");
        assert_eq!(texts(&members, "l").expect("texts"), ["x"]);
        for reason in [
            count(&members, "n").err(),
            count(&members, "z").err(),
            flag(&members, "f").err(),
            objects(&members, "a").err(),
        ] {
            let reason = reason.expect("it is refused").to_string();
            assert!(!reason.contains("Asha"), "{reason}");
        }
    }
}
