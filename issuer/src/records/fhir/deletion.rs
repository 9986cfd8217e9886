//! What deletions withdraw. A deletion names a resource by its address or its id only, and can come in another file than
//! the resource.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    Collector, MOST_NAMESAKES, Record, State,
    immunization::Says,
    names::{Key, Space},
    rules::Rule,
    version::Order,
};

impl Collector {
    /// Deletes each Patient whose id a deletion names, unless both name a server and these differ. In the source of the
    /// deletion, a version that is newer stays. Of another source the versions say nothing, and in doubt the Patient is
    /// deleted.
    pub(super) fn delete_patients(&mut self) {
        let is_lone = |number: &usize| self.people[*number].is_lone_deletion;
        let (deletions, others): (Vec<_>, Vec<_>) = (0..self.people.len()).partition(is_lone);
        if deletions.is_empty() || !self.rules.hold(Rule::NewestVersion) {
            return;
        }
        let id = |number: usize| self.people[number].names.id.as_deref().unwrap_or_default();
        let space = |number: usize| self.people[number].names.space;
        let server = |number: usize| {
            let base = self.people[number].names.base.as_deref();
            base.or_else(|| self.spaces[space(number)].base())
        };
        let mut by_id: HashMap<&str, BTreeMap<Space, Vec<usize>>> =
            deletions.iter().map(|number| (id(*number), BTreeMap::new())).collect();
        for number in others {
            if let Some(by_space) = by_id.get_mut(id(number)) {
                by_space.entry(space(number)).or_default().push(number);
            }
        }
        let (mut deleted, mut moved) = (BTreeSet::new(), Vec::new());
        let mut elsewhere: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
        for number in deletions {
            let is_other_server =
                |other: usize| server(number).zip(server(other)).is_some_and(|(one, other)| one != other);
            // Of a source with more of one id, nobody is written.
            let own = by_id[id(number)].get(&space(number)).into_iter().flatten().take(MOST_NAMESAKES);
            let own: Vec<_> = own.copied().filter(|other| !is_other_server(*other)).collect();
            if own.is_empty() {
                elsewhere.entry(id(number)).or_default().insert(server(number));
                continue;
            }
            let version = &self.people[number].version;
            let is_newer = |other: &usize| version.against(&self.people[*other].version) != Order::Older;
            deleted.extend(own.iter().copied().filter(is_newer));
            moved.push((number, own));
        }
        for (id, servers) in elsewhere {
            let is_meant = |other: &usize| {
                server(*other).is_none() || [None, server(*other)].iter().any(|base| servers.contains(base))
            };
            deleted.extend(by_id[id].values().flatten().copied().filter(is_meant));
        }
        for number in deleted {
            let known = &mut self.people[number];
            known.former = known.forms().cloned().collect();
            known.state = State::Deleted;
        }
        for (number, own) in moved {
            let deletion = &mut self.people[number];
            (deletion.state, deletion.names.id) = (State::Moved, None);
            self.by_key.remove(&deletion.names.key);
            if let [other] = own[..] {
                self.by_key.insert(deletion.names.key.clone(), other);
            }
        }
    }

    /// All Immunizations by place. One that goes by an id, and by the address of the only server of its space with that
    /// id, are versions of one.
    pub(super) fn records(&mut self) -> Vec<Record> {
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
}
