//! Writes what is true of a person as FHIR, in many ways.

use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use super::{
    super::{Person, json::Members, tests::COVID},
    Home, Item, Random, Url,
};
use crate::records::Doses;

/// A number that the person had before.
pub(super) const OLD_NUMBER: &str = "+919000000000";

/// Writes the resources of one person.
pub(super) struct Exporter<'a> {
    pub(super) random: &'a mut Random,
    pub(super) items: Vec<Item>,
    pub(super) owner: usize,
    /// The Patients of the person.
    pub(super) homes: Vec<Home>,
    pub(super) is_bulk: bool,
    /// The last number that was used for an id in each file.
    pub(super) ids: &'a mut [u64],
    /// The last number that was used for an order.
    pub(super) order: &'a mut u64,
    /// Whether a dose of the person cannot be read: nothing of theirs may change.
    pub(super) is_blocked: bool,
    /// Whether a Patient of the person is not there or cannot be read.
    pub(super) is_unknown: bool,
}

/// How the second Patient of a person differs from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinship {
    /// It has the same content.
    Twin,
    /// It lacks a number of the first.
    Other,
    /// The first took its place.
    Replaced,
}

impl Exporter<'_> {
    /// Writes all that there is of a person, and gives the doses that they really have.
    pub(super) fn person(&mut self, forms: &[Person], kinship: Kinship) -> Doses {
        self.patients(forms, kinship);
        let required = 1 + self.random.small(3);
        let given = self.random.small(required + 2);
        let first = Date::new(2021, 1, 5).expect("a date");
        let days: Vec<_> = (0..4_i64)
            .map(|number| {
                first.checked_add((number * 70 + i64::from(self.random.small(20))).days()).expect("a date")
            })
            .collect();
        for (number, day) in (1..=given).zip(&days) {
            let series = required.max(number);
            self.dose(number, series, *day);
            if self.random.one_in(4) {
                self.dose(number, series, *day);
            }
            if self.random.one_in(6) && series > 1 {
                // Another source has the same injection as the only dose of its product.
                self.mistaken_series(*day);
            }
        }
        let day = days[usize::try_from(given).expect("a few").min(3)];
        let next = (given + 1, required.max(given + 1), day);
        match self.random.below(12) {
            0 => self.refused(next),
            1 | 2 => self.withdrawn(next),
            3 => self.unreadable(),
            4 => self.modified(next),
            5 => self.lost(),
            6 => self.torn(),
            7 => self.unreadable_patient(),
            8 => self.absent_patient(),
            _ => {}
        }
        // An unreadable dose, and one that may be real, leave the truth as it is: it was given, or it was not.
        Doses { given, required }
    }

    fn patients(&mut self, forms: &[Person], kinship: Kinship) {
        let has_birthday = self.random.one_in(2);
        let owner = self.owner;
        let patient = |numbers: &[&str], id: &str| {
            let telecom: Vec<_> =
                numbers.iter().map(|number| json!({"system": "phone", "value": number})).collect();
            let mut patient = json!({"resourceType": "Patient", "id": id, "name": [{"text": forms[0].1}],
                "telecom": telecom});
            if has_birthday {
                patient["birthDate"] = json!(format!("19{}", 50 + owner));
            }
            patient
        };
        let numbers: Vec<_> = forms.iter().map(|form| form.0.as_str()).collect();
        let current = patient(&numbers, &self.homes[0].id);
        match self.random.below(6) {
            0 => {
                self.put(0, current.clone(), None);
                self.put(0, current, None);
            }
            1 => {
                let mut old = patient(&[OLD_NUMBER], &self.homes[0].id);
                let mut new = current;
                let order = self.stamp(&mut old, &mut new);
                self.put(0, old, order);
                self.put(0, new, order);
            }
            _ => self.put(0, current, None),
        }
        if self.homes.len() < 2 {
            return;
        }
        let id = self.homes[1].id.clone();
        let second = match kinship {
            Kinship::Twin => patient(&numbers, &id),
            Kinship::Other => patient(&numbers[..1], &id),
            Kinship::Replaced => {
                let mut old = patient(&[OLD_NUMBER], &id);
                old["active"] = json!(false);
                let reference = self.homes[0].reference(self.homes[1].file, self.random);
                old["link"] = json!([{"other": {"reference": reference}, "type": "replaced-by"}]);
                old
            }
        };
        self.put(1, second, None);
    }

    /// Marks two versions; gives what keeps them in their order if neither says it.
    fn stamp(&mut self, old: &mut Value, new: &mut Value) -> Option<u64> {
        let (before, after) = match self.random.below(3) {
            0 => (json!({"versionId": "9"}), json!({"versionId": "10"})),
            1 => (
                json!({"lastUpdated": "2022-01-02T00:00:00+05:30"}),
                json!({"lastUpdated": "2022-01-01T20:00:00Z"}),
            ),
            _ => {
                *self.order += 1;
                return Some(*self.order);
            }
        };
        (old["meta"], new["meta"]) = (before, after);
        None
    }

    /// Puts a resource into the file of a Patient of the person.
    fn put(&mut self, home: usize, resource: Value, order: Option<u64>) {
        let Home { file, url, .. } = &self.homes[home];
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let id = resource["id"].as_str().unwrap_or_default();
        let full_url = match url {
            Url::Uuid(uuid) if kind == "Patient" => Some(uuid.clone()),
            Url::Unsaid | Url::Uuid(_) => None,
            Url::Absolute(base) => Some(format!("{base}{kind}/{id}")),
        };
        let mut entry = Members::from_iter([("resource".to_owned(), resource)]);
        entry.extend(full_url.map(|url| ("fullUrl".to_owned(), url.into())));
        let is_late = self.random.one_in(3);
        self.items.push(Item { owner: self.owner, file: *file, home, entry: entry.into(), order, is_late });
    }

    fn any_home(&mut self) -> usize {
        usize::try_from(self.random.below(self.homes.len() as u64)).expect("a few")
    }

    fn dose(&mut self, number: u32, series: u32, day: Date) {
        let home = self.any_home();
        let dose = self.resource(home, number, series, day);
        self.put(home, dose, None);
    }

    fn mistaken_series(&mut self, day: Date) {
        let home = self.any_home();
        let protocol = json!({"doseNumberPositiveInt": 1, "seriesDosesPositiveInt": 1});
        let dose = self.in_r4(home, protocol, &json!(day.to_string()));
        self.put(home, dose, None);
    }

    fn refused(&mut self, (number, series, day): (u32, u32, Date)) {
        let home = self.any_home();
        let mut dose = self.resource(home, number, series, day);
        match self.random.below(3) {
            0 => dose["status"] = json!("not-done"),
            1 => dose["isSubpotent"] = json!(true),
            _ => dose["notGiven"] = json!(true),
        }
        self.put(home, dose, None);
    }

    fn withdrawn(&mut self, (number, series, day): (u32, u32, Date)) {
        let home = self.any_home();
        let mut old = self.resource(home, number, series, day);
        let mut new = old.clone();
        if !self.is_bulk && self.random.one_in(2) {
            let url = format!("Immunization/{}", old["id"].as_str().expect("a text"));
            self.put(home, old, None);
            let entry = json!({"request": {"method": "DELETE", "url": url}});
            let file = self.homes[home].file;
            self.items.push(Item { owner: self.owner, file, home, entry, order: None, is_late: true });
            return;
        }
        new["status"] = json!("entered-in-error");
        let order = self.stamp(&mut old, &mut new);
        if self.random.one_in(4) {
            new["status"] = json!(7);
            self.is_blocked = true;
        }
        self.put(home, old, order);
        let is_late = self.items.last().is_some_and(|item| item.is_late);
        self.put(home, new, order);
        // The newer version is never in an earlier export.
        self.items.last_mut().expect("it was put").is_late |= is_late;
    }

    /// One of the doses that were given, if there is any.
    fn given(&mut self) -> Option<&mut Item> {
        self.items.iter_mut().rfind(|item| item.entry["resource"]["status"] == "completed")
    }

    /// The dose is the only trace of it.
    fn unreadable(&mut self) {
        let kind = self.random.below(3);
        let Some(item) = self.given() else { return };
        let broken = &mut item.entry["resource"];
        match kind {
            0 => broken["status"] = json!(null),
            1 => broken["occurrenceDateTime"] = json!("yesterday"),
            _ => broken["protocolApplied"] = json!(1),
        }
        self.is_blocked = true;
    }

    /// A dose that refers to nobody.
    fn lost(&mut self) {
        if let Some(item) = self.given() {
            item.entry["resource"]["patient"] = json!({"reference": "Patient/nobody"});
        }
    }

    /// A resource that cannot be read at all.
    fn torn(&mut self) {
        let place = usize::try_from(self.random.below(self.items.len() as u64)).expect("a few");
        let item = &mut self.items[place];
        self.is_unknown |= item.is_patient();
        item.entry = if self.random.one_in(2) {
            json!({})
        } else {
            json!({"resource": {"resourceType": "Immunization", "id": 7}})
        };
    }

    fn unreadable_patient(&mut self) {
        let member =
            ["modifierExtension", "name", "telecom"][usize::try_from(self.random.below(3)).expect("few")];
        let home = self.any_home();
        self.is_unknown = true;
        for item in self.items.iter_mut().filter(|item| item.home == home && item.is_patient()) {
            item.entry["resource"][member] = json!([{"extension": 7, "text": 7, "value": 7}]);
        }
    }

    fn absent_patient(&mut self) {
        self.is_unknown = true;
        let home = self.any_home();
        self.items.retain(|item| item.home != home || !item.is_patient());
    }

    fn modified(&mut self, (number, series, day): (u32, u32, Date)) {
        let home = self.any_home();
        let mut dose = self.resource(home, number, series, day);
        dose["modifierExtension"] = json!([{"url": "https://x.example/not-given", "valueBoolean": true}]);
        self.put(home, dose, None);
    }

    /// A dose in any release and with any form of number and date.
    fn resource(&mut self, home: usize, number: u32, series: u32, day: Date) -> Value {
        let date = match self.random.below(6) {
            0 => json!(day.strftime("%Y-%m").to_string()),
            1 => json!(format!("{day}T23:30:00-05:00")),
            2 => json!(format!("{day}T00:10:00+05:30")),
            3 => json!(format!("{day}T10:00:00.5Z")),
            _ => json!(day.to_string()),
        };
        let protocol = match self.random.below(7) {
            0 => json!({"doseNumberString": format!(" {number} "), "seriesDosesString": series.to_string()}),
            1 => json!({"doseNumberString": format!("Dose {number} of {series}")}),
            2 => json!({"doseNumber": format!("{number}/{series}"), "seriesDoses": series.to_string()}),
            3 => json!({"seriesDosesPositiveInt": series}),
            4 => {
                let mut dose = self.in_r4(home, json!({}), &date);
                let protocol = json!({"targetDisease": [{"coding": [{"code": COVID}]}], "doseSequence": number,
                    "seriesDoses": series});
                let members = dose.as_object_mut().expect("an object");
                members.remove("protocolApplied");
                members.remove("occurrenceDateTime");
                members.insert("vaccinationProtocol".to_owned(), json!([protocol]));
                members.insert("date".to_owned(), date);
                members.insert("notGiven".to_owned(), json!(false));
                return dose;
            }
            _ => json!({"doseNumberPositiveInt": number, "seriesDosesPositiveInt": series}),
        };
        self.in_r4(home, protocol, &date)
    }

    fn in_r4(&mut self, home: usize, mut protocol: Value, date: &Value) -> Value {
        protocol["targetDisease"] =
            json!([{"coding": [{"system": "http://snomed.info/sct", "code": COVID}]}]);
        // Bundles of several sources use the same ids.
        let home = &self.homes[home];
        let ids = if self.is_bulk { 0 } else { home.ids() };
        self.ids[ids] += 1;
        let id = format!("i{}", self.ids[ids]);
        let reference = home.reference(home.file, self.random);
        json!({"resourceType": "Immunization", "id": id, "status": "completed",
            "patient": {"reference": reference}, "occurrenceDateTime": date, "protocolApplied": [protocol]})
    }
}
