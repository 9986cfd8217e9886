//! What the service counts, for Prometheus.

use prometheus_client::registry::Registry;

/// All counters.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    registry: Registry,
}
