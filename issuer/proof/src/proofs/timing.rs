//! Whether it can be told, before the right password, that a number is on record.
//!
//! Ten thousand requests, one after the other in random order: half of the persons are on record. Of the others, half
//! have a number that is on record under another name. Compared are the durations of the call that sends the password and
//! of a wrong confirmation ([`crate::statistics`] says how), and every byte of the replies apart from times and ids. Of the
//! wrong confirmations, a third corrects the name to one that is on record if any is, and a third consents to the answer 0.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Result;
use crate::client::{Call, Client, Reply};
use crate::database::Kind;
use crate::entity::{Binding, Question};
use crate::people::{Person, address};
use crate::proofs::journeys::UNLIMITED_REQUESTS;
use crate::report::Report;
use crate::stand::{Stand, Wishes};
use crate::statistics::{Difference, quantile};
use crate::system::random;

/// Makes `requests` of them.
pub(crate) async fn run(kycvs: &Path, database: &Kind, requests: usize) -> Result<Report> {
    let subjects = subjects(requests + WARM_UP)?;
    let wishes = Wishes {
        people: subjects.iter().filter_map(|subject| subject.record.clone()).collect(),
        // In memory: without the waits for a disk a smaller difference shows.
        folder: Some(PathBuf::from("/dev/shm")).filter(|folder| folder.is_dir()),
        ..Wishes::new(database).setting("limits", UNLIMITED_REQUESTS)
    };
    let stand = Stand::start(kycvs, &wishes).await?;
    let mut seen = Seen::default();
    let mut client = Client::new(stand.address());
    for (at, subject) in subjects.iter().enumerate() {
        let (otp, confirm) = ask(&stand, &mut client, subject, at).await?;
        if at >= WARM_UP {
            seen.add(subject.on_record, &otp, &confirm)?;
        }
    }

    let mut report = Report::new("timing", database.name());
    report.figure("requests", requests);
    report.figure("on record", seen.otp[1].len());
    report.row(&["call", "on record p50 us", "not p50 us", "medians differ", "P(larger)", "z", "KS", "p"]);
    for (name, [not, on]) in [("otp", &seen.otp), ("confirm", &seen.confirm)] {
        compare(&mut report, name, on, not);
    }
    for (name, [not, on]) in [("otp", &seen.otp_replies), ("confirm", &seen.confirm_replies)] {
        let same = on == not && on.len() == 1;
        let detail = if same { String::new() } else { format!("on record {on:?}, not {not:?}") };
        report.claim(same, format!("{name}: the replies are the same bytes but for times and ids"), detail);
    }
    Ok(report)
}

/// A person of one group.
struct Subject {
    person: Person,
    on_record: bool,
    /// What the register has under this number.
    record: Option<Person>,
}

fn subjects(count: usize) -> Result<Vec<Subject>> {
    let mut subjects: Vec<Subject> = (0..count)
        .map(|index| {
            // The four kinds in equal parts; which person is of which is chosen by the shuffle below.
            let person = Person { doses: None, ..Person::new(index) };
            Subject { person, on_record: index % 2 == 0, record: None }
        })
        .collect();
    // Names and numbers are shuffled over the groups, so that no length or digit goes with one of them.
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(&mut order)?;
    let persons: Vec<Person> = order.iter().map(|&at| subjects[at].person.clone()).collect();
    for (index, (subject, person)) in subjects.iter_mut().zip(persons).enumerate() {
        subject.person = person;
        let another = Person { name: format!("{} Senior", subject.person.name), ..subject.person.clone() };
        subject.record = match index % 4 {
            0 | 2 => Some(Person { doses: Some(2), ..subject.person.clone() }),
            1 => Some(Person { doses: Some(2), ..another }),
            _ => None,
        };
    }
    shuffle(&mut subjects)?;
    Ok(subjects)
}

/// One request: its password is sent, and a wrong one is given back.
async fn ask(stand: &Stand, client: &mut Client, subject: &Subject, at: usize) -> Result<(Reply, Reply)> {
    let entity = &stand.entities[0];
    let question = Question::new(subject.person.clone(), Binding::None)?;
    let asked = client.send(&entity.ask(&question)).await?.expect(201, "create")?;
    let request = asked["id"].as_str().ok_or("create: no id")?;

    let call = Call::post(format!("/v1/requests/{request}/otp"), &question.typed()).from(address(at));
    let otp = client.send(&call).await?;
    let password = stand.outside.password(&subject.person.mobile).ok_or("otp: no message was sent")?;
    let wrong = format!("{:06}", (password.parse::<u32>()? + 1) % 1_000_000);
    // The order of the persons is random, so both groups say the three kinds equally often.
    let said = match at % 3 {
        0 => json!({ "otp": wrong }),
        1 => {
            // On record for some of those whose own name is not; as long for everybody.
            let corrected = format!("{} Senior", subject.person.name);
            json!({ "otp": wrong, "name": corrected })
        }
        _ => json!({ "otp": wrong, "accept_no_record": "A".repeat(43) }),
    };
    let call = Call::post(format!("/v1/requests/{request}/confirm"), &said).from(address(at));
    let confirm = client.send(&call).await?;
    Ok((otp, confirm))
}

/// Durations in microseconds and replies, each for those who are not on record and those who are.
#[derive(Default)]
struct Seen {
    otp: [Vec<f64>; 2],
    confirm: [Vec<f64>; 2],
    otp_replies: [BTreeSet<String>; 2],
    confirm_replies: [BTreeSet<String>; 2],
}

impl Seen {
    fn add(&mut self, on_record: bool, otp: &Reply, confirm: &Reply) -> Result<()> {
        let group = usize::from(on_record);
        self.otp[group].push(otp.took.as_secs_f64() * 1e6);
        self.confirm[group].push(confirm.took.as_secs_f64() * 1e6);
        self.otp_replies[group].insert(bare(otp)?);
        self.confirm_replies[group].insert(bare(confirm)?);
        Ok(())
    }
}

fn compare(report: &mut Report, name: &str, on: &[f64], not: &[f64]) {
    let difference = Difference::of(on, not);
    report.row(&[
        name,
        &format!("{:.0}", quantile(on, 0.5)),
        &format!("{:.0}", quantile(not, 0.5)),
        &format!("{:+.1} us", difference.medians),
        &format!("{:.3}", difference.larger),
        &format!("{:+.2}", difference.z),
        &format!("{:.4}", difference.distance),
        &format!("{:.3}", difference.p),
    ]);
    report.claim(!difference.shows(), format!("{name}: the durations cannot be told apart"), "");

    // The same measurements with a difference put in: if that is not seen, the claim above says nothing.
    let slower: Vec<f64> = on.iter().map(|time| time + PUT_IN).collect();
    let difference = Difference::of(&slower, not);
    let detail = format!("z {:+.1}, p {:.1e}", difference.z, difference.p);
    report.claim(difference.shows(), format!("{name}: {PUT_IN} us more for one group would be seen"), detail);
}

/// A reply without what differs from one request to the next by its nature.
fn bare(reply: &Reply) -> Result<String> {
    let mut body = reply.json()?;
    if let Value::Object(members) = &mut body {
        for (name, value) in members.iter_mut() {
            if value.is_number() && name.ends_with("_at") {
                *value = "time".into();
            }
        }
    }
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    Ok(format!("{} {} {body}", reply.status, headers.join("; ")))
}

/// Fisher and Yates, by the system's random source.
fn shuffle<T>(items: &mut [T]) -> Result<()> {
    for last in (1..items.len()).rev() {
        let random = u64::from_be_bytes(random()?) % (last as u64 + 1);
        items.swap(last, usize::try_from(random)?);
    }
    Ok(())
}

/// Before anything is measured: connections are made and caches filled.
const WARM_UP: usize = 200;
/// Microseconds. A look at an index costs about as much.
const PUT_IN: f64 = 50.0;
