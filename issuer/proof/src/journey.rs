//! One journey: an entity asks, a person consents with her password, the entity gets the answer, verifies and
//! acknowledges it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Result;
use crate::client::{Call, Client, Reply};
use crate::entity::{Binding, Entity, Question, Verified, acceptance_of, presentation_of};
use crate::outside::Outside;
use crate::people::{Person, address};
use crate::system::random;

/// How a load walks its journeys.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// Calls are repeated with the same `Idempotency-Key` for so long, until there is a reply that is not a fault of
    /// the service. Otherwise each call is made once.
    pub(crate) repeat: Option<Duration>,
    /// Every so manyth person goes away without waiting for the reply to her consent.
    pub(crate) leave_every: Option<usize>,
    /// Every so manyth answer is not acknowledged, so that its webhook has to arrive.
    pub(crate) keep_every: Option<usize>,
}

/// What is known of a journey afterwards, from what the service said to someone.
pub(crate) struct Walk {
    pub(crate) request: String,
    /// From the reply to the person.
    pub(crate) confirmed: Option<Vec<u8>>,
    /// From the entity's own question.
    pub(crate) read: Option<Vec<u8>>,
    pub(crate) verified: Option<Verified>,
    pub(crate) nonce: [u8; 16],
    pub(crate) acknowledged: bool,
    pub(crate) took: Duration,
}

/// The durations of calls, by their names.
pub(crate) type Times = BTreeMap<&'static str, Vec<Duration>>;

/// Calls the instances of the service: the same one for as long as it answers.
pub(crate) struct Caller {
    clients: Vec<Client>,
    at: usize,
    repeat: Option<Duration>,
    pub(crate) times: Times,
}

impl Caller {
    pub(crate) fn new(addresses: &[SocketAddr], first: usize, repeat: Option<Duration>) -> Self {
        let clients: Vec<Client> = addresses.iter().map(|&address| Client::new(address)).collect();
        Self { at: first % clients.len(), clients, repeat, times: Times::new() }
    }

    /// Makes a call; repeats it, where that is the manner, until the service has really answered.
    pub(crate) async fn call(&mut self, name: &'static str, call: &Call) -> Result<Reply> {
        let start = Instant::now();
        loop {
            let reply = self.clients[self.at].send(call).await;
            match (&reply, self.repeat) {
                (Ok(reply), _) if is_definite(reply) => {
                    self.times.entry(name).or_default().push(reply.took);
                }
                (_, Some(patience)) if start.elapsed() < patience => {
                    self.at = (self.at + 1) % self.clients.len();
                    sleep(Duration::from_millis(20 + u64::from(random::<1>()?[0]) / 4)).await;
                    continue;
                }
                _ => {}
            }
            return reply.map_err(|error| format!("{name}: {error}").into());
        }
    }

    async fn call_and_leave(&mut self, call: &Call) -> Result<()> {
        let after = Duration::from_micros(u64::from(u16::from_be_bytes(random()?)) / 4);
        self.clients[self.at].send_and_leave(call, after).await;
        Ok(())
    }
}

/// Whether the same call again would come to the same. A conflict that says when to come back is of a call that was under way
/// when its instance was killed.
fn is_definite(reply: &Reply) -> bool {
    let comes_to_nothing = reply.status == 409 && reply.headers.contains_key("retry-after");
    reply.status < 500 && reply.status != 429 && !comes_to_nothing
}

/// Walks the journey of person `index`.
pub(crate) async fn walk(
    caller: &mut Caller,
    outside: &Outside,
    entity: &Entity,
    index: usize,
    manner: Manner,
) -> Result<Walk> {
    let binding = [Binding::None, Binding::Name, Binding::None, Binding::NameAndMobile][index / 4 % 4];
    let question = Question::new(Person::new(index), binding)?;
    let start = Instant::now();
    let key = hex::encode(question.nonce);

    let asked = caller
        .call("create", &entity.ask(&question).once(&format!("{key}-ask")))
        .await?
        .expect(201, "create")?;
    let request = asked["id"].as_str().ok_or("create: no id")?.to_owned();
    let person = Page { request: &request, index, key: &key };
    caller.call("otp", &person.otp(&question)).await?.expect(202, "otp")?;
    let password = outside.password(&question.person.mobile).ok_or("otp: no message was sent")?;

    let mut confirm = person.confirm(&password);
    if question.person.doses.is_none() {
        let told = caller.call("no record", &confirm).await?.expect(200, "confirm without a record")?;
        confirm = person.accept(&password, &told)?;
    }
    let leaves = manner.leave_every.is_some_and(|every| index.is_multiple_of(every));
    let confirmed = if leaves {
        caller.call_and_leave(&confirm).await?;
        None
    } else {
        let answer = caller.call("confirm", &confirm).await?.expect(200, "confirm")?;
        presentation_of(&answer)?
    };

    let view = caller.call("get", &entity.read(&request)).await?.expect(200, "get")?;
    let read = presentation_of(&view)?;
    if confirmed.is_some() && read.is_none() {
        return Err(format!("get: {} has no answer after it was given", view["state"]).into());
    }
    let mut walk = Walk {
        request,
        confirmed,
        read,
        verified: None,
        nonce: question.nonce,
        acknowledged: false,
        took: Duration::ZERO,
    };
    if let Some(presentation) = &walk.read {
        let verified = entity.verify(presentation, &question)?;
        if verified.status != question.person.status() {
            return Err(
                format!("an answer of {} instead of {}", verified.status, question.person.status()).into()
            );
        }
        walk.verified = Some(verified);
        if manner.keep_every.is_none_or(|every| index % every != 1) {
            let acknowledge = entity.acknowledge(&walk.request).once(&format!("{key}-ack"));
            caller.call("ack", &acknowledge).await?.expect(200, "ack")?;
            walk.acknowledged = true;
        }
    }
    walk.took = start.elapsed();
    Ok(walk)
}

/// The page of one request, in the browser of person `index`.
struct Page<'a> {
    request: &'a str,
    index: usize,
    /// The beginning of the `Idempotency-Key` of each of its calls.
    key: &'a str,
}

impl Page<'_> {
    fn otp(&self, question: &Question) -> Call {
        let call = Call::post(format!("/v1/requests/{}/otp", self.request), &question.typed());
        call.from(address(self.index)).once(&format!("{}-otp", self.key))
    }

    fn confirm(&self, password: &str) -> Call {
        let call = Call::post(format!("/v1/requests/{}/confirm", self.request), &json!({ "otp": password }));
        call.from(address(self.index)).once(&format!("{}-confirm", self.key))
    }

    /// Consents to the answer 0, after this reply.
    fn accept(&self, password: &str, told: &Value) -> Result<Call> {
        let body = json!({ "otp": password, "accept_no_record": acceptance_of(told)? });
        let call = Call::post(format!("/v1/requests/{}/confirm", self.request), &body);
        Ok(call.from(address(self.index)).once(&format!("{}-accept", self.key)))
    }
}
