//! Records from FHIR R4: Patient and Immunization resources, of a Bundle or one a line.
//!
//! A person's number is the Patient's `telecom`, the name its `name`. Each `completed` Immunization of the wanted vaccine
//! gives a dose; doses of the same number, or without one of the same day, count once. Resources come in any order and
//! from several files, so that what a person has is known only when all were read: until then they are held in memory,
//! at most a million people.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, hash_map::Entry},
};

use kycvs::Subject;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Doses,
    import::{BadRow, MOST_DOSES, Reason},
};
use crate::number::Numbers;

/// The longest Bundle, in bytes.
pub(super) const MOST_BUNDLE_BYTES: u64 = 64 << 20;
/// At most so many people, and so many whose immunizations are known.
const MOST_PEOPLE: usize = 1_000_000;
/// At most so many numbers, and so many names, of one person.
const MOST_FORMS: usize = 8;

/// A file, and a line or an entry of it.
type Place = (usize, u64);
/// A number and a name, normalised.
type Person = (String, String);

/// A Bundle, its resources not yet read.
#[derive(Deserialize)]
pub(super) struct Bundle<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<BundleEntry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BundleEntry<'a> {
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

impl<'a> Bundle<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        // The parser's own message can repeat a value.
        let bundle: Self = serde_json::from_slice(bytes).map_err(|error| {
            Reason::from(format!(
                "it is no FHIR Bundle in JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if bundle.kind == "Bundle" {
            Ok(bundle)
        } else {
            Err("it is another FHIR resource than a Bundle".into())
        }
    }

    /// Each entry's `fullUrl` and resource, as JSON.
    pub(super) fn resources(&self) -> impl Iterator<Item = (Option<&str>, Option<&'a str>)> {
        self.entry.iter().map(|entry| (entry.full_url.as_deref(), entry.resource.map(RawValue::get)))
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Patient {
    id: Option<String>,
    #[serde(default)]
    name: Vec<HumanName>,
    #[serde(default)]
    telecom: Vec<ContactPoint>,
}

#[derive(Deserialize)]
struct HumanName {
    r#use: Option<String>,
    text: Option<String>,
    #[serde(default)]
    given: Vec<String>,
    family: Option<String>,
}

#[derive(Deserialize)]
struct ContactPoint {
    system: Option<String>,
    value: Option<String>,
    r#use: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Immunization {
    id: Option<String>,
    status: String,
    patient: Reference,
    #[serde(default)]
    vaccine_code: Concept,
    occurrence_date_time: Option<String>,
    #[serde(default)]
    is_subpotent: bool,
    #[serde(default)]
    protocol_applied: Vec<Protocol>,
}

#[derive(Deserialize)]
struct Reference {
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protocol {
    #[serde(default)]
    target_disease: Vec<Concept>,
    dose_number_positive_int: Option<u32>,
    dose_number_string: Option<String>,
    series_doses_positive_int: Option<u32>,
    series_doses_string: Option<String>,
}

#[derive(Default, Deserialize)]
struct Concept {
    #[serde(default)]
    coding: Vec<Coding>,
}

#[derive(Deserialize)]
struct Coding {
    system: Option<String>,
    code: Option<String>,
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Collector {
    patients: Vec<Known>,
    /// By what references say; `None` where two patients go by the same.
    by_reference: HashMap<String, Option<usize>>,
    courses: HashMap<String, Course>,
    passed_over: u64,
    numbers: Numbers,
}

/// A patient: all pairs of a number and a name, or why there is none.
struct Known {
    place: Place,
    forms: Result<Vec<Person>, Reason>,
}

/// The doses of a person.
struct Course {
    place: Place,
    doses: BTreeSet<Dose>,
    required: Option<u32>,
}

/// What tells one dose from another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dose {
    Number(u32),
    /// `YYYY-MM-DD`, or less where no more is known.
    Day(String),
    Id(String),
}

impl Collector {
    /// Empty, for numbers by these rules.
    pub(super) fn new(numbers: Numbers) -> Self {
        Self { numbers, ..Self::default() }
    }

    /// Takes a resource; those of other kinds are passed over. `full_url` is what a Bundle names it by.
    pub(super) fn add(
        &mut self,
        place: Place,
        full_url: Option<&str>,
        resource: &[u8],
        vaccines: &[String],
    ) -> Result<(), Reason> {
        let not_json = |_| Reason::from("it is no FHIR resource in JSON");
        let Kind { kind } = serde_json::from_slice(resource).map_err(not_json)?;
        match &*kind {
            "Patient" => {
                let patient =
                    serde_json::from_slice(resource).map_err(|_| "it is no Patient as FHIR R4 has it")?;
                self.add_patient(place, full_url, &patient)
            }
            "Immunization" => {
                let immunization = serde_json::from_slice(resource)
                    .map_err(|_| "it is no Immunization as FHIR R4 has it")?;
                self.add_immunization(place, immunization, vaccines)
            }
            "Bundle" => {
                Err("a Bundle within a file of resources is not read: import it as a file of its own".into())
            }
            _ => Ok(()),
        }
    }

    fn add_patient(&mut self, place: Place, full_url: Option<&str>, patient: &Patient) -> Result<(), Reason> {
        if self.patients.len() == MOST_PEOPLE {
            return Err("these are more than a million people: import them in parts".into());
        }
        let index = self.patients.len();
        let own = patient.id.as_ref().map(|id| format!("Patient/{id}"));
        let names: BTreeSet<_> = own.into_iter().chain(full_url.map(|url| key(url).to_owned())).collect();
        if names.is_empty() {
            return Err("nothing can refer to a Patient without an id".into());
        }
        for name in names {
            self.by_reference.entry(name).and_modify(|known| *known = None).or_insert(Some(index));
        }
        self.patients.push(Known { place, forms: patient.forms(&self.numbers) });
        Ok(())
    }

    fn add_immunization(
        &mut self,
        place: Place,
        immunization: Immunization,
        vaccines: &[String],
    ) -> Result<(), Reason> {
        let Some(protocols) = immunization.counted_protocols(vaccines) else {
            self.passed_over += 1;
            return Ok(());
        };
        let reference = immunization.patient.reference.as_deref().ok_or("it refers to no Patient")?;
        let is_full = self.courses.len() == MOST_PEOPLE;
        let course = match self.courses.entry(key(reference).to_owned()) {
            Entry::Occupied(course) => course.into_mut(),
            Entry::Vacant(_) if is_full => {
                return Err("these are more than a million people: import them in parts".into());
            }
            Entry::Vacant(course) => course.insert(Course { place, doses: BTreeSet::new(), required: None }),
        };
        let number = protocols.iter().find_map(|protocol| protocol.dose());
        course.required =
            protocols.iter().filter_map(|protocol| protocol.series()).chain(course.required).max();
        if !immunization.gives_a_dose() {
            return Ok(());
        }
        let dose = immunization.dose(number)?;
        if course.doses.len() < MOST_DOSES as usize {
            course.doses.insert(dose)
        } else {
            false
        };
        Ok(())
    }

    /// Immunizations of other vaccines.
    pub(super) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Who has which doses, and what could not be made sense of. `required` is for courses of which no resource says it.
    pub(super) fn finish(mut self, required: Option<u32>) -> (Vec<(Person, Doses)>, Vec<BadRow>) {
        let mut bad = Vec::new();
        let mut told = |(file, place): Place, reason: Reason| bad.push(BadRow { file, place, reason });
        let mut of_patients: HashMap<usize, Course> = HashMap::new();
        for (reference, course) in std::mem::take(&mut self.courses) {
            match self.by_reference.get(&reference) {
                Some(Some(index)) => match of_patients.entry(*index) {
                    Entry::Occupied(known) => known.into_mut().join(course),
                    Entry::Vacant(none) => _ = none.insert(course),
                },
                Some(None) => told(course.place, "two Patients go by what it refers to".into()),
                None => told(course.place, "the Patient that it refers to is in none of the files".into()),
            }
        }
        let mut people: HashMap<Person, (usize, Doses)> = HashMap::new();
        let mut twice = BTreeSet::new();
        for (index, Known { place, forms }) in self.patients.into_iter().enumerate() {
            let doses = Doses::of(of_patients.remove(&index), required);
            let (forms, doses) = match (forms, doses) {
                (Ok(forms), Ok(doses)) => (forms, doses),
                (Err(reason), _) | (_, Err(reason)) => {
                    told(place, reason);
                    continue;
                }
            };
            for form in forms {
                if people.get(&form).is_some_and(|(other, _)| *other != index) {
                    told(place, "another Patient has the same name and number".into());
                    twice.insert(form);
                } else {
                    people.insert(form, (index, doses));
                }
            }
        }
        // Whose the doses are cannot be told: neither is imported.
        people.retain(|form, _| !twice.contains(form));
        bad.sort_by_key(|row| (row.file, row.place));
        (people.into_iter().map(|(person, (_, doses))| (person, doses)).collect(), bad)
    }
}

impl Doses {
    /// No course is none of the doses.
    fn of(course: Option<Course>, required: Option<u32>) -> Result<Self, Reason> {
        let Some(course) = course else { return Ok(Self { given: 0, required: required.unwrap_or(1) }) };
        let required = course
            .required
            .or(required)
            .ok_or("no Immunization says how many doses the course has (seriesDoses): say it for all")?;
        if !(1..=MOST_DOSES).contains(&required) {
            return Err("the number of doses of the course is not 1 to 99".into());
        }
        Ok(Self { given: u32::try_from(course.doses.len()).unwrap_or(MOST_DOSES), required })
    }
}

impl Course {
    fn join(&mut self, other: Self) {
        self.doses.extend(other.doses);
        self.required = self.required.max(other.required);
    }
}

impl Patient {
    /// Each number with each name. A person may give any of them.
    fn forms(&self, rules: &Numbers) -> Result<Vec<Person>, Reason> {
        let names: BTreeSet<_> = self.name.iter().flat_map(HumanName::forms).take(MOST_FORMS).collect();
        let numbers: BTreeSet<_> = self.numbers().take(MOST_FORMS).collect();
        if names.is_empty() {
            return Err("the Patient has no name".into());
        }
        if numbers.is_empty() {
            return Err("the Patient has no phone number".into());
        }
        let mut forms = BTreeSet::new();
        let mut refused = None;
        for name in &names {
            for number in &numbers {
                let person = Subject::new(name).map_err(Reason::from);
                match person.and_then(|person| Ok(rules.checked(person, number)?)) {
                    Ok(person) => {
                        forms.insert((
                            person.mobile().unwrap_or_default().to_owned(),
                            person.name().to_owned(),
                        ));
                    }
                    Err(reason) => refused = Some(reason),
                }
            }
        }
        match refused {
            Some(reason) if forms.is_empty() => Err(reason),
            _ => Ok(forms.into_iter().collect()),
        }
    }

    /// Those that are marked as mobile; where none is, all that are not old.
    fn numbers(&self) -> impl Iterator<Item = &str> {
        let is_phone = |point: &&ContactPoint| matches!(point.system.as_deref(), Some("phone" | "sms"));
        let is_mobile = |point: &ContactPoint| point.r#use.as_deref() == Some("mobile");
        let has_mobile = self.telecom.iter().filter(is_phone).any(is_mobile);
        self.telecom
            .iter()
            .filter(is_phone)
            .filter(
                move |point| {
                    if has_mobile { is_mobile(point) } else { point.r#use.as_deref() != Some("old") }
                },
            )
            .filter_map(|point| point.value.as_deref())
    }
}

impl HumanName {
    /// Its text, and its parts in a row. Names that are not the person's own, or not any more, have no form.
    fn forms(&self) -> Vec<String> {
        if !matches!(self.r#use.as_deref(), None | Some("official" | "usual")) {
            return Vec::new();
        }
        let parts: Vec<_> = self.given.iter().chain(&self.family).map(String::as_str).collect();
        let joined = (!parts.is_empty()).then(|| parts.join(" "));
        self.text.iter().cloned().chain(joined).filter(|name| !name.trim().is_empty()).collect()
    }
}

impl Immunization {
    /// What it says of the wanted vaccine, or `None` where it is of another.
    fn counted_protocols(&self, vaccines: &[String]) -> Option<Vec<&Protocol>> {
        let against: Vec<_> = self
            .protocol_applied
            .iter()
            .filter(|protocol| protocol.target_disease.iter().any(|disease| disease.is_one_of(vaccines)))
            .collect();
        if against.is_empty() {
            return self.vaccine_code.is_one_of(vaccines).then(|| self.protocol_applied.iter().collect());
        }
        Some(against)
    }

    /// `entered-in-error` and `not-done` give none, nor does one that was too weak.
    fn gives_a_dose(&self) -> bool {
        self.status == "completed" && !self.is_subpotent
    }

    fn dose(self, number: Option<u32>) -> Result<Dose, Reason> {
        if let Some(number) = number {
            return Ok(Dose::Number(number));
        }
        if let Some(day) =
            self.occurrence_date_time.as_deref().and_then(|time| time.get(..time.len().min(10)))
        {
            return Ok(Dose::Day(day.to_owned()));
        }
        self.id.map(Dose::Id).ok_or_else(|| "it has neither a dose number nor a day nor an id".into())
    }
}

impl Protocol {
    fn dose(&self) -> Option<u32> {
        self.dose_number_positive_int.or_else(|| self.dose_number_string.as_ref()?.trim().parse().ok())
    }

    fn series(&self) -> Option<u32> {
        self.series_doses_positive_int.or_else(|| self.series_doses_string.as_ref()?.trim().parse().ok())
    }
}

impl Concept {
    /// By `CODE` or `SYSTEM|CODE`.
    fn is_one_of(&self, wanted: &[String]) -> bool {
        self.coding.iter().any(|coding| {
            wanted.iter().any(|wanted| match wanted.split_once('|') {
                Some((system, code)) => {
                    coding.system.as_deref() == Some(system) && coding.code.as_deref() == Some(code)
                }
                None => coding.code.as_deref() == Some(wanted),
            })
        })
    }
}

/// What a reference and a `fullUrl` have in common: `Patient/ID` of an address, with or without a version, and anything
/// else, such as `urn:uuid:...`, as it is.
fn key(reference: &str) -> &str {
    let Some(start) = reference.rfind("Patient/") else { return reference };
    let tail = &reference[start..];
    let end = tail["Patient/".len()..].find('/').map_or(tail.len(), |end| "Patient/".len() + end);
    &tail[..end]
}

#[cfg(test)]
mod tests;
