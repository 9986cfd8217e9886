//! The arguments of every command, and with them the help: the comments on them are its text.

#![expect(clippy::doc_markdown, reason = "the help shows no Markdown")]

mod verify;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kycvs::{Algorithm, KeyId, Status, Timestamp};

pub(crate) use self::verify::{Column, Verify};
use crate::failure::{Failure, Result};
use crate::input::QUOTE_IT;
use crate::output::{Output, colours_wanted, shown};
use crate::times::{parse_duration, parse_time};

/// Reads the arguments; `None` where help or the version was asked for, and given.
pub(crate) fn parse(out: &mut Output) -> Result<Option<Command>> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(Some(cli.command)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let colour = out.colours();
            let text = error.render();
            out.text(&if colour { text.ansi().to_string() } else { text.to_string() })?;
            Ok(None)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !out.is_json() => {
            let colour = io::stderr().is_terminal() && colours_wanted();
            let text = error.render();
            out.note(if colour { text.ansi().to_string() } else { text.to_string() }.trim_end());
            Err(Failure::Said(crate::failure::WRONG_CALL))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::Usage("no command: see `kycvs --help`".into()))
        }
        _ => {
            let sentence = sentence(&error.render().to_string());
            // The rest of such a text is another argument, from its first space on.
            let has_kv1 =
                std::env::args_os().any(|argument| argument.as_encoded_bytes().starts_with(b"KV1:"));
            Err(Failure::Usage(if has_kv1 { format!("{sentence}; {QUOTE_IT}") } else { sentence }))
        }
    }
}

/// Whether `--json` stands among the arguments, also where the rest of them cannot be read.
pub(crate) fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.skip(1).take_while(|argument| argument != OsStr::new("--")).any(|argument| argument == "--json")
}

/// Clap's message as one sentence: its first paragraphs, without its usage lines.
fn sentence(rendered: &str) -> String {
    let text = rendered.trim().trim_start_matches("error: ");
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default().replace("\n\n", "; ");
    let words: Vec<_> = text.split_whitespace().map(shown).collect();
    words.join(" ")
}

/// Issue, show and check signed vaccination-status tokens
#[derive(Debug, Parser)]
#[command(
    name = "kycvs",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    /// Print exactly one JSON object on standard output, errors too; --help and --version stay text
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

/// What the command line can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See the whole story in a few seconds; writes nothing to disk
    Demo,
    /// Make an issuer's key and the trust store that names it
    #[command(after_help = AFTER_KEYGEN)]
    Keygen(Keygen),
    /// Issue an answer, or one for each row of a CSV file
    #[command(after_help = AFTER_ISSUE)]
    Issue(Box<Issue>),
    /// Check an answer, or one on each line of a file
    #[command(after_help = verify::AFTER_HELP)]
    Verify(Box<Verify>),
    /// Show what a token's bytes say, without checking any of it
    Inspect(Inspect),
    /// Show a token as a QR code, or write it as PNG or SVG
    Qr(Qr),
    /// List and change the keys that a verifier trusts
    #[command(subcommand)]
    Trust(Trust),
    /// Run the service: consent, one-time password, signed answer
    #[cfg(feature = "serve")]
    #[command(after_help = AFTER_SERVE)]
    Serve(Serve),
    /// List and change the verifying entities that may ask the service
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Entity(Entity),
    /// Fill the service's register of who has which doses
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Records(Records),
    /// Check the service's log of consents and refusals
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Audit(Audit),
    /// The commands of the service, so that a build without it can say what is missing
    #[cfg(not(feature = "serve"))]
    #[command(name = "serve", aliases = ["entity", "records", "audit"], hide = true, disable_help_flag = true)]
    NoService {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        ignored: Vec<OsString>,
    },
}

const AFTER_HELP: &str = "A token answers one question - is this person vaccinated? - for one verifier, one purpose \
and a short time, and holds no name. `kycvs demo` shows one.

Exit status: 0 done, or the token is good and says enough; 1 the token is not good; 2 the call, a file or this machine's \
set-up is wrong; 3 the token is valid, but its status is less than --at-least asks for.";

const AFTER_KEYGEN: &str = "Writes issuer.pem (PKCS#8, for the issuer alone) and trust.cbor (for verifiers). Neither \
is ever overwritten.";

const AFTER_ISSUE: &str = "The answer is KV1: text on standard output; with --json also base64url, hex, the claims and \
the opening.

With --batch, the first line of the CSV file names its columns: status, purpose, audience, nonce, name, mobile, \
valid_for, in any order and as many as are wanted. An empty cell takes its value from the option of the same name; white \
space is not empty. Cells are separated by commas, semicolons, tabs or |. A quoted cell may have line breaks in it; empty \
rows are skipped and not counted. Line n of the output belongs to row n of those that are left: it is empty if the row was \
refused, which standard error reports with the line number in the file. With --json there is one JSON object on a line for each row. A file that --out names can be read by its owner only.

A name given as an option can be seen in the process list; --subject-file and --batch keep it out.";

#[cfg(feature = "serve")]
const AFTER_SERVE: &str = "kycvs.toml in the source tells of every setting. SIGTERM or Ctrl-C stop the service once what \
is under way is finished, within ten seconds; SIGHUP reads the certificate, the signing key and the log level again.";

/// `kycvs serve`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Serve {
    /// Serve with the settings in this file
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) config: Option<PathBuf>,
    /// Show everything at work: a service with made-up people, an inbox page for the passwords, and a booking site
    #[arg(long, group = "what")]
    demo: bool,
    /// Keep the demonstration's files in this folder; made where it is missing [default: a new one, removed at the end]
    #[arg(long, value_name = "DIR", requires = "demo", conflicts_with = "config")]
    pub(crate) dir: Option<PathBuf>,
    /// Where the demonstration listens, on loopback; the booking site takes the next port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", requires = "demo", conflicts_with = "config")]
    pub(crate) listen: Option<std::net::SocketAddr>,
}

#[cfg(feature = "serve")]
const AFTER_ENTITY_ADD: &str = "Shows, this once, the API key that the entity sends with its calls, and the key that it \
checks its webhooks with where it has a callback address. With --request-key it signs its calls instead (RFC 9421), and \
there is no API key.";

#[cfg(feature = "serve")]
const AFTER_IMPORT: &str = "A file is CSV (with the columns mobile, name, doses, required in any order; separated by commas, \
semicolons, tabs or |), a FHIR Bundle (JSON, at most 64 MiB) or FHIR resources one a line (NDJSON), of FHIR STU3, R4, R4B or \
R5. Its content says which. Only if the content is unclear, the ending of its name does: .csv, .json or .ndjson. Files of one call are imported together or not at all. A person who is there already gets the new doses.

In doubt, fewer doses are counted, and standard error says so. A row that cannot be understood changes nothing for its \
person; standard error names its file and line, and nothing of its content.

The import stops and writes nothing if the FHIR files hold no dose of the --vaccine, or if more than 3 people and more \
than 5 % of those who are in the register would fall to a lower status. --force imports them all the same.

Exit status: 0 everything is in, 1 some rows were bad, 2 nothing was written.";

#[cfg(feature = "serve")]
const AFTER_AUDIT_VERIFY: &str =
    "Prints the head of the log. Who can write to the database could make the whole log anew: \
keep the head elsewhere from time to time, and give it with --expect.

Exit status: 0 the log is whole, 1 it is not, 2 the call or the database is wrong.";

/// `kycvs entity`
#[cfg(feature = "serve")]
#[derive(Debug, Subcommand)]
pub(crate) enum Entity {
    /// Register a verifying entity
    #[command(after_help = AFTER_ENTITY_ADD)]
    Add(EntityAdd),
    /// List the entities
    List(EntityList),
    /// Take an entity's right to ask from it
    Disable(EntityId),
    /// Give an entity that was disabled its right to ask back
    Enable(EntityId),
    /// Give an entity another key; the one before is good no more
    RotateKey(EntityRotateKey),
}

/// `kycvs entity add`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct EntityAdd {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The name that people are shown
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// A site that may embed the page, as https://www.example.org; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Vec<String>,
    /// The https:// address that its webhooks go to; it must be public unless webhooks.allow_insecure is on
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// The Ed25519 public key (PEM or JWK) that it signs its calls with, in place of an API key
    #[arg(long, value_name = "FILE")]
    pub(crate) request_key: Option<PathBuf>,
    /// The audience of its answers, such as irctc.co.in
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// `kycvs entity list`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct EntityList {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// `kycvs entity disable`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct EntityId {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The entity, as `kycvs entity list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// `kycvs entity rotate-key`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct EntityRotateKey {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The Ed25519 public key (PEM or JWK) that it signs its calls with from now on, in place of a new API key
    #[arg(long, value_name = "FILE")]
    pub(crate) request_key: Option<PathBuf>,
    /// The entity, as `kycvs entity list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// `kycvs records`
#[cfg(feature = "serve")]
#[derive(Debug, Subcommand)]
pub(crate) enum Records {
    /// Import people and their doses from CSV and FHIR
    #[command(after_help = AFTER_IMPORT)]
    Import(RecordsImport),
}

/// `kycvs records import`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct RecordsImport {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The form of the files, if their content does not say it: csv, fhir or fhir-ndjson
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true)]
    pub(crate) format: Option<RecordsFormat>,
    /// Of FHIR: which immunizations count, by the code of the vaccine or of its target disease; may be given several times
    #[arg(long, value_name = "[SYSTEM|]CODE")]
    pub(crate) vaccine: Vec<String>,
    /// How many doses a course has if a file does not say it
    #[arg(long, value_name = "NUMBER")]
    pub(crate) required: Option<u32>,
    /// The files hold only what changed since an earlier export (`_since`): lower nobody, except after a withdrawal or a refusal
    #[arg(long)]
    pub(crate) add: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Import even if that lowers many people, finds no dose, or a FHIR resource cannot be read
    #[arg(long)]
    pub(crate) force: bool,
    /// The files (`-`: standard input)
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// The forms of records.
#[cfg(feature = "serve")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordsFormat {
    Csv,
    Fhir,
    FhirNdjson,
}

/// `kycvs audit`
#[cfg(feature = "serve")]
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Compute the whole log again, and say whether an entry was changed, removed or put in
    #[command(after_help = AFTER_AUDIT_VERIFY)]
    Verify(AuditVerify),
}

/// `kycvs audit verify`
#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct AuditVerify {
    /// The service's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// A head that this log had at an earlier time
    #[arg(long, value_name = "SEQ:HASH")]
    pub(crate) expect: Option<kycvs_issuer::audit::Head>,
}

/// `kycvs keygen`
#[derive(Args, Debug)]
pub(crate) struct Keygen {
    /// The issuer's name, as verifiers will trust it
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: String,
    /// The folder for the two files; made where it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: PathBuf,
    /// The algorithm that the issuer's tokens name: EdDSA (-8) or Ed25519 (-19)
    #[arg(long, value_name = "ALG", default_value = "EdDSA", value_parser = algorithm)]
    pub(crate) alg: Algorithm,
    /// Encrypt the key with the first line of this file (`-`: standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// `kycvs issue`
#[derive(Args, Debug)]
pub(crate) struct Issue {
    /// The issuer's private key (PKCS#8 PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// What opens an encrypted key: the first line of this file (`-`: standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The issuer's name, as verifiers trust it
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: String,
    /// The algorithm that verifiers trust this key for: EdDSA (-8) or Ed25519 (-19)
    #[arg(long, value_name = "ALG", default_value = "EdDSA", value_parser = algorithm)]
    pub(crate) alg: Algorithm,
    /// 0 not vaccinated, 1 partially vaccinated, 2 fully vaccinated
    #[arg(long, value_name = "0|1|2", required_unless_present = "batch", value_parser = status)]
    pub(crate) status: Option<Status>,
    /// What the answer is for, as shown to the person who consented
    #[arg(long, value_name = "TEXT", required_unless_present = "batch")]
    pub(crate) purpose: Option<String>,
    /// The verifying entity that the answer is for; left out, anyone may accept it
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// The verifying entity's challenge
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    #[command(flatten)]
    pub(crate) subject: SubjectOptions,
    /// Issue a specimen, which verifiers refuse unless they ask for it
    #[arg(long)]
    pub(crate) specimen: bool,
    /// How long the answer holds: 90s, 15m, 24h; verifiers refuse more than 24h unless they allow it
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse_duration)]
    pub(crate) valid_for: Duration,
    /// The time of issue (RFC 3339) in place of the clock's
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<Timestamp>,
    /// Write to this file instead: raw bytes where its name ends in .kycvs, otherwise the text (`-`: standard output).
    /// A call that is killed may leave a file `.kycvs-...` beside it, which can be deleted
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Issue one answer for each row of this CSV file (`-`: standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "mobile", "subject_file"])]
    pub(crate) batch: Option<PathBuf>,
}

/// Who the answer is about.
#[derive(Args, Debug)]
pub(crate) struct SubjectOptions {
    /// The person's name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The person's mobile number
    #[arg(long, value_name = "NUMBER", requires = "name")]
    pub(crate) mobile: Option<String>,
    /// A file with the name on its first line and, where wanted, the number on its second (`-`: standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "mobile"])]
    pub(crate) subject_file: Option<PathBuf>,
}

/// `kycvs inspect`
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The token: text, hex, a file or a picture of a QR code; `-` is standard input
    #[arg(value_name = "TOKEN|FILE|-")]
    pub(crate) token: OsString,
}

/// `kycvs qr`
#[derive(Args, Debug)]
pub(crate) struct Qr {
    /// Write to this file, whose name ends in .png or .svg (`-`: show it in the terminal)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The token: text, hex, a file or a picture of a QR code; `-` is standard input
    #[arg(value_name = "TOKEN|FILE|-")]
    pub(crate) token: OsString,
}

/// `kycvs trust`
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Trust the keys of a file (PEM, COSE_Key, COSE_KeySet, JWK or JWKS) to speak for an issuer
    Add(TrustAdd),
    /// List the trusted keys
    List(TrustList),
    /// Mark keys as withdrawn: they stay listed, and nothing that they signed is good any more
    Withdraw(TrustKeys),
    /// Take keys out of the trust store
    Remove(TrustKeys),
    /// Write the keys that are not withdrawn in a form that other programs read. No form can say when a key is trusted: a
    /// key with such a window is refused
    Export(TrustExport),
}

/// `kycvs trust add`
#[derive(Args, Debug)]
pub(crate) struct TrustAdd {
    /// The trust store; made where it is missing
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// The issuer that the keys speak for
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: String,
    /// The algorithm of the issuer's tokens, where the file names none: EdDSA (-8, the default) or Ed25519 (-19)
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub(crate) alg: Option<Algorithm>,
    /// Trust only answers issued at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) not_before: Option<Timestamp>,
    /// Trust only answers issued before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) not_after: Option<Timestamp>,
    /// The file with the keys (`-`: standard input)
    #[arg(value_name = "KEYFILE")]
    pub(crate) key_file: PathBuf,
}

/// `kycvs trust list`
#[derive(Args, Debug)]
pub(crate) struct TrustList {
    /// The trust store
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
}

/// `kycvs trust withdraw` and `kycvs trust remove`
#[derive(Args, Debug)]
pub(crate) struct TrustKeys {
    /// The trust store
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// Key ids in hex, as `kycvs trust list` shows them
    #[arg(value_name = "KEY_ID", required = true, value_parser = key_id)]
    pub(crate) key_ids: Vec<KeyId>,
}

/// `kycvs trust export`
#[derive(Args, Debug)]
pub(crate) struct TrustExport {
    /// The trust store
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// Only the keys that speak for this issuer
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: Option<String>,
    /// jwks: a JSON Web Key Set; pem: SPKI blocks, which name no algorithm; cose: a COSE_KeySet, binary
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true, default_value_t = KeyFormat::Jwks)]
    pub(crate) format: KeyFormat,
    /// Export keys with a window (--not-before, --not-after) too, without it: whoever adds them trusts them always
    #[arg(long)]
    pub(crate) drop_windows: bool,
    /// Write to this file instead (`-`: standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The forms of public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyFormat {
    // RFC 7517
    Jwks,
    // RFC 8410
    Pem,
    // RFC 9052 section 7
    Cose,
}

fn algorithm(text: &str) -> std::result::Result<Algorithm, String> {
    text.parse().map_err(|_| String::from("it is EdDSA or Ed25519"))
}

fn status(text: &str) -> std::result::Result<Status, String> {
    parse_status(text).ok_or_else(|| String::from("it is 0, 1 or 2"))
}

/// A status by its number, one digit.
pub(crate) fn parse_status(text: &str) -> Option<Status> {
    match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Status::try_from(digit - b'0').ok(),
        _ => None,
    }
}

fn key_id(text: &str) -> std::result::Result<KeyId, String> {
    text.parse().map_err(|_| String::from("a key id is 16 hex digits"))
}
