//! What a column of many different tokens costs by `verify_many`, to hold beside the same column in Python.
//!
//! `column make FOLDER COUNT` writes `tokens.bin` (the length of each in two bytes, the smaller first, and the token) and
//! `trust.cbor`. Nine tenths of the tokens are good; the others are changed, expired, for somebody else, or by nobody who is
//! trusted. `column measure FOLDER` is the side in Rust of `cargo xtask bench arrow`, which has it and the side in Python
//! measure in turns.

use std::{
    error::Error,
    fs,
    hint::black_box,
    io::{BufRead, Write},
    path::Path,
    time::{Duration, Instant},
};

use kycvs::{
    Answer, Audience, Expectation, Issuer, IssuerName, Policy, Presented, Purpose, SigningKey, Status,
    Timestamp, TrustStore, TrustedKey, Verifier,
};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder, count] => make(Path::new(folder), count.parse()?),
        ["measure", folder] => measure(Path::new(folder)),
        _ => Err("column make FOLDER COUNT | column measure FOLDER".into()),
    }
}

fn make(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let issuers: Vec<Issuer<SigningKey>> = (0..KEYS)
        .map(|seed| Ok(Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(&[seed; 32]))))
        .collect::<kycvs::Result<_>>()?;
    let mut trust = TrustStore::new();
    // The last one is a stranger.
    for issuer in &issuers[..issuers.len() - 1] {
        trust.add(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
    }
    fs::write(folder.join("trust.cbor"), trust.to_bytes())?;

    let mut file = std::io::BufWriter::new(fs::File::create(folder.join("tokens.bin"))?);
    let known = issuers.len() - 1;
    for number in 0..count {
        let kind = number % 50;
        let issuer = &issuers[if kind == 0 { known } else { number % known }];
        let status = Status::from_number(u64::try_from(number % 3)?).ok_or("a status is 0, 1 or 2")?;
        let audience = if kind == 10 { "example.org" } else { AUDIENCE };
        let answer = Answer::new(status, Purpose::new("rail-booking")?, Duration::from_mins(15))
            .with_audience(Audience::new(audience)?);
        let then = if kind == 20 { NOW - 100_000 } else { NOW - 60 };
        let presentation = issuer.issue_at(&answer, Timestamp::from_secs(then))?;
        let mut bytes = presentation.as_bytes().to_vec();
        match kind {
            // In the signature, which stands last.
            30 | 31 => *bytes.last_mut().ok_or("a token has bytes")? ^= 1,
            40 => bytes.truncate(bytes.len() / 2),
            _ => {}
        }
        file.write_all(&u16::try_from(bytes.len())?.to_le_bytes())?;
        file.write_all(&bytes)?;
    }
    Ok(file.flush()?)
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let file = fs::read(folder.join("tokens.bin"))?;
    let mut tokens = Vec::new();
    let mut rest = &file[..];
    while let Some((length, more)) = rest.split_first_chunk() {
        let (token, more) =
            more.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or("the file is cut")?;
        tokens.push(Presented::Bytes(token));
        rest = more;
    }
    let trust = TrustStore::from_bytes(&fs::read(folder.join("trust.cbor"))?)?;
    let verifier = Verifier::new(trust, Policy::audience(Audience::new(AUDIENCE)?));
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready column")?;
    out.flush()?;
    for name in std::io::stdin().lock().lines() {
        if name? != "column" {
            return Err("nothing here is called so".into());
        }
        let begin = Instant::now();
        let verdicts = verifier.verify_many_at(&tokens, &Expectation::no_nonce(), Timestamp::from_secs(NOW));
        #[allow(clippy::cast_precision_loss)]
        let each = begin.elapsed().as_secs_f64() * 1e9 / black_box(&verdicts).len() as f64;
        // The verdicts go before the other side has its turn.
        drop(verdicts);
        writeln!(out, "{each:.1}")?;
        out.flush()?;
    }
    Ok(())
}

const AUDIENCE: &str = "irctc.co.in";
/// The side in Python and the command line are told the same.
const NOW: u64 = 1_790_000_000;
/// Five that are trusted, and a stranger's.
const KEYS: u8 = 6;
