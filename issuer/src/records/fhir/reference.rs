//! Which Patient a reference means.

use std::collections::{BTreeSet, HashMap};

use super::{
    Collector, Named, Ref,
    names::{Key, Link, Space},
};

/// Which Patients go by what.
pub(super) struct Index {
    pub(super) by_id: HashMap<(Space, String), Vec<usize>>,
    pub(super) by_identifier: HashMap<(Space, String), Vec<usize>>,
}

impl Collector {
    /// The Patients that may be meant: one if it is clear, none if it is in none of the files.
    pub(super) fn find(&self, who: &Ref, index: &Index) -> Vec<usize> {
        let Named { who, space, base } = match who {
            Ref::Contained(key) => return self.by_key.get(key).copied().into_iter().collect(),
            Ref::Named(named) => named,
        };
        let (space, base) = (*space, base.as_deref());
        let by_identifier = |identifier: &str| {
            index.by_identifier.get(&(space, identifier.to_owned())).cloned().unwrap_or_default()
        };
        let Some(reference) = who.reference.as_deref() else {
            return who.identifier.as_deref().map(by_identifier).unwrap_or_default();
        };
        if let Some(identifier) = reference.strip_prefix("Patient?identifier=") {
            return by_identifier(identifier);
        }
        let mut found = self.referred(reference, space, base, index);
        // Without a system, a number such as "7" is of one server, and the reference may name another.
        let is_usable = |identifier: &&str| !found.is_empty() || !identifier.starts_with('|');
        if let Some(identifier) = who.identifier.as_deref().filter(is_usable) {
            let also = by_identifier(identifier);
            if found.is_empty() || !also.is_empty() && !also.contains(&found[0]) {
                found.extend(also);
            }
        }
        found
    }

    /// The Patients that a reference may mean, which an entry of this server has, if it is known.
    pub(super) fn referred(
        &self,
        reference: &str,
        space: Space,
        base: Option<&str>,
        index: &Index,
    ) -> Vec<usize> {
        let link = Link::of(reference);
        let address = link.address().filter(|address| address.kind == "Patient");
        let by_key = |key: Key| self.by_key.get(&key).copied();
        let by_id = |id: &str| index.by_id.get(&(space, id.to_owned())).into_iter().flatten().copied();
        let only_server = self.spaces[space].base();
        let is_absolute = |person: usize| self.people[person].names.is_absolute();
        // A relative reference is of the server of its entry (FHIR R4, 2.36.4.1).
        let (server, url) = match (address, base) {
            _ if link.is_absolute => (address.map(|address| address.base), Some(link.text.clone())),
            (Some(address), Some(base)) => (Some(base), Some(format!("{base}Patient/{}", address.id))),
            _ => (None, None),
        };
        if let Some(url) = url {
            if let Some(person) = by_key(Key::Url(url)) {
                return vec![person];
            }
            // The ids of a space whose addresses name one server are those of that server.
            let Some(address) = address.filter(|_| server == only_server) else { return Vec::new() };
            let local = by_key(Key::Local(space, format!("Patient/{}", address.id)));
            let people: BTreeSet<_> = by_id(address.id).chain(local).collect();
            return people.into_iter().filter(|person| !is_absolute(*person)).collect();
        }
        let id = address.map(|address| address.id).or_else(|| reference.strip_prefix("urn:uuid:"));
        let local = by_key(Key::Local(space, link.text.clone()));
        let people = match (local, address) {
            (Some(person), None) => BTreeSet::from([person]),
            _ => id.into_iter().flat_map(by_id).chain(local).collect::<BTreeSet<_>>(),
        };
        let people: Vec<_> = people.into_iter().collect();
        match people[..] {
            // If the space names several servers, nobody can tell whether it is the Patient of this one.
            [person] if is_absolute(person) && self.people[person].names.base.as_deref() != only_server => {
                Vec::new()
            }
            _ => people,
        }
    }
}
