//! What gateways have in common: tries within a deadline.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use super::NotDelivered;
use crate::outbound::{Outcome, backoff};

/// Tries until the message is taken or refused, or the time is over. A single try gets at most half of the time, so
/// that one that hangs is not the only one; of ten seconds, the first wait is 0.4 and the longest 2.5. None is begun in
/// the last tenth: it would be given up before an answer comes, and leave open whether it was taken what the tries before
/// it had settled.
pub(super) async fn until_taken<F, T>(total: Duration, mut attempt: F) -> Result<(), NotDelivered>
where
    F: FnMut() -> T,
    T: Future<Output = Outcome>,
{
    let deadline = Instant::now() + total;
    let mut number = 0;
    // One try that may have is enough, whatever became of the others.
    let mut may_have_arrived = false;
    loop {
        let half = Instant::now() + total / 2;
        let outcome = timeout_at(half.min(deadline), attempt()).await;
        let (why, wait) = match outcome {
            Ok(Outcome::Taken) => return Ok(()),
            Ok(Outcome::Refused(why)) => {
                return Err(NotDelivered { why, may_have_arrived, was_refused: true });
            }
            Ok(Outcome::Again(why, wait)) => (why, wait),
            Ok(Outcome::Unknown(why, wait)) => {
                may_have_arrived = true;
                (why, wait)
            }
            Err(_) => {
                may_have_arrived = true;
                ("it did not answer in time".to_owned(), None)
            }
        };
        number += 1;
        let wait = backoff(total / 25, number, total / 4).max(Duration::from_secs(wait.unwrap_or(0)));
        if Instant::now().checked_add(wait.saturating_add(total / 10)).is_none_or(|end| end > deadline) {
            let why = format!("{why} ({number} tries)");
            return Err(NotDelivered { why, may_have_arrived, was_refused: false });
        }
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const TOTAL: Duration = Duration::from_millis(500);

    /// Tries with these outcomes, the last one again and again; gives the result and how many were made.
    async fn tried(total: Duration, outcomes: Vec<Outcome>) -> (Result<(), NotDelivered>, usize) {
        let count = Cell::new(0);
        let result = until_taken(total, || {
            let outcome = outcomes[count.get().min(outcomes.len() - 1)].clone();
            count.set(count.get() + 1);
            async { outcome }
        })
        .await;
        (result, count.get())
    }

    fn again(wait: Option<u64>) -> Outcome {
        Outcome::Again("it answered 503".into(), wait)
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_may_go_better_is_repeated() {
        let refused = || Outcome::Refused("it answered 400".into());
        let (result, count) = tried(TOTAL, vec![again(None), again(None), Outcome::Taken]).await;
        assert!(result.is_ok());
        assert_eq!(count, 3);
        let (result, count) = tried(TOTAL, vec![refused()]).await;
        assert_eq!(result.expect_err("refused").why, "it answered 400");
        assert_eq!(count, 1);
        let (result, count) = tried(TOTAL, vec![again(None), refused()]).await;
        assert!(result.is_err());
        assert_eq!(count, 2);
    }

    // By a clock that stands still while anything is done: a machine that is busy wakes nobody late.
    #[tokio::test(start_paused = true)]
    async fn it_ends_within_its_time() {
        let start = Instant::now();
        let (result, count) = tried(TOTAL, vec![again(None)]).await;
        assert!(result.expect_err("never taken").why.starts_with("it answered 503 ("));
        assert!(start.elapsed() <= TOTAL && (4..=11).contains(&count), "{count} in {:?}", start.elapsed());

        let hangs = until_taken(TOTAL, std::future::pending).await;
        assert_eq!(hangs.expect_err("it hangs").why, "it did not answer in time (2 tries)");
        assert!(start.elapsed() <= 3 * TOTAL);
    }

    #[tokio::test(start_paused = true)]
    async fn no_try_is_begun_that_has_no_time_left_for_an_answer() {
        for _ in 0..100 {
            let start = Instant::now();
            // A little less than a tenth of the time: the clock goes in whole milliseconds.
            let result = until_taken(TOTAL, || async {
                sleep(TOTAL * 9 / 100).await;
                again(None)
            });
            let error = result.await.expect_err("never taken");
            assert!(!error.may_have_arrived && start.elapsed() <= TOTAL, "{error} {:?}", start.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_had_no_answer_may_have_arrived() {
        let refused = || Outcome::Refused("it answered 400".into());
        let unknown = || Outcome::Unknown("the connection broke".into(), None);
        for (outcomes, perhaps) in [
            (vec![refused()], false),
            (vec![again(None)], false),
            (vec![unknown()], true),
            (vec![unknown(), refused()], true),
            (vec![again(None), unknown(), again(None)], true),
        ] {
            let (result, _) = tried(TOTAL, outcomes.clone()).await;
            assert_eq!(result.expect_err("never taken").may_have_arrived, perhaps, "{outcomes:?}");
        }
        let hangs = until_taken(TOTAL, std::future::pending).await;
        assert!(hangs.expect_err("it hangs").may_have_arrived);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_other_side_names_is_kept() {
        let start = Instant::now();
        let (result, _) = tried(Duration::from_secs(9), vec![again(Some(1)), Outcome::Taken]).await;
        assert!(result.is_ok() && start.elapsed() >= Duration::from_secs(1));
        let start = Instant::now();
        let (result, count) = tried(TOTAL, vec![again(Some(u64::MAX))]).await;
        assert!(result.is_err() && count == 1 && start.elapsed() < TOTAL);
    }
}
