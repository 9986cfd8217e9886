//! Which server a reference or a deletion speaks of, and resources within others.

use super::*;

fn entry(base: &str, resource: &Value) -> Value {
    let kind = resource["resourceType"].as_str().expect("a kind");
    let id = resource["id"].as_str().expect("an id");
    json!({"fullUrl": format!("{base}/{kind}/{id}"), "resource": resource})
}

fn first() -> Value {
    with(dose("Patient/asha", 1), "/id", json!("i1"))
}

fn read_entries(kind: &str, entries: &[Value]) -> (Outcome, usize) {
    let found = read_bundles(&[json!({"resourceType": "Bundle", "type": kind, "entry": entries})]);
    (outcome(&found), found.notes.len())
}

fn given(entries: &[Value]) -> (u32, usize) {
    let ((people, bad), _) = read_entries("collection", entries);
    (people.first().map_or(0, |person| person.2), bad.len())
}

#[test]
fn reference_to_another_server_finds_nobody() {
    let (a, b) = ("https://a.example/fhir", "https://b.example/fhir");
    let of = |reference: &str| with(first(), "/patient/reference", json!(reference));
    let absolute = |base: &str| of(&format!("{base}/Patient/asha"));
    let named = |url: &str| json!({"fullUrl": url, "resource": asha()});
    for (entries, name) in [
        (vec![entry(a, &asha()), entry(a, &absolute(b))], "absolute"),
        (
            vec![entry(a, &asha()), json!({"resource": absolute(b)})],
            "absolute, of an entry without an address",
        ),
        (vec![entry(a, &asha()), entry(b, &first())], "relative, of an entry of the other"),
        (
            vec![named("https://a.example/asha"), json!({"resource": absolute(b)})],
            "an address without a kind",
        ),
        (vec![named("https://a.example/asha"), entry(b, &first())], "the same, relative"),
        (
            vec![
                named("urn:uuid:a"),
                entry(a, &absolute(a)),
                entry(b, &with(absolute(b), "/id", json!("i2"))),
            ],
            "a Patient of one of two servers",
        ),
        (vec![json!({"resource": asha()}), entry(a, &of("Group/x")), entry(b, &first())], "no address"),
        (
            vec![
                entry(a, &asha()),
                json!({"resource": first()}),
                entry(b, &with(of("x"), "/id", json!("i2"))),
            ],
            "no address of the Immunization, and two servers",
        ),
        (vec![entry(a, &asha()), entry(a, &absolute("https://a.example:8443/fhir"))], "another port"),
        (vec![entry(a, &asha()), entry(a, &absolute("https://a.example/FHIR"))], "another path"),
        (vec![entry(a, &asha()), entry(a, &of("https://a.example/fhir/patient/asha"))], "another kind"),
    ] {
        let (doses, bad) = given(&entries);
        assert!(doses == 0 && bad > 0, "{name}: {doses} {bad}");
    }
    // An identifier without a system is that of one server.
    let mut numbered = asha();
    numbered["identifier"] = json!([{"value": "7"}]);
    let mut elsewhere = absolute(b);
    elsewhere["patient"]["identifier"] = json!({"value": "7"});
    assert_eq!(given(&[entry(a, &numbered), entry(a, &elsewhere)]), (0, 1));
}

#[test]
fn one_server_is_one_however_its_address_is_written() {
    let same = [
        "https://a.example/fhir",
        "http://a.example/fhir",
        "HTTPS://A.Example/fhir",
        "https://a.example:443/fhir",
        "http://a.example:80/fhir",
    ];
    for one in same {
        for other in same {
            for reference in ["", "/", "/_history/2"] {
                let reference = format!("{other}/Patient/asha{reference}");
                let referring = with(first(), "/patient/reference", json!(reference));
                assert_eq!(
                    given(&[entry(one, &asha()), json!({"resource": referring})]),
                    (1, 0),
                    "{one} {other}"
                );
            }
            assert_eq!(given(&[entry(one, &asha()), entry(other, &first())]), (1, 0), "{one} {other}");
            // Two versions of one dose are not two doses.
            let again = with(dose("Patient/asha", 2), "/id", json!("i1"));
            let entries = [entry(one, &asha()), entry(one, &first()), entry(other, &again)];
            assert_eq!(given(&entries), (1, 0), "{one} {other}");
        }
    }
    for reference in ["Patient/asha/_history/2", "Patient/asha/"] {
        assert_eq!(collected(&[asha(), with(first(), "/patient/reference", json!(reference))]).0[0].2, 1);
    }
}

#[test]
fn deletion_of_a_patient_by_its_id_deletes_it_in_any_order() {
    let base = "https://f.example/r4";
    let versioned = |number: &str| {
        let mut patient = asha();
        patient["meta"] = json!({"versionId": number});
        patient
    };
    let delete = |url: &str, etag: Option<&str>| {
        let mut entry = json!({"request": {"method": "DELETE", "url": url}});
        if let Some(etag) = etag {
            entry["response"] = json!({"etag": etag});
        }
        entry
    };
    let uuid = json!({"fullUrl": "urn:uuid:a", "resource": versioned("2")});
    let local = json!({"resource": versioned("2")});
    for put in [entry(base, &versioned("2")), uuid, local] {
        for (url, etag, written) in [
            ("Patient/asha", None, 0),
            ("Patient/asha", Some("W/\"3\""), 0),
            ("Patient/asha", Some("W/\"1\""), 1),
            ("https://f.example/r4/Patient/asha", None, 0),
            ("https://f.example/r4/Patient/asha", Some("W/\"1\""), 1),
            ("Patient/ravi", None, 1),
        ] {
            let entries = [put.clone(), json!({"resource": first()}), delete(url, etag)];
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let entries = order.map(|place| entries[place].clone());
                let ((people, bad), notes) = read_entries("history", &entries);
                assert_eq!((people.len(), bad.len()), (written, 0), "{put} {url} {etag:?} {order:?} {bad:?}");
                assert!(written == 1 || notes > 0, "{put} {url} {etag:?}");
                assert!(people.iter().all(|person| person.2 == 1));
            }
        }
    }
    // Of another server.
    let entries =
        [entry(base, &asha()), entry(base, &first()), delete("https://g.example/r4/Patient/asha", None)];
    assert_eq!(given(&entries), (1, 0));
    // In another file than the Patient.
    let record = bundle(&[asha(), first()]);
    let deletion =
        json!({"resourceType": "Bundle", "type": "history", "entry": [delete("Patient/asha", None)]});
    for bundles in [[record.clone(), deletion.clone()], [deletion, record]] {
        assert_eq!(of_bundles(&bundles), (vec![], vec![]));
    }
}

#[test]
fn deletion_that_names_two_resources_may_be_of_either() {
    let delete = json!({"fullUrl": "https://f.example/Patient/ravi", "request": {"method": "DELETE", "url": "Patient/asha"}});
    let ((people, bad), _) = read_entries("history", &[json!({"resource": asha()}), delete]);
    assert_eq!((people.len(), bad.len()), (0, 1));
}

#[test]
fn withdrawal_of_a_dose_of_a_deleted_patient_is_a_bad_row() {
    let mistaken = with(first(), "/status", json!("entered-in-error"));
    let delete = json!({"request": {"method": "DELETE", "url": "Patient/asha"}});
    let ((people, bad), _) =
        read_entries("history", &[json!({"resource": asha()}), json!({"resource": mistaken}), delete]);
    assert_eq!((people.len(), bad.len()), (0, 1));
    assert!(bad[0].1.contains("too high"), "{bad:?}");
}

#[test]
fn immunization_within_another_resource_is_reported_and_leaves_its_person_alone() {
    let telecom = json!([{"system": "phone", "value": "9876500000"}]);
    let ravi = patient("ravi", &json!([{"text": "Ravi"}]), &telecom);
    let second = || without(dose("Patient/asha", 2), "id");
    let list = |contained: Value| json!({"resourceType": "List", "id": "l", "contained": contained});
    let mut flu = with(second(), "/vaccineCode/coding/0/code", json!("flu"));
    flu["protocolApplied"] = json!([]);
    let mut own = first();
    own["contained"] = json!([second()]);
    let mut held_by_patient = asha();
    held_by_patient["contained"] = json!([second()]);
    let nested = json!({"resourceType": "Bundle", "entry": [{"resource": second()}]});
    for (line, bad_rows) in [
        (list(json!([second()])), 1),
        (list(json!([second(), second()])), 1),
        (list(json!(second())), 1),
        (list(json!([nested])), 1),
        (
            json!({"resourceType": "Composition", "contained": [with(second(), "/status", json!("not-done"))]}),
            1,
        ),
        (own, 1),
        (held_by_patient, 1),
        (list(json!([flu])), 0),
        (list(json!([{"resourceType": "Practitioner", "id": "p"}])), 0),
        (list(json!(null)), 0),
    ] {
        let mut lines = vec![first(), ravi.clone(), line.clone()];
        lines.extend((line["resourceType"] != "Patient").then(asha));
        let (people, bad) = collected(&lines);
        assert_eq!((people.len(), bad.len()), (2 - bad_rows, bad_rows), "{line} {bad:?}");
        assert_eq!(people[0].1, "ravi", "{line}");
    }
    // Nobody knows whose dose it is.
    let of_nobody = with(second(), "/patient/reference", json!("#p1"));
    let found = {
        let mut reader = collector(&[COVID]);
        for (line, resource) in (1..).zip([asha(), first(), list(json!([of_nobody]))]) {
            let text = resource.to_string();
            reader.add((0, line), 0, &Entry::line(text.as_bytes())).expect("there is room");
        }
        reader.finish(None, false)
    };
    assert_eq!(found.bad.len(), 1);
    assert!(found.people[0].may_lack_a_dose);
}

#[test]
fn patient_whose_successor_is_not_clear_is_not_said_to_be_absent() {
    let mut replaced = asha();
    replaced["link"] = json!([{"other": {"reference": "Patient/nobody"}, "type": "replaced-by"}]);
    for status in ["completed", "entered-in-error", "not-done"] {
        let (_, bad) = collected(&[replaced.clone(), with(first(), "/status", json!(status))]);
        assert!(bad.iter().all(|bad| !bad.1.contains("in none of the files")), "{bad:?}");
    }
    let (_, bad) = collected(&[asha(), with(first(), "/patient/reference", json!("Patient/nobody"))]);
    assert!(bad[0].1.contains("in none of the files"), "{bad:?}");
}
