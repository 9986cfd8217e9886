//! A service for tests: the real rules and the real database, with a gateway and records in memory and a clock that a test
//! moves. With `KYCVS_TEST_POSTGRES` (the URL of a server, ending in its database) on PostgreSQL, otherwise on SQLite.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use futures_util::{FutureExt, future::BoxFuture};
use kycvs::{
    Audience, Issuer, IssuerName, Policy, Signer, SigningKey, Subject, TrustStore, TrustedKey, Verifier,
};
use serde_json::{Value, json};
use sqlx::{Connection, Row};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::{Db, Opens},
    delivery::{Gateway, Message, NotDelivered},
    http::{self, ClientAddress},
    records::{Doses, Records, RecordsUnavailable},
    secret::{ServiceSecret, Use},
    signing::CurrentIssuer,
};

use super::contract;

/// The entity that most tests speak as, its key, and another one's.
pub(super) const ENTITY: &str = "irctc.co.in";
pub(super) const KEY: &str = "kycvs_the-railway";
pub(super) const OTHER_KEY: &str = "kycvs_the-mall";
/// A third, that signs its calls.
pub(super) const SIGNING_ENTITY: &str = "airline.example";

pub(super) const NAME: &str = "Asha Rani";
pub(super) const MOBILE: &str = "9876543210";

const CONFIG: &str = r#"
    public_url = "https://issuer.example"
    issuer = "in.gov.cowin"
    display_name = "CoWIN"
    key_file = "unused.pem"
    [delivery]
    kind = "inbox"
    [passes]
    enabled = true
    purposes = ["mall-entry", "office"]
"#;

/// The service, and what stands around it.
pub(super) struct Stage {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) gateway: Arc<Phone>,
    pub(super) records: Arc<Register>,
    pub(super) folder: tempfile::TempDir,
    pub(super) url: String,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), change).await
    }

    /// With its SQLite file in this folder.
    pub(super) async fn in_folder(folder: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let url = match std::env::var("KYCVS_TEST_POSTGRES") {
            Ok(server) => new_database(&server).await,
            Err(_) => format!("sqlite:{}", folder.path().join("kycvs.db").display()),
        };
        let mut config: Config = toml::from_str(CONFIG).expect("it is a configuration");
        change(&mut config);
        let (gateway, records) = (Arc::new(Phone::default()), Arc::new(Register::default()));
        let app = app(&url, config, Clock::standing(), gateway.clone(), records.clone()).await;
        add_entity(&app, ENTITY, Some(KEY), None).await;
        add_entity(&app, "mall.example", Some(OTHER_KEY), None).await;
        add_entity(&app, SIGNING_ENTITY, None, Some(signing_key())).await;
        Self { router: http::router(app.clone()), app, gateway, records, folder, url }
    }

    /// The same database under a service that was started again.
    pub(super) async fn restarted(self) -> Self {
        let Self { app, gateway, records, folder, url, .. } = self;
        app.db.close().await;
        let config = Config::clone(&app.config);
        let app = self::app(&url, config, app.clock.clone(), gateway.clone(), records.clone()).await;
        Self { router: http::router(app.clone()), app, gateway, records, folder, url }
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method.clone()).uri(path);
        let about = (method, path.to_owned());
        Call { stage: self, request, about, body: Vec::new(), address: [192, 0, 2, 1].into() }
    }

    pub(super) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Call<'_> {
        let call = self.call(Method::POST, path).header("content-type", "application/json");
        Call { body: body.to_string().into_bytes(), ..call }
    }

    /// The railway asks; the request's id.
    pub(super) async fn ask(&self) -> String {
        self.ask_with(json!({"purpose": "rail-booking", "nonce": "c2l4dGVlbiBieXRlcy4uLg"})).await
    }

    pub(super) async fn ask_with(&self, body: Value) -> String {
        let reply = self.post("/v1/requests", &body).key(KEY).send().await.expect(StatusCode::CREATED);
        reply.text("id")
    }

    /// Asha is sent a password; the password.
    pub(super) async fn send_otp(&self, id: &str) -> String {
        let person = json!({"name": NAME, "mobile": MOBILE});
        self.post(&format!("/v1/requests/{id}/otp"), &person).send().await.expect(StatusCode::ACCEPTED);
        self.gateway.last_otp()
    }

    pub(super) async fn try_otp(&self, id: &str, otp: &str) -> Reply {
        self.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": otp})).send().await
    }

    pub(super) async fn state(&self, id: &str) -> String {
        let view = self.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect(StatusCode::OK);
        view.text("state")
    }

    /// A request in each state that can be reached, by its name.
    pub(super) async fn in_state(&self, state: &str) -> String {
        let id = self.ask().await;
        match state {
            "open" => {}
            "otp_sent" => drop(self.send_otp(&id).await),
            "answered" | "acknowledged" => {
                let otp = self.send_otp(&id).await;
                self.try_otp(&id, &otp).await.expect(StatusCode::OK);
                if state == "acknowledged" {
                    let ack = format!("/v1/requests/{id}/ack");
                    self.post(&ack, &json!({})).key(KEY).send().await.expect(StatusCode::OK);
                }
            }
            "declined" => {
                let decline = format!("/v1/requests/{id}/decline");
                self.post(&decline, &json!({})).send().await.expect(StatusCode::OK);
            }
            "failed" => {
                let otp = self.send_otp(&id).await;
                for _ in 0..3 {
                    self.try_otp(&id, &wrong(&otp)).await;
                }
            }
            "expired" => self.app.clock.advance(901),
            _ => panic!("there is no state {state}"),
        }
        assert_eq!(self.state(&id).await, state);
        id
    }

    /// One value of a request's row.
    pub(super) async fn column(&self, id: &str, expression: &'static str) -> i64 {
        let statement = format!("SELECT CAST({expression} AS BIGINT) AS n FROM requests WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).fetch_one(self.app.db.reader()).await;
        row.expect("the request is there").try_get("n").expect("a number")
    }

    /// How many rows a table has.
    pub(super) async fn count(&self, from: &'static str) -> i64 {
        let statement = format!("SELECT COUNT(*) AS n FROM {from}");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_one(self.app.db.reader()).await;
        row.expect("a count").try_get("n").expect("a number")
    }

    /// A verifier as the entity has it.
    pub(super) fn verifier(&self, audience: &str) -> Verifier {
        let policy = Policy::audience(Audience::new(audience).expect("an audience"));
        Verifier::new(self.trust(), policy)
    }

    pub(super) fn trust(&self) -> TrustStore {
        let issuer = self.app.issuer.get();
        let key = TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone());
        TrustStore::new().with(key).expect("one key")
    }
}

async fn app(url: &str, config: Config, clock: Clock, gateway: Arc<Phone>, records: Arc<Register>) -> App {
    let signer: Arc<dyn Signer + Send + Sync> = Arc::new(SigningKey::from_seed(&[3; 32]));
    let name = IssuerName::new(config.issuer.as_str()).expect("a name");
    App {
        config: Arc::new(config),
        clock,
        db: Db::open(url, 4, Opens::Service).await.expect("the database opens"),
        secret: ServiceSecret::from_bytes(&[5; 32]),
        issuer: Arc::new(CurrentIssuer::new(Issuer::new(name, signer))),
        gateway,
        records,
        metrics: Arc::default(),
        readiness: Arc::default(),
        alarms: Arc::default(),
        inbox: None,
        webhook_wake: Arc::default(),
        tasks: TaskTracker::new(),
    }
}

async fn new_database(server: &str) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    sqlx::any::install_default_drivers();
    let name = format!("kycvs_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut server_connection = sqlx::AnyConnection::connect(server).await.expect("the server answers");
    let statement = format!("CREATE DATABASE {name}");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut server_connection).await.expect("a database");
    server_connection.close().await.expect("it closes");
    let mut url: url::Url = server.parse().expect("a URL");
    url.set_path(&name);
    url.to_string()
}

async fn add_entity(app: &App, id: &str, key: Option<&str>, request_key: Option<SigningKey>) {
    let mut tx = app.db.begin().await.expect("begins");
    sqlx::query(
        "INSERT INTO entities (id, name, origins, callback_url, api_key_hash, request_key, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0)",
    )
    .bind(id)
    .bind(format!("The {id}"))
    .bind(format!("[\"https://{id}\"]"))
    .bind(format!("https://{id}/callback"))
    .bind(key.map(|key| app.secret.hash(Use::ApiKey, &[key.as_bytes()]).as_bytes().to_vec()))
    .bind(request_key.map(|key| key.verifying_key().as_bytes().to_vec()))
    .execute(&mut *tx)
    .await
    .expect("an entity");
    tx.commit().await.expect("commits");
}

/// What [`SIGNING_ENTITY`] signs with.
pub(super) fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

/// A password that is not this one.
pub(super) fn wrong(otp: &str) -> String {
    let number: u32 = otp.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// A call that is put together.
pub(super) struct Call<'a> {
    stage: &'a Stage,
    request: axum::http::request::Builder,
    about: (Method, String),
    body: Vec<u8>,
    address: IpAddr,
}

impl Call<'_> {
    pub(super) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(super) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// With an `Idempotency-Key`.
    pub(super) fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(super) fn from(self, address: impl Into<IpAddr>) -> Self {
        Self { address: address.into(), ..self }
    }

    pub(super) async fn send(self) -> Reply {
        let mut request = self.request.body(Body::from(self.body)).expect("a request");
        request.extensions_mut().insert(ClientAddress(self.address));
        let host = self.stage.app.config.public_url.authority().to_owned();
        request.headers_mut().entry("host").or_insert(host.parse().expect("a header"));
        let response = self.stage.router.clone().oneshot(request).await.expect("it always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        let reply = Reply { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() };
        reply.is_sound();
        contract::check(&self.about.0, &self.about.1, &reply);
        reply
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub(super) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// That it is this problem.
    #[track_caller]
    pub(super) fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        assert_eq!(self.text("code"), code);
        self
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    #[track_caller]
    pub(super) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("{member} in {}", self.json())).to_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    pub(super) fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// What holds for every answer: an error is a problem document that names itself.
    fn is_sound(&self) {
        if self.status.is_success() {
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        let code = document["code"].as_str().expect("a code");
        assert_eq!(document["type"], format!("/problems#{code}"));
        assert!(["title", "detail"].iter().all(|member| document[*member].is_string()));
        assert_eq!(
            self.headers.contains_key(header::WWW_AUTHENTICATE),
            self.status == StatusCode::UNAUTHORIZED
        );
    }
}

/// A gateway that keeps what it is given.
#[derive(Default)]
pub(super) struct Phone {
    pub(super) messages: Mutex<Vec<(String, String, String)>>,
    pub(super) is_down: AtomicBool,
    /// It refuses messages.
    pub(super) refuses: AtomicBool,
    /// It takes messages, and does not say so.
    pub(super) is_silent: AtomicBool,
    /// Milliseconds that it takes.
    pub(super) slow: AtomicUsize,
    /// How many messages were brought to it, whatever became of them.
    asked: AtomicUsize,
    /// It says nothing while somebody has this.
    pub(super) hangs: tokio::sync::Mutex<()>,
}

impl Phone {
    /// Comes back when a message has been brought to it.
    pub(super) async fn is_asked(&self) {
        let asked = async {
            while self.asked.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asked).await.expect("a message is brought to it");
    }

    pub(super) fn last_otp(&self) -> String {
        let messages = self.messages.lock().expect("unpoisoned");
        let (_, text, _) = messages.last().expect("a message");
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        if digits.len() == 6 { digits } else { text.chars().filter(char::is_ascii_digit).take(6).collect() }
    }

    pub(super) fn count(&self) -> usize {
        self.messages.lock().expect("unpoisoned").len()
    }

    pub(super) fn last_number(&self) -> String {
        self.messages.lock().expect("unpoisoned").last().expect("a message").0.clone()
    }
}

impl Gateway for Phone {
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            drop(self.hangs.lock().await);
            let slow = self.slow.load(Ordering::Relaxed);
            if slow > 0 {
                tokio::time::sleep(Duration::from_millis(slow as u64)).await;
            }
            if self.is_down.load(Ordering::Relaxed) {
                return Err(NotDelivered::certainly("it is down"));
            }
            if self.refuses.load(Ordering::Relaxed) {
                return Err(NotDelivered { was_refused: true, ..NotDelivered::certainly("it answered 400") });
            }
            let message = (message.to.to_string(), message.text.to_string(), message.id.clone());
            self.messages.lock().expect("unpoisoned").push(message);
            if self.is_silent.load(Ordering::Relaxed) {
                return Err(NotDelivered::perhaps("it did not answer in time"));
            }
            Ok(())
        }
        .boxed()
    }
}

/// Records of one person, which a test can take away.
pub(super) struct Register {
    pub(super) doses: Mutex<Option<Doses>>,
    /// Whether the doses are everybody's, and not only one person's.
    pub(super) knows_everybody: AtomicBool,
    pub(super) is_down: AtomicBool,
    pub(super) asked: AtomicUsize,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            doses: Mutex::new(Some(Doses { given: 2, required: 2 })),
            knows_everybody: AtomicBool::new(false),
            is_down: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        }
    }
}

impl Records for Register {
    fn find<'a>(&'a self, person: &'a Subject) -> BoxFuture<'a, Result<Option<Doses>, RecordsUnavailable>> {
        async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.is_down.load(Ordering::Relaxed) {
                return Err(RecordsUnavailable("they are away".to_owned()));
            }
            let is_known = self.knows_everybody.load(Ordering::Relaxed);
            let asha = Subject::new(NAME).and_then(|asha| asha.with_mobile(MOBILE)).expect("a person");
            Ok(self.doses.lock().expect("unpoisoned").filter(|_| is_known || *person == asha))
        }
        .boxed()
    }
}
