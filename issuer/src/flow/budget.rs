//! How many messages may be on their way without a right password: for each entity, and for all of them.
//!
//! Messages cost money, and some numbers earn it: an attacker with an API key, or with a request, could have messages sent
//! to numbers of their own. People who consent enter the password, so their message is given back. Messages that nobody
//! answers use the budget up. Then nothing is sent. The log gets one line, at most once an hour for each budget, and the
//! metrics count.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    app::App,
    db::Tx,
    limits::Limit,
    problem::{ProblemCode, Result},
};

use super::Request;

/// How long a budget that is used up is not reported again, in seconds.
const QUIET: i64 = 3_600;

/// When each budget was last reported as used up.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Mutex<HashMap<String, i64>>);

impl Alarms {
    /// Whether this budget is to be reported now. Bounded by the number of registered entities.
    pub(crate) fn is_due(&self, budget: &str, now: i64) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.get(budget).is_none_or(|&last| last + QUIET <= now);
        if is_due {
            last.insert(budget.to_owned(), now);
        }
        is_due
    }
}

/// The budgets of a message that this entity asks for, or a person for an open pass. Everyone locks these rows in this
/// order, after the request's row.
fn of(entity: Option<&str>) -> [(&'static str, Limit<'_>); 2] {
    [("entity", Limit::MessageByEntity(entity)), ("all", Limit::MessageInAll)]
}

/// Takes one message of the budgets.
pub(super) async fn take(tx: &mut Tx, app: &App, entity: Option<&str>) -> Result<()> {
    for (budget, limit) in of(entity) {
        let Err(refused) = limit.take(tx, app).await else { continue };
        if refused.code == ProblemCode::TooManyRequests {
            app.metrics.budget_used_up(budget);
            let entity = entity.filter(|_| budget == "entity").unwrap_or("-");
            if app.alarms.is_due(&format!("{budget} {entity}"), app.clock.now()) {
                tracing::error!(budget, entity, "the budget of messages is used up: none is sent");
            }
        }
        return Err(refused);
    }
    Ok(())
}

/// Gives a message back: its password was entered, or the message was not handed over.
pub(super) async fn give_back(tx: &mut Tx, app: &App, entity: Option<&str>) -> Result<()> {
    for (_, limit) in of(entity) {
        limit.give_back_whole(tx, app).await?;
    }
    Ok(())
}

/// Gives back the message whose password answered this request.
pub(super) async fn give_back_of_right(tx: &mut Tx, app: &App, request: &Request) -> Result<()> {
    give_back(tx, app, request.entity.as_deref()).await
}
