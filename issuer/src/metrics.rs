//! What the service counts, for Prometheus. No status is among it: of a service that is little used, a count of statuses
//! would tell about persons.

use std::{fmt, sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::flow::{Kind, State};

/// All counters.
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    durations: Family<RouteLabel, Histogram, fn() -> Histogram>,
    problems: Family<CodeLabel, Counter>,
    requests: Family<KindLabel, Counter>,
    answers: Family<KindLabel, Counter>,
    ended: Family<StateLabel, Counter>,
    messages: Family<OutcomeLabel, Counter>,
    webhooks: Family<OutcomeLabel, Counter>,
    budgets: Family<BudgetLabel, Counter>,
    clock: Gauge<f64, AtomicU64>,
    refused: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabel {
    budget: &'static str,
}

/// Seconds, from what a read takes to what a dead gateway takes.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0];

impl Metrics {
    /// One call: its route as the router names it, never its path.
    pub(crate) fn called(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = CallLabels { method: method.to_owned(), route: route.to_owned(), status };
        self.calls.get_or_create(&labels).inc();
        let route = RouteLabel { route: route.to_owned() };
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// A problem document that was sent.
    pub(crate) fn problem(&self, code: &'static str) {
        self.problems.get_or_create(&CodeLabel { code }).inc();
    }

    pub(crate) fn request_created(&self, kind: Kind) {
        self.requests.get_or_create(&KindLabel { kind: kind.as_str() }).inc();
    }

    pub(crate) fn answered(&self, kind: Kind) {
        self.answers.get_or_create(&KindLabel { kind: kind.as_str() }).inc();
    }

    pub(crate) fn ended(&self, state: State) {
        self.ended.get_or_create(&StateLabel { state: state.as_str() }).inc();
    }

    /// A message with a password was handed over.
    pub(crate) fn otp_sent(&self) {
        self.messages.get_or_create(&OutcomeLabel { outcome: "sent" }).inc();
    }

    /// A message with a password could not be handed over.
    pub(crate) fn otp_failed(&self) {
        self.messages.get_or_create(&OutcomeLabel { outcome: "failed" }).inc();
    }

    /// A message was not sent because its budget (`entity` or `all`) is used up.
    pub(crate) fn budget_used_up(&self, budget: &'static str) {
        self.budgets.get_or_create(&BudgetLabel { budget }).inc();
    }

    /// A call of a webhook, which the entity took or did not take.
    pub(crate) fn webhook(&self, is_taken: bool) {
        let outcome = if is_taken { "taken" } else { "not_taken" };
        self.webhooks.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Webhooks that no entity took and that are called no more: their time is over, or there is nobody to call.
    pub(crate) fn webhooks_given_up(&self, count: u64) {
        self.webhooks.get_or_create(&OutcomeLabel { outcome: "given_up" }).inc_by(count);
    }

    /// Counts connections that were refused because their address has its share.
    pub(crate) fn refused(&self) -> Counter {
        self.refused.clone()
    }

    /// By how many milliseconds the clock is ahead of the database's; negative if it is behind.
    pub(crate) fn clock_ahead(&self, ms: i64) {
        #[expect(clippy::cast_precision_loss, reason = "a difference this large is wrong in every digit")]
        self.clock.set(ms as f64 / 1000.0);
    }

    /// All of them, in the text format that Prometheus reads.
    pub(crate) fn to_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("kycvs"),
            calls: Family::default(),
            durations,
            problems: Family::default(),
            requests: Family::default(),
            answers: Family::default(),
            ended: Family::default(),
            messages: Family::default(),
            webhooks: Family::default(),
            budgets: Family::default(),
            clock: Gauge::default(),
            refused: Counter::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("calls", "HTTP calls by method, route and status", metrics.calls.clone());
        registry.register("call_seconds", "How long HTTP calls took", metrics.durations.clone());
        registry.register("problems", "Problem documents by code", metrics.problems.clone());
        registry.register("requests", "Requests begun by kind", metrics.requests.clone());
        registry.register("answers", "Answers signed by kind", metrics.answers.clone());
        registry.register("ended", "Requests ended by state", metrics.ended.clone());
        registry.register("otp_messages", "Messages with a password by outcome", metrics.messages.clone());
        let help = "Messages that were not sent because a budget is used up";
        registry.register("budget_refusals", help, metrics.budgets.clone());
        // There from the start: an alarm on a count that appears with its first refusal would miss it.
        for budget in ["entity", "all"] {
            drop(metrics.budgets.get_or_create(&BudgetLabel { budget }));
        }
        registry.register(
            "webhooks",
            "Calls of webhooks that entities took and did not take, and webhooks that were given up",
            metrics.webhooks.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that were refused because their address has its share",
            metrics.refused.clone(),
        );
        registry.register(
            "clock_ahead_seconds",
            "How far the clock is ahead of the database's, or behind if negative",
            metrics.clock.clone(),
        );
        metrics
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
