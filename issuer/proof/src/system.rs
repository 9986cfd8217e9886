//! What all of the proof takes from the system: randomness, and waiting for a condition.

use std::time::Duration;

use tokio::time::sleep;

use crate::Result;

/// Waits until `done` says so, or for `patience`.
pub(crate) async fn wait_for(
    patience: Duration,
    mut done: impl AsyncFnMut() -> Result<bool>,
) -> Result<bool> {
    let pause = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    loop {
        if done().await? {
            return Ok(true);
        }
        if waited >= patience {
            return Ok(false);
        }
        sleep(pause).await;
        waited += pause;
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
