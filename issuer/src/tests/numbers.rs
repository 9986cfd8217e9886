//! Numbers that cannot exist, and countries that no message is sent to, are refused wherever a number comes in.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    admin::Admin,
    records::{self, Format, Options, Progress, Source},
    test_support::databases,
};

use super::stage::{KEY, MOBILE, NAME, Reply, Stage};

/// Satellites, no country's, India's fixed lines, too many digits, and a country that is not in the settings.
const REFUSED: [&str; 9] = [
    "+88161234567",
    "+8821234567",
    "+9991234567",
    "1111111111",
    "5876543210",
    "+915876543210",
    "+911123456789",
    "+9198765432100",
    "+9779841234567",
];

async fn typed(stage: &Stage, mobile: &str) -> Reply {
    let id = stage.ask().await;
    stage.post(&format!("/v1/requests/{id}/otp"), &json!({"name": NAME, "mobile": mobile})).send().await
}

async fn sent_by_entity(stage: &Stage, mobile: &str) -> Reply {
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg", "binding": "name_and_mobile", "mobile": mobile});
    stage.post("/v1/requests", &question).key(KEY).send().await
}

async fn by_a_call_of_2021(stage: &Stage, mobile: &str) -> Reply {
    let call = json!({"mobile_number": mobile, "full_name": NAME});
    stage.post("/v3/vaccination/generateOTP", &call).header("x-api-key", KEY).send().await
}

async fn for_a_pass(stage: &Stage, mobile: &str) -> Reply {
    let pass =
        stage.post("/v1/passes", &json!({"purpose": "office"})).send().await.expect(StatusCode::CREATED);
    let path = format!("/v1/requests/{}/otp", pass.text("id"));
    stage.post(&path, &json!({"name": NAME, "mobile": mobile})).send().await
}

#[tokio::test]
async fn a_number_that_no_message_goes_to_is_refused_wherever_it_comes_in() {
    let stage = Stage::new().await;
    for mobile in REFUSED {
        for reply in [
            typed(&stage, mobile).await,
            sent_by_entity(&stage, mobile).await,
            by_a_call_of_2021(&stage, mobile).await,
            for_a_pass(&stage, mobile).await,
        ] {
            let detail = reply.clone().expect_problem(422, "invalid_mobile").text("detail");
            assert!(!detail.contains(|c: char| c.is_ascii_digit()), "{detail}");
        }
    }
    assert_eq!(stage.gateway.count(), 0);
}

#[tokio::test]
async fn messages_go_to_the_countries_of_the_settings() {
    let stage = Stage::with(|config| {
        config.numbers = toml::from_str("send_to = [\"IN\", \"NP\"]").expect("countries");
    })
    .await;
    for (mobile, number) in [("+977 984-1234567", "+9779841234567"), (MOBILE, "+919876543210")] {
        typed(&stage, mobile).await.expect(StatusCode::ACCEPTED);
        assert_eq!(stage.gateway.last_number(), number);
    }
    typed(&stage, "+447400123456").await.expect_problem(422, "invalid_mobile");
}

#[tokio::test]
async fn a_national_number_needs_a_country_in_the_settings() {
    let none = "country = \"none\"\nsend_to = [\"IN\"]";
    let stage = Stage::with(|config| config.numbers = toml::from_str(none).expect("no country")).await;
    typed(&stage, MOBILE).await.expect_problem(422, "invalid_mobile");
    typed(&stage, "+91 98765 43210").await.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_password_is_taken_in_the_digits_of_any_script() {
    // Devanagari, Bengali, Tamil, Urdu, full width.
    for zero in ['०', '০', '௦', '۰', '０'] {
        let stage = Stage::new().await;
        let id = stage.ask().await;
        let otp = stage.send_otp(&id).await;
        let start = u32::from(zero) - u32::from('0');
        let typed: String =
            otp.chars().filter_map(|digit| char::from_u32(u32::from(digit) + start)).collect();
        stage.try_otp(&id, &typed).await.expect(StatusCode::OK);
    }
}

/// How many rows an import wrote, and what it said of the others.
async fn imported(admin: &Admin, format: Format, text: &str) -> (u64, Vec<String>) {
    let sources = vec![Source { format, content: Box::new(text.as_bytes()) }];
    let options = Options { vaccines: vec!["v".to_owned()], required: Some(2), ..Options::default() };
    let mut bad = Vec::new();
    let mut told = |progress| {
        if let Progress::Bad(row) = progress {
            bad.push(row.reason.to_string());
        }
    };
    let report = records::import(admin, sources, &options, &mut told).await.expect("it is imported");
    (report.written, bad)
}

fn of_fhir(mobile: &str) -> Value {
    json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "1", "name": [{"text": "Asha Verma"}],
            "telecom": [{"system": "phone", "value": mobile}]}},
        {"resource": {"resourceType": "Immunization", "status": "completed", "patient": {"reference": "Patient/1"},
            "vaccineCode": {"coding": [{"code": "v"}]}, "occurrenceDateTime": "2021-05-01"}},
    ]})
}

#[tokio::test]
async fn a_row_with_a_number_that_cannot_exist_is_reported_and_not_imported() {
    for (_keep, admin) in databases().await.into_iter().map(|(keep, db)| (keep, Admin::of(db))) {
        for mobile in ["1111111111", "+915876543210", "+911123456789", "+88161234567", "+9198765432100"] {
            for (format, text) in [
                (Format::Csv, format!("mobile,name,doses,required\n{mobile},Asha Verma,1,2\n")),
                (Format::FhirBundle, of_fhir(mobile).to_string()),
            ] {
                let (written, bad) = imported(&admin, format, &text).await;
                assert_eq!((written, bad.len()), (0, 1), "{mobile} {format:?}");
                assert!(bad[0].contains("check the digits") && !bad[0].contains("111"), "{}", bad[0]);
            }
        }
        // Somebody who lives abroad is on record, though no message goes there.
        let text = "mobile,name,doses,required\n9876543210,Asha Verma,1,2\n+9779841234567,Ravi Verma,1,2\n";
        assert_eq!(imported(&admin, Format::Csv, text).await, (2, vec![]));
        assert_eq!(imported(&admin, Format::FhirBundle, &of_fhir("098765 43210").to_string()).await.0, 1);
    }
}

#[tokio::test]
async fn an_import_reads_national_numbers_by_the_settings() {
    for (_keep, mut admin) in databases().await.into_iter().map(|(keep, db)| (keep, Admin::of(db))) {
        admin.numbers = toml::from_str("country = \"GB\"").expect("Britain");
        let text = "mobile,name,doses,required\n07400 123456,Asha Verma,1,2\n9876543210,Ravi Verma,1,2\n";
        let (written, bad) = imported(&admin, Format::Csv, text).await;
        assert_eq!((written, bad.len()), (1, 1), "{bad:?}");
        admin.numbers = toml::from_str("country = \"none\"\nsend_to = [\"IN\"]").expect("none");
        let (written, bad) = imported(&admin, Format::Csv, text).await;
        assert_eq!((written, bad.len()), (0, 2), "{bad:?}");
        assert!(bad.iter().all(|reason| reason.contains("write + and the country")), "{bad:?}");
    }
}
