//! The commands, one module for each, and what several of them share.

#[cfg(feature = "serve")]
mod admin;
mod answer;
#[cfg(feature = "serve")]
mod audit;
mod demo;
#[cfg(feature = "serve")]
mod entity;
mod expected;
mod inspect;
mod issue;
mod issue_batch;
mod keygen;
mod qr;
#[cfg(feature = "serve")]
mod records;
#[cfg(feature = "serve")]
mod serve;
mod trust;
mod verify;
mod verify_batch;

#[cfg(feature = "serve")]
use crate::args;
use crate::args::Command;
#[cfg(not(feature = "serve"))]
use crate::failure::Failure;
use crate::failure::Result;
use crate::output::Output;

/// Does what was asked, and gives the exit status.
pub(crate) fn run(command: Command, out: &mut Output) -> Result<u8> {
    match command {
        Command::Demo => demo::run(out),
        Command::Keygen(options) => keygen::run(&options, out),
        Command::Issue(options) => issue::run(&options, out),
        Command::Verify(options) => verify::run(&options, out),
        Command::Inspect(options) => inspect::run(&options, out),
        Command::Qr(options) => qr::run(&options, out),
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(&options, out),
        #[cfg(feature = "serve")]
        Command::Entity(command) => entity::run(&command, out),
        #[cfg(feature = "serve")]
        Command::Records(args::Records::Import(options)) => records::import(&options, out),
        #[cfg(feature = "serve")]
        Command::Audit(args::Audit::Verify(options)) => audit::verify(&options, out),
        #[cfg(not(feature = "serve"))]
        Command::NoService { .. } => Err(Failure::Usage(
            "this kycvs was built without the service: in the source, call `cargo install --path cli --features serve`"
                .into(),
        )),
        Command::Trust(options) => trust::run(&options, out),
    }
}
