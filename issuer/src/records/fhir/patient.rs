//! A Patient: the numbers and names by which the person is found, and whether another Patient took its place.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kycvs::Subject;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Person,
    json::{self, Members},
    when::When,
};
use crate::{number::Numbers, records::import::Reason};

/// At most so many numbers, and so many names, of one person.
const MOST_FORMS: usize = 8;

/// Pairs of a number and a name, or why there is none.
type Forms = Result<Vec<Person>, Reason>;

/// What a Patient says.
#[derive(Debug)]
pub(super) struct Patient {
    /// All pairs of a number and a name, or why there is none.
    pub(super) forms: Forms,
    /// Pairs with a number or a name that the person does not use any more.
    pub(super) old_forms: Vec<Person>,
    /// What of it was left out.
    pub(super) left_out: Option<&'static str>,
    pub(super) is_active: bool,
    /// References of the Patients that took its place.
    pub(super) replaced_by: Vec<String>,
    /// References of the Patients whose place it took.
    pub(super) replaces: Vec<String>,
    /// `SYSTEM|VALUE`.
    pub(super) identifiers: Vec<String>,
    pub(super) birth: Option<When>,
    /// Of the whole content.
    pub(super) print: [u8; 16],
    /// Whether no other person can have the same content: a father and a son can share a name and a number, and be
    /// `Patient/1` of two clinics.
    pub(super) is_unique: bool,
}

impl Patient {
    /// Reads the resource. `now` decides which names and numbers are of the past, `rules` which numbers can exist.
    pub(super) fn read(resource: &Members, now: Timestamp, rules: &Numbers) -> Result<Self, Reason> {
        if json::is_modified(resource) {
            return Err(
                "the Patient has a modifierExtension or implicitRules, which are not understood".into()
            );
        }
        let mut links = [Vec::new(), Vec::new()];
        for link in json::objects(resource, "link")? {
            let kind = json::text(link, "type")?;
            let other =
                json::object(link, "other")?.map(|other| json::text(other, "reference")).transpose()?;
            match (kind, other.flatten()) {
                (Some("replaced-by" | "replace"), Some(other)) => links[0].push(other.to_owned()),
                (Some("replaces"), Some(other)) => links[1].push(other.to_owned()),
                (Some("replaced-by" | "replace"), None) => {
                    return Err("the Patient does not say which Patient took its place".into());
                }
                _ => {}
            }
        }
        if json::objects(resource, "link")?.into_iter().any(json::is_modified) {
            return Err("a link of the Patient has a modifierExtension, which is not understood".into());
        }
        let [replaced_by, replaces] = links;
        let identifiers = identifiers(resource)?;
        let no_date = "its `birthDate` is not as FHIR has it: correct it at its source";
        let birth =
            json::text(resource, "birthDate")?.map(|date| When::parse(date).ok_or(no_date)).transpose()?;
        let has_uuid = json::text(resource, "id")?.is_some_and(is_random_uuid);
        let is_of_system = |identifier: &String| !identifier.starts_with('|');
        let mut left_out = None;
        let (forms, old_forms) = forms(resource, now, rules, &mut left_out)?;
        Ok(Self {
            forms,
            old_forms,
            left_out,
            is_active: json::flag(resource, "active")? != Some(false),
            replaced_by,
            replaces,
            is_unique: has_uuid || identifiers.iter().any(is_of_system) || birth.is_some(),
            identifiers,
            birth,
            print: print(resource),
        })
    }

    /// Whether both are surely enough one person, although nothing says which is the newer version: people of one family
    /// share a number, but not a name, a birth date or an identifier.
    pub(super) fn is_likely(&self, other: &Self) -> bool {
        if self.differs(other) {
            return false;
        }
        if !self.identifiers.is_empty() && self.identifiers == other.identifiers {
            return true;
        }
        match self.has_a_name_of(other) {
            Some(has_one) => has_one,
            None => self.resembles(other),
        }
    }

    /// Whether they have other birth dates, or other identifiers.
    fn differs(&self, other: &Self) -> bool {
        let (own, others) = (&self.identifiers, &other.identifiers);
        let has_others = !own.is_empty() && !others.is_empty() && !own.iter().any(|one| others.contains(one));
        has_others || self.birth.zip(other.birth).is_some_and(|(one, other)| one != other)
    }

    /// Whether they have a name in common. `None` if that cannot be said.
    fn has_a_name_of(&self, other: &Self) -> Option<bool> {
        let (forms, others) = self.forms.as_ref().ok().zip(other.forms.as_ref().ok())?;
        Some(forms.iter().any(|(_, name)| others.iter().any(|(_, other_name)| name == other_name)))
    }

    /// Whether both have a number or a name in common, and not only a number if they differ in all else, so that they can be two versions of one person.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        if self.has_a_name_of(other) == Some(false) && self.differs(other) {
            return false;
        }
        if !self.identifiers.is_empty() && self.identifiers == other.identifiers {
            return true;
        }
        match (&self.forms, &other.forms) {
            (Ok(forms), Ok(others)) => forms.iter().any(|(number, name)| {
                others.iter().any(|(other_number, other_name)| number == other_number || name == other_name)
            }),
            _ => self.forms.is_err() && other.forms.is_err() && self.print == other.print,
        }
    }
}

/// Whether an id is a UUID of RFC 9562 with a version, as programs draw them. `00000000-0000-0000-0000-000000000001` is not.
fn is_random_uuid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(is_hex)
        && parts[2].starts_with(|version| ('1'..='8').contains(&version))
        && parts[3].starts_with(['8', '9', 'a', 'b', 'A', 'B'])
}

/// The identifiers of a resource or, as a list of one, of a reference.
fn identifiers(resource: &Members) -> Result<Vec<String>, Reason> {
    json::objects(resource, "identifier")?.into_iter().filter_map(|one| identifier(one).transpose()).collect()
}

/// `SYSTEM|VALUE`, if there is a value.
pub(super) fn identifier(of: &Members) -> Result<Option<String>, Reason> {
    let system = json::text(of, "system")?.unwrap_or_default();
    let value = json::text(of, "value")?.map(str::trim).filter(|value| !value.is_empty());
    Ok(value.map(|value| format!("{}|{value}", system.trim())))
}

/// Of all members but those that say nothing of the person.
fn print(resource: &Members) -> [u8; 16] {
    let mut content = resource.clone();
    for member in ["meta", "text", "contained"] {
        content.remove(member);
    }
    let digest = Sha256::digest(Value::Object(content).to_string());
    let mut print = [0; 16];
    print.copy_from_slice(&digest[..16]);
    print
}

/// Each number with each name: a person may give any of them. Or why there is none, such as that there is no number. And
/// the pairs with a number or a name of the past.
///
/// # Errors
/// If they cannot be read.
fn forms(
    resource: &Members,
    now: Timestamp,
    rules: &Numbers,
    left_out: &mut Option<&'static str>,
) -> Result<(Forms, Vec<Person>), Reason> {
    let (mut names, mut old_names) = (BTreeSet::new(), BTreeSet::new());
    for name in json::objects(resource, "name")? {
        match json::text(name, "use")? {
            None | Some("official" | "usual") if !is_over(name, now)? => names.extend(name_forms(name)?),
            None | Some("official" | "usual" | "old" | "maiden") => old_names.extend(name_forms(name)?),
            Some(_) => {}
        }
    }
    let (numbers, old_numbers) = numbers(resource, now)?;
    let (mut forms, mut old_forms) = (BTreeSet::new(), BTreeSet::new());
    let mut refused = None;
    let all_names = names.iter().take(MOST_FORMS).chain(old_names.iter().take(MOST_FORMS));
    for name in all_names {
        for number in numbers.iter().take(MOST_FORMS).chain(old_numbers.iter().take(MOST_FORMS)) {
            let is_old = old_names.contains(name) && !names.contains(name) || !numbers.contains(number);
            let person = Subject::new(name).map_err(Reason::from);
            match person.and_then(|person| Ok(rules.checked(person, number)?)) {
                Ok(person) => {
                    let forms = if is_old { &mut old_forms } else { &mut forms };
                    forms.insert((person.mobile().unwrap_or_default().to_owned(), person.name().to_owned()));
                }
                Err(_) if is_old => {}
                Err(reason) => refused = Some(reason),
            }
        }
    }
    let forms = match refused {
        _ if names.is_empty() => Err("the Patient has no name".into()),
        _ if numbers.is_empty() => Err("the Patient has no phone number".into()),
        Some(reason) if forms.is_empty() => Err(reason),
        refused => {
            if refused.is_some() {
                *left_out = Some("one of the names or numbers cannot be used, and is not imported");
            } else if names.len() > MOST_FORMS || numbers.len() > MOST_FORMS {
                *left_out =
                    Some("the Patient has more than 8 names or numbers: those behind are not imported");
            }
            Ok(forms.into_iter().collect())
        }
    };
    Ok((forms, old_forms.into_iter().collect()))
}

/// Those that are marked as mobile; if none is, all that are not old. And the others.
fn numbers(resource: &Members, now: Timestamp) -> Result<(BTreeSet<&str>, BTreeSet<&str>), Reason> {
    let (mut mobile, mut others, mut old) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for point in json::objects(resource, "telecom")? {
        let is_phone = matches!(json::text(point, "system")?, Some("phone" | "sms"));
        let Some(value) = json::text(point, "value")?.filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        if !is_phone {
            continue;
        }
        let has_extension = json::objects(point, "extension")?.into_iter().any(|extension| {
            let url = json::text(extension, "url").ok().flatten();
            url.is_some_and(|url| url.ends_with("/contactpoint-extension"))
        });
        // No number: it is refused and reported, as "ext. 5" within the value is.
        let value = if has_extension { "a number with an extension" } else { value };
        match json::text(point, "use")? {
            _ if is_over(point, now)? => _ = old.insert(value),
            Some("mobile") => _ = mobile.insert(value),
            Some("old") => _ = old.insert(value),
            _ => _ = others.insert(value),
        }
    }
    if mobile.is_empty() {
        return Ok((others, old));
    }
    old.extend(others);
    Ok((mobile, old))
}

/// The text of a name, and its parts in a row.
fn name_forms(name: &Members) -> Result<Vec<String>, Reason> {
    if name.get("family").is_some_and(Value::is_array) {
        return Err("the Patient is of FHIR DSTU2, whose family names are lists: export it as FHIR R4".into());
    }
    let parts: Vec<_> = json::texts(name, "given")?.into_iter().chain(json::text(name, "family")?).collect();
    let joined = parts.join(" ");
    let text = json::text(name, "text")?.unwrap_or_default();
    Ok([text, &joined].into_iter().filter(|name| !name.trim().is_empty()).map(str::to_owned).collect())
}

/// Whether its `period` ended.
fn is_over(of: &Members, now: Timestamp) -> Result<bool, Reason> {
    let Some(period) = json::object(of, "period")? else { return Ok(false) };
    let Some(end) = json::text(period, "end")? else { return Ok(false) };
    let end = When::parse(end).ok_or("a `period` of the Patient is not as FHIR has it")?;
    Ok(end.ended_before(now.as_second()))
}
