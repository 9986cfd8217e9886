//! By what names a resource goes, and how a reference finds it.
//!
//! A Bundle is a space of its own: what it calls `Patient/1`, `urn:uuid:...` or `resource:0` is something else in another
//! Bundle. The NDJSON files of one call are one space together, since a bulk export spreads over several. An absolute
//! address is the same everywhere.

use url::{Position, Url};

use crate::records::import::Reason;

/// The number of a space; the first is that of all NDJSON files.
pub(super) type Space = usize;
/// A file, and a line or an entry of it.
pub(super) type Place = (usize, u64);

/// The name by which a resource differs from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// Its address, as [`Link`] writes it.
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
        let own = id.as_ref().map(|id| format!("{}/{id}", kind.name()));
        let local = match full_url.map(Link::of).filter(|link| !link.text.is_empty()) {
            Some(link) if link.is_absolute => {
                let address = link.address().filter(|address| address.kind == kind.name());
                let base = address.map(|address| address.base.to_owned());
                let id = id.or_else(|| address.map(|address| address.id.to_owned()));
                return Self { key: Key::Url(link.text), space, base, id };
            }
            local => local.map(|link| link.text),
        };
        let name = match kind {
            Kind::Patient => local.or(own),
            Kind::Immunization => own.or(local),
        };
        Self { key: name.map_or(Key::Place(place), |name| Key::Local(space, name)), space, base: None, id }
    }

    /// Whether it has an absolute address.
    pub(super) fn is_absolute(&self) -> bool {
        matches!(self.key, Key::Url(_))
    }
}

/// A reference or a `fullUrl` in the form that is compared: without a version and without a slash at its end. An
/// address is also without its scheme, since `http` and `https` lead to one server, and its host is as RFC 3986 (6.2.2.1
/// and 6.2.3) normalises it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) is_absolute: bool,
}

impl Link {
    pub(super) fn of(written: &str) -> Self {
        let written = written.trim();
        let (written, _) = written.split_once("/_history/").unwrap_or((written, ""));
        let is_absolute = written.contains("://");
        let on_web = Some(written).filter(|_| is_absolute).and_then(|written| Url::parse(written).ok());
        let on_web = on_web.filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut text = match on_web {
            // `Url` writes the host in lower case and leaves out the port that the scheme has by default.
            Some(url) => url[Position::BeforeHost..].to_owned(),
            None => written.to_owned(),
        };
        text.truncate(text.trim_end_matches('/').len());
        Self { text, is_absolute }
    }

    /// `None` if it does not end with a kind and an id.
    pub(super) fn address(&self) -> Option<Address<'_>> {
        let (rest, id) = self.text.rsplit_once('/')?;
        let start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (base, kind) = rest.split_at(start);
        let is_kind = kind.starts_with(|char: char| char.is_ascii_uppercase());
        let is_plain = !id.is_empty() && !id.contains(['?', '#', '|']);
        (is_kind && is_plain).then_some(Address { base, kind, id })
    }
}

/// The parts of an address such as `https://fhir.example/r4/Patient/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// With the slash at its end; empty for a relative address.
    pub(super) base: &'a str,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
}

/// What a `DELETE` in a history names: a resource that is read, or `Ok(None)` if it is of another kind.
pub(super) fn deleted(
    full_url: Option<&str>,
    target: Option<&str>,
    space: Space,
    place: Place,
) -> Result<Option<(Kind, Names)>, Reason> {
    let written = [full_url, target].map(|text| text.map(Link::of));
    let addresses: Vec<_> =
        written.iter().flatten().filter_map(|link| Some((link, link.address()?))).collect();
    let first = addresses.first().map(|(_, address)| *address);
    let first = first.ok_or("it deletes something that it does not name by kind and id: remove the entry")?;
    let mut absolute = addresses.iter().filter(|(link, _)| link.is_absolute);
    let server = absolute.next().map(|(_, address)| address.base);
    if addresses.iter().any(|(_, other)| (other.kind, other.id) != (first.kind, first.id))
        || absolute.any(|(_, address)| Some(address.base) != server)
    {
        return Err("it deletes something to which it gives two names: correct it at its source".into());
    }
    let Some(kind) = Kind::of(first.kind) else { return Ok(None) };
    let names = match server {
        Some(base) => Names {
            key: Key::Url(format!("{base}{}/{}", kind.name(), first.id)),
            space,
            base: Some(base.to_owned()),
            id: Some(first.id.to_owned()),
        },
        None => Names::of(kind, space, full_url, Some(first.id), place),
    };
    Ok(Some((kind, names)))
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
            ("HTTPS://F.Example:443/r4/Patient/1/", address("f.example/r4/", "1")),
            ("http://user@f.example:80/r4/Patient/1", address("f.example/r4/", "1")),
            ("https://f.example:8443/R4/Patient/1", address("f.example:8443/R4/", "1")),
            ("Patient/1", address("", "1")),
            ("Patient/1/", address("", "1")),
            ("Patient/", None),
            ("Patient?identifier=x|1", None),
            ("https://f.example/r4/Patient/1?x", None),
            ("urn:uuid:1", None),
            ("1", None),
        ] {
            assert_eq!(Link::of(url).address(), expected, "{url}");
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
