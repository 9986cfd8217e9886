//! Immunizations within other resources (`contained`), such as those of a List.
//!
//! They are not counted: the resource around them can say that they do not count, and nothing tells whether one is a dose
//! that the files have on its own as well. They are not dropped either, since they may be the only trace of a dose.

use serde_json::{Value, value::RawValue};

use super::{
    Collector, Entry, Named, Record, Ref, Taken,
    immunization::{self, Says, Who},
    json::{self, Members},
    names::{Key, Link, Names, Place, Space},
    version::Version,
};

const HELD: &str = "an Immunization within another resource is not read: import it as a resource of its own";

impl Collector {
    /// Takes the Immunizations that a resource holds as doses that are not understood.
    pub(super) fn take_held(
        &mut self,
        place: Place,
        space: Space,
        entry: &Entry<'_>,
        contained: &RawValue,
    ) -> Result<(), Taken> {
        let mut held = Vec::new();
        match json::strict(contained.get().as_bytes()) {
            Ok(contained) => collect(contained, &mut held),
            // Nobody can tell what it holds.
            Err(_) if contained.get().to_ascii_lowercase().contains("immunization") => {
                return Err(Taken::Unreadable(HELD.into()));
            }
            Err(_) => {}
        }
        let around = entry.full_url.map(Link::of).filter(|link| link.is_absolute);
        let base = around.as_ref().and_then(Link::address).map(|address| address.base.to_owned());
        for (number, resource) in held.iter().enumerate() {
            // It has no name outside of the resource that holds it.
            let key = Key::Local(space, format!("#{}/{}/{number}", place.0, place.1));
            let names = Names { key, space, base: base.clone(), id: None };
            let says = match immunization::read(resource, &self.vaccines, self.now, self.rules) {
                Says::OtherVaccine => Says::OtherVaccine,
                _ => Says::Unreadable(HELD.into()),
            };
            let who = Who::of(resource).unwrap_or_default();
            let record = Record {
                place,
                names,
                version: Version::default(),
                patient: Ref::Named(Named { who, space, base: base.clone() }),
                says,
                is_firm: false,
                before: Vec::new(),
                torn: None,
            };
            if let Taken::Full(reason) = self.put_record(record) {
                return Err(Taken::Full(reason));
            }
        }
        Ok(())
    }
}

/// All Immunizations in the value, at any depth.
fn collect(value: Value, found: &mut Vec<Members>) {
    match value {
        Value::Array(list) => list.into_iter().for_each(|value| collect(value, found)),
        Value::Object(members) => {
            let kind = members.get("resourceType").and_then(Value::as_str).unwrap_or_default();
            if kind.trim().eq_ignore_ascii_case("Immunization") {
                found.push(members);
            } else {
                members.into_iter().for_each(|(_, value)| collect(value, found));
            }
        }
        _ => {}
    }
}
