//! The arguments of `kycvs verify`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use kycvs::{Status, Timestamp};

use super::{SubjectOptions, status};
use crate::times::{parse_duration, parse_time};

pub(super) const AFTER_HELP: &str = "\
Say who you are with --audience, or that answers for anyone are welcome with --allow-open, or both. Say which challenge \
you gave with --nonce, or that each row of a table has its own with --columns nonce, or that you gave none with --no-nonce.

Exit status: 0 the answer is good and says at least --at-least; 1 it is not good; 2 the call, a file or this machine's \
set-up is wrong; 3 it is valid, but says less than --at-least, which is 2 (fully vaccinated) if you do not give it.

Without --used, the same answer can be shown again and again until it expires. Give the same --used file to each call. A \
token that is valid but does not say enough is used too.

With --batch and without --columns, each line of the file is one token (KV1: text, base64url or hex) and each line of the output its verdict, \
in the same order. Lines end with LF, CRLF or CR. The same token on a later line is refused as replayed. With --json \
there is one JSON object on a line for each.

With --columns, the file of --batch is a table (CSV), whose first line names its columns: token, nonce, purpose, name, \
mobile. Each row is checked against its own cells of the columns that you name; all other columns are ignored. A row with \
an empty cell in one of them is refused, and so is a file without one of them. Cells are separated by commas, semicolons, \
tabs or |. Empty rows are skipped. With --json, `line` is the line of the row in the file.

KV1: text has spaces and $ in it: put it between single quotes, or give it in a file.

A name given as an option can be seen in the process list; --subject-file and --columns keep it out.";

/// `kycvs verify`
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the call")]
pub(crate) struct Verify {
    /// The trust store: which keys speak for which issuer
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// Your own name, as answers for you carry it
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// Accept answers that are for anyone
    #[arg(long)]
    pub(crate) allow_open: bool,
    /// The challenge that you gave
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// You gave no challenge, and so anyone who has seen the answer can show it
    #[arg(long, conflicts_with = "nonce")]
    pub(crate) no_nonce: bool,
    /// The least status that is enough: 0 any, 1 partially vaccinated, 2 fully vaccinated. With less, the exit status is 3
    #[arg(long, value_name = "0|1|2", default_value = "2", value_parser = status)]
    pub(crate) at_least: Status,
    /// Accept each token once: remember the used ones in this file, which several calls may share; made where it is missing
    #[arg(long, value_name = "FILE")]
    pub(crate) used: Option<PathBuf>,
    /// The purpose that you asked for
    #[arg(long, value_name = "TEXT")]
    pub(crate) purpose: Option<String>,
    #[command(flatten)]
    pub(crate) subject: SubjectOptions,
    /// The longest life of an answer that you accept [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) max_lifetime: Option<Duration>,
    /// How far clocks may be apart [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) skew: Option<Duration>,
    /// Accept specimens, made for training
    #[arg(long)]
    pub(crate) allow_specimen: bool,
    /// Do not look at status lists: answers that were taken back pass
    #[arg(long)]
    pub(crate) ignore_status_lists: bool,
    /// The time of the check (RFC 3339) in place of the clock's
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<Timestamp>,
    /// Check one token on each line of this file (`-`: standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub(crate) batch: Option<PathBuf>,
    /// Read the file of --batch as a table, and check these columns of each row: token, nonce, purpose, name, mobile,
    /// separated by commas; token need not be named
    #[arg(long, value_name = "COLUMNS", value_enum, value_delimiter = ',', hide_possible_values = true)]
    pub(crate) columns: Vec<Column>,
    /// The token: KV1: text, base64url or hex, or a file with one of these, raw bytes, or a picture (PNG, JPEG) of a
    /// QR code; `-` is standard input
    #[arg(value_name = "TOKEN|FILE|-", required_unless_present = "batch")]
    pub(crate) token: Option<OsString>,
}

/// A column of a table of tokens, by the word that `issue --batch` has for it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Column {
    Token,
    Nonce,
    Purpose,
    Name,
    Mobile,
}
