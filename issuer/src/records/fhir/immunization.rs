//! An Immunization of FHIR STU3, R4, R4B or R5: whether it gives a dose of the wanted vaccine, and which.

use jiff::Timestamp;

use super::{
    count::{Number, Shot},
    json::{self, Members},
    label::Label,
    patient,
    rules::{Rule, Rules},
    when::When,
};
use crate::records::import::Reason;

/// What an Immunization says.
#[derive(Clone, Debug)]
pub(super) enum Says {
    /// A dose of the wanted vaccine was given.
    Given(Shot),
    /// None was given: refused, or too weak.
    NotGiven,
    /// It was a mistake, or was deleted. `is_wanted` unless it names another vaccine.
    Withdrawn { is_wanted: bool },
    /// None is counted, though one may have been given.
    NotCounted(&'static str),
    /// It is about another vaccine.
    OtherVaccine,
    /// It cannot be understood.
    Unreadable(Reason),
}

impl Says {
    /// Whether it gives no dose, although it may be about the wanted vaccine.
    pub(super) fn is_no_dose(&self) -> bool {
        !matches!(self, Self::Given(_) | Self::OtherVaccine)
    }
}

/// Which resource an Immunization says is its patient. Empty if it says none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Who {
    pub(super) reference: Option<String>,
    pub(super) identifier: Option<String>,
}

impl Who {
    /// The patient of an Immunization.
    pub(super) fn of(resource: &Members) -> Result<Self, Reason> {
        let Some(patient) = json::object(resource, "patient")? else { return Ok(Self::default()) };
        let identifier = json::object(patient, "identifier")?.map(patient::identifier).transpose()?.flatten();
        Ok(Self {
            reference: json::text(patient, "reference")?.map(|text| text.trim().to_owned()),
            identifier,
        })
    }
}

/// What the resource says of the wanted vaccines.
pub(super) fn read(resource: &Members, vaccines: &[String], now: Timestamp, rules: Rules) -> Says {
    understood(resource, vaccines, now, rules).unwrap_or_else(Says::Unreadable)
}

fn understood(resource: &Members, vaccines: &[String], now: Timestamp, rules: Rules) -> Result<Says, Reason> {
    if ["wasNotGiven", "reported"].iter().any(|name| resource.contains_key(*name)) {
        return Err("the Immunization is of FHIR DSTU2, which is not read: export it as FHIR R4".into());
    }
    let protocols = wanted_protocols(resource, vaccines);
    let status = json::text(resource, "status");
    if status == Ok(Some("entered-in-error")) && rules.hold(Rule::OnlyGiven) {
        return Ok(Says::Withdrawn { is_wanted: !matches!(protocols, Ok(None)) });
    }
    let Some(protocols) = protocols? else { return Ok(Says::OtherVaccine) };
    let is_given = match status? {
        Some("completed") => true,
        Some("not-done" | "entered-in-error") => false,
        _ => return Err("its `status` is missing or not one of FHIR's: correct it at its source".into()),
    };
    let is_refused = json::flag(resource, "notGiven")?;
    let is_weak = json::flag(resource, "isSubpotent")? == Some(true);
    if rules.hold(Rule::OnlyGiven) {
        if !is_given || is_refused == Some(true) || is_weak {
            return Ok(Says::NotGiven);
        }
        let is_stu3 = resource.contains_key("vaccinationProtocol") || resource.contains_key("date");
        if is_stu3 && is_refused.is_none() {
            return Err(
                "the Immunization is of FHIR STU3 and lacks `notGiven`: correct it at its source".into()
            );
        }
        if json::is_modified(resource) || protocols.iter().any(|protocol| json::is_modified(protocol)) {
            return Ok(Says::NotCounted(
                "the dose is not counted: it has a modifierExtension or implicitRules, which are not understood",
            ));
        }
        let explanation = json::object(resource, "explanation")?;
        if explanation.is_some_and(|explanation| explanation.contains_key("reasonNotGiven")) {
            return Ok(Says::NotCounted("the dose is not counted: it has a reason why it was not given"));
        }
        if protocols.iter().any(|protocol| counts_not(protocol)) {
            return Ok(Says::NotCounted("the dose is not counted: its `doseStatus` is not that it counts"));
        }
    }
    shot(resource, &protocols, now)
}

fn shot(resource: &Members, protocols: &[&Members], now: Timestamp) -> Result<Says, Reason> {
    let mut time = None;
    for name in ["occurrenceDateTime", "date"] {
        if let Some(text) = json::text(resource, name)? {
            time = Some(
                When::parse(text)
                    .ok_or("the date of the dose is not as FHIR has it: correct it at its source")?,
            );
        }
    }
    json::text(resource, "occurrenceString")?;
    if time.is_some_and(|when| when.is_after(now.as_second())) {
        return Ok(Says::NotCounted("the dose is not counted: its date is in the future"));
    }
    let mut number = Number::Unsaid;
    let mut series = None;
    for protocol in protocols {
        let (said, length) = position(protocol)?;
        number = match (number, said) {
            (known, Number::Unsaid) => known,
            (Number::Unsaid, said) => said,
            (known, said) if known == said => known,
            _ => Number::Unclear,
        };
        series = series.max(length);
    }
    if number == Number::Unsaid && time.is_none() {
        number = Number::Unclear;
    }
    Ok(Says::Given(Shot { when: time, number, series, twin: None }))
}

/// The number of the dose, and how many its series has.
fn position(protocol: &Members) -> Result<(Number, Option<u32>), Reason> {
    let mut number = Number::Unsaid;
    let mut series = None;
    for name in ["doseNumberPositiveInt", "doseSequence"] {
        if let Some(count) = json::count(protocol, name)? {
            number = Number::Is(count);
        }
    }
    for name in ["doseNumberString", "doseNumber"] {
        if let Some(text) = json::text(protocol, name)? {
            let label = Label::parse(text);
            number = match (number, label) {
                (Number::Unsaid, Some(label)) => Number::Is(label.number),
                (Number::Is(known), Some(label)) if known == label.number => number,
                _ => Number::Unclear,
            };
            series = series.max(label.and_then(|label| label.series));
        }
    }
    if let Some(count) = json::count(protocol, "seriesDosesPositiveInt")? {
        series = series.max(Some(count));
    }
    // STU3 has a number here, R5 a text.
    if protocol.get("seriesDoses").is_some_and(serde_json::Value::is_number) {
        series = series.max(json::count(protocol, "seriesDoses")?);
    } else {
        for name in ["seriesDosesString", "seriesDoses"] {
            if let Some(text) = json::text(protocol, name)? {
                let label = Label::parse(text).filter(|label| label.series.is_none());
                let label = label.ok_or_else(|| {
                    Reason::from(format!("its `{name}` is not a number of doses: correct it at its source"))
                })?;
                series = series.max(Some(label.number));
            }
        }
    }
    Ok((number, series))
}

/// STU3: whether a protocol says that the dose does not count, or something that is not understood.
fn counts_not(protocol: &Members) -> bool {
    let Ok(Some(status)) = json::object(protocol, "doseStatus") else {
        return protocol.get("doseStatus").is_some_and(|status| !status.is_null());
    };
    let codings = json::objects(status, "coding").unwrap_or_default();
    !codings.iter().any(|coding| json::text(coding, "code") == Ok(Some("count")))
        || codings.iter().any(|coding| json::text(coding, "code") == Ok(Some("nocount")))
}

/// What it says of the wanted vaccines, or `None` if it is about another.
fn wanted_protocols<'a>(
    resource: &'a Members,
    vaccines: &[String],
) -> Result<Option<Vec<&'a Members>>, Reason> {
    let mut protocols = json::objects(resource, "protocolApplied")?;
    protocols.extend(json::objects(resource, "vaccinationProtocol")?);
    let mut against = Vec::new();
    for protocol in &protocols {
        let mut is_wanted = false;
        for disease in json::objects(protocol, "targetDisease")? {
            is_wanted |= is_one_of(disease, vaccines)?;
        }
        if is_wanted {
            against.push(*protocol);
        }
    }
    if !against.is_empty() {
        return Ok(Some(against));
    }
    let code = json::object(resource, "vaccineCode")?;
    if code.map_or(Ok(false), |code| is_one_of(code, vaccines))? {
        return Ok(Some(protocols));
    }
    let mut diseases = Vec::new();
    for protocol in &protocols {
        diseases.extend(json::objects(protocol, "targetDisease")?);
    }
    let is_coded = |concept: &&Members| {
        let codings = json::objects(concept, "coding").unwrap_or_default();
        codings
            .iter()
            .any(|coding| matches!(json::text(coding, "code"), Ok(Some(code)) if !code.trim().is_empty()))
    };
    if !code.iter().chain(&diseases).any(is_coded) {
        return Err("it does not say by a code which vaccine it is: correct it at its source".into());
    }
    Ok(None)
}

/// By `CODE` or `SYSTEM|CODE`.
fn is_one_of(concept: &Members, wanted: &[String]) -> Result<bool, Reason> {
    for coding in json::objects(concept, "coding")? {
        let system = json::text(coding, "system")?.map(str::trim);
        let code = json::text(coding, "code")?.map(str::trim);
        if code.is_some()
            && wanted.iter().any(|wanted| match wanted.split_once('|') {
                Some((wanted_system, wanted)) => system == Some(wanted_system) && code == Some(wanted),
                None => code == Some(wanted),
            })
        {
            return Ok(true);
        }
    }
    Ok(false)
}
