//! Many journeys at once, and what has to be true after them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;
use crate::entity::presentation_of;
use crate::journey::{Caller, Manner, Times, Walk, walk};
use crate::report::Report;
use crate::stand::Stand;
use crate::system::wait_for;

/// A load that is running.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Done>,
    start: Instant,
}

/// What came of a load.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) walks: Vec<Walk>,
    /// Journeys that did not go as they should.
    pub(crate) faults: Vec<String>,
    pub(crate) times: Times,
    pub(crate) lasted: Duration,
}

impl Load {
    /// Starts `clients` that walk one journey after the other, each person once.
    pub(crate) fn start(stand: &Stand, clients: usize, manner: Manner) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicUsize::new(0));
        let mut running = JoinSet::new();
        for client in 0..clients {
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            let (outside, entities) = (stand.outside.clone(), stand.entities.clone());
            let mut caller = Caller::new(&stand.addresses(), client, manner.repeat);
            running.spawn(async move {
                let mut done = Done::default();
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let entity = &entities[index % entities.len()];
                    match walk(&mut caller, &outside, entity, index, manner).await {
                        Ok(walk) => done.walks.push(walk),
                        Err(error) => done.faults.push(error.to_string()),
                    }
                }
                done.times = caller.times;
                done
            });
        }
        Self { stop, clients: running, start: Instant::now() }
    }

    /// Lets the clients end the journeys that they are on.
    pub(crate) async fn end(mut self) -> Result<Done> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Done::default();
        while let Some(done) = self.clients.join_next().await {
            let done = done?;
            all.walks.extend(done.walks);
            all.faults.extend(done.faults);
            for (name, times) in done.times {
                all.times.entry(name).or_default().extend(times);
            }
        }
        all.lasted = self.start.elapsed();
        Ok(all)
    }
}

/// Holds the database, the audit log and what was sent to the entity against what the clients were told.
pub(crate) async fn account(stand: &Stand, done: &Done, report: &mut Report) -> Result<()> {
    report.none_of("every journey went as it should", &done.faults);
    received_once(&done.walks, report);
    same_bytes(stand, &done.walks, report).await?;
    in_database(stand, &done.walks, report).await?;
    let (whole, said) = stand.audit_verify();
    report.claim(whole, "the audit chain is whole", said);
    report.none_of("every message and webhook was signed and whole", &stand.outside.faults());
    Ok(())
}

/// No nonce and no token twice.
fn received_once(walks: &[Walk], report: &mut Report) {
    let answered: Vec<&Walk> = walks.iter().filter(|walk| walk.verified.is_some()).collect();
    let nonces: HashSet<[u8; 16]> = answered.iter().map(|walk| walk.nonce).collect();
    let tokens: HashSet<[u8; 16]> =
        answered.iter().filter_map(|walk| walk.verified.as_ref()).map(|verified| verified.token_id).collect();
    let once = nonces.len() == answered.len() && tokens.len() == answered.len();
    let counts = format!("{} answers, {} nonces, {} tokens", answered.len(), nonces.len(), tokens.len());
    report.claim(once && !answered.is_empty(), "each answer was received once", counts);
}

/// Whoever was told an answer was told the same bytes; who did not acknowledge it gets a webhook.
async fn same_bytes(stand: &Stand, walks: &[Walk], report: &mut Report) -> Result<()> {
    let mut differ = Vec::new();
    for walk in walks {
        let hooks = stand.outside.hooks(&walk.request);
        let mut copies: Vec<Vec<u8>> = [&walk.confirmed, &walk.read].into_iter().flatten().cloned().collect();
        for hook in &hooks {
            copies.extend(presentation_of(&hook.data)?);
        }
        copies.dedup();
        if copies.len() > 1 {
            differ.push(walk.request.clone());
        }
    }
    report.none_of("reply, question and webhook give the same bytes", &differ);

    let kept: Vec<&Walk> = walks.iter().filter(|walk| walk.read.is_some() && !walk.acknowledged).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let told = |walk: &&&Walk| {
        let hooks = stand.outside.hooks(&walk.request);
        hooks.iter().any(|hook| hook.event == "request.answered" && hook.data["presentation"].is_string())
    };
    wait_for(WEBHOOKS_WITHIN, async || Ok(kept.iter().all(|walk| told(&walk)))).await?;
    let untold: Vec<String> =
        kept.iter().filter(|walk| !told(walk)).map(|walk| walk.request.clone()).collect();
    report.none_of(format!("the webhook of each of {} unacknowledged answers came", kept.len()), &untold);
    Ok(())
}

/// One entry of consent for each answer, about the token that was received, and the state that the entity was told.
async fn in_database(stand: &Stand, walks: &[Walk], report: &mut Report) -> Result<()> {
    let states: HashMap<String, String> = stand.database.state_of_each().await?.into_iter().collect();
    let mut entries: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in stand.database.audit().await? {
        if entry.event == "consented" {
            entries.entry(entry.request).or_default().push(entry.token_hash.unwrap_or_default());
        }
    }

    let (mut wrong_state, mut wrong_entry) = (Vec::new(), Vec::new());
    for walk in walks {
        let state = states.get(&walk.request).map_or("gone", String::as_str);
        let fits = match (walk.acknowledged, &walk.read) {
            (true, _) => state == "acknowledged",
            (false, Some(_)) => state == "answered",
            // Nobody waited for this answer: it was given or it was not.
            (false, None) => matches!(state, "answered" | "otp_sent"),
        };
        if !fits {
            wrong_state.push(format!("{} is {state}", walk.request));
        }
        let entries = entries.get(&walk.request).map_or(&[][..], Vec::as_slice);
        let wanted = usize::from(matches!(state, "answered" | "acknowledged"));
        let same = walk.verified.as_ref().is_none_or(|verified| entries == [verified.token_hash.clone()]);
        if entries.len() != wanted || !same {
            wrong_entry.push(format!("{} is {state} with {} entries", walk.request, entries.len()));
        }
    }
    report.none_of("the database says of each request what the entity was told", &wrong_state);
    report.none_of("the audit log has one consent for each answer, with its token's hash", &wrong_entry);

    let answered = states.values().filter(|state| matches!(&***state, "answered" | "acknowledged")).count();
    report.claim(
        answered == entries.len(),
        "as many consents as answers",
        format!("{} of {answered}", entries.len()),
    );
    Ok(())
}

/// Longer than the first waits between repetitions.
const WEBHOOKS_WITHIN: Duration = Duration::from_mins(1);
