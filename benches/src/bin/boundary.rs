//! What one `verify` costs in Rust, to hold beside the same call in Python, Kotlin and Swift.
//!
//! And what it costs without tables for the key, which is what a call's own cost is held to.
//!
//! `cargo xtask bench boundary` starts this and the programs of the bindings, and has them measure in turns: it writes
//! the name of a measurement to their standard input, and each answers with nanoseconds a call.

use std::{
    error::Error,
    hint::black_box,
    io::{BufRead, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use kycvs::{
    Audience, Expectation, IssuerName, Nonce, Policy, Preparation, Purpose, Timestamp, TrustStore,
    TrustedKey, Verifier, VerifyingKey,
};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let case =
        Case::read(std::env::args_os().nth(1).ok_or("say which file of test vectors to take")?.into())?;
    let without_tables = case.verifier.clone().with_preparation(Preparation::never());
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready verify verify-2-threads verify-without-tables")?;
    out.flush()?;
    let mut warm = Vec::new();
    for name in std::io::stdin().lock().lines() {
        let name = name?;
        let (verifier, threads) = match name.as_str() {
            "verify" => (&case.verifier, 1),
            "verify-2-threads" => (&case.verifier, 2),
            "verify-without-tables" => (&without_tables, 1),
            other => return Err(format!("nothing here is called `{other}`").into()),
        };
        if !warm.contains(&name) {
            case.round(verifier, threads, Duration::from_millis(200));
            warm.push(name);
        }
        writeln!(out, "{:.1}", case.round(verifier, threads, Duration::from_millis(400)))?;
        out.flush()?;
    }
    Ok(())
}

/// The good presentation of the specification's example, and all that its verifier knows.
struct Case {
    verifier: Verifier,
    presentation: Vec<u8>,
    expectation: Expectation,
    now: Timestamp,
}

impl Case {
    fn read(path: PathBuf) -> Result<Self, Box<dyn Error>> {
        let file: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let case = file["cases"]
            .as_array()
            .and_then(|cases| cases.iter().find(|case| case["id"] == "valid/specification"))
            .ok_or("the file has no case valid/specification")?;
        let mut trust = TrustStore::new();
        for entry in
            file["trust_stores"][text(&case["trust"])?].as_array().ok_or("a trust store is a list")?
        {
            let key = VerifyingKey::try_from(&*bytes(&entry["public_key"])?)?;
            trust.add(TrustedKey::new(IssuerName::new(text(&entry["issuer"])?)?, key))?;
        }
        Ok(Self {
            verifier: Verifier::new(
                trust,
                Policy::audience(Audience::new(text(&case["policy"]["audience"])?)?),
            ),
            presentation: bytes(&case["presentation"])?,
            expectation: Expectation::nonce(Nonce::new(&bytes(&case["expectation"]["nonce"])?)?)
                .with_purpose(Purpose::new(text(&case["expectation"]["purpose"])?)?),
            now: Timestamp::from_secs(case["now"].as_u64().ok_or("a time is a number")?),
        })
    }

    /// Nanoseconds a call, with all threads at work for at least `span`.
    fn round(&self, verifier: &Verifier, threads: u32, span: Duration) -> f64 {
        let start = Instant::now();
        let calls: u64 = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| self.calls(verifier, start, span))).collect();
            workers.into_iter().map(|worker| worker.join().expect("no worker panics")).sum()
        });
        #[allow(clippy::cast_precision_loss)]
        let calls = calls as f64;
        start.elapsed().as_secs_f64() * 1e9 / calls
    }

    fn calls(&self, verifier: &Verifier, start: Instant, span: Duration) -> u64 {
        let mut count = 0;
        while start.elapsed() < span {
            for _ in 0..BETWEEN_LOOKS {
                let verdict = verifier.verify_at(black_box(&self.presentation), &self.expectation, self.now);
                black_box(verdict).expect("the presentation is good");
            }
            count += BETWEEN_LOOKS;
        }
        count
    }
}

fn bytes(value: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(hex::decode(text(value)?).map_err(|error| error.to_string())?)
}

fn text(value: &Value) -> Result<&str, Box<dyn Error>> {
    value.as_str().ok_or_else(|| "a text was expected".into())
}

/// How many calls are made between two looks at the clock.
const BETWEEN_LOOKS: u64 = 64;
