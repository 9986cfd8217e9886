//! How many complete journeys a second, and how long each call takes, with the load on the same machine.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::Result;
use crate::database::Kind;
use crate::journey::Manner;
use crate::load::{Done, Load, account};
use crate::people::Person;
use crate::report::Report;
use crate::stand::{Stand, Wishes};
use crate::statistics::quantile;

/// Walks journeys for `seconds`.
pub(crate) async fn run(
    kycvs: &Path,
    database: &Kind,
    seconds: u64,
    clients: usize,
    instances: usize,
) -> Result<Report> {
    let wishes = Wishes {
        instances,
        entities: ENTITIES,
        people: (0..ON_RECORD).map(Person::new).collect(),
        ..Wishes::new(database).setting("limits", UNLIMITED_REQUESTS)
    };
    let stand = Stand::start(kycvs, &wishes).await?;
    let manner = Manner { repeat: None, leave_every: None, keep_every: None };
    let load = Load::start(&stand, clients, manner);
    sleep(Duration::from_secs(seconds)).await;
    let done = load.end().await?;

    let mut report = Report::new("journeys", database.name());
    figures(&done, clients, instances, &mut report);
    account(&stand, &done, &mut report).await?;
    Ok(report)
}

fn figures(done: &Done, clients: usize, instances: usize, report: &mut Report) {
    #[expect(clippy::cast_precision_loss, reason = "counts of journeys are small")]
    let rate = done.walks.len() as f64 / done.lasted.as_secs_f64();
    report.figure("journeys a second", format!("{rate:.1}"));
    report.figure("journeys", done.walks.len());
    report.figure("seconds", format!("{:.1}", done.lasted.as_secs_f64()));
    report.figure("clients", clients);
    report.figure("instances", instances);
    report.row(&["call", "count", "p50 ms", "p99 ms", "worst ms"]);
    for name in ["create", "otp", "confirm", "get", "ack"] {
        if let Some(times) = done.times.get(name) {
            row(report, name, times);
        }
    }
    let whole: Vec<Duration> = done.walks.iter().map(|walk| walk.took).collect();
    row(report, "journey", &whole);
    let milliseconds: Vec<f64> = whole.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let tail = quantile(&milliseconds, 0.99);
    report.note(format!(
        "{rate:.0} journeys a second, p99 {tail:.0} ms, {clients} clients on the same machine"
    ));
}

fn row(report: &mut Report, name: &str, times: &[Duration]) {
    let times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let at = |part| format!("{:.1}", quantile(&times, part));
    report.row(&[name, &times.len().to_string(), &at(0.5), &at(0.99), &at(1.0)]);
}

/// Several, as in life; the webhooks of all go to this program.
const ENTITIES: usize = 4;
/// Three of four of them are; journeys beyond them are of persons who are not on record.
const ON_RECORD: usize = 20_000;
/// An entity may ask as often as the machine can, and leave as many passwords unanswered: the machine is measured.
pub(crate) const UNLIMITED_REQUESTS: &str = "requests_per_entity = { burst = 1000000, seconds = 0.001 }
messages_per_entity = { burst = 1000000, seconds = 0.001 }
messages_in_all = { burst = 1000000, seconds = 0.001 }";
