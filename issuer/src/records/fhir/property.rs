//! Registers that are made up, exported in many ways, and read again: nobody gets a higher status than the truth, and
//! who gets a lower one is reported. Each rule that is switched off is found out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};
use kycvs::Status;
use serde_json::{Value, json};

use super::{
    resolve::Found,
    rules::{Rule, Rules},
    tests::{COVID, collector},
    *,
};
use crate::records::Doses;

const REGISTERS: u64 = 10_000;

#[test]
fn no_register_is_read_higher_than_it_is_and_each_lower_status_is_reported() {
    let mut whole = 0;
    let mut lower = 0;
    for seed in 0..REGISTERS {
        let register = Register::new(seed);
        let found = register.read(Rules::default());
        let (same, less) =
            register.check(&found).unwrap_or_else(|wrong| panic!("register {seed}: {wrong}\n{register:#?}"));
        whole += same;
        lower += less;
    }
    // A reader that refuses everything would pass otherwise.
    assert!(whole > 3 * lower, "{whole} have their status, {lower} a lower one");
}

#[test]
fn each_rule_that_is_switched_off_is_found_out() {
    for rule in [
        Rule::OneDoseOnce,
        Rule::OnlyGiven,
        Rule::NewestVersion,
        Rule::NothingHalf,
        Rule::LocalReferences,
        Rule::Required,
        Rule::Patients,
    ] {
        let is_wrong = |seed| {
            let register = Register::new(seed);
            register.check(&register.read(Rules { off: Some(rule) })).is_err()
        };
        assert!((0..REGISTERS).any(is_wrong), "{rule:?}");
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).expect("it is below a u32")
    }
}

/// A person as they are.
#[derive(Debug)]
struct Truth {
    form: Person,
    status: Status,
}

/// An entry of a Bundle, or its resource on a line.
#[derive(Debug)]
struct Item {
    owner: usize,
    entry: Value,
    /// Items of one number keep their order.
    order: Option<u64>,
}

#[derive(Debug)]
struct Register {
    people: Vec<Truth>,
    /// Each Bundle, or all lines.
    files: Vec<Vec<Item>>,
    is_bulk: bool,
}

/// Writes the resources of one person.
struct Exporter<'a> {
    random: &'a mut Random,
    items: Vec<Item>,
    owner: usize,
    id: String,
    is_bulk: bool,
    next: u64,
    /// Whether a source says something false about a dose, so that another must not be lost.
    has_mistake: bool,
}

impl Register {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let is_bulk = random.one_in(2);
        let mut register = Self { people: Vec::new(), files: Vec::new(), is_bulk };
        for owner in 0..usize::try_from(1 + random.below(3)).expect("a few") {
            // Few enough that people share names, numbers and both.
            let name = ["asha verma", "mohan lal", "ravi"][usize::try_from(random.below(3)).expect("a few")];
            let form = (format!("+9198765432{:02}", random.below(3)), name.to_owned());
            let id = if is_bulk { format!("p{owner}") } else { "1".to_owned() };
            let mut exporter = Exporter {
                random: &mut random,
                items: Vec::new(),
                owner,
                id,
                is_bulk,
                next: 0,
                has_mistake: false,
            };
            let doses = exporter.person(&form);
            let items = exporter.shuffled();
            register.people.push(Truth { form, status: doses.status() });
            if is_bulk && owner > 0 {
                register.files[0].extend(items);
            } else {
                register.files.push(items);
            }
        }
        register
    }

    fn read(&self, rules: Rules) -> Found {
        let mut collector = collector(&[COVID]);
        collector.rules = rules;
        for (file, items) in self.files.iter().enumerate() {
            if self.is_bulk {
                for (item, line) in items.iter().zip(1..) {
                    let text = item.entry["resource"].to_string();
                    let entry = Entry::line(text.as_bytes());
                    collector.add((file, line), Collector::bulk(), &entry).expect("there is room");
                }
                continue;
            }
            let entries: Vec<_> = items.iter().map(|item| &item.entry).collect();
            let text = json!({"resourceType": "Bundle", "type": "collection", "entry": entries}).to_string();
            let bundle = Bundle::read(text.as_bytes()).expect("it is a Bundle");
            let space = collector.open_bundle();
            for (entry, number) in bundle.entries().zip(1..) {
                collector.add((file, number), space, &entry).expect("there is room");
            }
        }
        collector.finish(None, false)
    }

    /// How many people have their status, and how many a lower one that is reported; or what is wrong.
    fn check(&self, found: &Found) -> Result<(u32, u32), String> {
        let status = |doses: Option<Doses>| doses.map(|doses| doses.status().number());
        let by_form: BTreeMap<_, _> =
            found.people.iter().map(|found| (&found.person, status(found.doses))).collect();
        for (form, found) in &by_form {
            let truth = self
                .people
                .iter()
                .filter(|truth| truth.form == **form)
                .map(|truth| truth.status.number())
                .min();
            if *found > Some(truth.unwrap_or(0)) {
                return Err(format!("{form:?} has {found:?} and not {truth:?}"));
            }
        }
        let reported: BTreeSet<_> = found
            .bad
            .iter()
            .chain(&found.notes)
            .filter_map(|row| self.files.get(row.file)?.get(usize::try_from(row.place).ok()? - 1))
            .map(|item| item.owner)
            .collect();
        let mut counts = (0, 0);
        for (owner, truth) in self.people.iter().enumerate() {
            let found = by_form.get(&truth.form).copied().flatten().unwrap_or(0);
            match found >= truth.status.number() {
                true => counts.0 += 1,
                false if reported.contains(&owner) => counts.1 += 1,
                false => return Err(format!("{truth:?} has {found}, and nothing is reported")),
            }
        }
        Ok(counts)
    }
}

impl Exporter<'_> {
    /// Writes all that there is of a person, and gives the doses that they really have.
    fn person(&mut self, form: &Person) -> Doses {
        self.patient(form);
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
        match self.random.below(9) {
            0 => self.refused(next),
            1 | 2 => self.withdrawn(next),
            3 => self.unreadable(next),
            4 => self.modified(next),
            _ => {}
        }
        // An unreadable dose, and one that may be real, leave the truth as it is: it was given, or it was not.
        Doses { given, required }
    }

    fn patient(&mut self, form: &Person) {
        let has_birthday = self.random.one_in(2);
        let owner = self.owner;
        let patient = |number: &str, id: &str| {
            let mut patient = json!({"resourceType": "Patient", "id": id, "name": [{"text": form.1}],
                "telecom": [{"system": "phone", "value": number}]});
            if has_birthday {
                patient["birthDate"] = json!(format!("19{}", 50 + owner));
            }
            patient
        };
        let current = patient(&form.0, &self.id);
        match self.random.below(8) {
            0 => {
                self.put(current.clone(), None);
                self.put(current, None);
            }
            1 => {
                let mut old = patient("+919000000000", &self.id);
                let mut new = current;
                let order = self.stamp(&mut old, &mut new);
                self.put(old, order);
                self.put(new, order);
            }
            2 => {
                let other = format!("{}-old", self.id);
                let mut old = patient("+919000000000", &other);
                old["active"] = json!(false);
                old["link"] =
                    json!([{"other": {"reference": format!("Patient/{}", self.id)}, "type": "replaced-by"}]);
                self.put(old, None);
                self.put(current, None);
                // Some of the doses are the old Patient's.
                let mut dose = self.resource(1, 1, Date::new(2020, 12, 1).expect("a date"));
                dose["status"] = json!("not-done");
                dose["patient"]["reference"] = json!(format!("Patient/{other}"));
                self.put(dose, None);
            }
            _ => self.put(current, None),
        }
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
                self.next += 1;
                return Some(self.next);
            }
        };
        (old["meta"], new["meta"]) = (before, after);
        None
    }

    fn put(&mut self, resource: Value, order: Option<u64>) {
        let entry = Members::from_iter([("resource".to_owned(), resource)]);
        self.items.push(Item { owner: self.owner, entry: entry.into(), order });
    }

    fn dose(&mut self, number: u32, series: u32, day: Date) {
        let dose = self.resource(number, series, day);
        self.put(dose, None);
    }

    fn mistaken_series(&mut self, day: Date) {
        self.has_mistake = true;
        let dose = self
            .in_r4(json!({"doseNumberPositiveInt": 1, "seriesDosesPositiveInt": 1}), &json!(day.to_string()));
        self.put(dose, None);
    }

    fn refused(&mut self, (number, series, day): (u32, u32, Date)) {
        let mut dose = self.resource(number, series, day);
        match self.random.below(3) {
            0 => dose["status"] = json!("not-done"),
            1 => dose["isSubpotent"] = json!(true),
            _ => {
                dose["notGiven"] = json!(true);
            }
        }
        self.put(dose, None);
    }

    fn withdrawn(&mut self, (number, series, day): (u32, u32, Date)) {
        let mut old = self.resource(number, series, day);
        let mut new = old.clone();
        if !self.is_bulk && self.random.one_in(2) {
            let url = format!("Immunization/{}", old["id"].as_str().expect("a text"));
            self.put(old, None);
            let entry = json!({"request": {"method": "DELETE", "url": url}});
            self.items.push(Item { owner: self.owner, entry, order: None });
            return;
        }
        new["status"] = json!("entered-in-error");
        let order = self.stamp(&mut old, &mut new);
        if self.random.one_in(4) {
            new["status"] = json!(7);
        }
        self.put(old, order);
        self.put(new, order);
    }

    fn unreadable(&mut self, (number, series, day): (u32, u32, Date)) {
        // It is one of those that were given, and the only trace of it.
        let Some(place) = self.items.iter().rposition(|item| item.entry["resource"]["status"] == "completed")
        else {
            return self.refused((number, series, day));
        };
        let broken = &mut self.items[place].entry["resource"];
        // A dose that is lost can contradict nothing.
        let kinds = if self.has_mistake { 3 } else { 4 };
        match self.random.below(kinds) {
            0 => broken["status"] = json!(null),
            1 => broken["occurrenceDateTime"] = json!("yesterday"),
            2 => broken["protocolApplied"] = json!(1),
            _ => broken["patient"] = json!({"reference": "Patient/nobody"}),
        }
    }

    fn modified(&mut self, (number, series, day): (u32, u32, Date)) {
        let mut dose = self.resource(number, series, day);
        dose["modifierExtension"] = json!([{"url": "https://x.example/not-given", "valueBoolean": true}]);
        self.put(dose, None);
    }

    /// A dose in any release and with any form of number and date.
    fn resource(&mut self, number: u32, series: u32, day: Date) -> Value {
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
                let mut dose = self.in_r4(json!({}), &date);
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
        self.in_r4(protocol, &date)
    }

    fn in_r4(&mut self, mut protocol: Value, date: &Value) -> Value {
        protocol["targetDisease"] =
            json!([{"coding": [{"system": "http://snomed.info/sct", "code": COVID}]}]);
        self.next += 1;
        // Bundles of several sources use the same ids.
        let id =
            if self.is_bulk { format!("i{}-{}", self.owner, self.next) } else { format!("i{}", self.next) };
        json!({"resourceType": "Immunization", "id": id, "status": "completed",
            "patient": {"reference": format!("Patient/{}", self.id)}, "occurrenceDateTime": date,
            "protocolApplied": [protocol]})
    }

    fn shuffled(mut self) -> Vec<Item> {
        for place in (1..self.items.len()).rev() {
            let other = usize::try_from(self.random.below(place as u64 + 1)).expect("a few");
            if self.items[place].order.is_none() && self.items[other].order.is_none() {
                self.items.swap(place, other);
            }
        }
        self.items
    }
}
