//! `kycvs`: the command line of the KYC-VS status token.
//!
//! It turns arguments and files into calls of the `kycvs` crate and its answers into text or JSON. No rule of the
//! token stands here: what a token may hold, and when it is good, the core alone decides.
//!
//! - [`args`]: the arguments, and with them the help;
//! - [`commands`]: one module for each command;
//! - [`input`], [`files`], [`subject`]: what is read; [`output`], [`report`], [`progress`], [`temporary`]: what is written;
//! - [`times`], [`qr`]: times and durations, QR codes; the package `kycvs-diagnostic` shows CBOR in words;
//! - [`used`]: which tokens were used;
//! - [`failure`]: what can go wrong, and the exit status that says so.

#![forbid(unsafe_code)]

mod args;
mod columns;
mod commands;
mod failure;
mod files;
mod input;
mod output;
mod progress;
mod qr;
mod report;
mod subject;
mod temporary;
mod times;
mod used;

use std::process::ExitCode;

use crate::output::Output;

fn main() -> ExitCode {
    let mut out = Output::new(args::wants_json(std::env::args_os()));
    let result = args::parse(&mut out).and_then(|command| match command {
        Some(command) => commands::run(command, &mut out),
        None => Ok(failure::DONE),
    });
    let status = match result.and_then(|status| out.finish().map(|()| status)) {
        Ok(status) => status,
        Err(failure) => report::failure(&failure, &mut out),
    };
    ExitCode::from(status)
}
