//! Holds the real service to what it promises.
//!
//! Everything here stands outside the service: it starts the program `kycvs` as an operator does, with a configuration
//! file in a folder of its own, and plays everyone else over the network ([`stand`]): the SMS gateway and the entities'
//! webhook addresses ([`outside`]), the verifying entity, which verifies each answer with the core ([`entity`]), the persons
//! ([`people`], [`journey`]), and the proxy that tells the service where a client comes from ([`client`]). It reads the
//! database directly, and changes nothing in it ([`database`]).
//!
//! Each proof prints what it measured and which claims hold, and ends with exit status 1 where one does not.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::database::Kind;
use crate::report::Report;
use crate::stand::{Stand, Wishes};

mod client;
mod database;
mod entity;
mod journey;
mod load;
mod outside;
mod people;
mod program;
mod proofs;
mod raw;
mod report;
mod stand;
mod statistics;
mod system;
mod traces;

/// What can go wrong here has no kinds: it ends the proof, and its text says what happened.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Hold the real service to what it promises
#[derive(Parser)]
#[command(name = "kycvs-proof", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    proof: Proof,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Common {
    /// The program to test; else the environment variable KYCVS_BIN names it
    #[arg(long, global = true, value_name = "FILE")]
    kycvs: Option<PathBuf>,
    /// sqlite, or postgres://USER@HOST:PORT of a server where databases can be made
    #[arg(long, global = true, default_value = "sqlite", value_name = "URL")]
    database: Kind,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Common {
    fn kycvs(&self) -> Result<PathBuf> {
        let named = self.kycvs.clone().or_else(|| std::env::var_os("KYCVS_BIN").map(PathBuf::from));
        Ok(std::path::absolute(named.ok_or("which program? --kycvs or KYCVS_BIN names it")?)?)
    }
}

#[derive(Subcommand)]
enum Proof {
    /// Complete journeys a second, the durations of each call, and no answer lost or doubled
    Journeys {
        #[arg(long, default_value_t = 30, value_name = "N")]
        seconds: u64,
        #[arg(long, default_value_t = 16, value_name = "N")]
        clients: usize,
        /// How many instances share the database
        #[arg(long, default_value_t = 1, value_name = "N")]
        instances: usize,
    },
    /// No answer lost or doubled when the service is killed at random moments
    Crash {
        #[arg(long, default_value_t = 20, value_name = "N")]
        kills: usize,
        #[arg(long, default_value_t = 12, value_name = "N")]
        clients: usize,
    },
    /// Guessing passwords stays under the stated bound
    Guessing {
        #[arg(long, default_value_t = 60, value_name = "N")]
        seconds: u64,
    },
    /// Who is on record cannot be told by timing or by any byte of a reply
    Timing {
        #[arg(long, default_value_t = 10_000, value_name = "N")]
        requests: usize,
    },
    /// Nothing personal in the raw bytes of database, log and webhooks
    Private {
        /// The data folder of the PostgreSQL server
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
    },
    /// Broken, oversized, slow and malicious calls
    Hostile,
    /// Run a command with a service: `KYCVS_URL` is its address, `KYCVS_API_KEY` an entity's key
    With {
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { proof, common } = Arguments::parse();
    let ended = match proof {
        Proof::With { command } => with(&common, &command).await,
        proof => run(proof, &common).await.map(|report| report.print(common.json)),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

async fn run(proof: Proof, common: &Common) -> Result<Report> {
    let (kycvs, database) = (common.kycvs()?, &common.database);
    match proof {
        Proof::Journeys { seconds, clients, instances } => {
            proofs::journeys::run(&kycvs, database, seconds, clients, instances).await
        }
        Proof::Crash { kills, clients } => proofs::crash::run(&kycvs, database, kills, clients).await,
        Proof::Guessing { seconds } => proofs::guessing::run(&kycvs, database, seconds).await,
        Proof::Timing { requests } => proofs::timing::run(&kycvs, database, requests).await,
        Proof::Private { data } => proofs::private::run(&kycvs, database, data.as_deref()).await,
        Proof::Hostile => proofs::hostile::run(&kycvs, database).await,
        Proof::With { .. } => Err("this is no proof".into()),
    }
}

/// Runs a command beside a service, and ends as it does.
async fn with(common: &Common, command: &[String]) -> Result<ExitCode> {
    let often = "{ burst = 1000000, seconds = 0.001 }";
    // All calls come from one address, and most would be told no more than that they are too many.
    let limits = [
        "otp_per_address",
        "otp_per_network",
        "confirm_per_address",
        "passes_per_address",
        "requests_per_entity",
        "messages_per_entity",
        "messages_in_all",
    ];
    let mut wishes =
        Wishes { people: (0..100).map(people::Person::new).collect(), ..Wishes::new(&common.database) };
    wishes.settings.extend(limits.map(|limit| ("limits", format!("{limit} = {often}"))));
    let mut stand = Stand::start(&common.kycvs()?, &wishes).await?;
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(arguments);
    command.env("KYCVS_URL", format!("http://{}", stand.address()));
    command.env("KYCVS_API_KEY", &*stand.entities[0].api_key);
    let status = tokio::task::spawn_blocking(move || command.status()).await??;
    if !stand.instances[0].runs() {
        return Err("the service has ended meanwhile".into());
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
