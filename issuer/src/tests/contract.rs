//! That `openapi.json` says what the service does: each route is in it, each path in it is routed, and every answer that
//! any of the tests gets is one that it names and fits the schema that it gives.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{LazyLock, Mutex},
};

use axum::http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{http, problem::ProblemCode};

use super::stage::{Reply, Stage};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).expect("it is JSON"));

/// What the host adds to the calls.
const OF_THE_HOST: [&str; 2] = ["/healthz", "/readyz"];

/// Method and path of all that is described.
fn described() -> BTreeSet<(String, String)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().expect("operations").keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[test]
fn what_is_routed_is_described_and_the_other_way_round() {
    let routed: BTreeSet<_> =
        http::listed().into_iter().map(|(method, path)| (method.to_string(), path)).collect();
    let mut described = described();
    described.retain(|(_, path)| !OF_THE_HOST.contains(&path.as_str()));
    assert_eq!(routed, described);
}

#[test]
fn the_description_is_of_this_version_and_knows_every_code() {
    assert_eq!(DOCUMENT["info"]["version"], env!("CARGO_PKG_VERSION"));
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(DOCUMENT["components"]["schemas"]["Code"]["enum"], json!(codes));
}

#[tokio::test]
async fn another_method_is_refused_with_those_that_are_taken() {
    let stage = Stage::new().await;
    for (_, path) in http::listed() {
        let path = path.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA");
        let reply = stage.call(Method::PATCH, &path).send().await.expect_problem(405, "method_not_allowed");
        let allowed: BTreeSet<_> =
            reply.header("allow").expect("Allow").split(',').map(str::to_owned).collect();
        let listed = http::listed();
        let mut expected: BTreeSet<_> = listed
            .iter()
            .filter(|(_, listed)| listed.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA") == path)
            .map(|(method, _)| method.to_string())
            .collect();
        if expected.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        assert_eq!(allowed, expected, "{path}");
    }
    stage.get("/v1/nothing").send().await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn everyone_can_have_the_key_and_the_description() {
    let stage = Stage::new().await;
    let served = stage.get("/openapi.json").send().await.expect(StatusCode::OK);
    assert_eq!(served.json(), *DOCUMENT);

    let trust = stage.get("/.well-known/kycvs/trust.cbor").send().await.expect(StatusCode::OK);
    assert_eq!(trust.bytes, stage.trust().to_bytes());
    for (path, kind) in
        [("cose-keyset", "application/cose-key-set"), ("jwks.json", "application/jwk-set+json")]
    {
        let short = stage.get(&format!("/{path}")).send().await.expect(StatusCode::OK);
        let long = stage.get(&format!("/.well-known/kycvs/{path}")).send().await.expect(StatusCode::OK);
        assert_eq!((short.header("content-type"), &short.bytes), (Some(kind), &long.bytes));
        let keys = kycvs::ImportedKeys::read(&short.bytes).expect("the core reads it");
        let [key] = keys.keys() else { panic!("one key") };
        assert_eq!(key.key(), stage.app.issuer.get().verifying_key());
        assert_eq!(key.algorithm(), Some(kycvs::Algorithm::EdDsa));
    }
    let head = stage.call(Method::HEAD, "/jwks.json").send().await.expect(StatusCode::OK);
    assert!(head.bytes.is_empty());
}

#[tokio::test]
async fn what_happens_is_counted() {
    let stage = Stage::new().await;
    stage.in_state("answered").await;
    stage.in_state("declined").await;
    let text = stage.app.metrics.to_text().expect("text");
    for line in [
        "kycvs_requests_total{kind=\"request\"} 2",
        "kycvs_answers_total{kind=\"request\"} 1",
        "kycvs_ended_total{state=\"declined\"} 1",
        "kycvs_otp_messages_total{outcome=\"sent\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

/// Panics where the description does not name this answer, or says something else about it.
#[track_caller]
pub(super) fn check(method: &Method, path: &str, reply: &Reply) {
    let Some(template) = template(path) else { return };
    let operation = &DOCUMENT["paths"][&template][method.as_str().to_lowercase()];
    if !operation.is_object() {
        return;
    }
    let (status, context) =
        (reply.status.as_u16().to_string(), format!("{method} {template}: {}", reply.status));
    let response = resolve(&operation["responses"][&status]);
    assert!(response.is_object(), "{context} is not described");
    let kind = reply.header("content-type").expect("a content type").split(';').next().unwrap_or_default();
    let described = &response["content"][kind];
    assert!(described.is_object(), "{context} as {kind} is not described");
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        assert!(header["required"] != true || reply.header(name).is_some(), "{context} lacks {name}");
    }
    if kind.ends_with("json") {
        let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let schema = described["schema"].clone();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| validator(schema));
        let document = reply.json();
        let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{context}: {errors:?} in {document}");
    }
}

static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

fn validator(mut schema: Value) -> Validator {
    schema["components"] = DOCUMENT["components"].clone();
    jsonschema::draft202012::new(&schema).expect("a schema")
}

/// The path of the description that this path is one of.
fn template(path: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let fits = |template: &&String| {
        let (parts, given) = (template.split('/'), path.split('/'));
        parts.clone().count() == given.clone().count()
            && parts.zip(given).all(|(part, given)| part == given || part.starts_with('{'))
    };
    let paths = DOCUMENT["paths"].as_object()?;
    paths.get_key_value(path).map(|(path, _)| path).or_else(|| paths.keys().find(fits)).cloned()
}

fn resolve(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(pointer) => DOCUMENT.pointer(pointer.trim_start_matches('#')).expect("it leads somewhere"),
        None => value,
    }
}
