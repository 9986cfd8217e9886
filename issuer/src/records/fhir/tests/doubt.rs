//! What nobody can tell for sure: in doubt fewer doses, and nobody gets those of another.

use super::*;

fn second() -> Value {
    let mut second = dose("Patient/asha", 2);
    second["id"] = json!("b");
    second
}

fn mistaken() -> Value {
    with(second(), "/status", json!("entered-in-error"))
}

fn meta(mut resource: Value, meta: Value) -> Value {
    resource["meta"] = meta;
    resource
}

/// Asha's doses after her first dose and these lines.
#[track_caller]
fn after(lines: &[Value]) -> (u32, u32, usize) {
    let (people, bad) = collected(&[&[asha(), dose("Patient/asha", 1)], lines].concat());
    people.first().map_or((0, 0, bad.len()), |person| (person.2, person.3, bad.len()))
}

#[test]
fn withdrawn_dose_stays_withdrawn_if_versions_cannot_be_compared() {
    let v = |number: &str| json!({"versionId": number});
    let at = |time: &str| json!({"lastUpdated": time});
    for lines in [
        vec![meta(mistaken(), v("3")), second(), meta(second(), v("1"))],
        vec![meta(mistaken(), at("2021-09-01")), meta(second(), at("2021-06-01"))],
        vec![meta(mistaken(), at("2021-09-01T10:00:00")), meta(second(), at("2021-06-01T10:00:00"))],
        vec![meta(mistaken(), v("2")), meta(second(), v("2"))],
        vec![meta(mistaken(), v("b")), meta(second(), v("a"))],
    ] {
        assert_eq!(after(&lines), (1, 2, 0), "{lines:?}");
    }
    // Versions that can be compared are compared.
    assert_eq!(after(&[meta(mistaken(), v("1")), second(), meta(second(), v("2"))]).0, 2);
}

#[test]
fn deletion_with_a_version_wins_against_a_resource_without_one() {
    let url = "https://f.example/Immunization/b";
    let put = json!({"fullUrl": url, "resource": second()});
    for response in
        [json!({"etag": "W/\"3\"", "lastModified": "2021-09-01T10:00:00Z"}), json!({"etag": "W/\"MTYz\""})]
    {
        let delete = json!({"fullUrl": url, "request": {"method": "DELETE", "url": "Immunization/b"}, "response": response});
        for history in [[delete.clone(), put.clone()], [put.clone(), delete]] {
            let mut bundle = bundle(&[asha(), dose("Patient/asha", 1)]);
            bundle["type"] = json!("history");
            bundle["entry"].as_array_mut().expect("a list").extend(history);
            assert_eq!(of_bundles(&[bundle]).0[0].2, 1);
        }
    }
}

#[test]
fn dose_of_two_sources_with_one_id_counts_once_and_is_withdrawn_in_both() {
    let later = with(second(), "/occurrenceDateTime", json!("2021-07-20"));
    let first = || dose("Patient/asha", 1);
    for (others, given) in [
        (vec![mistaken()], 1),
        (vec![meta(mistaken(), json!({"versionId": "2"}))], 1),
        (vec![without(without(later, "protocolApplied"), "vaccineCode")], 0),
    ] {
        let sources = [bundle(&[asha(), first(), second()]), bundle(&[&[asha()], &others[..]].concat())];
        let (people, _) = of_bundles(&sources);
        assert_eq!(people.first().map_or(0, |person| person.2), given, "{others:?}");
    }
    // Another number of the same id: one dose by its id.
    let renumbered = with(second(), "/protocolApplied/0/doseNumberPositiveInt", json!(3));
    let renumbered = with(renumbered, "/occurrenceDateTime", json!("2021-09-20"));
    let sources = [bundle(&[asha(), first(), second()]), bundle(&[asha(), renumbered])];
    assert_eq!(of_bundles(&sources).0, [person("+919876543210", "asha r verma", 2, 3)]);
    // Two servers give one id to two doses.
    let served = |server: &str, resources: &[Value]| {
        let mut bundle = bundle(resources);
        for entry in bundle["entry"].as_array_mut().expect("a list") {
            let name =
                format!("{}/{}", entry["resource"]["resourceType"], entry["resource"]["id"]).replace('"', "");
            entry["fullUrl"] = json!(format!("https://{server}/{name}"));
        }
        bundle
    };
    let mut first_b = dose("Patient/asha", 1);
    first_b["id"] = json!("b");
    let sources = [served("a.example", &[asha(), first_b]), served("b.example", &[asha(), second()])];
    assert_eq!(of_bundles(&sources).0[0].2, 2);
}

#[test]
fn withdrawal_without_an_id_leaves_the_person_as_they_are() {
    assert_eq!(after(&[without(second(), "id"), without(mistaken(), "id")]), (0, 0, 1));
}

#[test]
fn one_server_is_one_with_http_and_https() {
    for (one, other) in [("http", "https"), ("https", "http")] {
        let entry = |scheme: &str, resource: Value| json!({"fullUrl": format!("{scheme}://f.example/r4/Immunization/b"), "resource": resource});
        let versions = [
            entry(one, meta(second(), json!({"versionId": "1"}))),
            entry(other, meta(mistaken(), json!({"versionId": "2"}))),
        ];
        let mut bundle = bundle(&[asha(), dose("Patient/asha", 1)]);
        bundle["entry"].as_array_mut().expect("a list").extend(versions);
        assert_eq!(of_bundles(&[bundle]).0[0].2, 1);
    }
}

#[test]
fn shorter_series_that_does_not_come_first_is_not_believed() {
    let later = |series: u32, number: Value| {
        let mut later =
            with(dose("Patient/asha", 2), "/protocolApplied/0/seriesDosesPositiveInt", json!(series));
        let protocol = later["protocolApplied"][0].as_object_mut().expect("an object");
        protocol.remove("doseNumberPositiveInt");
        protocol.insert(
            if number.is_string() { "doseNumberString" } else { "doseNumberPositiveInt" }.to_owned(),
            number,
        );
        later
    };
    for number in [json!(1), json!("Booster"), json!("Additional dose")] {
        assert_eq!(after(&[later(1, number.clone())]), (1, 2, 0), "{number}");
    }
    // A course of one dose that was over before another began.
    let first = with(dose("Patient/asha", 1), "/protocolApplied/0/seriesDosesPositiveInt", json!(1));
    let (people, _) = collected(&[asha(), first, later(2, json!(2))]);
    assert_eq!((people[0].2, people[0].3), (2, 2));
}

#[test]
fn two_of_one_family_who_go_by_one_id_are_two() {
    let phone = |number: &str| json!([{"system": "phone", "value": number}]);
    let ravi = || {
        with(
            patient("asha", &json!([{"text": "Ravi"}]), &phone("9876543210")),
            "/birthDate",
            json!("1960-01-01"),
        )
    };
    let other_birth = || with(asha(), "/birthDate", json!("2001-01-01"));
    let identified = |id: &str| {
        let mut asha = asha();
        asha["identifier"] = json!([{"system": "https://abdm.example", "value": id}]);
        asha
    };
    let same_age = || with(ravi(), "/birthDate", json!("1990-01-01"));
    let mut refused = asha();
    refused["modifierExtension"] = json!([{"url": "https://f.example/x", "valueBoolean": true}]);
    for two in [
        [asha(), ravi()],
        [asha(), same_age()],
        [asha(), other_birth()],
        [identified("1"), identified("2")],
        [refused, ravi()],
    ] {
        let (people, bad) = collected(&[&two[..], &[dose("Patient/asha", 1)]].concat());
        assert_eq!((people.len(), bad.len()), (0, 2), "{two:?}");
    }
    // A version that is newer may have another name or birth date.
    let newer = [meta(asha(), json!({"versionId": "1"})), meta(same_age(), json!({"versionId": "2"}))];
    assert_eq!(collected(&newer).0.len(), 1);
}

#[test]
fn ids_that_others_have_too_do_not_make_two_patients_one() {
    let clinic = |id: &str, identifier: Value, number: u32| {
        let mut patient = without(asha(), "birthDate");
        patient["id"] = json!(id);
        patient["identifier"] = identifier;
        bundle(&[patient, dose(&format!("Patient/{id}"), number)])
    };
    for (id, identifier) in [
        ("00000000-0000-0000-0000-000000000001", json!([])),
        ("1", json!([{"value": "7"}])),
        ("1", json!([{"system": "https://f.example", "value": " "}])),
    ] {
        let (people, bad) = of_bundles(&[clinic(id, identifier.clone(), 1), clinic(id, identifier, 2)]);
        assert_eq!((people.len(), bad.len()), (0, 2), "{id}");
    }
    let uuid = "0d3f1c5e-8a5b-4c7e-9f10-2b6c1e7d8a90";
    let (people, _) = of_bundles(&[clinic(uuid, json!([]), 1), clinic(uuid, json!([]), 2)]);
    assert_eq!(people[0].2, 2);
}

#[test]
fn what_is_not_understood_is_reported() {
    let mut linked = asha();
    linked["link"] = json!([{"other": {"reference": "Patient/b"}, "type": "replaced-by", "modifierExtension": [{"url": "https://f.example/x"}]}]);
    for line in [
        without(second(), "vaccineCode"),
        json!({"resourceType": "Parameters", "parameter": [{"name": "a", "resource": second()}]}),
        with(second(), "/resourceType", json!("immunization")),
        with(asha(), "/birthDate", json!("1990-02-30")),
        linked,
    ] {
        let line =
            if line["resourceType"] == "Immunization" { without(line, "protocolApplied") } else { line };
        let (people, bad) = collected(&[asha(), dose("Patient/asha", 1), line.clone()]);
        assert_eq!((people.len(), bad.is_empty()), (0, false), "{line}");
    }
    for entry in [
        json!({"resource": second(), "modifierExtension": [{"url": "https://f.example/x"}]}),
        json!({"resource": {"resourceType": "Parameters"}, "request": {"method": "PATCH", "url": "Immunization/b"}}),
    ] {
        let mut bundle = bundle(&[asha(), dose("Patient/asha", 1)]);
        bundle["entry"].as_array_mut().expect("a list").push(entry);
        let (people, bad) = of_bundles(&[bundle]);
        assert_eq!((people.len(), bad.len()), (0, 1));
    }
    let ruled = json!({"resourceType": "Bundle", "implicitRules": "https://f.example/x"}).to_string();
    assert!(Bundle::read(ruled.as_bytes()).is_err());
}

#[test]
fn number_with_an_extension_is_refused() {
    let extended = json!([{"system": "phone", "value": "9876543210", "extension":
        [{"url": "http://hl7.org/fhir/StructureDefinition/contactpoint-extension", "valueString": "5"}]}]);
    let (people, bad) = collected(&[patient("a", &json!([{"text": "Asha"}]), &extended)]);
    assert_eq!((people.len(), bad.len()), (0, 1));
}

#[test]
fn copies_beyond_the_bound_are_a_bad_row() {
    let copies = (0..257).map(|number| {
        let mut copy = dose("Patient/asha", 1);
        copy["id"] = json!(format!("c{number}"));
        copy
    });
    let lines: Vec<_> = [asha()].into_iter().chain(copies).chain([second()]).collect();
    let (people, bad) = collected(&lines);
    assert_eq!((people.len(), bad.len()), (0, 1));
}

#[test]
fn bundle_of_too_many_entries_is_refused_by_its_number() {
    let text = format!("{{\"resourceType\":\"Bundle\",\"entry\":[{}{{}}]}}", "{},".repeat(1_000_000));
    let reason = Bundle::read(text.as_bytes()).err().expect("it is refused").to_string();
    assert!(reason.contains("million"), "{reason}");
}

#[test]
fn third_source_that_repeats_a_dose_does_not_make_two_of_it() {
    let source = |url: Option<&str>, day: &str| {
        let mut dose = dose("Patient/asha", 1);
        dose["id"] = json!("1");
        dose["occurrenceDateTime"] = json!(day);
        dose["protocolApplied"][0].as_object_mut().expect("an object").remove("doseNumberPositiveInt");
        let mut bundle = bundle(&[asha(), dose]);
        if let Some(url) = url {
            bundle["entry"][1]["fullUrl"] = json!(url);
        }
        bundle
    };
    let sources = [
        source(Some("https://a.example/Immunization/1"), "2021-01-01"),
        source(None, "2021-03-01"),
        source(Some("https://b.example/Immunization/1"), "2021-01-01"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        let sources = order.map(|place| sources[place].clone());
        assert_eq!(of_bundles(&sources).0[0].2, 1, "{order:?}");
    }
}

#[test]
fn version_that_is_not_understood_is_not_hidden_by_an_older_one() {
    let mut modified = second();
    modified["modifierExtension"] = json!([{"url": "https://f.example/x", "valueBoolean": true}]);
    for (newest, people_left) in [(with(second(), "/status", json!("entered_in_error")), 0), (modified, 1)] {
        let mut history = bundle(&[asha(), dose("Patient/asha", 1), newest.clone(), second()]);
        history["type"] = json!("history");
        let (people, _) = of_bundles(&[history]);
        assert_eq!(people.len(), people_left, "{newest}");
        assert!(people.iter().all(|person| person.2 == 1));
        // The same if only one of them says of when it is.
        let (people, _) =
            collected(&[asha(), dose("Patient/asha", 1), meta(newest, json!({"versionId": "2"})), second()]);
        assert_eq!(people.len(), people_left);
    }
}

#[test]
fn withdrawal_without_a_code_of_a_vaccine_may_be_of_the_wanted_one() {
    let uncoded = |id: Option<&str>, patient: &str| {
        let mut withdrawn = json!({"resourceType": "Immunization", "status": "entered-in-error",
            "patient": {"reference": patient}, "vaccineCode": {"text": "Covishield"}});
        if let Some(id) = id {
            withdrawn["id"] = json!(id);
        }
        withdrawn
    };
    assert_eq!(after(&[second(), uncoded(None, "Patient/asha")]), (0, 0, 1));
    assert_eq!(after(&[second(), uncoded(Some("b"), "Patient/asha")]).0, 1);
    assert_eq!(after(&[uncoded(Some("x"), "Patient/nobody")]).2, 1);
}

#[test]
fn version_numbers_of_two_sources_say_nothing_of_each_other() {
    let sources = [
        bundle(&[asha(), dose("Patient/asha", 1), meta(second(), json!({"versionId": "5"}))]),
        bundle(&[asha(), meta(mistaken(), json!({"versionId": "2"}))]),
    ];
    assert_eq!(of_bundles(&sources).0[0].2, 1);
    // A deletion is not used up by another clinic's dose of another vaccine with the same id.
    let mut flu = second();
    flu["vaccineCode"] = json!({"coding": [{"code": "flu"}]});
    let flu = without(flu, "protocolApplied");
    let mut deletion = bundle(&[asha(), dose("Patient/asha", 1)]);
    let entry =
        json!({"request": {"method": "DELETE", "url": "Immunization/b"}, "response": {"etag": "W/\"2\""}});
    deletion["entry"].as_array_mut().expect("a list").push(entry);
    let (_, bad) = of_bundles(&[deletion, bundle(&[asha(), flu])]);
    assert_eq!(bad.len(), 1, "{bad:?}");
}

#[test]
fn newer_version_with_neither_name_nor_birth_date_of_the_other_is_somebody_else() {
    let telecom = json!([{"system": "phone", "value": "9876543210"}]);
    let ravi = with(patient("asha", &json!([{"text": "Ravi"}]), &telecom), "/birthDate", json!("1960-01-01"));
    let two = [meta(ravi, json!({"versionId": "1"})), meta(asha(), json!({"versionId": "2"}))];
    let (people, bad) = collected(&two);
    assert_eq!((people.len(), bad.len()), (0, 2));
}

#[test]
fn withdrawal_of_a_dose_of_somebody_who_is_not_active_is_a_bad_row() {
    let mut inactive = asha();
    inactive["active"] = json!(false);
    let (people, bad) = collected(&[inactive.clone(), mistaken()]);
    assert_eq!((people.len(), bad.len()), (0, 1));
    assert_eq!(collected(&[inactive, second()]).1.len(), 0);
}

#[test]
fn dose_with_a_reason_why_it_was_not_given_is_not_counted() {
    let mut odd = second();
    odd["explanation"] = json!({"reasonNotGiven": [{"text": "ill"}]});
    assert_eq!(after(&[odd]), (1, 2, 0));
}
