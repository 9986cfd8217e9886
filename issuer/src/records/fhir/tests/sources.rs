//! Versions of a resource, and what references find in one source and in several.

use super::*;

fn versioned(mut resource: Value, version: Value) -> Value {
    resource["meta"] = version;
    resource
}

#[test]
fn newest_version_decides_in_any_order() {
    let second = || dose("Patient/asha", 2);
    let withdrawn = || with(second(), "/status", json!("entered-in-error"));
    let by_number = |number: &str| json!({"versionId": number});
    let by_time = |time: &str| json!({"lastUpdated": time});
    for (versions, given) in [
        ([versioned(second(), by_number("9")), versioned(withdrawn(), by_number("10"))], 1),
        ([versioned(withdrawn(), by_number("10")), versioned(second(), by_number("9"))], 1),
        ([versioned(withdrawn(), by_number("1")), versioned(second(), by_number("2"))], 2),
        (
            [
                versioned(withdrawn(), by_time("2022-01-01T00:00:00Z")),
                versioned(second(), by_time("2021-12-31T23:00:00Z")),
            ],
            1,
        ),
        ([second(), withdrawn()], 1),
        ([withdrawn(), second()], 2),
    ] {
        let [one, other] = versions;
        let (people, bad) = collected(&[asha(), dose("Patient/asha", 1), one, other]);
        assert_eq!((people[0].2, bad.len()), (given, 0));
    }
}

#[test]
fn deletion_in_a_history_withdraws_the_dose() {
    let url = "https://f.example/Immunization/Patient-asha-2";
    let second = || {
        let mut second = versioned(dose("Patient/asha", 2), json!({"versionId": "1"}));
        second["id"] = json!("Patient-asha-2");
        second
    };
    let delete =
        json!({"fullUrl": url, "request": {"method": "DELETE", "url": "Immunization/Patient-asha-2"}});
    let delete_with = |response: Value| {
        let mut entry = delete.clone();
        entry["response"] = response;
        entry
    };
    let put = json!({"fullUrl": url, "resource": second(), "request": {"method": "PUT", "url": "Immunization/Patient-asha-2"}});
    for (history, given) in [
        (vec![delete.clone(), put.clone()], 1),
        (vec![put.clone(), delete.clone()], 1),
        (vec![put.clone(), delete_with(json!({"etag": "W/\"2\""}))], 1),
        (vec![delete_with(json!({"etag": "W/\"0\""})), put.clone()], 2),
        (
            vec![put.clone(), json!({"request": {"method": "DELETE", "url": "Immunization/Patient-asha-2"}})],
            1,
        ),
    ] {
        let mut bundle = bundle(&[asha(), dose("Patient/asha", 1)]);
        bundle["type"] = json!("history");
        bundle["entry"].as_array_mut().expect("a list").extend(history);
        let (people, bad) = of_bundles(std::slice::from_ref(&bundle));
        assert_eq!((people[0].2, bad.len()), (given, 0), "{bundle}");
    }
    let mut unclear = bundle(&[asha()]);
    unclear["entry"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"request": {"method": "DELETE", "url": "Immunization?identifier=x"}}));
    let (people, bad) = of_bundles(&[unclear]);
    assert_eq!((people.len(), bad.len()), (0, 1));
}

#[test]
fn bundles_do_not_mix_and_lines_of_several_files_do() {
    let clinic = |name: &str, number: &str, doses: &[u32]| {
        let telecom = json!([{"system": "phone", "value": number}]);
        let mut resources = vec![patient("1", &json!([{"text": name}]), &telecom)];
        for dose_number in doses {
            let mut dose = dose("Patient/1", *dose_number);
            dose["id"] = json!(format!("i{dose_number}"));
            resources.push(dose);
        }
        resources
    };
    let a = clinic("Asha", "9876543210", &[1, 2]);
    let b = clinic("Ravi", "9876500000", &[1]);
    let expected = vec![person("+919876500000", "ravi", 1, 2), person("+919876543210", "asha", 2, 2)];
    assert_eq!(of_bundles(&[bundle(&a), bundle(&b)]), (expected.clone(), vec![]));
    assert_eq!(of_bundles(&[bundle(&b), bundle(&a)]).0, expected);
    // The doses of a person whose Patient is the same in two Bundles are one person's.
    let halves = [bundle(&clinic("Asha", "9876543210", &[1])), bundle(&clinic("Asha", "9876543210", &[2]))];
    assert_eq!(of_bundles(&halves), (vec![person("+919876543210", "asha", 2, 2)], vec![]));
    // Two servers' Patient/1 among one export's lines.
    let (people, bad) = collected(&[a, b].concat());
    assert_eq!((people.len(), bad.len()), (0, 2), "{bad:?}");
}

#[test]
fn references_by_address_contained_and_identifier_find_their_patient() {
    let identified = |id: &str, number: &str| {
        let telecom = json!([{"system": "phone", "value": number}]);
        let mut patient = patient(id, &json!([{"text": "Asha"}]), &telecom);
        patient["identifier"] = json!([{"system": "https://abdm.example", "value": id}]);
        patient
    };
    let by_identifier = |id: &str| {
        with(dose("x", 1), "/patient", json!({"identifier": {"system": "https://abdm.example", "value": id}}))
    };
    let (people, bad) =
        collected(&[identified("a", "9876543210"), identified("b", "9876500000"), by_identifier("b")]);
    assert_eq!(people.iter().map(|person| person.2).collect::<Vec<_>>(), [1, 0]);
    assert!(bad.is_empty());

    // A contained Patient has no name outside of the Immunization.
    let contained = |number: u32, phone: &str| {
        let mut dose = dose("#p1", number);
        dose["id"] = json!(format!("c{number}{phone}"));
        dose["contained"] = json!([without(identified("p1", phone), "identifier")]);
        dose
    };
    let (people, bad) =
        collected(&[contained(1, "9876543210"), contained(2, "9876543210"), contained(1, "9876500000")]);
    assert_eq!(people, [person("+919876500000", "asha", 1, 2), person("+919876543210", "asha", 2, 2)]);
    assert!(bad.is_empty());

    // Two servers: an address is not just an id.
    let entry = |server: &str, resource: &Value| {
        let kind = resource["resourceType"].as_str().expect("a kind");
        let id = resource["id"].as_str().expect("an id");
        json!({"fullUrl": format!("https://{server}.example/{kind}/{id}"), "resource": resource})
    };
    let bundle = json!({"resourceType": "Bundle", "entry": [
        entry("one", &identified("1", "9876543210")), entry("two", &identified("1", "9876500000")),
        entry("two", &with(dose("Patient/1", 1), "/id", json!("i1"))),
    ]});
    let (people, bad) = of_bundles(std::slice::from_ref(&bundle));
    assert_eq!(people.iter().map(|person| person.2).collect::<Vec<_>>(), [1, 0]);
    assert!(bad.is_empty());
}

#[test]
fn ambiguous_reference_leaves_all_alone_who_may_be_meant() {
    let mut bundle = bundle(&[asha(), asha(), dose("Patient/asha", 1)]);
    for (place, url) in [(0, "urn:uuid:a"), (1, "urn:uuid:b")] {
        bundle["entry"][place]["fullUrl"] = json!(url);
    }
    bundle["entry"][1]["resource"]["telecom"][0]["value"] = json!("9876500000");
    let (people, bad) = of_bundles(&[bundle]);
    assert_eq!((people.len(), bad.len(), bad[0].0), (0, 1, 3), "{bad:?}");
}

#[test]
fn replaced_patient_gives_its_doses_to_the_other_and_a_circle_to_nobody() {
    let replaced = |mut patient: Value, id: &str, by: &str| {
        patient["id"] = json!(id);
        patient["active"] = json!(false);
        patient["link"] = json!([{"other": {"reference": format!("Patient/{by}")}, "type": "replaced-by"}]);
        patient
    };
    let telecom = json!([{"system": "phone", "value": "9876500000"}]);
    let new = patient("new", &json!([{"text": "Asha"}]), &telecom);
    let (people, bad) = collected(&[
        replaced(asha(), "asha", "middle"),
        replaced(asha(), "middle", "new"),
        new.clone(),
        dose("Patient/asha", 1),
        dose("Patient/new", 2),
    ]);
    assert_eq!((people, bad), (vec![person("+919876500000", "asha", 2, 2)], vec![]));
    let (people, bad) =
        collected(&[replaced(asha(), "a", "b"), replaced(asha(), "b", "a"), dose("Patient/a", 1)]);
    assert_eq!((people.len(), bad.len()), (0, 3), "{bad:?}");
    let mut inactive = new;
    inactive["active"] = json!(false);
    assert_eq!(collected(&[inactive]), (vec![], vec![]));
}

#[test]
fn source_in_which_many_patients_have_one_id_is_not_written() {
    for (count, written) in [(16, 16), (17, 0)] {
        let mut bundle = bundle(&vec![asha(); count]);
        for number in 0..count {
            bundle["entry"][number]["fullUrl"] = json!(format!("urn:uuid:{number}"));
            bundle["entry"][number]["resource"]["telecom"][0]["value"] =
                json!(format!("98765000{number:02}"));
        }
        let (people, bad) = of_bundles(&[bundle]);
        assert_eq!((people.len(), bad.len()), (written, count - count.min(16)));
    }
}

#[test]
fn withdrawal_of_a_dose_of_somebody_who_is_not_there_is_reported() {
    for withdrawn in [
        with(dose("Patient/meena", 2), "/status", json!("entered-in-error")),
        with(dose("Patient/meena", 2), "/patient", json!({"display": "Meena"})),
    ] {
        let withdrawn = with(withdrawn, "/status", json!("entered-in-error"));
        let (people, bad) = collected(&[asha(), dose("Patient/asha", 1), withdrawn]);
        assert_eq!(people.len(), 1);
        assert_eq!(bad.iter().map(|bad| bad.0).collect::<Vec<_>>(), [3]);
        assert!(bad[0].1.contains("withdraws a dose"), "{}", bad[0].1);
    }
    let delete = json!({"request": {"method": "DELETE", "url": "Immunization/of-meena"}});
    let (_, bad) = of_bundles(&[json!({"resourceType": "Bundle", "type": "transaction", "entry": [delete]})]);
    assert_eq!(bad.len(), 1);
}

#[test]
fn deletion_that_names_a_dose_otherwise_or_in_another_file_withdraws_it() {
    let second = || with(dose("Patient/asha", 2), "/id", json!("two"));
    let deletion = |entry: Value| json!({"resourceType": "Bundle", "type": "history", "entry": [entry]});
    let by_address = json!({"fullUrl": "https://f.example/Immunization/two", "request": {"method": "DELETE", "url": "Immunization/two"}});
    let by_id = json!({"request": {"method": "DELETE", "url": "Immunization/two"}});
    let record = bundle(&[asha(), dose("Patient/asha", 1), second()]);
    let with_address = {
        let mut record = record.clone();
        record["entry"][2]["fullUrl"] = json!("https://f.example/Immunization/two");
        // A second server, so that no single one is that of the whole Bundle.
        record["entry"][1]["resource"]["performer"] = json!([]);
        record["entry"][1]["fullUrl"] = json!("http://f.example/Immunization/one");
        record
    };
    for record in [&record, &with_address] {
        for delete in [&by_address, &by_id] {
            let mut together = record.clone();
            together["entry"].as_array_mut().expect("a list").push(delete.clone());
            for bundles in [vec![together], vec![record.clone(), deletion(delete.clone())]] {
                let (people, bad) = of_bundles(&bundles);
                assert_eq!(people, [person("+919876543210", "asha r verma", 1, 2)], "{delete}");
                assert_eq!(bad, [], "{delete}");
            }
        }
    }
    // A dose of another server that has the same id stays.
    let elsewhere =
        json!({"request": {"method": "DELETE", "url": "x"}, "fullUrl": "https://g.example/Immunization/two"});
    let (people, bad) = of_bundles(&[with_address, deletion(elsewhere)]);
    assert_eq!((people[0].2, bad.len()), (2, 1));
}

#[test]
fn person_in_two_bundles_is_held_back_by_what_cannot_be_read_in_either() {
    let torn = {
        let mut torn = bundle(&[asha()]);
        torn["entry"]
            .as_array_mut()
            .expect("a list")
            .push(json!({"resource": {"resourceType": "Immunization", "id": 5}}));
        torn
    };
    let whole = bundle(&[asha(), dose("Patient/asha", 1)]);
    for bundles in [[whole.clone(), torn.clone()], [torn, whole]] {
        let (people, bad) = of_bundles(&bundles);
        assert_eq!((people.len(), bad.len()), (0, 1));
    }
}

#[test]
fn second_registration_of_a_person_keeps_that_a_dose_was_withdrawn() {
    let twice = with(asha(), "/id", json!("again"));
    let twice = with(twice, "/birthDate", json!("1990-01-02"));
    let withdrawn = with(dose("Patient/again", 2), "/status", json!("entered-in-error"));
    let mut reader = collector(&[COVID]);
    for (line, resource) in (1..).zip([asha(), twice, withdrawn]) {
        let text = resource.to_string();
        reader.add((0, line), 0, &Entry::line(text.as_bytes())).expect("there is room");
    }
    let found = reader.finish(Some(2), false);
    let [one, other] = &found.people[..] else { panic!("{:?}", found.people) };
    assert!(one.person == other.person && other.is_withdrawn && other.has_immunization);
}
