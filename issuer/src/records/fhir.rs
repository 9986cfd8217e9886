//! Records from FHIR: Patient and Immunization resources of STU3, R4, R4B and R5, from a Bundle or one a line.
//!
//! `issuer/docs/records.md` has the rules and their reasons. The main one: in doubt nobody has more doses than are
//! certain, and what is not understood changes nothing.
//!
//! Resources come in any order and from several files, so what a person has is known only after all were read. Until
//! then the facts that matter are held in memory, of at most a million people and four million Immunizations.
//!
//! No FHIR crate reads the resources. `fhirbolt` is not maintained since 2023 and lacks STU3. `fhir-sdk` lacks R4, and
//! it and `helios-fhir` have a type of their own for each release, and reads a file of mixed releases as the wrong
//! one without an error. All of them refuse a resource as a whole with a message that repeats values; this import must
//! still know whose resource it was, since that person is then left as they are. The some thirty elements that matter
//! are read from JSON here.

mod bundle;
mod count;
mod deletion;
mod held;
mod immunization;
mod json;
mod label;
mod names;
mod patient;
mod reference;
mod resolve;
mod rules;
mod version;
mod when;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, hash_map},
};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use bundle::{Bundle, Entry};
use immunization::{Says, Who};
use json::Members;
use names::{Key, Kind, Link, Names, Place, Space};
use patient::Patient;
pub(super) use resolve::Seen;
use rules::{Rule, Rules};
use version::{Order, Version};

use super::import::Reason;
use crate::number::Numbers;

/// The longest Bundle, in bytes.
pub(super) const MOST_BUNDLE_BYTES: u64 = 64 << 20;
/// So many people are held.
const MOST_PEOPLE: usize = 1_000_000;
/// So many bad rows are held.
const MOST_BAD: usize = 100_000;
/// So many former names and numbers of a Patient are held.
const MOST_FORMER: usize = 64;
/// So many Patients of one source can have one id or identifier. More would make the work grow with their square.
const MOST_NAMESAKES: usize = 16;
/// So many Immunizations are held.
const MOST_IMMUNIZATIONS: usize = 4_000_000;

/// A number and a name, normalised.
pub(super) type Person = (String, String);

/// The facts that were read so far.
#[derive(Debug)]
pub(super) struct Collector {
    vaccines: Vec<String>,
    now: Timestamp,
    numbers: Numbers,
    rules: Rules,
    spaces: Vec<About>,
    people: Vec<Known>,
    by_key: HashMap<Key, usize>,
    /// Spaces that also hold a version of a Patient, beside that of the newest one.
    other_spaces: HashMap<usize, BTreeSet<Space>>,
    records: HashMap<Key, Record>,
    bad: BTreeMap<Place, Reason>,
    notes: BTreeSet<(Place, &'static str)>,
}

/// Facts about a space as a whole.
#[derive(Debug, Default)]
struct About {
    /// The addresses of servers that are named in it; two are enough to know that there are several.
    bases: BTreeSet<String>,
    /// It holds something that cannot be read, which may be anybody's, and may withdraw a dose.
    is_torn: bool,
    /// It holds a dose that belongs to nobody known.
    has_lost_dose: bool,
}

/// A Patient, in its newest version.
#[derive(Debug)]
struct Known {
    place: Place,
    names: Names,
    version: Version,
    state: State,
    /// Only deletions are known of it.
    is_lone_deletion: bool,
    /// Names and numbers that older versions have: the register may have rows with them.
    former: Vec<Person>,
}

#[derive(Debug)]
enum State {
    Read(Box<Patient>),
    Deleted,
    /// A deletion that is counted as a version of another Patient.
    Moved,
    Refused(Reason),
    /// Two people go by one name.
    Torn,
}

/// Why nobody is written who goes by the name of somebody else.
const TORN: &str = "two different people go by the name of this Patient: import their sources apart";

/// An Immunization, in its newest version.
#[derive(Debug)]
struct Record {
    place: Place,
    names: Names,
    version: Version,
    patient: Ref,
    says: Says,
    /// Whether this version wins against another if neither says that it is newer.
    is_firm: bool,
    /// Who other versions say the patient is.
    before: Vec<Ref>,
    /// The place of a version that names another patient, if nobody knows which is newer.
    torn: Option<Place>,
}

/// Who an Immunization is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ref {
    Named(Named),
    /// A Patient that the Immunization itself holds.
    Contained(Key),
}

/// A reference, and its place: `Patient/1` of another source is somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    who: Who,
    space: Space,
    base: Option<String>,
}

#[derive(Deserialize)]
struct ResourceType<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Cow<'a, str>,
    /// Resources that it holds.
    #[serde(borrow)]
    contained: Option<&'a RawValue>,
}

impl Collector {
    /// `vaccines` are the codes that count; `now` is the time of the import.
    pub(super) fn new(vaccines: Vec<String>, now: Timestamp) -> Self {
        Self {
            vaccines,
            now,
            numbers: Numbers::default(),
            rules: Rules::default(),
            spaces: vec![About::default()],
            people: Vec::new(),
            by_key: HashMap::new(),
            other_spaces: HashMap::new(),
            records: HashMap::new(),
            bad: BTreeMap::new(),
            notes: BTreeSet::new(),
        }
    }

    /// With other rules for numbers than India's.
    pub(super) fn with_numbers(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    /// The space of all NDJSON files.
    pub(super) fn bulk() -> Space {
        0
    }

    /// A space for a Bundle.
    pub(super) fn open_bundle(&mut self) -> Space {
        if !self.rules.hold(Rule::LocalReferences) {
            return 0;
        }
        self.spaces.push(About::default());
        self.spaces.len() - 1
    }

    /// Takes note of something at a place that changes nothing else.
    pub(super) fn note(&mut self, place: Place, what: &'static str) {
        self.notes.insert((place, what));
    }

    /// Takes note of something that cannot be read, and may be about anybody of its space.
    pub(super) fn unreadable(&mut self, place: Place, space: Space, reason: Reason) {
        if self.rules.hold(Rule::NothingHalf) {
            self.bad.insert(place, reason);
            self.spaces[space].is_torn = true;
        }
    }

    /// Takes a resource; those of other kinds are passed over. What is wrong with it is said by
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// If there are more people or Immunizations than can be held.
    pub(super) fn add(&mut self, place: Place, space: Space, entry: &Entry<'_>) -> Result<(), Reason> {
        if let Some(fault) = entry.fault {
            self.unreadable(place, space, fault.into());
            return self.still_has_room();
        }
        if entry.is_delete {
            return match names::deleted(entry.full_url, entry.target, space, place) {
                Ok(Some((kind, names))) => {
                    self.spaces[space].note_base(names.base.as_deref());
                    self.delete(place, kind, names, entry)
                }
                Ok(None) => Ok(()),
                Err(reason) => {
                    self.unreadable(place, space, reason);
                    self.still_has_room()
                }
            };
        }
        let Some(bytes) = entry.resource else {
            self.unreadable(place, space, "the entry holds no resource".into());
            return self.still_has_room();
        };
        match self.take(place, space, entry, bytes) {
            Taken::Whole => Ok(()),
            Taken::Unreadable(reason) => {
                self.unreadable(place, space, reason);
                self.still_has_room()
            }
            Taken::Full(reason) => Err(reason),
        }
    }

    /// Each bad row is held, so there is an end to them.
    fn still_has_room(&self) -> Result<(), Reason> {
        if self.bad.len() <= MOST_BAD {
            return Ok(());
        }
        Err("more than 100,000 resources cannot be read: see whether the files are FHIR, and of which form"
            .into())
    }

    fn take(&mut self, place: Place, space: Space, entry: &Entry<'_>, bytes: &[u8]) -> Taken {
        let Ok(ResourceType { kind, contained }) = serde_json::from_slice(bytes) else {
            return Taken::Unreadable("it is no FHIR resource in JSON".into());
        };
        if kind == "Bundle" {
            return Taken::Unreadable(
                "a Bundle within a file of resources is not read: import it as a file of its own".into(),
            );
        }
        if kind == "Parameters" {
            return Taken::Unreadable(
                "resources within Parameters are not read: import each on a line of its own".into(),
            );
        }
        if let Some(contained) = contained.filter(|_| self.rules.hold(Rule::NothingHalf))
            && let Err(taken) = self.take_held(place, space, entry, contained)
        {
            return taken;
        }
        let Some(kind) = Kind::of(&kind) else {
            let is_nearly = ["patient", "immunization"].contains(&kind.trim().to_lowercase().as_str());
            if is_nearly {
                return Taken::Unreadable("its `resourceType` is not as FHIR writes it".into());
            }
            return Taken::Whole;
        };
        let read = || {
            let resource = json::resource(bytes)?;
            let id = json::text(&resource, "id")?.map(str::to_owned);
            let version = Version::of(&resource)?.or(entry.version.clone());
            Ok((resource, id, version))
        };
        let (resource, id, version) = match read() {
            Ok(read) => read,
            Err(reason) => return Taken::Unreadable(reason),
        };
        let names = Names::of(kind, space, entry.full_url, id.as_deref(), place);
        self.spaces[space].note_base(names.base.as_deref());
        match kind {
            Kind::Patient => self.take_patient(place, names, version, &resource),
            Kind::Immunization => self.take_immunization(place, names, version, &resource, entry.is_history),
        }
    }

    fn take_patient(&mut self, place: Place, names: Names, version: Version, resource: &Members) -> Taken {
        if matches!(names.key, Key::Place(_)) {
            return Taken::Unreadable("nothing can refer to a Patient without an id".into());
        }
        let state = match Patient::read(resource, self.now, &self.numbers) {
            Ok(patient) => State::Read(Box::new(patient)),
            Err(reason) => State::Refused(reason),
        };
        self.put_patient(Known::new(place, names, version, state))
    }

    fn take_immunization(
        &mut self,
        place: Place,
        names: Names,
        version: Version,
        resource: &Members,
        is_history: bool,
    ) -> Taken {
        let mut says = immunization::read(resource, &self.vaccines, self.now, self.rules);
        let who = Who::of(resource).unwrap_or_else(|reason| {
            says = Says::Unreadable(reason);
            Who::default()
        });
        let said_here = |who| Ref::Named(Named { who, space: names.space, base: names.base.clone() });
        let patient = match who.reference.as_deref().and_then(|reference| reference.strip_prefix('#')) {
            Some(id) => match self.take_contained(place, &names, resource, id) {
                Ok(Some(key)) => Ref::Contained(key),
                Ok(None) => said_here(who),
                Err(reason) => return Taken::Full(reason),
            },
            None => said_here(who),
        };
        if let Ref::Named(Named { who: Who { reference: Some(reference), .. }, .. }) = &patient {
            let link = Link::of(reference);
            let address = link.address().filter(|_| link.is_absolute);
            self.spaces[names.space].note_base(address.map(|address| address.base));
        }
        let is_firm = is_history && says.is_no_dose();
        self.put_record(Record {
            place,
            names,
            version,
            patient,
            says,
            is_firm,
            before: Vec::new(),
            torn: None,
        })
    }

    /// The Patient of this id that the resource itself holds, if it does.
    fn take_contained(
        &mut self,
        place: Place,
        names: &Names,
        resource: &Members,
        id: &str,
    ) -> Result<Option<Key>, Reason> {
        let contained = json::objects(resource, "contained").unwrap_or_default();
        let is_it = |held: &&&Members| {
            json::text(held, "id") == Ok(Some(id)) && json::text(held, "resourceType") == Ok(Some("Patient"))
        };
        // Two with one id: nobody can tell which is meant.
        let mut meant = contained.iter().filter(is_it);
        let (Some(held), None) = (meant.next(), meant.next()) else { return Ok(None) };
        let mut held = (*held).clone();
        held.remove("id");
        let Ok(patient) = Patient::read(&held, self.now, &self.numbers) else { return Ok(None) };
        let key = Key::Content(names.space, patient.print);
        if !self.by_key.contains_key(&key) {
            let names = Names { key: key.clone(), space: names.space, base: None, id: None };
            if let Taken::Full(reason) =
                self.put_patient(Known::new(place, names, Version::default(), State::Read(Box::new(patient))))
            {
                return Err(reason);
            }
        }
        Ok(Some(key))
    }

    fn delete(&mut self, place: Place, kind: Kind, names: Names, entry: &Entry<'_>) -> Result<(), Reason> {
        let version = entry.version.clone();
        let taken = match kind {
            Kind::Patient => self.put_patient(Known::new(place, names, version, State::Deleted)),
            Kind::Immunization => self.put_record(Record {
                place,
                names,
                version,
                patient: Ref::Named(Named::default()),
                says: Says::Withdrawn { is_wanted: true },
                // Against a version that does not say when it is of: a history can have any order.
                is_firm: true,
                before: Vec::new(),
                torn: None,
            }),
        };
        if let Taken::Full(reason) = taken { Err(reason) } else { Ok(()) }
    }

    fn put_patient(&mut self, new: Known) -> Taken {
        let Some(&index) = self.by_key.get(&new.names.key) else {
            if self.people.len() == MOST_PEOPLE {
                return Taken::Full("these are more than a million people: import them in parts".into());
            }
            self.by_key.insert(new.names.key.clone(), self.people.len());
            self.people.push(new);
            return Taken::Whole;
        };
        let known = &mut self.people[index];
        if known.names.space != new.names.space {
            self.other_spaces.entry(index).or_default().extend([known.names.space, new.names.space]);
        }
        let order = new.version.against(&known.version);
        if matches!(known.state, State::Torn) || self.rules.hold(Rule::Patients) && !new.can_be(known, order)
        {
            known.state = State::Torn;
            self.bad.insert(new.place, TORN.into());
            return Taken::Whole;
        }
        if self.rules.hold(Rule::NewestVersion) {
            new.join(known, order);
        }
        Taken::Whole
    }

    fn put_record(&mut self, new: Record) -> Taken {
        let is_full = self.records.len() == MOST_IMMUNIZATIONS;
        let rules = self.rules;
        match self.records.entry(new.names.key.clone()) {
            hash_map::Entry::Vacant(_) if is_full => {
                Taken::Full("these are more than four million Immunizations: import them in parts".into())
            }
            hash_map::Entry::Vacant(place) => {
                place.insert(new);
                Taken::Whole
            }
            hash_map::Entry::Occupied(mut known) => {
                if rules.hold(Rule::NewestVersion) {
                    new.join(known.get_mut());
                }
                Taken::Whole
            }
        }
    }
}

/// How far a resource could be taken.
enum Taken {
    /// As far as it could be read; what could not is kept with it.
    Whole,
    /// It is not known which resource it is.
    Unreadable(Reason),
    /// There is no room for it.
    Full(Reason),
}

impl About {
    fn note_base(&mut self, base: Option<&str>) {
        if let Some(base) = base.filter(|_| self.bases.len() < 2) {
            self.bases.insert(base.to_owned());
        }
    }

    /// The server that all addresses of the space name, if it is one.
    fn base(&self) -> Option<&str> {
        self.bases.iter().next().filter(|_| self.bases.len() == 1).map(String::as_str)
    }
}

impl Known {
    fn new(place: Place, names: Names, version: Version, state: State) -> Self {
        let is_lone_deletion = matches!(state, State::Deleted);
        Self { place, names, version, state, is_lone_deletion, former: Vec::new() }
    }

    /// Takes the place of the known version unless that one is newer.
    fn join(mut self, known: &mut Self, order: Order) {
        // If neither version says that it is newer, the later line wins, but cannot bring back a deleted Patient.
        let is_back = order == Order::Unknown && matches!(known.state, State::Deleted);
        if order != Order::Older && !is_back {
            std::mem::swap(&mut self, known);
        }
        // `self` is the version that lost.
        known.is_lone_deletion &= self.is_lone_deletion;
        let former: Vec<_> = self.forms().filter(|form| !known.former.contains(form)).cloned().collect();
        known.former.extend(former);
        known.former.truncate(MOST_FORMER);
    }

    /// All its names and numbers, also those that it does not have any more.
    fn forms(&self) -> impl Iterator<Item = &Person> {
        let patient = if let State::Read(patient) = &self.state { Some(patient) } else { None };
        let forms = patient.and_then(|patient| patient.forms.as_ref().ok());
        let old = patient.map(|patient| &patient.old_forms);
        self.former.iter().chain(forms.into_iter().chain(old).flatten())
    }

    /// Whether both can be versions of one Patient. Two people who go by one name must not get each other's doses.
    ///
    /// If neither says that it is the newer one, less can have changed.
    fn can_be(&self, known: &Self, order: Order) -> bool {
        match (&self.state, &known.state) {
            (State::Read(new), State::Read(known_patient)) => {
                let is_contradiction = self.version.is_same(&known.version) && order != Order::Unknown;
                let is_alike = match order {
                    Order::Unknown => new.is_likely(known_patient),
                    _ => new.resembles(known_patient),
                };
                new.print == known_patient.print || (is_alike && !is_contradiction)
            }
            // Who it was cannot be read.
            (State::Refused(_), State::Read(_)) | (State::Read(_), State::Refused(_)) => {
                order != Order::Unknown
            }
            _ => true,
        }
    }
}

impl Record {
    /// Takes the place of the known version unless that one is newer, and keeps in mind whom the other names.
    fn join(mut self, known: &mut Self) {
        let order = self.version.against(&known.version);
        // One of them says of when it is, and it cannot be compared: a dose that is withdrawn stays so.
        if order == Order::Unknown && !(self.version.is_unsaid() && known.version.is_unsaid()) {
            for version in [&mut self, &mut *known] {
                version.is_firm |= version.says.is_no_dose();
            }
        }
        let differs = self.patient != known.patient && !self.is_nameless() && !known.is_nameless();
        let is_newer = match order {
            Order::Newer => true,
            Order::Older => false,
            Order::Unknown => self.is_firm || !known.is_firm,
        };
        let torn = known.torn.filter(|_| order != Order::Newer);
        if is_newer {
            std::mem::swap(&mut self, known);
        }
        // A later version without a version number is newer than all that its predecessor was newer than.
        if known.version.is_unsaid() && !known.is_firm {
            known.version = self.version.clone();
        }
        // `self` is the version that lost. A deletion names nobody, and may be in another file than what it deletes.
        if known.is_nameless() && !self.is_nameless() {
            known.names = self.names.clone();
            known.patient = self.patient.clone();
        }
        for patient in std::mem::take(&mut self.before).into_iter().chain([self.patient]) {
            if known.before.len() < 8 && !known.before.contains(&patient) {
                known.before.push(patient);
            }
        }
        known.torn = torn.or(Some(self.place).filter(|_| differs && order == Order::Unknown));
    }

    fn is_nameless(&self) -> bool {
        matches!(&self.patient, Ref::Named(named) if named.who == Who::default())
    }

    /// Whether it withdraws a dose, and nothing says of whom.
    fn is_lone_withdrawal(&self) -> bool {
        matches!(self.says, Says::Withdrawn { .. }) && self.is_nameless() && self.before.is_empty()
    }
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
