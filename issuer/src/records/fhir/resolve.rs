//! Whose the doses are, and what each person has, once everything was read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    Collector, Named, Person, Record, Ref, State, TORN,
    count::{self, Shot},
    immunization::Says,
    names::{self, Address, Key, Place, Space},
    rules::{Rule, Rules},
};
use crate::records::{
    Doses,
    import::{BadRow, Reason},
};

/// So many times a Patient can have been replaced by another.
const MOST_LINKS: usize = 64;
/// So many Patients of one source can have one id or identifier. More would make the work grow with their square.
const MOST_NAMESAKES: usize = 16;
const NOT_THERE: &str = "the Patient that it refers to is in none of the files";
const WITHDRAWN_OF_NOBODY: &str = "it withdraws a dose of somebody who is in none of the files, so that person's row may be too \
     high: import the whole record of the person";

const WITHDRAWN_WITHOUT_ID: &str = "it withdraws a dose and has no id, so nobody can tell which one: import the whole record of \
     the person";

const TWO_PATIENTS: &str = "two versions of an Immunization name different Patients, and none is newer: the doses of both \
     stay as they are";

/// What an import of FHIR comes to.
#[derive(Debug, Default)]
pub(in crate::records) struct Found {
    pub(in crate::records) people: Vec<FoundPerson>,
    /// What was not understood, by place.
    pub(in crate::records) bad: Vec<BadRow>,
    /// What was decided in doubt, by place.
    pub(in crate::records) notes: Vec<BadRow>,
    pub(in crate::records) seen: Seen,
    /// How many people are not written because a resource beside theirs cannot be read.
    pub(in crate::records) held_back: u64,
}

/// A person of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::records) struct FoundPerson {
    pub(in crate::records) place: Place,
    pub(in crate::records) person: Person,
    /// `None` if the row that is there must stay as it is.
    pub(in crate::records) doses: Option<Doses>,
    /// Whether a dose may be missing of which nobody knows whose it is.
    pub(in crate::records) may_lack_a_dose: bool,
    /// Whether a dose was withdrawn.
    pub(in crate::records) is_withdrawn: bool,
    /// Whether there is any Immunization of the person.
    pub(in crate::records) has_immunization: bool,
}

/// How many resources were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::records) struct Seen {
    pub(in crate::records) patients: u64,
    pub(in crate::records) immunizations: u64,
    /// Immunizations of the wanted vaccines, whether given or not.
    pub(in crate::records) wanted: u64,
    /// Immunizations of other vaccines.
    pub(in crate::records) passed_over: u64,
}

/// Which Patients go by what.
struct Index {
    by_id: HashMap<(Space, String), Vec<usize>>,
    by_identifier: HashMap<(Space, String), Vec<usize>>,
}

/// What was learned of a Patient.
#[derive(Clone, Default)]
struct Course {
    shots: Vec<Shot>,
    /// The origins of `shots`, in the same order.
    given: Vec<Origin>,
    /// The withdrawn Immunizations.
    withdrawn: Vec<Origin>,
    /// A dose of theirs was not understood.
    is_blocked: bool,
    is_withdrawn: bool,
    has_immunization: bool,
    /// The spaces of its Immunizations and of the Patients that are the same person.
    spaces: BTreeSet<Space>,
}

/// The place and the names of an Immunization.
#[derive(Clone)]
struct Origin {
    place: Place,
    id: Option<String>,
    base: Option<String>,
}

impl Origin {
    fn of(record: &Record) -> Self {
        let names::Names { id, base, .. } = record.names.clone();
        Self { place: record.place, id, base }
    }

    /// Whether both have one id, and do not name two servers. Of one person, they are versions of one dose, in two sources.
    fn may_be(&self, other: &Self) -> bool {
        let is_other_server =
            self.base.as_ref().zip(other.base.as_ref()).is_some_and(|(one, other)| one != other);
        self.id.is_some() && self.id == other.id && !is_other_server
    }
}

impl Course {
    /// Leaves out what another source withdraws or repeats. Returns notes.
    fn settle(&mut self, rules: Rules) -> Vec<(Place, &'static str)> {
        let mut notes = Vec::new();
        let mut left: Vec<(Shot, Origin)> = Vec::new();
        for (shot, origin) in std::mem::take(&mut self.shots).into_iter().zip(std::mem::take(&mut self.given))
        {
            // The version numbers of two sources say nothing of each other.
            let is_withdrawn = |other: &Origin| other.may_be(&origin);
            if rules.hold(Rule::NewestVersion) && self.withdrawn.iter().any(is_withdrawn) {
                notes
                    .push((origin.place, "another source withdraws the dose with its id: it is not counted"));
                continue;
            }
            let twins: Vec<usize> = (0..left.len())
                .filter(|at| left[*at].1.may_be(&origin) && rules.hold(Rule::OneDoseOnce))
                .collect();
            let Some(&first) = twins.first() else {
                left.push((shot, origin));
                continue;
            };
            if left[first].0 != shot {
                notes.push((origin.place, "another source has a dose with its id: they count once"));
            }
            // It may be any of them, so that all of them are one group.
            let group = u32::try_from(first).ok().map(|first| first + 1);
            let joined: BTreeSet<_> = twins.iter().filter_map(|twin| left[*twin].0.twin).collect();
            for (at, (known, _)) in left.iter_mut().enumerate() {
                if twins.contains(&at) || known.twin.is_some_and(|twin| joined.contains(&twin)) {
                    known.twin = group;
                }
            }
            left.push((Shot { twin: group, ..shot }, origin));
        }
        self.shots = left.into_iter().map(|(shot, _)| shot).collect();
        self.shots.sort_unstable();
        self.shots.dedup();
        notes
    }
}

impl Collector {
    /// Each person's doses, and everything that was not understood. `required` is used if no Immunization says
    /// it; `force` writes people too who may have a dose that cannot be read.
    pub(in crate::records) fn finish(mut self, required: Option<u32>, force: bool) -> Found {
        let index = self.index();
        let places = self.places(&index);
        let mut courses = vec![Course::default(); self.people.len()];
        for (number, place) in places.iter().enumerate() {
            let Some(place) = *place else { continue };
            let others = self.other_spaces.get(&number).into_iter().flatten().copied();
            courses[place].spaces.extend(others.chain([self.people[number].names.space]));
        }
        let mut seen = Seen { patients: self.people.len() as u64, ..Seen::default() };
        for record in self.records() {
            seen.immunizations += 1;
            match record.says {
                Says::OtherVaccine => seen.passed_over += 1,
                Says::Withdrawn { is_wanted: false } => {}
                _ => seen.wanted += 1,
            }
            self.assign(&record, &index, &places, &mut courses);
        }
        let (people, held_back) = self.people(&places, courses, required, force);
        let row = |((file, place), reason): (Place, Reason)| BadRow { file, place, reason };
        let notes =
            std::mem::take(&mut self.notes).into_iter().filter(|(place, _)| !self.bad.contains_key(place));
        let notes = notes.map(|(place, what)| row((place, what.into()))).collect();
        Found { people, notes, bad: self.bad.into_iter().map(row).collect(), seen, held_back }
    }

    fn index(&mut self) -> Index {
        let mut index = Index { by_id: HashMap::new(), by_identifier: HashMap::new() };
        let mut crowded = Vec::new();
        for (number, known) in self.people.iter().enumerate() {
            let space = known.names.space;
            let mut note = |people: &mut Vec<usize>| {
                if people.len() < MOST_NAMESAKES { people.push(number) } else { crowded.push(number) }
            };
            if let Some(id) = &known.names.id {
                note(index.by_id.entry((space, id.clone())).or_default());
            }
            if let State::Read(patient) = &known.state {
                for identifier in patient.identifiers.iter().collect::<BTreeSet<_>>() {
                    note(index.by_identifier.entry((space, identifier.clone())).or_default());
                }
            }
        }
        for number in crowded {
            let (place, space) = (self.people[number].place, self.people[number].names.space);
            self.unreadable(
                place,
                space,
                "more than 16 Patients of this source have one id or identifier".into(),
            );
        }
        index
    }

    /// All Immunizations by place. One that goes by an id, and by the address of the only server of its space with that
    /// id, are versions of one.
    fn records(&mut self) -> Vec<Record> {
        let mut records = std::mem::take(&mut self.records);
        let local: Vec<_> = records.keys().filter(|key| matches!(key, Key::Local(..))).cloned().collect();
        for key in local {
            let Some(base) = (match &key {
                Key::Local(space, _) => self.spaces[*space].base(),
                _ => None,
            }) else {
                continue;
            };
            let Some(id) = records.get(&key).and_then(|record| record.names.id.clone()) else { continue };
            let url = Key::Url(format!("{base}Immunization/{id}"));
            if records.contains_key(&url)
                && self.rules.hold(Rule::NewestVersion)
                && let Some(mut record) = records.remove(&key)
                && let Some(known) = records.get_mut(&url)
            {
                if record.place < known.place {
                    std::mem::swap(&mut record, known);
                }
                record.join(known);
            }
        }
        let mut records: Vec<_> = records.into_values().collect();
        records.sort_by_key(|record| record.place);
        if self.rules.hold(Rule::NewestVersion) {
            self.withdraw_by_id(&mut records);
        }
        records
    }

    /// A deletion names a dose by its address or its id only, and can come in another file than the dose. In doubt it
    /// withdraws every dose with that id, unless both name a server and these differ.
    fn withdraw_by_id(&mut self, records: &mut Vec<Record>) {
        // By id, and then by server: a dose of one server is not compared with the deletions of all others.
        let mut by_id: HashMap<String, BTreeMap<Option<String>, BTreeSet<Space>>> = HashMap::new();
        for record in records.iter().filter(|record| record.is_lone_withdrawal()) {
            let names = record.names.clone();
            let by_server = by_id.entry(names.id.unwrap_or_default()).or_default();
            by_server.entry(names.base).or_default().insert(names.space);
        }
        let mut found = HashSet::new();
        for record in &mut *records {
            let Some(by_server) = record.names.id.as_ref().and_then(|id| by_id.get(id)) else { continue };
            if record.is_lone_withdrawal() {
                continue;
            }
            let bases: Vec<&Option<String>> = match &record.names.base {
                None => by_server.keys().collect(),
                base => [base, &None].into_iter().filter(|base| by_server.contains_key(*base)).collect(),
            };
            let is_other_vaccine = matches!(record.says, Says::OtherVaccine);
            let in_its_source = |base: &Option<String>| {
                base.is_some() && *base == record.names.base
                    || by_server.get(base).is_some_and(|spaces| spaces.contains(&record.names.space))
            };
            // A deletion of another source may mean another Immunization, if this one is of another vaccine.
            let bases: Vec<_> =
                bases.into_iter().filter(|base| !is_other_vaccine || in_its_source(base)).cloned().collect();
            if !bases.is_empty() && !is_other_vaccine {
                record.says = Says::Withdrawn { is_wanted: true };
                self.notes.insert((record.place, "a deletion names its id: the dose is not counted"));
            }
            found.extend(bases.into_iter().map(|base| (record.names.id.clone().unwrap_or_default(), base)));
        }
        records.retain(|record| {
            let names = &record.names;
            !record.is_lone_withdrawal()
                || !found.contains(&(names.id.clone().unwrap_or_default(), names.base.clone()))
        });
    }

    /// Gives an Immunization to the person that it is about.
    fn assign(&mut self, record: &Record, index: &Index, places: &[Option<usize>], courses: &mut [Course]) {
        let place = record.place;
        let of = |who: &Ref| -> BTreeSet<usize> {
            self.find(who, index).into_iter().filter_map(|number| places[number]).collect()
        };
        let own = of(&record.patient);
        let before: BTreeSet<_> = record.before.iter().flat_map(of).collect();
        let all: BTreeSet<_> = own.union(&before).copied().collect();
        let is_half_lost = own.is_empty() || record.before.iter().any(|who| of(who).is_empty());
        for person in &all {
            courses[*person].has_immunization = true;
            courses[*person].spaces.insert(record.names.space);
            courses[*person].is_withdrawn |=
                matches!(record.says, Says::Withdrawn { is_wanted: true } | Says::NotGiven);
        }
        let why: Reason = match &record.says {
            Says::OtherVaccine => return,
            // The version that was left out may be a dose of the other Patient.
            _ if record.torn.is_some() && (all.len() > 1 || is_half_lost) => {
                self.bad.extend(record.torn.map(|other| (other, TWO_PATIENTS.into())));
                TWO_PATIENTS.into()
            }
            Says::Withdrawn { is_wanted: true } if all.is_empty() && self.rules.hold(Rule::NothingHalf) => {
                self.bad.insert(place, WITHDRAWN_OF_NOBODY.into());
                return;
            }
            Says::Withdrawn { is_wanted: true }
                if record.names.id.is_none() && self.rules.hold(Rule::NothingHalf) =>
            {
                WITHDRAWN_WITHOUT_ID.into()
            }
            Says::NotGiven if all.is_empty() => {
                self.notes.insert((place, NOT_THERE));
                return;
            }
            Says::NotGiven | Says::Withdrawn { .. } => {
                for person in &all {
                    let course = &mut courses[*person];
                    if course.withdrawn.len() < count::MOST_SHOTS {
                        course.withdrawn.push(Origin::of(record));
                    } else {
                        course.is_blocked = true;
                        let reason = "the person has more than 256 withdrawn Immunizations: correct that at its source";
                        self.bad.insert(place, reason.into());
                    }
                }
                if record.is_firm && !record.before.is_empty() {
                    self.notes
                        .insert((place, "nothing says which version is the newest: the dose is not counted"));
                }
                return;
            }
            Says::NotCounted(why) => {
                self.notes.insert((place, why));
                return;
            }
            Says::Unreadable(reason) => reason.clone(),
            Says::Given(shot) => match (own.len(), own.first()) {
                (1, Some(person)) => return self.give(record, *person, *shot, courses),
                (0, _) => NOT_THERE.into(),
                _ => "several Patients go by what it refers to".into(),
            },
        };
        if self.rules.hold(Rule::NothingHalf) {
            for person in &all {
                courses[*person].is_blocked = true;
            }
            self.spaces[record.names.space].has_lost_dose |=
                own.is_empty() || record.torn.is_some() && is_half_lost;
            self.bad.insert(place, why);
        }
    }

    fn give(&mut self, record: &Record, person: usize, shot: Shot, courses: &mut [Course]) {
        let place = record.place;
        // The Patient cannot be read, and may be the same person as another one.
        if matches!(self.people[person].state, State::Refused(_) | State::Torn) {
            self.spaces[record.names.space].has_lost_dose = true;
        }
        let birth = if let State::Read(patient) = &self.people[person].state { patient.birth } else { None };
        if shot.when.zip(birth).is_some_and(|(when, birth)| when.is_before(birth)) {
            self.notes.insert((place, "the dose is not counted: it was given before the person was born"));
            return;
        }
        let course = &mut courses[person];
        let origin = Origin::of(record);
        let is_there = course
            .shots
            .iter()
            .zip(&course.given)
            .any(|(known, of)| *known == shot && (of.id == origin.id && of.base == origin.base));
        if is_there {
            return;
        }
        if course.shots.len() < count::MOST_SHOTS {
            course.shots.push(shot);
            course.given.push(origin);
        } else if !course.is_blocked {
            course.is_blocked = true;
            let person = self.people[person].place;
            let reason = "the person has more than 256 Immunizations: correct that at its source";
            self.bad.entry(person).or_insert_with(|| reason.into());
        }
    }

    /// The Patients that may be meant: one if it is clear, none if it is in none of the files.
    fn find(&self, who: &Ref, index: &Index) -> Vec<usize> {
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
        if let Some(identifier) = who.identifier.as_deref() {
            let also = by_identifier(identifier);
            if found.is_empty() || !also.is_empty() && !also.contains(&found[0]) {
                found.extend(also);
            }
        }
        found
    }

    fn referred(&self, reference: &str, space: Space, base: Option<&str>, index: &Index) -> Vec<usize> {
        let reference = names::without_version(reference.trim());
        let by_key = |key: Key| self.by_key.get(&key).copied();
        let by_id =
            |id: &str| index.by_id.get(&(space, id.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let address = Address::of(reference).filter(|address| address.kind == "Patient");
        if reference.contains("://") {
            if let Some(person) = by_key(Key::Url(names::without_scheme(reference).to_owned())) {
                return vec![person];
            }
            // The ids of a space whose addresses name one server are those of that server.
            let of_space = address.filter(|address| self.spaces[space].base() == Some(address.base));
            let people = of_space.map(|address| by_id(address.id)).unwrap_or_default();
            return people
                .iter()
                .copied()
                .filter(|person| self.people[*person].names.base.is_none())
                .collect();
        }
        let of_server = address
            .zip(base)
            .and_then(|(address, base)| by_key(Key::Url(format!("{base}Patient/{}", address.id))));
        if let Some(person) = of_server.or_else(|| by_key(Key::Local(space, reference.to_owned()))) {
            let others = address.map(|address| by_id(address.id)).unwrap_or_default();
            let is_alone = of_server.is_some() || others.iter().all(|other| *other == person);
            return if is_alone { vec![person] } else { others.to_vec() };
        }
        let id = address.map(|address| address.id).or_else(|| reference.strip_prefix("urn:uuid:"));
        id.map(by_id)
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|person| {
                base.is_none_or(|base| {
                    self.people[*person].names.base.as_deref().is_none_or(|own| own == base)
                })
            })
            .collect()
    }

    /// For each Patient, the one that stands for it: itself, an identical one, or the one that took its place. `None` if
    /// that is not clear or not there, so that nothing can be written for it.
    fn places(&mut self, index: &Index) -> Vec<Option<usize>> {
        let mut next: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.people.len()];
        let mut broken = HashSet::new();
        let mut first: HashMap<[u8; 16], usize> = HashMap::new();
        for (number, known) in self.people.iter().enumerate() {
            let State::Read(patient) = &known.state else { continue };
            let twin = *first.entry(patient.print).or_insert(number);
            if twin != number && patient.is_unique && self.people[twin].names.space != known.names.space {
                next[number].insert(twin);
            }
            if !self.rules.hold(Rule::Patients) {
                continue;
            }
            let base = known.names.base.as_deref();
            for reference in &patient.replaced_by {
                match self.referred(reference, known.names.space, base, index)[..] {
                    [other] if other != number => _ = next[number].insert(other),
                    _ => _ = broken.insert(number),
                }
            }
            for reference in &patient.replaces {
                match self.referred(reference, known.names.space, base, index)[..] {
                    [] => {}
                    [other] if other != number => _ = next[other].insert(number),
                    _ => _ = broken.insert(number),
                }
            }
        }
        let follow = |start: usize| {
            let mut at = start;
            for _ in 0..MOST_LINKS {
                match next[at].len() {
                    _ if broken.contains(&at) => return None,
                    0 => return Some(at),
                    1 => at = next[at].first().copied()?,
                    _ => return None,
                }
            }
            None
        };
        let places: Vec<_> = (0..self.people.len()).map(follow).collect();
        for (number, place) in places.iter().enumerate() {
            if place.is_none() {
                let reason = "the Patient that took the place of this one is not clear or not in the files";
                self.bad.insert(self.people[number].place, reason.into());
            }
        }
        places
    }

    fn people(
        &mut self,
        places: &[Option<usize>],
        courses: Vec<Course>,
        required: Option<u32>,
        force: bool,
    ) -> (Vec<FoundPerson>, u64) {
        let mut held_back = 0;
        let mut people: BTreeMap<Person, (FoundPerson, Vec<Shot>)> = BTreeMap::new();
        let mut refused = BTreeSet::new();
        // Whose a lost dose is, nobody knows: it may be that of a person of another source of this call.
        let may_lack_a_dose = self.spaces.iter().any(|about| about.has_lost_dose || about.is_torn);
        for (number, mut course) in courses.into_iter().enumerate() {
            if places[number] != Some(number) {
                continue;
            }
            let Some((forms, left_out, is_active)) = self.written(number) else { continue };
            let place = self.people[number].place;
            let is_torn = course.spaces.iter().any(|space| self.spaces[*space].is_torn) && !force;
            if !is_active && course.is_withdrawn && self.rules.hold(Rule::NothingHalf) {
                let reason = "the Patient is not active and a dose was withdrawn, so the row that is there may be too high: \
                              say who took its place";
                self.bad.insert(place, reason.into());
                continue;
            }
            if !is_active {
                self.notes.insert((
                    place,
                    "the Patient is not active, and nothing says who took its place: not written",
                ));
                continue;
            }
            self.notes.extend(left_out.map(|what| (place, what)));
            self.notes.extend(course.settle(self.rules));
            let course_of = count::Course { required, may_lack_a_dose };
            let doses = match count::count(&course.shots, course_of, self.rules) {
                Ok(counted) => {
                    self.notes.extend(counted.doubt.map(|doubt| (place, doubt)));
                    Some(counted.doses)
                }
                Err(reason) => {
                    self.bad.insert(place, reason);
                    None
                }
            };
            held_back += u64::from(is_torn);
            for person in forms {
                let found = FoundPerson {
                    place,
                    person: person.clone(),
                    doses: doses.filter(|_| !course.is_blocked && !is_torn),
                    may_lack_a_dose,
                    is_withdrawn: course.is_withdrawn,
                    has_immunization: course.has_immunization,
                };
                refused
                    .extend(self.put_form(&mut people, person, found, &course.shots).into_iter().flatten());
            }
        }
        let people = people.into_values().map(|(person, _)| FoundPerson {
            // A Patient that is refused in one form is refused in all.
            doses: person.doses.filter(|_| !refused.contains(&person.place)),
            ..person
        });
        (people.collect(), held_back)
    }

    /// The forms of a Patient that can be written, what was left out of them, and whether it is active.
    fn written(&mut self, number: usize) -> Option<(Vec<Person>, Option<&'static str>, bool)> {
        let known = &self.people[number];
        let reason = match &known.state {
            State::Read(patient) => match &patient.forms {
                Ok(forms) => return Some((forms.clone(), patient.left_out, patient.is_active)),
                Err(reason) => reason.clone(),
            },
            State::Refused(reason) => reason.clone(),
            State::Torn => TORN.into(),
            State::Deleted => {
                self.notes.insert((known.place, "the Patient was deleted: nothing is written for it"));
                return None;
            }
        };
        self.bad.insert(known.place, reason);
        None
    }

    /// Two Patients with one name and number must have the same doses: otherwise nobody can tell which is right, and
    /// both are returned.
    fn put_form(
        &mut self,
        people: &mut BTreeMap<Person, (FoundPerson, Vec<Shot>)>,
        person: Person,
        found: FoundPerson,
        shots: &[Shot],
    ) -> Option<[Place; 2]> {
        let holds = self.rules.hold(Rule::Patients);
        match people.get_mut(&person) {
            Some((known, others)) if holds && (*others != shots || known.doses != found.doses) => {
                for place in [known.place, found.place] {
                    let reason =
                        "another Patient has the same name and number, and other doses: neither is written";
                    self.bad.entry(place).or_insert_with(|| reason.into());
                }
                known.doses = None;
                return Some([known.place, found.place]);
            }
            Some((known, _)) if holds => {
                known.may_lack_a_dose |= found.may_lack_a_dose;
                known.is_withdrawn |= found.is_withdrawn;
                known.has_immunization |= found.has_immunization;
            }
            _ => _ = people.insert(person, (found, shots.to_vec())),
        }
        None
    }
}
