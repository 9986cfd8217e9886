//! Whose the doses are, and what each person has, once everything was read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    Collector, MOST_NAMESAKES, Person, Record, Ref, State, TORN,
    count::{self, Shot},
    immunization::Says,
    names::{Names, Place, Space},
    reference::Index,
    rules::{Rule, Rules},
};
use crate::records::{
    Doses,
    import::{BadRow, Reason},
};

/// So many times a Patient can have been replaced by another.
const MOST_LINKS: usize = 64;
const NOT_THERE: &str = "the Patient that it refers to is in none of the files";
const NOT_CLEAR: &str =
    "the Patient that it refers to was replaced by one that is not clear or not in the files";
const WITHDRAWN_OF_NOBODY: &str = "it withdraws a dose of somebody who is in none of the files, so that person's row may be too \
     high: import the whole record of the person";
const WITHDRAWN_UNCLEAR: &str = "it withdraws a dose of a Patient that was replaced by one that is not clear or not in the \
     files, so that person's row may be too high: import the whole record of the person";

const WITHDRAWN_WITHOUT_ID: &str = "it withdraws a dose and has no id, so nobody can tell which one: import the whole record of \
     the person";

const TWO_PATIENTS: &str = "two versions of an Immunization name different Patients, and none is newer: the doses of both \
     stay as they are";

/// What an import of FHIR comes to.
#[derive(Debug, Default)]
pub(in crate::records) struct Found {
    /// Each Patient once for each of its names and numbers.
    pub(in crate::records) people: Vec<FoundPerson>,
    /// The names and numbers that a Patient does not have any more, or that are not written: the register may have rows
    /// with them. The doses are those that the Patient has now, if it is written.
    pub(in crate::records) former: Vec<FoundPerson>,
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
        let Names { id, base, .. } = record.names.clone();
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
        self.delete_patients();
        let index = self.index();
        let places = self.places(&index);
        let mut courses = vec![Course::default(); self.people.len()];
        for (number, place) in places.iter().enumerate() {
            let Some(place) = *place else { continue };
            let others = self.other_spaces.get(&number).into_iter().flatten().copied();
            courses[place].spaces.extend(others.chain([self.people[number].names.space]));
        }
        let patients = self.people.iter().filter(|known| !matches!(known.state, State::Moved)).count();
        let mut seen = Seen { patients: patients as u64, ..Seen::default() };
        for record in self.records() {
            seen.immunizations += 1;
            match record.says {
                Says::OtherVaccine => seen.passed_over += 1,
                Says::Withdrawn { is_wanted: false } => {}
                _ => seen.wanted += 1,
            }
            self.assign(&record, &index, &places, &mut courses);
        }
        let (people, former, held_back) = self.people(&places, courses, required, force);
        let row = |((file, place), reason): (Place, Reason)| BadRow { file, place, reason };
        let notes =
            std::mem::take(&mut self.notes).into_iter().filter(|(place, _)| !self.bad.contains_key(place));
        let notes = notes.map(|(place, what)| row((place, what.into()))).collect();
        Found { people, former, notes, bad: self.bad.into_iter().map(row).collect(), seen, held_back }
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

    /// Gives an Immunization to the person that it is about.
    fn assign(&mut self, record: &Record, index: &Index, places: &[Option<usize>], courses: &mut [Course]) {
        let place = record.place;
        let of = |who: &Ref| -> BTreeSet<usize> {
            self.find(who, index).into_iter().filter_map(|number| places[number]).collect()
        };
        let own = of(&record.patient);
        let before: BTreeSet<_> = record.before.iter().flat_map(of).collect();
        let all: BTreeSet<_> = own.union(&before).copied().collect();
        // Of a Patient that is in the files, nobody may know who took its place.
        let is_there =
            [&record.patient].into_iter().chain(&record.before).any(|who| !self.find(who, index).is_empty());
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
                self.bad.insert(place, if is_there { WITHDRAWN_UNCLEAR } else { WITHDRAWN_OF_NOBODY }.into());
                return;
            }
            Says::Withdrawn { is_wanted: true }
                if record.names.id.is_none() && self.rules.hold(Rule::NothingHalf) =>
            {
                WITHDRAWN_WITHOUT_ID.into()
            }
            Says::NotGiven if all.is_empty() => {
                self.notes.insert((place, if is_there { NOT_CLEAR } else { NOT_THERE }));
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
                (0, _) => if is_there { NOT_CLEAR } else { NOT_THERE }.into(),
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

    /// The people, the former names and numbers of people, and how many are held back.
    fn people(
        &mut self,
        places: &[Option<usize>],
        courses: Vec<Course>,
        required: Option<u32>,
        force: bool,
    ) -> (Vec<FoundPerson>, Vec<FoundPerson>, u64) {
        let mut held_back = 0;
        let (mut people, mut former) = (Vec::new(), Vec::new());
        let mut known = BTreeMap::new();
        let mut refused = BTreeSet::new();
        let mut others: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, place) in places.iter().enumerate() {
            if let Some(place) = place.filter(|place| *place != number) {
                others.entry(place).or_default().push(number);
            }
        }
        // Whose a lost dose is, nobody knows: it may be that of a person of another source of this call.
        let may_lack_a_dose = self.spaces.iter().any(|about| about.has_lost_dose || about.is_torn);
        for (number, mut course) in courses.into_iter().enumerate() {
            if places[number] != Some(number) {
                continue;
            }
            let place = self.people[number].place;
            let is_torn = course.spaces.iter().any(|space| self.spaces[*space].is_torn) && !force;
            let mut found = FoundPerson {
                place,
                person: Person::default(),
                doses: None,
                may_lack_a_dose,
                is_withdrawn: course.is_withdrawn,
                has_immunization: course.has_immunization,
            };
            let forms = self.written(number, &course);
            if forms.is_some() {
                self.notes.extend(course.settle(self.rules));
                let course_of = count::Course { required, may_lack_a_dose };
                match count::count(&course.shots, course_of, self.rules) {
                    Ok(counted) => {
                        self.notes.extend(counted.doubt.map(|doubt| (place, doubt)));
                        found.doses = Some(counted.doses).filter(|_| !course.is_blocked && !is_torn);
                    }
                    Err(reason) => _ = self.bad.insert(place, reason),
                }
                held_back += u64::from(is_torn);
            }
            let forms = forms.unwrap_or_default();
            let others = others.get(&number).into_iter().flatten().chain([&number]);
            let of_others: BTreeSet<_> = others.flat_map(|other| self.people[*other].forms()).collect();
            let not_written = of_others.into_iter().filter(|person| !forms.contains(person));
            former.extend(not_written.map(|person| FoundPerson { person: person.clone(), ..found.clone() }));
            for person in forms {
                let found = FoundPerson { person: person.clone(), ..found.clone() };
                refused.extend(self.contradiction(&mut known, &found, &course.shots).into_iter().flatten());
                people.push(found);
            }
        }
        for found in people.iter_mut().chain(&mut former) {
            // A Patient that is refused in one form is refused in all.
            found.doses = found.doses.filter(|_| !refused.contains(&found.place));
        }
        (people, former, held_back)
    }

    /// The forms of a Patient, if it is to be written. Reports a form that was left out, and why a Patient is not written.
    fn written(&mut self, number: usize, course: &Course) -> Option<Vec<Person>> {
        let known = &self.people[number];
        let place = known.place;
        let (gone, too_high) = match &known.state {
            State::Read(patient) => match &patient.forms {
                Ok(forms) if patient.is_active => {
                    self.notes.extend(patient.left_out.map(|what| (place, what)));
                    return Some(forms.clone());
                }
                Ok(_) => (
                    "the Patient is not active, and nothing says who took its place: not written",
                    "the Patient is not active and a dose was withdrawn, so the row that is there may be too high: \
                     say who took its place",
                ),
                Err(reason) => {
                    self.bad.insert(place, reason.clone());
                    return None;
                }
            },
            State::Refused(reason) => {
                self.bad.insert(place, reason.clone());
                return None;
            }
            State::Torn => {
                self.bad.insert(place, TORN.into());
                return None;
            }
            State::Deleted => (
                "the Patient was deleted: nothing is written for it",
                "the Patient was deleted and a dose was withdrawn, so the row that is there may be too high: import a \
                 row with its doses",
            ),
            State::Moved => return None,
        };
        if course.is_withdrawn && self.rules.hold(Rule::NothingHalf) {
            self.bad.insert(place, too_high.into());
        } else {
            self.notes.insert((place, gone));
        }
        None
    }

    /// Two Patients with one name and number must have the same doses: otherwise nobody can tell which is right, and
    /// the places of both are returned.
    fn contradiction(
        &mut self,
        known: &mut BTreeMap<Person, (Place, Option<Doses>, Vec<Shot>)>,
        found: &FoundPerson,
        shots: &[Shot],
    ) -> Option<[Place; 2]> {
        let FoundPerson { place, person, doses, .. } = found;
        let Some((other, others_doses, others)) = known.get(person) else {
            known.insert(person.clone(), (*place, *doses, shots.to_vec()));
            return None;
        };
        if !self.rules.hold(Rule::Patients) || *others == shots && others_doses == doses {
            return None;
        }
        for place in [*other, *place] {
            let reason = "another Patient has the same name and number, and other doses: neither is written";
            self.bad.entry(place).or_insert_with(|| reason.into());
        }
        Some([*other, *place])
    }
}
