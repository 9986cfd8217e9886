//! By what names a resource goes, and how a reference finds it.
//!
//! A Bundle is a space of its own: what it calls `Patient/1`, `urn:uuid:...` or `resource:0` is something else in another
//! Bundle. The NDJSON files of one call are one space together, since a bulk export spreads over several. An absolute
//! address is the same everywhere.

use crate::records::import::Reason;

/// The number of a space; the first is that of all NDJSON files.
pub(super) type Space = usize;
/// A file, and a line or an entry of it.
pub(super) type Place = (usize, u64);

/// The name by which a resource differs from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// Its address, without scheme and version: `http` and `https` lead to one server.
    Url(String),
    /// Its name in one space.
    Local(Space, String),
    /// Its content, in one space, which is all that a contained Patient has.
    Content(Space, [u8; 16]),
    /// Its place in the files, if nothing else is known.
    Place(Place),
}

/// The names of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) key: Key,
    pub(super) space: Space,
    /// The address of the server, of a `fullUrl`.
    pub(super) base: Option<String>,
    pub(super) id: Option<String>,
}

/// The two kinds of resources that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Patient,
    Immunization,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "Patient" => Some(Self::Patient),
            "Immunization" => Some(Self::Immunization),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Immunization => "Immunization",
        }
    }
}

impl Names {
    /// Of a `fullUrl` and an id. An Immunization goes by its id first, since two with one id are in doubt one dose; a
    /// Patient by its `fullUrl` first, since two with one id are in doubt two people.
    pub(super) fn of(
        kind: Kind,
        space: Space,
        full_url: Option<&str>,
        id: Option<&str>,
        place: Place,
    ) -> Self {
        let id = id.map(str::to_owned);
        let full_url = full_url.map(|url| without_version(url.trim())).filter(|url| !url.is_empty());
        let (full_url, local) = match full_url {
            Some(url) if url.contains("://") => (Some(url), None),
            local => (None, local.map(str::to_owned)),
        };
        if let Some(url) = full_url {
            let address = Address::of(url).filter(|address| address.kind == kind.name());
            return Self {
                key: Key::Url(without_scheme(url).to_owned()),
                space,
                base: address.map(|address| address.base.to_owned()),
                id: id.or_else(|| address.map(|address| address.id.to_owned())),
            };
        }
        let own = id.as_ref().map(|id| format!("{}/{id}", kind.name()));
        let name = match kind {
            Kind::Patient => local.or(own),
            Kind::Immunization => own.or(local),
        };
        Self { key: name.map_or(Key::Place(place), |name| Key::Local(space, name)), space, base: None, id }
    }
}

/// The parts of an address such as `https://fhir.example/r4/Patient/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// Without the scheme, and with the slash at its end; empty for a relative address.
    pub(super) base: &'a str,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
}

impl<'a> Address<'a> {
    /// `None` if it does not end with a kind and an id.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let url = without_scheme(without_version(url));
        let (rest, id) = url.rsplit_once('/')?;
        let start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (base, kind) = rest.split_at(start);
        let is_kind = kind.starts_with(|char: char| char.is_ascii_uppercase());
        let is_plain = !id.is_empty() && !id.contains(['?', '#', '|']);
        (is_kind && is_plain).then_some(Self { base, kind, id })
    }
}

/// A reference without the version that it may name.
pub(super) fn without_version(reference: &str) -> &str {
    reference.split_once("/_history/").map_or(reference, |(reference, _)| reference)
}

/// An address without `http://` or `https://`.
pub(super) fn without_scheme(url: &str) -> &str {
    ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url)
}

/// What a `DELETE` in a history names: a resource that is read, or `Ok(None)` if it is of another kind.
pub(super) fn deleted<'a>(
    full_url: Option<&'a str>,
    url: Option<&'a str>,
) -> Result<Option<(Kind, &'a str)>, Reason> {
    let mut known = None;
    for address in [url, full_url].into_iter().flatten().filter_map(Address::of) {
        known = known.or(Some(address));
    }
    let address =
        known.ok_or("it deletes something that it does not name by kind and id: remove the entry")?;
    Ok(Kind::of(address.kind).map(|kind| (kind, address.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = |base, id| Some(Address { base, kind: "Patient", id });
        for (url, expected) in [
            ("https://f.example/r4/Patient/1", address("f.example/r4/", "1")),
            ("http://f.example/r4/Patient/1/_history/2", address("f.example/r4/", "1")),
            ("Patient/1", address("", "1")),
            ("Patient/", None),
            ("Patient?identifier=x|1", None),
            ("urn:uuid:1", None),
            ("1", None),
        ] {
            assert_eq!(Address::of(url), expected, "{url}");
        }
    }

    #[test]
    fn ids_decide_for_doses_and_full_urls_for_people() {
        let key = |kind, url| Names::of(kind, 1, url, Some("7"), (0, 1)).key;
        let local = |name: &str| Key::Local(1, name.to_owned());
        assert_eq!(key(Kind::Immunization, Some("urn:uuid:a")), local("Immunization/7"));
        assert_eq!(key(Kind::Patient, Some("urn:uuid:a")), local("urn:uuid:a"));
        assert_eq!(key(Kind::Patient, None), local("Patient/7"));
        let url = "https://f.example/Patient/7";
        assert_eq!(key(Kind::Patient, Some(url)), Key::Url("f.example/Patient/7".to_owned()));
        assert_eq!(Names::of(Kind::Immunization, 1, None, None, (3, 4)).key, Key::Place((3, 4)));
    }
}
