//! What every call of the service works with.

use std::{fmt, sync::Arc};

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    config::Config,
    db::Db,
    delivery::{Gateway, Inbox},
    flow::Alarms,
    metrics::Metrics,
    readiness::Readiness,
    records::Records,
    secret::ServiceSecret,
    signing::CurrentIssuer,
};

/// The parts of a running service. Cloned for each call.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) secret: ServiceSecret,
    pub(crate) issuer: Arc<CurrentIssuer>,
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) records: Arc<dyn Records>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    /// Which budgets were reported as used up.
    pub(crate) alarms: Arc<Alarms>,
    /// The messages, where they go to a page.
    pub(crate) inbox: Option<Arc<Inbox>>,
    /// Says that there is a webhook to send.
    pub(crate) webhook_wake: Arc<Notify>,
    /// What goes on to its end where the connection of its call breaks. The database is not closed before.
    pub(crate) tasks: TaskTracker,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
