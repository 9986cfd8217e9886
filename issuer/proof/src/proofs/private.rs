//! Nothing personal is kept longer than needed, and nothing is written where it does not belong.
//!
//! Persons with names and numbers like no others go every way that a request can go. While requests are pending and after
//! they ended, the raw bytes of the database and its journal, of the log, and of the webhooks are searched for them in
//! every form ([`crate::traces`]). Persons who are on record stand in the table of records, and in SQLite's file must not
//! stand anywhere more often than right after the import.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::Result;
use crate::client::{Call, Client};
use crate::database::Kind;
use crate::entity::{Binding, Question, acceptance_of, presentation_of};
use crate::people::{Person, address};
use crate::report::Report;
use crate::stand::{Stand, Wishes};
use crate::system::wait_for;
use crate::traces::{self, Search, Trace};

/// Sends everybody on their way and searches. `data` is the data folder of the PostgreSQL server, where it is one.
pub(crate) async fn run(kycvs: &Path, database: &Kind, data: Option<&Path>) -> Result<Report> {
    let cast = cast();
    let on_record: Vec<Person> =
        cast.iter().map(|part| part.person.clone()).filter(|person| person.doses.is_some()).collect();
    let mut wishes = Wishes { people: on_record.clone(), ..Wishes::new(database) }
        .setting("answers", format!("request_lifetime = {LIFETIME}"))
        // How long the gateway is tried while it is down.
        .setting("delivery", "timeout = 2")
        .setting("log", "level = \"debug\"");
    if matches!(database, Kind::Sqlite) && Path::new("/dev/shm").is_dir() {
        wishes.folder = Some("/dev/shm".into());
    }
    let mut stand = Stand::prepare(kycvs, &wishes).await?;
    settle(&stand, database).await?;
    let files = Files { data: data.map(Path::to_owned) };
    let recorded = Search::new(traces_of(&on_record)?);
    let strangers: Vec<Person> =
        cast.iter().map(|part| part.person.clone()).filter(|person| person.doses.is_none()).collect();
    let unknown = Search::new(traces_of(&strangers)?);
    let at_import = recorded.counts_in(&files.of(&stand)?)?;

    stand.instances[0].start(&stand.program)?;
    stand.instances[0].ready().await?;
    let mut report = Report::new("private", database.name());
    let watch = Watch { files, unknown, recorded, at_import };
    // Otherwise nothing found would say nothing: those on record have to be found where they are.
    let seen = watch.at_import.iter().filter(|count| **count > 0).count();
    report.claim(
        seen > 0,
        "the search finds those who are on record",
        format!("{seen} forms after the import"),
    );

    let mut passwords = Vec::new();
    let mut pending = Vec::new();
    for (at, part) in cast.iter().enumerate() {
        let (request, question, password) = begin(&stand, part, at).await?;
        passwords.extend(traces::of_text(&password).into_iter().take(3));
        pending.push((request, question, password));
    }
    watch.look(&stand, "while all are pending", &mut report)?;
    let sealed = stand.database.blobs("SELECT sealed FROM requests WHERE sealed IS NOT NULL").await?;
    report.claim(
        sealed.len() == cast.len(),
        "name and number are there, sealed, while they are needed",
        sealed.len(),
    );
    // What an entity sent along before its person came is sealed as well.
    let known =
        stand.database.blobs("SELECT known_mobile FROM requests WHERE known_mobile IS NOT NULL").await?;
    report.claim(!known.is_empty(), "a number that an entity sent along is sealed", known.len());
    let sealed = sealed.iter().chain(&known).map(|bytes| traces::of_bytes("a sealed value", bytes));
    let sealed = Search::new(sealed.collect());

    let mut presentations = Vec::new();
    for (at, (part, (request, question, password))) in cast.iter().zip(&pending).enumerate() {
        presentations.extend(end(&stand, part, at, request, question, password).await?);
    }
    expire(&stand, &cast, &pending).await?;
    watch.look(&stand, "after all ended", &mut report)?;
    gone(&stand, database, &watch, &sealed, &mut report).await?;
    in_log(&stand, &watch, &passwords, &presentations, &mut report)?;

    let hooks = stand.outside.hook_bytes();
    report.figure("bytes of webhooks", hooks.len());
    let found = [&watch.unknown, &watch.recorded].map(|search| search.found("a webhook", &hooks)).concat();
    report.claim(!hooks.is_empty(), "webhooks were sent", hooks.len());
    report.none_of("no webhook names anybody", &found);
    Ok(report)
}

/// How a request ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Answered,
    Acknowledged,
    Declined,
    Failed,
    Expired,
    /// The gateway was down, so that she never got her password; then it worked.
    Undelivered,
}

/// Somebody with a name and a number like no others, and how her request ends.
struct Part {
    person: Person,
    /// The number as she types it.
    typed: String,
    binding: Binding,
    end: End,
}

fn cast() -> Vec<Part> {
    let ends = [End::Answered, End::Acknowledged, End::Declined, End::Failed, End::Expired, End::Undelivered];
    let mut cast = Vec::new();
    for (at, end) in ends.into_iter().enumerate() {
        for (row, doses) in [Some(2), None].into_iter().enumerate() {
            let number = 9_731_864_205_u64 + 10_203_041 * u64::try_from(at * 2 + row).unwrap_or(0);
            let ten = number.to_string();
            let person = Person {
                name: format!(
                    "{}{} {}{}",
                    FIRST[at],
                    ["abeth", "orant"][row],
                    LAST[at],
                    ["wyckham", "stroom"][row]
                ),
                mobile: format!("+91{ten}"),
                doses,
            };
            let typed = format!("0{} {}", &ten[..5], &ten[5..]);
            let binding = [Binding::None, Binding::Name, Binding::NameAndMobile][(at + row) % 3];
            cast.push(Part { person, typed, binding, end });
        }
    }
    cast
}

fn traces_of(people: &[Person]) -> Result<Vec<Trace>> {
    let mut all = Vec::new();
    for person in people {
        all.extend(traces::of_person(&person.name, &person.mobile)?);
    }
    Ok(all)
}

/// Brings the database to rest after the import, so that what stands where does not change by itself.
async fn settle(stand: &Stand, database: &Kind) -> Result<()> {
    match database {
        Kind::Sqlite => stand.database.run(&["PRAGMA wal_checkpoint(TRUNCATE)"]).await,
        // Frozen, the rows are not touched again; sampled, no later sample copies names into the statistics.
        Kind::Postgres(_) => stand.database.run(&["VACUUM (FREEZE, ANALYZE) records", "CHECKPOINT"]).await,
    }
}

/// Where the database lies.
struct Files {
    data: Option<PathBuf>,
}

impl Files {
    fn of(&self, stand: &Stand) -> Result<Vec<PathBuf>> {
        match &self.data {
            Some(folder) => traces::files_below(folder),
            None => Ok(stand.database.files()),
        }
    }
}

/// What is searched for, again and again.
struct Watch {
    files: Files,
    unknown: Search,
    recorded: Search,
    at_import: Vec<usize>,
}

impl Watch {
    fn look(&self, stand: &Stand, when: &str, report: &mut Report) -> Result<()> {
        let files = self.files.of(stand)?;
        if files.is_empty() {
            return Err("there are no files of the database to look into: name the data folder".into());
        }
        let found = self.unknown.found_in(&files)?;
        report.none_of(format!("{when}, the database's bytes hold nobody who is not on record"), &found);
        // PostgreSQL writes pages of the register again where nobody asked for them: whole into its log after a
        // checkpoint, and the commonest values into its statistics.
        if self.files.data.is_some() {
            return Ok(());
        }
        let now = self.recorded.counts_in(&files)?;
        let more: Vec<String> = (self.recorded.traces().iter().zip(&self.at_import).zip(&now))
            .filter(|((_, import), now)| now > import)
            .map(|((trace, import), now)| format!("{} {now} times instead of {import}", trace.of))
            .collect();
        report.none_of(
            format!("{when}, nobody on record stands there more often than after the import"),
            &more,
        );
        Ok(())
    }
}

async fn begin(stand: &Stand, part: &Part, at: usize) -> Result<(String, Question, String)> {
    let mut client = Client::new(stand.address());
    let entity = &stand.entities[0];
    let question = Question::new(part.person.clone(), part.binding)?;
    let asked = client.send(&entity.ask(&question).once(&hex::encode(question.nonce))).await?;
    let request = asked.expect(201, "create")?["id"].as_str().ok_or("create: no id")?.to_owned();
    let mut typed = question.typed();
    if typed["mobile"].is_string() {
        typed["mobile"] = part.typed.as_str().into();
    }
    let call =
        |key: &str| Call::post(format!("/v1/requests/{request}/otp"), &typed).from(address(at)).once(key);
    if part.end == End::Undelivered {
        stand.outside.set_gateway_down(true);
        let reply = client.send(&call("down")).await;
        stand.outside.set_gateway_down(false);
        reply?.expect(503, "otp with the gateway down")?;
    }
    client.send(&call("up")).await?.expect(202, "otp")?;
    let password = stand.outside.password(&part.person.mobile).ok_or("otp: no message was sent")?;
    Ok((request, question, password))
}

/// Ends a request, if it is not to end by itself, and gives the answer that came of it.
async fn end(
    stand: &Stand,
    part: &Part,
    at: usize,
    request: &str,
    question: &Question,
    password: &str,
) -> Result<Option<Vec<u8>>> {
    let mut client = Client::new(stand.address());
    let call =
        |what: &str, body| Call::post(format!("/v1/requests/{request}/{what}"), &body).from(address(at));
    match part.end {
        End::Expired => Ok(None),
        End::Declined => {
            client.send(&call("decline", json!({})).once("decline")).await?.expect(200, "decline")?;
            Ok(None)
        }
        End::Failed => {
            let wrong = format!("{:06}", (password.parse::<u32>()? + 1) % 1_000_000);
            for (attempt, status) in [422, 422, 410].into_iter().enumerate() {
                let guess = call("confirm", json!({ "otp": wrong })).once(&format!("guess-{attempt}"));
                client.send(&guess).await?.expect(status, "a wrong confirmation")?;
            }
            Ok(None)
        }
        End::Answered | End::Acknowledged | End::Undelivered => {
            let mut said = json!({ "otp": password });
            if part.person.doses.is_none() {
                // Neither name is on record.
                let names = [format!("{} Junior", part.person.name), part.person.name.clone()];
                for (attempt, name) in names.into_iter().enumerate() {
                    let correction = call("confirm", json!({ "otp": password, "name": name }));
                    let correction = correction.once(&format!("name-{attempt}"));
                    let told = client.send(&correction).await?.expect(200, "a corrected name")?;
                    said["accept_no_record"] = acceptance_of(&told)?.into();
                }
            }
            let answer = client.send(&call("confirm", said).once("confirm")).await?;
            let answer = presentation_of(&answer.expect(200, "confirm")?)?.ok_or("confirm: no answer")?;
            let verified = stand.entities[0].verify(&answer, question)?;
            if verified.status != part.person.status() {
                return Err("an answer of another status".into());
            }
            if part.end == End::Acknowledged {
                let acknowledge = stand.entities[0].acknowledge(request);
                client.send(&acknowledge).await?.expect(200, "ack")?;
            }
            Ok(Some(answer))
        }
    }
}

/// Waits until those that nobody ended have expired.
async fn expire(stand: &Stand, cast: &[Part], pending: &[(String, Question, String)]) -> Result<()> {
    let mut client = Client::new(stand.address());
    for (part, (request, ..)) in cast.iter().zip(pending) {
        if part.end == End::Expired {
            let expired = wait_for(Duration::from_secs(LIFETIME + 20), async || {
                let view = client.send(&stand.entities[0].read(request)).await?.expect(200, "get")?;
                Ok(view["state"] == "expired")
            });
            if !expired.await? {
                return Err("a request does not expire".into());
            }
        }
    }
    // The view may say it before the row does.
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

/// The sealed values are gone from the rows, and with SQLite from the bytes of file and journal.
async fn gone(
    stand: &Stand,
    database: &Kind,
    watch: &Watch,
    sealed: &Search,
    report: &mut Report,
) -> Result<()> {
    let left = "SELECT COUNT(*) FROM requests WHERE sealed IS NOT NULL OR known_mobile IS NOT NULL OR otp_hash IS NOT NULL";
    let within = Duration::from_secs(ERASED_WITHIN);
    let erased = wait_for(within, async || Ok(stand.database.number(left).await? == 0)).await?;
    let count = stand.database.number(left).await?;
    report.claim(erased, "no row holds a sealed name, number or password after its request ended", count);
    if matches!(database, Kind::Postgres(_)) {
        // PostgreSQL keeps old rows until it sweeps them: what stands there is sealed.
        return Ok(());
    }
    let look = || sealed.found_in(&watch.files.of(stand)?);
    wait_for(within, async || Ok(look()?.is_empty())).await?;
    report.none_of(
        format!("within {ERASED_WITHIN} seconds the sealed bytes are overwritten in file and journal"),
        &look()?,
    );
    Ok(())
}

/// The log names nobody: no person, password, key, answer or address.
fn in_log(
    stand: &Stand,
    watch: &Watch,
    passwords: &[Trace],
    presentations: &[Vec<u8>],
    report: &mut Report,
) -> Result<()> {
    let log = without_times(&stand.logs());
    let mut secrets = [watch.unknown.traces(), watch.recorded.traces(), passwords].concat();
    secrets.extend(traces::of_text(&stand.entities[0].api_key));
    secrets.push(traces::of_bytes("a client's address", b"10.0.0."));
    for presentation in presentations {
        let text = kycvs::Presentation::from_bytes(presentation)?.to_base64url();
        secrets.push(traces::of_bytes("an answer", &text.as_bytes()[..40]));
        secrets.push(traces::of_bytes("an answer", hex::encode(&presentation[..20]).as_bytes()));
    }
    report.figure("bytes of log", log.len());
    report.claim(!log.is_empty(), "there is a log", log.len());
    report.none_of("the log at level debug names nobody", &Search::new(secrets).found("the log", &log));
    Ok(())
}

/// The log without the first word of each line: six digits of a time are a password by chance.
fn without_times(log: &[u8]) -> Vec<u8> {
    let lines = log.split(|&byte| byte == b'\n');
    let rest = |line: &[u8]| line.iter().skip_while(|byte| **byte != b' ').copied().collect::<Vec<u8>>();
    lines.map(rest).collect::<Vec<_>>().join(&b'\n')
}

/// Seconds that a request lives here.
const LIFETIME: u64 = 16;
/// Seconds after the end of a request.
const ERASED_WITHIN: u64 = 10;
const FIRST: [&str; 6] = ["Zephyr", "Quillan", "Yxandra", "Wolfgar", "Xiomar", "Vashtil"];
const LAST: [&str; 6] = ["Brindle", "Crozier", "Dunmore", "Fenwick", "Grobian", "Hexworth"];
