//! The tables, as Markdown that can be read as it is, and the plots beside it.

use std::{fmt::Write as _, fs, io, path::Path, sync::Arc};

use qrcode::{EcLevel, QrCode, Version};
use time::OffsetDateTime;

use crate::{
    answer::{LIFETIME, now},
    bounds::{Gains, Verdict},
    machine::{self, Others},
    measure::{Figure, Kind, Results, VERIFY_STRICT, all},
    ours, parts,
    plot::{Bar, bars},
    whole::{Peer, issue_id},
};

/// All that a reader gets.
pub(crate) struct Report {
    text: String,
    /// Name of the file, and what is in it.
    plots: [(&'static str, String); 3],
}

/// A token as a table knows it.
struct Whole {
    name: String,
    issue: Option<String>,
    bytes: usize,
    qr: i16,
}

impl Report {
    pub(crate) fn new(
        results: &Results,
        peers: &[Arc<dyn Peer>],
        verdicts: &[Verdict],
        others: &Others,
        seconds: u64,
    ) -> Self {
        let wholes = wholes(peers);
        let mut text = head(others, results, seconds);
        let mut section = |title: &str, table: String, after: &str| {
            let _ = write!(text, "\n## {title}\n\n{table}{after}");
        };
        section("What is promised", promises(verdicts), &gains(results));
        section("Whole tokens", whole_table(results, &wholes), WHOLE_NOTE);
        section("One signature or one token, one core", singles(results, &wholes), "");
        section("Issuing, one core", issuing(results), "");
        section("Versions", versions(), "");
        let plots = [
            ("verify.svg", verify_plot(results, &wholes)),
            ("issue.svg", issue_plot(results)),
            ("size.svg", size_plot(&wholes)),
        ];
        Self { text, plots }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join("RESULTS.md"), &self.text)?;
        let plots = folder.join("plots");
        fs::create_dir_all(&plots)?;
        self.plots.iter().try_for_each(|(name, svg)| fs::write(plots.join(name), svg))
    }
}

fn head(others: &Others, results: &Results, seconds: u64) -> String {
    let blocks = results.0.iter().map(|figure| figure.blocks).min().unwrap_or(0);
    format!(
        "# kycvs beside its peers\n
Written by `cargo xtask bench peers --seconds {seconds}` on {date}; do not edit. Medians of blocks of about a \
millisecond, each between two blocks of the reference, all sides in turns; what all cores do, in blocks of about 40. \
This was done by {processes}, and each figure is the mean of what they found, from {blocks} blocks or more: where in memory \
a process lies makes some thousandths. \
Before each block what verifies comes through all tokens once; the references, keys without tables, and what issues, run half a block, \
and tokens of keys without tables are read, as those are that have just come in. The ratios are what counts: to `ed25519-dalek`'s `verify_strict`, and for issuing to its `sign`.\n
- Processor: {processor}, {cores} cores; {instructions}
- {system}, {compiler}
- {others}\n
![Verifying](plots/verify.svg)
![Issuing](plots/issue.svg)
![Size](plots/size.svg)\n",
        processes = match parts::count(seconds) {
            1 => "one process".to_owned(),
            count => format!("{count} processes, one after the other"),
        },
        date = OffsetDateTime::now_utc().date(),
        processor = machine::processor(),
        cores = machine::cores(),
        instructions = machine::instructions(),
        system = std::env::consts::OS,
        compiler = machine::compiler(),
    )
}

fn promises(verdicts: &[Verdict]) -> String {
    let rows = verdicts.iter().map(|verdict| {
        let holds = if verdict.holds { "" } else { "BROKEN" };
        vec![verdict.what.clone(), format!("{:.3}", verdict.found), verdict.limit.clone(), holds.to_owned()]
    });
    table(&["", "found", "promised", ""], rows)
}

fn gains(results: &Results) -> String {
    let Some(Gains { bare, apart }) = Gains::of(results) else { return String::new() };
    format!(
        "\nWhat this machine's cores have to give together: `verify_strict` does {bare:.2} times on all cores what it does on \
         one, and copies of the bulk that share nothing, one for each core, do {apart:.2} times what one does.\n"
    )
}

fn whole_table(results: &Results, wholes: &[Whole]) -> String {
    let rows = wholes.iter().filter_map(|whole| {
        let verify = results.get(&whole.name)?;
        let issue = whole.issue.as_deref().and_then(|id| results.get(id));
        let issue = |show: fn(&Figure) -> String| issue.map(show).unwrap_or_default();
        Some(vec![
            whole.name.clone(),
            issue(micros),
            issue(ratio),
            micros(verify),
            ratio(verify),
            thousands(verify.time.recip()),
            results.get(&all(&whole.name)).map(|all| thousands(all.time.recip())).unwrap_or_default(),
            whole.bytes.to_string(),
            whole.qr.to_string(),
        ])
    });
    let head = [
        "",
        "issue, µs",
        "/ sign",
        "verify, µs",
        "/ verify_strict",
        "a second, one core",
        "a second, all cores",
        "bytes",
        "QR version",
    ];
    table(&head, rows)
}

const WHOLE_NOTE: &str = "
Every token says the same: issuer, audience, nonce, purpose, status, a random number, two times; and is checked for \
the same: it can be read, the signature is good, it has not expired, audience and nonce are the expected ones. The system's \
clock is read each time. 1,024 tokens are verified in turn. QR codes are of error correction level M, in the best mode for \
the text that each format has; bytes go in as Base45. kycvs, coset and biscuit-auth are given bytes, the others text, as their formats are; what kycvs takes when it is given text \
stands in the next table.
";

fn singles(results: &Results, wholes: &[Whole]) -> String {
    let mut found: Vec<_> = results.0.iter().filter(|figure| is_shown(figure) && !is_issue(figure)).collect();
    found.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let rows = found.into_iter().map(|figure| {
        let kind = if wholes.iter().any(|whole| whole.name == figure.id) || is_ours(figure) {
            "token"
        } else {
            "signature"
        };
        vec![figure.id.clone(), kind.to_owned(), micros(figure), ratio(figure)]
    });
    table(&["", "", "µs", "/ verify_strict"], rows)
}

fn issuing(results: &Results) -> String {
    let rows = issue_figures(results)
        .into_iter()
        .map(|figure| vec![figure.id.clone(), micros(figure), ratio(figure)]);
    table(&["", "µs", "/ sign"], rows)
}

fn issue_figures(results: &Results) -> Vec<&Figure> {
    let mut found: Vec<_> = results.0.iter().filter(|figure| is_shown(figure) && is_issue(figure)).collect();
    found.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    found
}

fn is_shown(figure: &Figure) -> bool {
    !figure.id.ends_with(", all cores") && figure.id != ours::APART
}

fn is_issue(figure: &Figure) -> bool {
    figure.kind == Kind::Issue
}

fn is_ours(figure: &Figure) -> bool {
    figure.id.starts_with("kycvs")
}

/// Ours in three ways, then the peers.
fn wholes(peers: &[Arc<dyn Peer>]) -> Vec<Whole> {
    let (bytes, text) = ours::example();
    let own = [ours::NO_TABLE, ours::PREPARED, ours::BULK].map(|name| Whole {
        name: name.to_owned(),
        issue: Some(ours::ISSUE.to_owned()),
        bytes: bytes.len(),
        qr: qr_version(text.as_bytes()),
    });
    let theirs = peers.iter().map(|peer| {
        let token = peer.issue(now() + LIFETIME);
        Whole {
            name: peer.name().to_owned(),
            issue: Some(issue_id(peer.as_ref())),
            bytes: peer.bytes(&token),
            qr: qr_version(&peer.qr_text(&token)),
        }
    });
    own.into_iter().chain(theirs).collect()
}

/// Of the smallest code that the text fits in.
fn qr_version(text: &[u8]) -> i16 {
    match QrCode::with_error_correction_level(text, EcLevel::M).map(|code| code.version()) {
        Ok(Version::Normal(version) | Version::Micro(version)) => version,
        Err(_) => 0,
    }
}

/// The peers' versions, as this crate's lock file says.
fn versions() -> String {
    const LOCK: &str = include_str!("../Cargo.lock");
    const CRATES: [&str; 12] = [
        "kycvs",
        "ed25519-dalek",
        "aws-lc-rs",
        "ring",
        "ed25519-zebra",
        "libsodium-rs",
        "coset",
        "ciborium",
        "jsonwebtoken",
        "biscuit-auth",
        "claim169-core",
        "pasetors",
    ];
    let rows = CRATES.iter().map(|name| {
        let package = format!("\nname = \"{name}\"\nversion = \"");
        // Where there are two, the last is the newest, which is the one that this crate asks for.
        let version = LOCK.split(&package).last().and_then(|rest| rest.split('"').next()).unwrap_or("?");
        let with = if *name == "libsodium-rs" {
            format!(" (libsodium {})", libsodium_rs::version::version_string())
        } else {
            String::new()
        };
        vec![(*name).to_owned(), format!("{version}{with}")]
    });
    table(&["", "version"], rows)
}

fn verify_plot(results: &Results, wholes: &[Whole]) -> String {
    let extra = [VERIFY_STRICT, ours::BULK_LARGE].map(str::to_owned);
    let shown = wholes.iter().map(|whole| &whole.name).chain(&extra);
    let mut shown: Vec<_> = shown.filter_map(|id| results.get(id)).collect();
    shown.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    bars(
        "Verifying one token, times verify_strict",
        &shown.into_iter().map(bar).collect::<Vec<_>>(),
        Some(1.0),
    )
}

fn issue_plot(results: &Results) -> String {
    let shown: Vec<_> = issue_figures(results).into_iter().map(bar).collect();
    bars("Issuing one token, times sign", &shown, Some(1.0))
}

fn bar(figure: &Figure) -> Bar {
    Bar { label: figure.id.clone(), value: figure.ratio, figure: ratio(figure) }
}

fn size_plot(wholes: &[Whole]) -> String {
    // Ours stands there three times.
    let shown = wholes.iter().skip(2).map(|whole| {
        let name = if whole.name.starts_with("kycvs") { "kycvs" } else { &whole.name };
        #[allow(clippy::cast_precision_loss, reason = "some hundred bytes")]
        let value = whole.bytes as f64;
        Bar { label: name.to_owned(), value, figure: format!("{}, QR {}", whole.bytes, whole.qr) }
    });
    bars("Bytes of a token, and the version of its QR code", &shown.collect::<Vec<_>>(), None)
}

fn micros(figure: &Figure) -> String {
    format!("{:.2}", figure.time * 1e6)
}

fn ratio(figure: &Figure) -> String {
    format!("{:.3}", figure.ratio)
}

/// A whole number, with commas.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table whose columns stand below each other; all but the first to the right.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|&cell| cell.to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "| {cell:width$} ")
            } else {
                write!(text, "| {cell:>width$} ")
            };
        }
        text.push_str("|\n");
        if i == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let rule = "-".repeat(width + 1);
                let _ = if column == 0 { write!(text, "|{rule}-") } else { write!(text, "|{rule}:") };
            }
            text.push_str("|\n");
        }
    }
    text
}
