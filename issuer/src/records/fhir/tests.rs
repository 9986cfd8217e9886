//! Small resources after the definitions of FHIR R4 (hl7.org/fhir/R4: Patient, Immunization, Bundle).

use serde_json::{Value, json};

use super::{
    resolve::{Found, FoundPerson},
    *,
};
use crate::records::Doses;

pub(super) const COVID: &str = "840539006";

fn patient(id: &str, name: &Value, telecom: &Value) -> Value {
    json!({"resourceType": "Patient", "id": id, "active": true, "name": name, "telecom": telecom, "gender": "female",
        "birthDate": "1990-01-01"})
}

fn asha() -> Value {
    let telecom = json!([{"system": "phone", "value": "+91 98765 43210", "use": "mobile"}]);
    patient("asha", &json!([{"use": "official", "family": "Verma", "given": ["Asha", "R."]}]), &telecom)
}

/// A dose as a national register exports it.
fn dose(reference: &str, number: u32) -> Value {
    json!({
        "resourceType": "Immunization", "id": format!("{reference}-{number}"), "status": "completed",
        "vaccineCode": {"coding": [{"system": "http://snomed.info/sct", "code": "1119305005"}]},
        "patient": {"reference": reference}, "occurrenceDateTime": format!("2021-0{number}-15T10:00:00+05:30"),
        "primarySource": true,
        "protocolApplied": [{
            "targetDisease": [{"coding": [{"system": "http://snomed.info/sct", "code": COVID}]}],
            "doseNumberPositiveInt": number, "seriesDosesPositiveInt": 2
        }]
    })
}

fn with(mut resource: Value, pointer: &str, value: Value) -> Value {
    *resource.pointer_mut(pointer).expect("it is there") = value;
    resource
}

fn without(mut resource: Value, member: &str) -> Value {
    resource.as_object_mut().expect("an object").remove(member);
    resource
}

type Outcome = (Vec<(String, String, u32, u32)>, Vec<(u64, String)>);

/// A time after all doses here.
pub(super) const NOW: &str = "2024-01-01T00:00:00Z";

pub(super) fn collector(vaccines: &[&str]) -> Collector {
    let vaccines = vaccines.iter().map(ToString::to_string).collect();
    Collector::new(vaccines, NOW.parse().expect("a time"))
}

/// People as (number, name, given, required), and bad rows, of these resources, one a line.
fn collected(resources: &[Value]) -> Outcome {
    collected_with(resources, &[COVID], None)
}

fn collected_with(resources: &[Value], vaccines: &[&str], required: Option<u32>) -> Outcome {
    let mut collector = collector(vaccines);
    for (line, resource) in (1..).zip(resources) {
        let resource = resource.to_string();
        collector
            .add((0, line), Collector::bulk(), &Entry::line(resource.as_bytes()))
            .expect("there is room");
    }
    outcome(&collector.finish(required, false))
}

/// The same of Bundles, the first of which is file 0.
fn of_bundles(bundles: &[Value]) -> Outcome {
    outcome(&read_bundles(bundles))
}

fn read_bundles(bundles: &[Value]) -> Found {
    let mut collector = collector(&[COVID]);
    for (file, bundle) in bundles.iter().enumerate() {
        let text = bundle.to_string();
        let bundle = Bundle::read(text.as_bytes()).expect("it is a Bundle");
        let space = collector.open_bundle();
        for (entry, number) in bundle.entries().zip(1..) {
            collector.add((file, number), space, &entry).expect("there is room");
        }
    }
    collector.finish(None, false)
}

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<_> = resources.iter().map(|resource| json!({"resource": resource})).collect();
    json!({"resourceType": "Bundle", "type": "collection", "entry": entries})
}

fn outcome(found: &Found) -> Outcome {
    let people = written(found).into_iter().filter_map(|((mobile, name), doses)| {
        doses.map(|doses| (mobile.clone(), name.clone(), doses.given, doses.required))
    });
    let bad = found.bad.iter().map(|row| (row.place, row.reason.to_string()));
    (people.collect(), bad.collect())
}

/// The doses that are written for each name and number: none if one Patient with these is refused.
pub(super) fn written(found: &Found) -> BTreeMap<&Person, Option<Doses>> {
    let mut written = BTreeMap::new();
    for FoundPerson { person, doses, .. } in &found.people {
        let known = written.entry(person).or_insert(*doses);
        *known = known.and(*doses);
    }
    written
}

fn person(mobile: &str, name: &str, given: u32, required: u32) -> (String, String, u32, u32) {
    (mobile.to_owned(), name.to_owned(), given, required)
}

mod doubt;
mod servers;
mod sources;

#[test]
fn doses_are_counted_in_any_order_of_resources() {
    let expected = vec![person("+919876543210", "asha r verma", 2, 2)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let resources = [asha(), dose("Patient/asha", 1), dose("Patient/asha", 2)];
        let resources = order.map(|place| resources[place].clone());
        assert_eq!(collected(&resources), (expected.clone(), vec![]));
    }
}

#[test]
fn only_completed_and_distinct_doses_count() {
    let one = vec![person("+919876543210", "asha r verma", 1, 2)];
    let second = || dose("Patient/asha", 2);
    for not_a_dose in [
        with(second(), "/status", json!("not-done")),
        with(second(), "/status", json!("entered-in-error")),
        dose("Patient/asha", 1),
        with(dose("Patient/asha", 1), "/occurrenceDateTime", json!("2021-03-03")),
        {
            let mut weak = second();
            weak["isSubpotent"] = json!(true);
            weak
        },
    ] {
        assert_eq!(collected(&[asha(), dose("Patient/asha", 1), not_a_dose]), (one.clone(), vec![]));
    }
}

#[test]
fn doses_without_a_number_are_told_apart_by_their_day() {
    let plain = |day: &str| {
        let mut dose = dose("Patient/asha", 1);
        dose["id"] = json!(day);
        dose["occurrenceDateTime"] = json!(day);
        dose["protocolApplied"][0]["doseNumberPositiveInt"] = Value::Null;
        dose
    };
    let (people, bad) =
        collected(&[asha(), plain("2021-01-15T10:00:00Z"), plain("2021-01-15"), plain("2021-04-01")]);
    assert_eq!((people, bad), (vec![person("+919876543210", "asha r verma", 2, 2)], vec![]));
    let mut words = plain("2021-01-15");
    words["protocolApplied"][0]["doseNumberString"] = json!("2");
    let (people, _) = collected(&[asha(), dose("Patient/asha", 2), words]);
    assert_eq!(people[0].2, 1);
}

#[test]
fn other_vaccines_are_passed_over() {
    let flu = |code: &str| {
        let other = dose("Patient/asha", 2);
        let other = with(other, "/protocolApplied/0/targetDisease/0/coding/0/code", json!(code));
        with(other, "/vaccineCode/coding/0/code", json!("46233009"))
    };
    let resources = [asha(), dose("Patient/asha", 1), flu("6142004")];
    assert_eq!(collected(&resources).0[0].2, 1);
    for wanted in ["1119305005", "http://snomed.info/sct|1119305005", "http://snomed.info/sct|840539006"] {
        assert_eq!(collected_with(&resources, &[wanted], None).0[0].2, 1, "{wanted}");
    }
    assert_eq!(collected_with(&resources, &[COVID, "46233009"], None).0[0].2, 2);
    assert_eq!(collected_with(&resources, &["http://other.example|840539006"], Some(2)).0[0].2, 0);
}

#[test]
fn references_have_several_forms() {
    for reference in [
        "Patient/asha",
        "https://fhir.example/r4/Patient/asha",
        "https://fhir.example/r4/Patient/asha/_history/3",
        "Patient/asha/_history/1",
    ] {
        assert_eq!(collected(&[asha(), dose(reference, 1)]).0[0].2, 1, "{reference}");
    }
    for reference in ["Patient/ravi", "Group/asha", "asha", "#p1", "urn:uuid:ravi", "Patient?identifier=x|1"]
    {
        let (people, bad) = collected(&[asha(), dose(reference, 1)]);
        assert_eq!(people[0].2, 0);
        assert_eq!(
            bad,
            [(2, "the Patient that it refers to is in none of the files".to_owned())],
            "{reference}"
        );
    }
}

#[test]
fn bundle_names_its_entries_by_their_full_url() {
    let (people, bad) = of_bundles(&[json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "urn:uuid:0c3a", "resource": without(asha(), "id")},
        {"fullUrl": "urn:uuid:0c3b", "resource": dose("urn:uuid:0c3a", 1)},
        {"resource": {"resourceType": "Organization", "name": "PHC"}},
    ]})]);
    assert_eq!((people, bad), (vec![person("+919876543210", "asha r verma", 1, 2)], vec![]));
    // What an entry without a resource was nobody knows.
    let (people, bad) = of_bundles(&[json!({"resourceType": "Bundle", "entry": [
        {"resource": asha()}, {"resource": dose("Patient/asha", 1)}, {"fullUrl": "urn:uuid:0c3c"},
    ]})]);
    assert_eq!((people, bad), (vec![], vec![(3, "the entry holds no resource".to_owned())]));

    for other in
        ["{}", "[]", "", "{\"resourceType\":\"Patient\"}", "{\"resourceType\":\"Bundle\",\"entry\":{}}"]
    {
        assert!(Bundle::read(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn a_person_can_have_several_names_and_numbers() {
    let names = json!([
        {"use": "official", "text": "Dr. Asha Verma", "family": "Verma", "given": ["Asha"]},
        {"use": "usual", "text": "Asha V"}, {"use": "maiden", "text": "Asha Rao"}, {"use": "nickname", "text": "Ashu"},
    ]);
    let telecom = json!([
        {"system": "phone", "value": "9876543210", "use": "mobile"}, {"system": "sms", "value": "9876543211", "use": "mobile"},
        {"system": "phone", "value": "011-23456789", "use": "home"}, {"system": "email", "value": "asha@x.example"},
    ]);
    let (people, bad) = collected(&[patient("asha", &names, &telecom), dose("Patient/asha", 1)]);
    let forms: Vec<_> = people.iter().map(|(mobile, name, ..)| (mobile.as_str(), name.as_str())).collect();
    let names = ["asha v", "asha verma", "dr asha verma"];
    let expected: Vec<_> = ["+919876543210", "+919876543211"]
        .into_iter()
        .flat_map(|mobile| names.map(|name| (mobile, name)))
        .collect();
    assert_eq!((forms, bad), (expected, vec![]));
    assert!(people.iter().all(|person| (person.2, person.3) == (1, 2)));

    // Where no number is marked as mobile, each that is not old.
    let telecom = json!([{"system": "phone", "value": "9876543210"}, {"system": "phone", "value": "9876543211", "use": "old"}]);
    let (people, _) = collected(&[patient("asha", &json!([{"text": "Asha"}]), &telecom)]);
    assert_eq!(people, [person("+919876543210", "asha", 0, 1)]);
}

#[test]
fn people_who_share_a_number_stay_apart_and_those_who_cannot_be_told_apart_are_left_out() {
    let telecom = json!([{"system": "phone", "value": "9876543210"}]);
    let named = |id: &str, name: &str| patient(id, &json!([{"text": name}]), &telecom);
    let (people, bad) = collected(&[
        named("a", "Asha"),
        named("b", "Ravi"),
        named("c", "ravi."),
        dose("Patient/a", 1),
        dose("Patient/b", 1),
    ]);
    assert_eq!(people, [person("+919876543210", "asha", 1, 2)]);
    let reason = "another Patient has the same name and number, and other doses: neither is written";
    assert_eq!(bad, [(2, reason.to_owned()), (3, reason.to_owned())]);
    // With the same doses, it does not matter which of the two it is.
    let (people, bad) =
        collected(&[named("b", "Ravi"), named("c", "ravi."), dose("Patient/c", 1), dose("Patient/b", 1)]);
    assert_eq!((people, bad), (vec![person("+919876543210", "ravi", 1, 2)], vec![]));

    let other = json!([{"system": "phone", "value": "9876500000"}]);
    let (people, bad) = collected(&[
        named("a", "Asha"),
        patient("a", &json!([{"text": "Ravi"}]), &other),
        dose("Patient/a", 1),
    ]);
    assert_eq!(people, []);
    assert_eq!(bad, [(1, TORN.to_owned()), (2, TORN.to_owned())]);
}

#[test]
fn what_cannot_be_made_sense_of_is_told_without_its_content() {
    let telecom = || json!([{"system": "phone", "value": "9876543210"}]);
    let names = || json!([{"text": "Asha Verma"}]);
    for resource in [
        json!(17),
        json!({"id": "Asha Verma 9876543210"}),
        json!({"resourceType": "Patient", "id": 17, "name": names()}),
        json!({"resourceType": "Patient", "name": names(), "telecom": telecom()}),
        json!({"resourceType": "Bundle", "entry": []}),
        patient("a", &json!([]), &telecom()),
        patient("a", &names(), &json!([])),
        patient("a", &names(), &json!([{"system": "phone", "value": "9876543210 Asha Verma"}])),
        patient("a", &json!([{"text": "..."}]), &telecom()),
        without(dose("Patient/a", 1), "patient"),
        without(dose("Patient/a", 1), "status"),
        with(dose("Patient/a", 1), "/patient", json!({"display": "Asha Verma"})),
        with(dose("Patient/a", 1), "/protocolApplied/0/doseNumberPositiveInt", json!(-1)),
    ] {
        let (people, bad) = collected(std::slice::from_ref(&resource));
        assert_eq!((people.len(), bad.len()), (0, 1), "{resource}");
        assert!(!bad[0].1.contains("Asha") && !bad[0].1.contains("98765"), "{}", bad[0].1);
    }
}

#[test]
fn the_length_of_the_course_comes_from_the_file_or_from_the_operator() {
    let unsaid = || {
        let mut dose = dose("Patient/asha", 1);
        dose["protocolApplied"][0]["seriesDosesPositiveInt"] = Value::Null;
        dose
    };
    assert_eq!(collected_with(&[asha(), unsaid()], &[COVID], Some(3)).0[0].3, 3);
    assert_eq!(collected_with(&[asha(), dose("Patient/asha", 1)], &[COVID], Some(3)).0[0].3, 2);
    let (people, bad) = collected(&[asha(), unsaid()]);
    assert!(people.is_empty() && bad.len() == 1 && bad[0].1.contains("seriesDoses"), "{bad:?}");
    let (people, bad) = collected(&[
        asha(),
        with(dose("Patient/asha", 1), "/protocolApplied/0/seriesDosesPositiveInt", json!(0)),
    ]);
    assert!(people.is_empty() && bad.len() == 1, "{bad:?}");
}

/// A second dose in several releases, and what FHIR R4 calls it.
#[test]
fn dose_of_each_release_is_read_whole_or_refused_by_name() {
    let first = || dose("Patient/asha", 1);
    let bare = |mut more: Value| {
        let mut resource = without(without(dose("Patient/asha", 2), "protocolApplied"), "occurrenceDateTime");
        resource.as_object_mut().expect("an object").append(more.as_object_mut().expect("an object"));
        resource
    };
    let disease = json!([{"coding": [{"code": COVID}]}]);
    let stu3 = |not_given: bool, status: &str| {
        bare(json!({"notGiven": not_given, "date": "2021-06-01", "vaccinationProtocol": [
            {"targetDisease": disease, "doseSequence": 2, "seriesDoses": 2, "doseStatus": {"coding": [{"code": status}]}}]}))
    };
    let r5 = |number: &str| {
        bare(json!({"occurrenceDateTime": "2021-06-01", "protocolApplied": [
            {"targetDisease": disease, "doseNumber": number, "seriesDoses": "2"}]}))
    };
    for (second, given) in [
        (stu3(false, "count"), 2),
        (stu3(false, "nocount"), 1),
        (stu3(true, "count"), 1),
        (r5("2"), 2),
        (r5("Dose 2 of 2"), 2),
        (r5("1"), 1),
    ] {
        let (people, bad) = collected(&[asha(), first(), second.clone()]);
        assert_eq!(
            (people, bad),
            (vec![person("+919876543210", "asha r verma", given, 2)], vec![]),
            "{second}"
        );
    }
    for (second, name) in [
        (without(stu3(false, "count"), "notGiven"), "STU3"),
        (
            bare(
                json!({"wasNotGiven": false, "reported": false, "date": "2021-06-01", "vaccinationProtocol": [
            {"targetDisease": disease, "doseSequence": 2}]}),
            ),
            "DSTU2",
        ),
    ] {
        let (people, bad) = collected(&[asha(), first(), second]);
        assert!(people.is_empty() && bad.len() == 1 && bad[0].0 == 3 && bad[0].1.contains(name), "{bad:?}");
    }
}

#[test]
fn dose_that_is_not_understood_leaves_the_person_alone_and_no_one_else() {
    let telecom = json!([{"system": "phone", "value": "9876500000"}]);
    let ravi = patient("ravi", &json!([{"text": "Ravi"}]), &telecom);
    for (pointer, value) in [
        ("/status", json!("done")),
        ("/status", json!(null)),
        ("/occurrenceDateTime", json!("01/03/2021")),
        ("/occurrenceDateTime", json!(20_210_301)),
        ("/protocolApplied", json!({})),
        ("/protocolApplied/0/doseNumberPositiveInt", json!("2")),
        ("/protocolApplied/0/doseNumberPositiveInt", json!(0)),
        ("/protocolApplied/0/seriesDosesPositiveInt", json!(2.5)),
    ] {
        let resources = [
            asha(),
            dose("Patient/asha", 1),
            with(dose("Patient/asha", 2), pointer, value),
            ravi.clone(),
            dose("Patient/ravi", 1),
        ];
        let (people, bad) = collected(&resources);
        assert_eq!(people, [person("+919876500000", "ravi", 1, 2)], "{pointer}");
        assert_eq!(bad.iter().map(|bad| bad.0).collect::<Vec<_>>(), [3], "{pointer}");
    }
}

#[test]
fn line_that_cannot_be_read_may_be_anybodys_and_holds_all_back() {
    let lines =
        [asha().to_string(), dose("Patient/asha", 1).to_string(), "{\"resourceType\": \"Immun".to_owned()];
    for force in [false, true] {
        let mut collector = collector(&[COVID]);
        for (line, text) in (1..).zip(&lines) {
            collector
                .add((0, line), Collector::bulk(), &Entry::line(text.as_bytes()))
                .expect("there is room");
        }
        let found = collector.finish(None, force);
        assert_eq!(outcome(&found).0.len(), usize::from(force));
        assert_eq!((found.bad.len(), found.held_back), (1, u64::from(!force)));
    }
}

#[test]
fn dose_with_a_modifier_is_not_counted_and_reported() {
    for (member, value) in [
        ("modifierExtension", json!([{"url": "https://x.example/not-really", "valueBoolean": true}])),
        ("implicitRules", json!("https://x.example/rules")),
        ("occurrenceDateTime", json!("2031-01-01")),
        ("occurrenceDateTime", json!("1989-12-31")),
    ] {
        let mut second = dose("Patient/asha", 2);
        second[member] = value;
        let mut reader = collector(&[COVID]);
        for (line, resource) in (1..).zip([asha(), dose("Patient/asha", 1), second]) {
            let text = resource.to_string();
            reader.add((0, line), 0, &Entry::line(text.as_bytes())).expect("there is room");
        }
        let found = reader.finish(None, false);
        assert_eq!(
            outcome(&found),
            (vec![person("+919876543210", "asha r verma", 1, 2)], vec![]),
            "{member}"
        );
        assert_eq!(found.notes.iter().map(|note| note.place).collect::<Vec<_>>(), [3], "{member}");
    }
}

#[test]
fn valid_fhir_is_read_and_numbers_with_an_extension_are_refused() {
    let mut patient = asha();
    patient["name"] = json!([{"use": "official", "family": "Verma", "_family": {"id": "x"}, "given": ["Asha", null],
        "_given": [null, {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}]},
        {"use": "official", "text": "Asha Rao", "period": {"end": "2010-01-01"}}]);
    patient["telecom"] = json!([{"system": "phone", "value": "9876543210", "use": "home", "rank": 2, "period": {"start": "2010"}},
        {"system": "phone", "use": "work", "_value": {"extension": []}},
        {"system": "phone", "value": "9876500000", "use": "mobile", "period": {"end": "2015-03"}}]);
    patient["unknown"] = json!({"resourceType": 7});
    let (people, bad) = collected(&[patient, dose("Patient/asha", 1)]);
    assert_eq!((people, bad), (vec![person("+919876543210", "asha verma", 1, 2)], vec![]));
    for value in ["9876543210 ext. 5", "9876543210x5", "tel:+919876543210;ext=5"] {
        let (people, bad) =
            collected(&[with(asha(), "/telecom/0/value", json!(value)), dose("Patient/asha", 1)]);
        assert_eq!((people.len(), bad.len()), (0, 1), "{value}");
    }
}
