//! Calls that an entity signs.

use axum::http::{Method, StatusCode};
use base64ct::{Base64, Encoding};
use kycvs::{Signer, SigningKey};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::stage::{Call, SIGNING_ENTITY, Stage, signing_key};

/// What goes into a signature; a test changes one thing.
#[derive(Clone)]
struct Sign {
    key: SigningKey,
    method: &'static str,
    uri: String,
    /// What the digest is of.
    digested: String,
    components: &'static str,
    parameters: String,
}

const BODY: &str = r#"{"purpose":"flight","nonce":"c2l4dGVlbiBieXRlcy4uLg"}"#;

impl Sign {
    fn post(stage: &Stage) -> Self {
        let created = stage.app.clock.now();
        Self {
            key: signing_key(),
            method: "POST",
            uri: "https://issuer.example/v1/requests".to_owned(),
            digested: BODY.to_owned(),
            components: r#""@method" "@target-uri" "content-digest""#,
            parameters: format!(r#";created={created};keyid="{SIGNING_ENTITY}";alg="ed25519""#),
        }
    }

    /// The headers, written by hand after RFC 9421, section 2.5.
    fn on<'a>(&self, call: Call<'a>) -> Call<'a> {
        let Self { method, uri, components, parameters, .. } = self;
        let digest = format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(&self.digested)));
        let mut base = String::new();
        for component in components.split(' ') {
            let value = match component {
                r#""@method""# => *method,
                r#""@target-uri""# => uri,
                r#""content-digest""# => &digest,
                r#""content-type""# => "application/json",
                _ => "",
            };
            base.extend([component, ": ", value, "\n"]);
        }
        base.extend(["\"@signature-params\": (", components, ")", parameters]);
        let signature = self.key.sign(base.as_bytes()).expect("it signs");
        call.header("content-digest", &digest)
            .header("signature-input", &format!("sig1=({components}){parameters}"))
            .header("signature", &format!("sig1=:{}:", Base64::encode_string(&signature)))
    }
}

fn call(stage: &Stage) -> Call<'_> {
    stage.post("/v1/requests", &json!({})).body(BODY)
}

#[tokio::test]
async fn an_entity_asks_with_a_signature() {
    let stage = Stage::new().await;
    let made = Sign::post(&stage).on(call(&stage)).send().await.expect(StatusCode::CREATED);
    let path = format!("/v1/requests/{}", made.text("id"));
    let view = Sign {
        method: "GET",
        uri: format!("https://issuer.example{path}?x=1"),
        components: r#""@method" "@target-uri""#,
        ..Sign::post(&stage)
    };
    let seen = view.on(stage.get(&format!("{path}?x=1"))).send().await.expect(StatusCode::OK);
    assert_eq!(seen.bytes, made.bytes);
    let more = Sign {
        components: r#""content-type" "@target-uri" "content-digest" "@method""#,
        ..Sign::post(&stage)
    };
    more.on(call(&stage)).send().await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_signature_counts_for_what_it_covers_and_for_five_minutes() {
    let stage = Stage::new().await;
    let sound = Sign::post(&stage);
    let now = stage.app.clock.now();
    let at = |created: i64, more: &str| {
        format!(r#";created={created};keyid="{SIGNING_ENTITY}";alg="ed25519"{more}"#)
    };
    for parameters in
        [at(now - 299, ""), at(now + 299, ""), at(now, ";expires=99999999999"), at(now, r#";nonce="x""#)]
    {
        let sign = Sign { parameters, ..sound.clone() };
        sign.on(call(&stage)).send().await.expect(StatusCode::CREATED);
    }
    let with = |parameters: String| Sign { parameters, ..sound.clone() };
    let bad = [
        Sign { key: SigningKey::from_seed(&[1; 32]), ..sound.clone() },
        Sign { method: "GET", ..sound.clone() },
        Sign { uri: "https://other.example/v1/requests".to_owned(), ..sound.clone() },
        Sign { uri: "https://issuer.example/v1/requests?x".to_owned(), ..sound.clone() },
        Sign { digested: "another body".to_owned(), ..sound.clone() },
        Sign { components: r#""@method" "@target-uri""#, ..sound.clone() },
        Sign { components: r#""@method" "content-digest""#, ..sound.clone() },
        Sign { components: r#""@target-uri" "content-digest""#, ..sound.clone() },
        Sign { components: r#""@method" "@target-uri" "content-digest" "x-absent""#, ..sound.clone() },
        Sign { components: r#""@method" "@target-uri" "content-digest" "@path""#, ..sound.clone() },
        Sign { components: r#""@method" "@target-uri";req "content-digest""#, ..sound.clone() },
        with(at(now - 310, "")),
        with(at(now + 310, "")),
        with(at(now, &format!(";expires={now}"))),
        with(format!(r#";keyid="{SIGNING_ENTITY}";alg="ed25519""#)),
        with(format!(r#";created={now};alg="ed25519""#)),
        with(format!(r#";created={now};keyid="nobody";alg="ed25519""#)),
        with(format!(r#";created={now};keyid="irctc.co.in";alg="ed25519""#)),
        with(format!(r#";created={now};keyid="{SIGNING_ENTITY}";alg="hmac-sha256""#)),
        with(format!(r#";created={now};keyid="{SIGNING_ENTITY}""#)),
    ];
    let before = stage.count("requests").await;
    for (n, sign) in bad.iter().enumerate() {
        let reply = sign.on(call(&stage)).send().await;
        assert_eq!((n, reply.status), (n, StatusCode::UNAUTHORIZED), "{reply:?}");
    }
    assert_eq!(stage.count("requests").await, before);
}

#[tokio::test]
async fn headers_that_are_no_signature_are_refused() {
    let stage = Stage::new().await;
    let long = format!("sig1=({})", "\"@method\" ".repeat(500).trim_end());
    let zeros = format!("sig1=:{}==:", "A".repeat(86));
    let twice = format!(
        "sig1=(\"@method\" \"@target-uri\" \"@method\");alg=\"ed25519\";keyid=\"x\";created={}",
        stage.app.clock.now()
    );
    for (input, signature) in [
        ("", ""),
        ("sig1=1", "sig1=:AA==:"),
        ("sig1=()", "sig1=:AA==:"),
        ("sig1=(\"@method\")", ""),
        ("sig1=(\"@method\");alg=\"ed25519\"", "sig2=:AA==:"),
        ("sig1=(\"@method\"), sig2=(\"@method\")", "sig1=:AA==:"),
        (long.as_str(), "sig1=:AA==:"),
        (long.as_str(), zeros.as_str()),
        (twice.as_str(), zeros.as_str()),
        ("\u{7f}", "x"),
    ] {
        let call = stage.call(Method::GET, "/v1/requests/AAAAAAAAAAAAAAAAAAAAAA");
        let Ok(_) = axum::http::HeaderValue::from_str(input) else { continue };
        let call = call.header("signature-input", input).header("signature", signature);
        call.send().await.expect_problem(401, "unauthorized");
    }
}
