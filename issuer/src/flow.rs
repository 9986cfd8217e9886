//! Stands in for the service's flow until that is merged.
use crate::{app::App, problem};
pub(crate) async fn webhook_view(_: &App, _: &str) -> problem::Result<Option<serde_json::Value>> {
    Ok(None)
}
