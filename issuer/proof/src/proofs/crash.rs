//! The same load while instances are killed with SIGKILL at random moments and started again.
//!
//! Clients repeat what got no reply with the same `Idempotency-Key`; some persons go away instead. Whatever anyone was
//! told must still be true afterwards, and told to everyone in the same bytes.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::journeys::UNLIMITED_REQUESTS;
use crate::Result;
use crate::database::Kind;
use crate::journey::Manner;
use crate::load::{Load, account};
use crate::people::Person;
use crate::report::Report;
use crate::stand::{Stand, Wishes};
use crate::system::random;

/// Kills an instance `kills` times.
pub(crate) async fn run(kycvs: &Path, database: &Kind, kills: usize, clients: usize) -> Result<Report> {
    // Two share one PostgreSQL, so that one of them is always there. SQLite has one.
    let instances = match database {
        Kind::Sqlite => 1,
        Kind::Postgres(_) => 2,
    };
    let wishes = Wishes {
        instances,
        entities: 3,
        people: (0..ON_RECORD).map(Person::new).collect(),
        ..Wishes::new(database)
            .setting("limits", UNLIMITED_REQUESTS)
            // Whoever was about to get a password when the service died asks for another at once.
            .setting("otp", "resend_after = 1")
            // And waits for the call that died as long as it could have gone on, which goes by this.
            .setting("delivery", "timeout = 1")
    };
    let mut stand = Stand::start(kycvs, &wishes).await?;
    let manner = Manner { repeat: Some(PATIENCE), leave_every: Some(5), keep_every: Some(4) };
    let load = Load::start(&stand, clients, manner);

    for _ in 0..kills {
        sleep(moment(LONGEST_LIFE)?).await;
        let victim = usize::from(random::<1>()?[0]) % instances;
        stand.instances[victim].kill()?;
        sleep(moment(LONGEST_DEATH)?).await;
        stand.instances[victim].start(&stand.program)?;
        stand.instances[victim].ready().await?;
    }
    let done = load.end().await?;

    let mut report = Report::new("crash", database.name());
    report.figure("kills", kills);
    report.figure("instances", instances);
    report.figure("clients", clients);
    report.figure("journeys", done.walks.len());
    report.figure("persons who went away", done.walks.iter().filter(|walk| walk.confirmed.is_none()).count());
    report.figure("seconds", format!("{:.1}", done.lasted.as_secs_f64()));
    report.note(format!("killed {kills} times during {} journeys", done.walks.len()));
    for (state, count) in stand.database.states().await? {
        report.figure(format!("state {state}"), count);
    }
    account(&stand, &done, &mut report).await?;
    report.figure("webhooks", stand.outside.hook_count());
    Ok(report)
}

/// A random moment within `longest`.
fn moment(longest: Duration) -> Result<Duration> {
    Ok(longest.mul_f64(f64::from(u16::from_be_bytes(random()?)) / f64::from(u16::MAX)))
}

/// More than the quickest machine gets through while its server is killed.
const ON_RECORD: usize = 40_000;
/// How long a client repeats a call before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);
const LONGEST_LIFE: Duration = Duration::from_millis(1_200);
const LONGEST_DEATH: Duration = Duration::from_millis(150);
