//! Registers that are made up, exported in many ways, and read again: nobody gets a higher status than the truth, and
//! who gets a lower one is reported. Each rule that is switched off is found out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    resolve::Found,
    rules::{Rule, Rules},
    tests::{COVID, collector, written},
    *,
};
use crate::records::{Doses, Format};

mod export;
mod staged;

use export::{Exporter, Kinship};

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
    assert!(whole > lower, "{whole} have their status, {lower} a lower one");
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
    /// The person's numbers, each with the name.
    forms: Vec<Person>,
    doses: Doses,
    homes: Vec<Home>,
    /// A dose of theirs cannot be read: nothing of theirs may change.
    is_blocked: bool,
    /// A Patient of theirs is not there or cannot be read: nobody knows of the person.
    is_unknown: bool,
}

impl Truth {
    fn status(&self) -> u8 {
        self.doses.status().number()
    }

    /// Of a person whose first Patient may not be there, the form that the second has as well.
    fn known_forms(&self) -> &[Person] {
        if self.is_unknown { &self.forms[..1] } else { &self.forms }
    }
}

/// A Patient.
#[derive(Clone, Debug)]
struct Home {
    file: usize,
    id: String,
    url: Url,
}

/// The form of a `fullUrl`.
#[derive(Clone, Debug)]
enum Url {
    Unsaid,
    Uuid(String),
    /// The address of a server.
    Absolute(String),
}

impl Home {
    /// Whose ids those of its resources are: the server's, or the file's.
    fn ids(&self) -> usize {
        match &self.url {
            Url::Absolute(base) => {
                base.bytes().find(u8::is_ascii_digit).map_or(0, |digit| usize::from(digit - b'0'))
            }
            _ => self.file,
        }
    }

    /// One of the ways to refer to it from a file.
    fn reference(&self, file: usize, random: &mut Random) -> String {
        match &self.url {
            Url::Uuid(uuid) => uuid.clone(),
            Url::Absolute(base) if file != self.file || random.one_in(2) => {
                format!("{base}Patient/{}", self.id)
            }
            _ => format!("Patient/{}", self.id),
        }
    }
}

/// An entry of a Bundle, or its resource on a line.
#[derive(Clone, Debug)]
struct Item {
    owner: usize,
    file: usize,
    /// Which Patient of the owner it belongs to.
    home: usize,
    entry: Value,
    /// Items of one number keep their order.
    order: Option<u64>,
    /// Whether it came later than an earlier export.
    is_late: bool,
}

impl Item {
    fn is_patient(&self) -> bool {
        self.entry["resource"]["resourceType"] == "Patient"
    }

    /// Whether nobody can tell what it is about.
    fn is_torn(&self) -> bool {
        self.entry.get("request").is_none() && !self.entry["resource"]["id"].is_string()
    }

    /// Its line in NDJSON.
    fn line(&self) -> String {
        self.entry.get("resource").map_or_else(|| "{".to_owned(), Value::to_string)
    }
}

#[derive(Debug)]
struct Register {
    people: Vec<Truth>,
    /// Each Bundle, or files of lines.
    files: Vec<Vec<Item>>,
    is_bulk: bool,
}

impl Register {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let is_bulk = random.one_in(2);
        let count = usize::try_from(1 + random.below(3)).expect("a few");
        let mut register = Self { people: Vec::new(), files: vec![Vec::new(); count], is_bulk };
        let (mut ids, mut order, mut patients) = (vec![0; count], 0, vec![0_u64; count]);
        for owner in 0..usize::try_from(1 + random.below(3)).expect("a few") {
            // Few enough that people share names, numbers and both.
            let name = ["asha verma", "mohan lal", "ravi"][usize::try_from(random.below(3)).expect("a few")];
            let form = |random: &mut Random| (format!("+9198765432{:02}", random.below(3)), name.to_owned());
            let mut forms = vec![form(&mut random)];
            if random.one_in(4) {
                forms.push((format!("+9198765433{:02}", random.below(3)), name.to_owned()));
            }
            let mut homes = vec![register.home(&mut random, &mut patients)];
            let kinship = [Kinship::Twin, Kinship::Other, Kinship::Replaced]
                [usize::try_from(random.below(3)).expect("a few")];
            if random.one_in(3) {
                homes.push(register.second_home(&mut random, &mut patients, &homes[0], kinship));
            }
            let mut exporter = Exporter {
                random: &mut random,
                items: Vec::new(),
                owner,
                homes: homes.clone(),
                is_bulk,
                ids: &mut ids,
                order: &mut order,
                is_blocked: false,
                is_unknown: false,
            };
            let doses = exporter.person(&forms, kinship);
            let Exporter { items, is_blocked, is_unknown, .. } = exporter;
            register.people.push(Truth { forms, doses, homes, is_blocked, is_unknown });
            for item in items {
                register.files[item.file].push(item);
            }
        }
        for file in &mut register.files {
            shuffle(file, &mut random);
        }
        register
    }

    /// A Patient in any file. Patients of several Bundles have the same ids.
    fn home(&self, random: &mut Random, patients: &mut [u64]) -> Home {
        let file = usize::try_from(random.below(self.files.len() as u64)).expect("a few");
        let space = if self.is_bulk { 0 } else { file };
        patients[space] += 1;
        let id = patients[space].to_string();
        let url = match random.below(3) {
            _ if self.is_bulk => Url::Unsaid,
            0 => Url::Unsaid,
            1 => Url::Uuid(format!("urn:uuid:{id}")),
            _ => Url::Absolute(format!("https://f{file}.example/")),
        };
        Home { file, id, url }
    }

    /// Another Patient of the same person: the same resource in another Bundle, or one of its own.
    fn second_home(&self, random: &mut Random, patients: &mut [u64], first: &Home, kinship: Kinship) -> Home {
        let mut second = self.home(random, patients);
        let is_absolute = matches!(first.url, Url::Absolute(_));
        if kinship == Kinship::Twin && is_absolute && random.one_in(2) {
            return Home { file: second.file, ..first.clone() };
        }
        if kinship == Kinship::Replaced && second.file != first.file && !is_absolute && !self.is_bulk {
            // Only an absolute address leads to another Bundle.
            patients[first.file] += 1;
            second = Home { file: first.file, id: patients[first.file].to_string(), url: Url::Unsaid };
        }
        second
    }

    fn read(&self, rules: Rules) -> Found {
        let mut collector = collector(&[COVID]);
        collector.rules = rules;
        for (file, text) in self.texts(|_| true).iter().enumerate() {
            if self.is_bulk {
                for (line, number) in text.lines().zip(1..) {
                    collector
                        .add((file, number), Collector::bulk(), &Entry::line(line.as_bytes()))
                        .expect("there is room");
                }
                continue;
            }
            let bundle = Bundle::read(text.as_bytes()).expect("it is a Bundle");
            let space = collector.open_bundle();
            for (entry, number) in bundle.entries().zip(1..) {
                collector.add((file, number), space, &entry).expect("there is room");
            }
        }
        collector.finish(None, false)
    }

    fn format(&self) -> Format {
        if self.is_bulk { Format::FhirNdjson } else { Format::FhirBundle }
    }

    /// The files, with the chosen items.
    fn texts(&self, is_chosen: impl Fn(&Item) -> bool) -> Vec<String> {
        let text = |items: &Vec<Item>| {
            let mut chosen = items.iter().filter(|item| is_chosen(item));
            if self.is_bulk {
                return chosen.map(Item::line).collect::<Vec<_>>().join("\n");
            }
            let entries: Vec<_> = chosen.by_ref().map(|item| &item.entry).collect();
            json!({"resourceType": "Bundle", "type": "collection", "entry": entries}).to_string()
        };
        self.files.iter().map(text).collect()
    }

    /// The people who are reported by these places of the files with the chosen items.
    fn reported(&self, places: impl Iterator<Item = Place>, is_chosen: impl Fn(&Item) -> bool) -> Reported {
        let mut reported = Reported::default();
        for (file, place) in places {
            let mut chosen = self.files[file].iter().filter(|item| is_chosen(item));
            let Some(item) = chosen.nth(usize::try_from(place).expect("small") - 1) else { continue };
            reported.owners.insert(item.owner);
            if item.is_torn() {
                reported.torn.insert(if self.is_bulk { 0 } else { file });
            }
        }
        reported
    }

    /// The status that a person of this name and number may have at most.
    fn highest(&self, form: &Person) -> u8 {
        let truths = || self.people.iter().filter(|truth| truth.forms.contains(form));
        // Of two who have the same name and number, one may not be in the files.
        let known = truths().filter(|truth| !truth.is_unknown).map(Truth::status).min();
        known.or(truths().map(Truth::status).max()).unwrap_or(0)
    }

    /// Whether a Patient of the person is in a source with something that cannot be read.
    fn is_held_back(&self, truth: &Truth, reported: &Reported) -> bool {
        truth.homes.iter().any(|home| reported.torn.contains(&if self.is_bulk { 0 } else { home.file }))
    }

    /// How many people have their status, and how many a lower one that is reported; or what is wrong.
    fn check(&self, found: &Found) -> Result<(u32, u32), String> {
        let status = |doses: Option<Doses>| doses.map(|doses| doses.status().number());
        let by_form: BTreeMap<_, _> =
            written(found).into_iter().map(|(person, doses)| (person, status(doses))).collect();
        for (form, found) in &by_form {
            let truth = self.highest(form);
            if *found > Some(truth) {
                return Err(format!("{form:?} has {found:?} and not {truth:?}"));
            }
        }
        let places = found.bad.iter().chain(&found.notes).map(|row| (row.file, row.place));
        let reported = self.reported(places, |_| true);
        let mut counts = (0, 0);
        for (owner, truth) in self.people.iter().enumerate() {
            let lowest =
                truth.known_forms().iter().map(|form| by_form.get(form).copied().flatten()).min().flatten();
            let is_reported =
                reported.owners.contains(&owner) || lowest.is_none() && self.is_held_back(truth, &reported);
            match lowest.unwrap_or(0) >= truth.status() {
                _ if truth.is_blocked && lowest.is_some() => {
                    return Err(format!("{truth:?} was written in spite of what cannot be read"));
                }
                true => counts.0 += 1,
                false if is_reported => counts.1 += 1,
                false => return Err(format!("{truth:?} has {lowest:?}, and nothing is reported")),
            }
        }
        Ok(counts)
    }
}

/// The people whom a report names.
#[derive(Debug, Default)]
struct Reported {
    owners: BTreeSet<usize>,
    /// Sources with something that cannot be read.
    torn: BTreeSet<Space>,
}

/// Mixes all items but those with an order.
fn shuffle(items: &mut [Item], random: &mut Random) {
    for place in (1..items.len()).rev() {
        let other = usize::try_from(random.below(place as u64 + 1)).expect("a few");
        if items[place].order.is_none() && items[other].order.is_none() {
            items.swap(place, other);
        }
    }
}
