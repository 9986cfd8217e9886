//! `kycvs serve`: the service, with its settings or as a demonstration.

use std::path::Path;

use kycvs_issuer::{
    Service, StartError,
    config::{Config, Log},
    demo::{Addresses, Demo, DemoError, PEOPLE},
    stop_signal,
};
use serde::Serialize;
use tempfile::TempDir;

use crate::args::Serve;
use crate::failure::{DONE, Failure, Result};
use crate::files;
use crate::output::{Output, shown};

pub(crate) fn run(options: &Serve, out: &mut Output) -> Result<u8> {
    match &options.config {
        Some(path) => serve(path, out)?,
        None => demonstrate(options, out)?,
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Listening {
    ok: bool,
    address: String,
    management: String,
    public_url: String,
}

fn serve(path: &Path, out: &mut Output) -> Result<()> {
    let config = Config::from_file(path)?;
    kycvs_issuer::log_to_stderr(&config.log);
    let public_url = config.public_url.origin().ascii_serialization();
    kycvs_issuer::run(async {
        let bound = Service::open(config).await.map_err(failed)?;
        let bound = bound.bind().await.map_err(failed)?;
        let address = bound.address().to_string();
        let management = bound.management_address().to_string();
        // Before anyone is told that it runs.
        let stop = stop_signal();
        if out.is_json() {
            out.object(&Listening { ok: true, address, management, public_url })?;
        } else {
            out.line(&format!("listening on {address}, for {public_url}"))?;
            out.line(&format!("health and metrics on {management}"))?;
        }
        out.finish()?;
        bound.serve(stop).await;
        Ok(())
    })
    .map_err(|error| Failure::io("cannot start", &error))?
}

#[derive(Serialize)]
struct Demonstration {
    ok: bool,
    booking: String,
    inbox: String,
    pass: String,
    service: String,
    config_file: String,
    trust_file: String,
    audience: &'static str,
}

fn demonstrate(options: &Serve, out: &mut Output) -> Result<()> {
    let fresh = match &options.dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| Failure::io("cannot make a folder", &error))?),
    };
    // Whoever plays wants to see the addresses, and not each call.
    kycvs_issuer::log_to_stderr(&Log { level: "warn".to_owned(), ..Log::default() });
    let folder = options.dir.as_deref().or(fresh.as_ref().map(TempDir::path)).unwrap_or(Path::new("."));
    let done = kycvs_issuer::run(async {
        let demo = Demo::open(folder, options.listen).await.map_err(|error| match error {
            DemoError::Start(error) => failed(error),
            DemoError::Config(error) => error.into(),
            error => not_started(&error),
        })?;
        let stop = stop_signal();
        say(demo.addresses(), fresh.is_some(), out)?;
        out.finish()?;
        demo.serve(stop).await;
        Ok(())
    })
    .map_err(|error| Failure::io("cannot start", &error))?;
    if let Some(fresh) = fresh {
        let path = fresh.path().to_owned();
        fresh
            .close()
            .map_err(|error| Failure::io(&format!("cannot remove {}", files::name(&path)), &error))?;
    }
    done
}

/// Where to look, and whom to be.
fn say(addresses: &Addresses, is_removed: bool, out: &mut Output) -> Result<()> {
    let Addresses { service, booking, inbox, pass, config, trust } = addresses;
    if out.is_json() {
        return out.object(&Demonstration {
            ok: true,
            booking: booking.to_string(),
            inbox: inbox.to_string(),
            pass: pass.to_string(),
            service: service.to_string(),
            config_file: config.to_string_lossy().into_owned(),
            trust_file: trust.to_string_lossy().into_owned(),
            audience: kycvs_issuer::demo::AUDIENCE,
        });
    }
    out.line("The demonstration runs. Open the first two side by side, and play both parts:")?;
    out.line("")?;
    out.line(&format!("  booking  {booking}  a railway's site: book, consent, and enter the password"))?;
    out.line(&format!("  inbox    {inbox}  the phone that gets the password"))?;
    out.line(&format!("  pass     {pass}  a pass as a QR code, for a gate or paper"))?;
    out.line("")?;
    out.line("People on record; give one of these numbers and names:")?;
    out.line("")?;
    for person in PEOPLE {
        let status = person.status();
        let number = status.number();
        out.line(&format!("  {}  {number}, {status:<20}  {}", person.mobile, person.name))?;
    }
    out.line("")?;
    let removed = if is_removed { ", and is removed at the end; --dir keeps one" } else { "" };
    out.line(&format!("Files     {}{removed}", files::name(config.parent().unwrap_or(config))))?;
    out.line(&format!("Settings  {}  (for `kycvs entity`, `records` and `audit`)", files::name(config)))?;
    out.line(&format!("Trust     {}  (for `kycvs verify`)", files::name(trust)))?;
    out.line("")?;
    out.line("Ctrl-C ends it.")
}

fn failed(error: StartError) -> Failure {
    match error {
        StartError::Config(error) => error.into(),
        error => not_started(&error),
    }
}

/// A service that does not start: its sentence says what to do.
fn not_started(error: &dyn std::error::Error) -> Failure {
    Failure::Io(shown(&error.to_string()).into_owned())
}
