//! Guessing passwords: from a thousand addresses, through several entities and all calls, against one number; and many
//! guesses at one moment against one request.
//!
//! Before the attack, a family consents from that number: right passwords do not count.
//!
//! The service keeps its own limits here. Its stated bound for one number is [`BURST`] passwords at once and one more each
//! [`ANOTHER_EACH`], with [`TRIES`] guesses each.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::client::{Call, Client};
use crate::database::Kind;
use crate::entity::{Binding, Entity, Question};
use crate::outside::Outside;
use crate::people::{Person, address};
use crate::report::Report;
use crate::stand::{PASS_PURPOSE, Stand, Wishes};
use crate::system::random;

/// Guesses for `seconds`, killing and starting the service in the middle.
pub(crate) async fn run(kycvs: &Path, database: &Kind, seconds: u64) -> Result<Report> {
    let wishes = Wishes {
        instances: match database {
            Kind::Sqlite => 1,
            Kind::Postgres(_) => 2,
        },
        entities: 5,
        people: vec![Person::new(VICTIM), Person::new(OTHER)],
        // An attacker does not wait; what holds him back has to be the limits.
        ..Wishes::new(database).setting("otp", "resend_after = 1")
    };
    let mut stand = Stand::start(kycvs, &wishes).await?;
    let mut report = Report::new("guessing", database.name());
    at_one_moment(&stand, &mut report).await?;
    over_rounds(&stand, &mut report).await?;
    a_family(&stand, &mut report).await?;
    against_one_number(&mut stand, seconds, &mut report).await?;
    Ok(report)
}

/// Sixty guesses at once against one request, the right one among them last.
async fn at_one_moment(stand: &Stand, report: &mut Report) -> Result<()> {
    let (request, password) = begin(stand, &Person::new(OTHER), 0).await?;
    let wrong = (1..=AT_ONCE).map(|step| otherwise(&password, step));
    let guesses = wrong.enumerate().map(|(at, guess)| {
        let addresses = stand.addresses();
        let (request, mut client) = (request.clone(), Client::new(addresses[at % addresses.len()]));
        async move { client.send(&confirm(&request, &guess, at)).await }
    });
    let (mut wrong, mut over, mut other) = (0, 0, Vec::new());
    for reply in join_all(guesses).await {
        match reply?.code().as_deref() {
            Some("wrong_otp") => wrong += 1,
            Some("tries_used_up" | "request_over") => over += 1,
            code => other.push(format!("{code:?}")),
        }
    }
    report.figure("guesses at one moment", AT_ONCE);
    report.claim(
        wrong < TRIES,
        "one request takes no more than three guesses at once",
        format!("{wrong} told wrong, {over} told that it is over"),
    );
    report.none_of("each guess gets a clear answer", &other);
    let counted =
        stand.database.number(&format!("SELECT tries FROM requests WHERE id = '{request}'")).await?;
    report.claim(counted == i64::try_from(TRIES)?, "three tries were counted", counted);
    let late = Client::new(stand.address()).send(&confirm(&request, &password, 0)).await?;
    report.claim(late.status == 410, "the right password is too late then", late.status);
    Ok(())
}

/// A new password does not give new tries.
async fn over_rounds(stand: &Stand, report: &mut Report) -> Result<()> {
    let person = Person::new(OTHER);
    let (request, mut password) = begin(stand, &person, 1).await?;
    let mut client = Client::new(stand.address());
    let mut taken = 0;
    for round in 0..=TRIES {
        let reply = client.send(&confirm(&request, &otherwise(&password, 1), round)).await?;
        taken += usize::from(reply.code().as_deref() == Some("wrong_otp"));
        sleep(Duration::from_millis(1_100)).await;
        let again = json!({ "name": person.name, "mobile": person.mobile });
        client.send(&Call::post(format!("/v1/requests/{request}/otp"), &again).from(address(round))).await?;
        password = stand.outside.password(&person.mobile).ok_or("no message was sent")?;
    }
    let last = client.send(&confirm(&request, &password, 9)).await?;
    let holds = taken == TRIES - 1 && last.status == 410;
    report.claim(
        holds,
        "new passwords give no new tries",
        format!("{taken} told wrong, then {}", last.status),
    );
    Ok(())
}

/// A family consents one after another from the number that is attacked next. Right passwords are given back, so all are
/// answered, and the attacker gets no more guesses than before.
async fn a_family(stand: &Stand, report: &mut Report) -> Result<()> {
    let mut client = Client::new(stand.address());
    let mut answered = 0;
    for passenger in 0..FAMILY {
        let (request, password) =
            begin(stand, &Person::new(VICTIM), passenger % stand.entities.len()).await?;
        let reply = client.send(&confirm(&request, &password, passenger)).await?;
        answered += usize::from(reply.status == 200);
    }
    report.claim(answered == FAMILY, "a family consents from one number", format!("{answered} of {FAMILY}"));
    Ok(())
}

/// Everything at once against one number.
async fn against_one_number(stand: &mut Stand, seconds: u64, report: &mut Report) -> Result<()> {
    let (before, sent_before) = (tries(stand).await?, stand.outside.passwords(&Person::new(VICTIM).mobile));
    let stop = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicUsize::new(0));
    let mut attackers = JoinSet::new();
    for attacker in 0..ATTACKERS {
        let mut attack = Attack {
            clients: stand.addresses().into_iter().map(Client::new).collect(),
            entities: stand.entities.clone(),
            outside: stand.outside.clone(),
            guesses: Arc::clone(&sent),
            at: attacker * 7_919,
        };
        let stop = Arc::clone(&stop);
        attackers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // A call fails while the service is down; the attacker goes on.
                let _ = attack.once().await;
            }
        });
    }
    let start = Instant::now();
    sleep(Duration::from_secs(seconds) / 2).await;
    stand.instances[0].kill()?;
    stand.instances[0].start(&stand.program)?;
    stand.instances[0].ready().await?;
    sleep(Duration::from_secs(seconds) / 2).await;
    stop.store(true, Ordering::Relaxed);
    while attackers.join_next().await.is_some() {}
    let lasted = start.elapsed();

    let passwords = stand.outside.passwords(&Person::new(VICTIM).mobile) - sent_before;
    let compared = tries(stand).await? - before;
    let bound = i64::try_from(passwords_within(lasted) * TRIES)?;
    report.figure("seconds", lasted.as_secs());
    report.figure("addresses", ADDRESSES);
    report.figure("entities", stand.entities.len());
    report.figure("guesses sent", sent.load(Ordering::Relaxed));
    report.figure("passwords sent to the number", passwords);
    report.figure("guesses compared", compared);
    report.figure("bound", bound);
    report.figure("bound in 24 hours", passwords_within(Duration::from_hours(24)) * TRIES);
    report.claim(passwords <= passwords_within(lasted), "no more passwords than stated", passwords);
    report.claim(compared <= bound, "no more guesses compared than stated", format!("{compared} of {bound}"));
    let guesses = sent.load(Ordering::Relaxed);
    report.note(format!("{guesses} guesses from {ADDRESSES} addresses at one number, {compared} compared"));
    // Otherwise the attack was not one.
    report.claim(compared == bound, "the attack came as far as the bound", compared);
    Ok(())
}

/// One attacker.
struct Attack {
    clients: Vec<Client>,
    entities: Vec<Entity>,
    outside: Outside,
    guesses: Arc<AtomicUsize>,
    at: usize,
}

impl Attack {
    /// Begins something by one of the ways that there are, and guesses.
    async fn once(&mut self) -> Result<()> {
        self.at += 1;
        let entity = self.entities[self.at % self.entities.len()].clone();
        if self.at.is_multiple_of(5) {
            return self.calls_of_2021(&entity).await;
        }
        let begun = if self.at % 5 == 1 {
            let call = Call::post("/v1/passes", &json!({ "purpose": PASS_PURPOSE }));
            self.send(call.from(self.address())).await?
        } else {
            self.send(entity.ask(&Question::new(Person::new(VICTIM), Binding::None)?)).await?
        };
        let request = begun["id"].as_str().ok_or("nothing was begun")?.to_owned();
        let typed = json!({ "name": "Somebody Else", "mobile": self.written() });
        self.send(Call::post(format!("/v1/requests/{request}/otp"), &typed).from(self.address())).await?;
        for _ in 0..=TRIES {
            let guess = self.guess()?;
            self.send(confirm(&request, &guess, self.at)).await?;
            self.at += 1;
        }
        Ok(())
    }

    async fn calls_of_2021(&mut self, entity: &Entity) -> Result<()> {
        let body = json!({ "mobile_number": self.written(), "full_name": "Somebody Else" });
        let call = Call::post("/v3/vaccination/generateOTP", &body).header("x-api-key", &*entity.api_key);
        let begun = self.send(call.from(self.address())).await?;
        let transaction = begun["txnId"].as_str().ok_or("nothing was begun")?.to_owned();
        for _ in 0..=TRIES {
            let otp = hex::encode(Sha256::digest(self.guess()?.as_bytes()));
            let body = json!({ "otp": otp, "txnId": transaction });
            let call = Call::post("/v3/vaccination/confirmOTP", &body).header("x-api-key", &*entity.api_key);
            self.send(call.from(self.address())).await?;
            self.at += 1;
        }
        Ok(())
    }

    /// The number as different people write it.
    fn written(&self) -> String {
        let number = Person::new(VICTIM).mobile;
        let ten = &number[3..];
        match self.at % 5 {
            0 => number,
            1 => ten.to_owned(),
            2 => format!("0{ten}"),
            3 => format!("+91-{}-{}", &ten[..5], &ten[5..]),
            _ => format!("+91 {} {}", &ten[..5], &ten[5..]),
        }
    }

    /// Six digits that are not the right ones: a lucky guess would end the request that is to be counted.
    fn guess(&self) -> Result<String> {
        self.guesses.fetch_add(1, Ordering::Relaxed);
        let right = self.outside.password(&Person::new(VICTIM).mobile).ok_or("nothing to guess")?;
        Ok(otherwise(&right, 1 + u32::from(random::<1>()?[0])))
    }

    fn address(&self) -> std::net::IpAddr {
        address(self.at % ADDRESSES)
    }

    async fn send(&mut self, call: Call) -> Result<Value> {
        let at = self.at % self.clients.len();
        self.clients[at].send(&call).await?.json()
    }
}

/// Begins a request and has its password sent.
async fn begin(stand: &Stand, person: &Person, entity: usize) -> Result<(String, String)> {
    let mut client = Client::new(stand.address());
    let question = Question::new(person.clone(), Binding::None)?;
    let asked = client.send(&stand.entities[entity].ask(&question)).await?.expect(201, "create")?;
    let request = asked["id"].as_str().ok_or("create: no id")?.to_owned();
    let call = Call::post(format!("/v1/requests/{request}/otp"), &question.typed()).from(address(entity));
    client.send(&call).await?.expect(202, "otp")?;
    let password = stand.outside.password(&person.mobile).ok_or("otp: no message was sent")?;
    Ok((request, password))
}

fn confirm(request: &str, guess: &str, from: usize) -> Call {
    let call = Call::post(format!("/v1/requests/{request}/confirm"), &json!({ "otp": guess }));
    call.from(address(from % ADDRESSES))
}

/// Another password.
fn otherwise(password: &str, step: u32) -> String {
    format!("{:06}", (password.parse::<u32>().unwrap_or(0) + step) % 1_000_000)
}

async fn tries(stand: &Stand) -> Result<i64> {
    stand.database.number("SELECT CAST(COALESCE(SUM(tries), 0) AS BIGINT) FROM requests").await
}

/// How many passwords one number may get within this time.
fn passwords_within(time: Duration) -> usize {
    BURST + usize::try_from(time.as_secs() / ANOTHER_EACH.as_secs()).unwrap_or(usize::MAX)
}

const ADDRESSES: usize = 1_000;
const ATTACKERS: usize = 16;
const AT_ONCE: u32 = 60;
const BURST: usize = 5;
const ANOTHER_EACH: Duration = Duration::from_hours(2);
const TRIES: usize = 3;
/// More than the passwords that a number gets at once.
const FAMILY: usize = 8;
/// Whose number is attacked.
const VICTIM: usize = 424_242;
/// Who serves for the rest.
const OTHER: usize = 818_182;
