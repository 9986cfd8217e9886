//! What is written to standard error: what the service does, and never with whom.

use std::{
    io, panic,
    sync::{Once, OnceLock},
};

use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::config::{Log, LogFormat};

/// Changes the level; there once the log has begun.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Begins to log. Called again, it changes nothing.
pub fn init(log: &Log) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (filter, handle) = reload::Layer::new(targets(log));
        let lines = fmt::layer().with_writer(io::stderr).with_target(false);
        let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
            LogFormat::Text => Box::new(lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr()))),
            LogFormat::Json => Box::new(lines.json().flatten_event(true)),
        };
        // Where a program that embeds the service logs already, its way stays.
        if tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().is_ok() {
            let _ = FILTER.set(handle);
        }
        panic::set_hook(Box::new(log_panic));
    });
}

/// Goes on with the level of these settings. Nothing changes if another program's log is used.
pub(crate) fn set_level(log: &Log) {
    if let Some(filter) = FILTER.get() {
        // Fails only if the log is gone.
        let _ = filter.reload(targets(log));
    }
}

/// Of other libraries only errors: what they tell besides can hold addresses and statements.
fn targets(log: &Log) -> Targets {
    // The level was checked with the other settings.
    let level = log.level.parse().unwrap_or(tracing::Level::INFO);
    Targets::new().with_default(tracing::Level::ERROR).with_target("kycvs_issuer", level)
}

/// Where it was, and not its text, which can hold a value.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place = place.as_deref(), "a fault in the code");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Lines;

    #[test]
    fn level_that_is_changed_counts_for_the_next_line() {
        let settings = |level: &str| Log { level: level.to_owned(), ..Log::default() };
        let (filter, handle) = reload::Layer::new(targets(&settings("warn")));
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().with_writer(move || writer.clone()).with_filter(filter);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        for (level, wanted) in [("warn", 1), ("debug", 2), ("error", 2), ("info", 3)] {
            handle.reload(targets(&settings(level))).expect("it is there");
            tracing::info!(target: "kycvs_issuer::service", "a line at info");
            if level == "warn" {
                tracing::warn!(target: "kycvs_issuer::service", "a line at warn");
            }
            assert_eq!(lines.text().matches("a line").count(), wanted, "{level}");
        }
    }
}
