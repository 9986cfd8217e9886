//! Small resources after the definitions of FHIR R4 (hl7.org/fhir/R4: Patient, Immunization, Bundle).

use serde_json::{Value, json};

use super::*;

const COVID: &str = "840539006";

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

/// People as (number, name, given, required), and bad rows, of these resources, one a line.
fn collected(resources: &[Value]) -> Outcome {
    collected_with(resources, &[COVID], None)
}

fn collected_with(resources: &[Value], vaccines: &[&str], required: Option<u32>) -> Outcome {
    let vaccines: Vec<_> = vaccines.iter().map(ToString::to_string).collect();
    let mut collector = Collector::default();
    let mut bad = Vec::new();
    for (line, resource) in (1..).zip(resources) {
        if let Err(reason) = collector.add((0, line), None, resource.to_string().as_bytes(), &vaccines) {
            bad.push((line, reason.to_string()));
        }
    }
    let (people, more) = collector.finish(required);
    bad.extend(more.into_iter().map(|row| (row.place, row.reason.to_string())));
    let mut people: Vec<_> = people
        .into_iter()
        .map(|((mobile, name), doses)| (mobile, name, doses.given, doses.required))
        .collect();
    people.sort();
    (people, bad)
}

fn person(mobile: &str, name: &str, given: u32, required: u32) -> (String, String, u32, u32) {
    (mobile.to_owned(), name.to_owned(), given, required)
}

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
    for reference in ["Patient/ravi", "Group/asha", "asha", "#p1", "urn:uuid:asha"] {
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
fn a_bundle_names_its_entries_by_their_full_url() {
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "urn:uuid:0c3a", "resource": without(asha(), "id")},
        {"fullUrl": "urn:uuid:0c3b", "resource": dose("urn:uuid:0c3a", 1)},
        {"fullUrl": "urn:uuid:0c3c"},
        {"resource": {"resourceType": "Organization", "name": "PHC"}},
    ]})
    .to_string();
    let bundle = Bundle::read(bundle.as_bytes()).expect("it is a Bundle");
    let mut collector = Collector::default();
    let mut empty = 0;
    for (full_url, resource) in bundle.resources() {
        match resource {
            Some(resource) => {
                collector
                    .add((0, 1), full_url, resource.as_bytes(), &[COVID.to_owned()])
                    .expect("it is good");
            }
            None => empty += 1,
        }
    }
    let (people, bad) = collector.finish(None);
    assert_eq!((people.len(), people[0].1.given, bad.len(), empty), (1, 1, 0, 1));

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
    assert_eq!(bad, [(3, "another Patient has the same name and number".to_owned())]);

    let (people, bad) = collected(&[named("a", "Asha"), named("a", "Ravi"), dose("Patient/a", 1)]);
    assert!(people.iter().all(|person| person.2 == 0));
    assert_eq!(bad, [(3, "two Patients go by what it refers to".to_owned())]);
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
