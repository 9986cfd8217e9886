//! What is written to standard error: what the service does, and never with whom.

use std::{io, panic, sync::Once};

use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::config::{Log, LogFormat};

/// Begins to log. Called again, it changes nothing.
pub fn init(log: &Log) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The level was checked with the other settings. Of other libraries only errors: what they tell besides can
        // hold addresses and statements.
        let level = log.level.parse().unwrap_or(tracing::Level::INFO);
        let targets = Targets::new().with_default(tracing::Level::ERROR).with_target("kycvs_issuer", level);
        let lines = fmt::layer().with_writer(io::stderr).with_target(false);
        let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
            LogFormat::Text => Box::new(lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr()))),
            LogFormat::Json => Box::new(lines.json().flatten_event(true)),
        };
        // Where a program that embeds the service logs already, its way stays.
        let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
        panic::set_hook(Box::new(log_panic));
    });
}

/// Where it was, and not its text, which can hold a value.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place = place.as_deref(), "a fault in the code");
}
