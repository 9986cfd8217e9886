//! The service from outside: opened with a file of settings, served, stopped, and opened again.
#![allow(missing_docs, reason = "a test")]

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use kycvs::SigningKey;
use kycvs_issuer::{
    Service, StartError,
    config::Config,
    delivery::{Gateway, Message, NotDelivered},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, oneshot},
    task::JoinHandle,
};

/// A folder with everything that a service needs.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        files.write("issuer.pem", &SigningKey::generate().expect("a key").to_pem());
        files.write("secret", &format!("{}\n", "5a".repeat(32)));
        files
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn config(&self, more: &str) -> Config {
        let text = format!(
            "{more}\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1\"\nissuer = \"in.example\"\n\
             display_name = \"Example\"\nkey_file = \"issuer.pem\"\nsecret_file = \"secret\"\nspecimen = true\n\
             [delivery]\nkind = \"inbox\"\n"
        );
        self.write("kycvs.toml", &text);
        Config::from_file(&self.path("kycvs.toml")).expect("it is right")
    }
}

struct Running {
    address: SocketAddr,
    management: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    async fn start(config: Config) -> Self {
        Self::of(Service::open(config).await.expect("it opens")).await
    }

    async fn of(service: Service) -> Self {
        let bound = service.bind().await.expect("it listens");
        let (address, management) = (bound.address(), bound.management_address());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(bound.serve(async { _ = stopped.await }));
        Self { address, management, stop, ended }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        kycvs_issuer_get(self.address, path).await
    }

    /// What `/readyz` says, once it is ready: a slow disk may take some seconds for the trial write.
    async fn ready(&self) -> (u16, String) {
        for _ in 0..60 {
            let said = self.get("/readyz").await;
            if said.0 == 200 {
                return said;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("it is not ready within a minute")
    }

    async fn stop(self) {
        self.stop.send(()).expect("it runs");
        tokio::time::timeout(Duration::from_mins(1), self.ended).await.expect("in time").expect("no fault");
    }
}

/// A call without a library between.
async fn kycvs_issuer_get(address: SocketAddr, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    answer(begin(address, &head).await).await
}

async fn begin(address: SocketAddr, call: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(call.as_bytes()).await.expect("written");
    stream
}

fn post(address: SocketAddr, path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).expect("a body");
    (status, body)
}

#[tokio::test]
async fn it_serves_and_stops_and_serves_again() {
    let files = Files::new();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let service = Running::start(files.config("")).await;
        assert_eq!(service.ready().await, (200, "ready\n".to_owned()));
        let (status, keyset) = service.get("/jwks.json").await;
        assert_eq!(status, 200);
        keys.push(keyset);
        service.stop().await;
    }
    assert_eq!(keys[0], keys[1]);
    #[cfg(unix)]
    for name in ["kycvs.db", "kycvs.db.lock"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(files.path(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} can be read by others");
    }
}

/// Says when it is asked, and a second later that the message was not sent.
#[derive(Default)]
struct SlowGateway(Notify);

impl Gateway for SlowGateway {
    fn deliver<'a>(&'a self, _: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        Box::pin(async {
            self.0.notify_one();
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(NotDelivered::certainly("it is down"))
        })
    }
}

#[tokio::test]
async fn address_that_holds_its_share_of_the_management_connections_gets_no_more() {
    let files = Files::new();
    let service = Running::start(files.config("")).await;
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut stream = begin(service.management, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_ne!(stream.read(&mut [0; 1024]).await.expect("an answer"), 0);
        held.push(stream);
    }
    // It is closed without an answer. A call may fail to be written, because it is closed before.
    let mut more = TcpStream::connect(service.management).await.expect("it listens");
    _ = more.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let closed =
        tokio::time::timeout(Duration::from_mins(1), more.read(&mut [0; 1])).await.expect("it closes");
    assert_eq!(closed.unwrap_or(0), 0, "a call over the share was answered");
    drop(held);
    let is_free = async || {
        let mut stream = TcpStream::connect(service.management).await.expect("it listens");
        let call = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(call).await.is_ok() && stream.read(&mut [0; 1]).await.is_ok_and(|read| read == 1)
    };
    tokio::time::timeout(Duration::from_mins(1), async { while !is_free().await {} })
        .await
        .expect("it is free");
    service.stop().await;
}

fn with_passes(mut config: Config) -> Config {
    config.passes.enabled = true;
    config.passes.purposes = vec!["office".to_owned()];
    config
}

/// Asks for a pass, and for a password to the number that ends in `n`; the request's id, and the second call, which waits
/// for the gateway.
async fn begin_pass(service: &Running, n: u8) -> (String, TcpStream) {
    let pass = post(service.address, "/v1/passes", r#"{"purpose": "office"}"#);
    let (status, body) = answer(begin(service.address, &pass).await).await;
    assert_eq!(status, 201, "{body}");
    let id = body.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    let person = format!(r#"{{"name": "Asha Rani", "mobile": "987654321{n}"}}"#);
    let otp = post(service.address, &format!("/v1/requests/{id}/otp"), &person);
    (id.to_owned(), begin(service.address, &otp).await)
}

#[tokio::test]
async fn what_was_begun_is_finished_at_the_end_though_nobody_waits_for_it() {
    let files = Files::new();
    let config = || with_passes(files.config(""));
    let gateway = Arc::new(SlowGateway::default());
    let service = Service::open(config()).await.expect("it opens").with_gateway(gateway.clone());
    let service = Running::of(service).await;
    let (id, call) = begin_pass(&service, 0).await;
    gateway.0.notified().await;
    drop(call);
    service.stop().await;

    // The password that was not sent was taken back.
    let service = Running::start(config()).await;
    let (status, body) = service.get(&format!("/v1/requests/{id}/consent")).await;
    assert!(status == 200 && body.contains("\"state\":\"open\""), "{body}");
    service.stop().await;
}

#[tokio::test]
async fn a_second_one_on_the_same_file_is_refused() {
    let files = Files::new();
    let first = Running::start(files.config("")).await;
    let error = Service::open(files.config("")).await.expect_err("the first one serves");
    assert!(matches!(error, StartError::InUse(_)), "{error}");
    assert!(error.to_string().contains("PostgreSQL"), "{error}");
    assert_eq!(first.ready().await.0, 200);
    first.stop().await;
    Running::start(files.config("")).await.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let files = Files::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address");
    let mut config = files.config("");
    config.listen = address;
    let error = Service::open(config).await.expect("it opens").bind().await.expect_err("it is taken");
    assert_eq!(error.to_string(), format!("cannot listen on {address}: address in use"));
}

/// The error of a service that does not open, with the folder left out.
async fn refused(files: &Files, config: Config) -> String {
    let error = Service::open(config).await.expect_err("it cannot be used");
    error.to_string().replace(&files.0.path().display().to_string(), ".")
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_said_and_no_secret() {
    let files = Files::new();
    files.write("secret", "0123456789");
    let error = refused(&files, files.config("")).await;
    assert!(error.starts_with("secret_file: ") && error.contains("openssl rand -hex 32"), "{error}");
    assert!(!error.contains("0123"), "{error}");

    files.write("secret", &"5a".repeat(32));
    let key = SigningKey::generate().expect("a key");
    files.write("issuer.pem", &key.to_encrypted_pem(b"a passphrase").expect("encrypted"));
    let error = refused(&files, files.config("")).await;
    assert!(error.starts_with("key_passphrase_file: is missing"), "{error}");

    files.write("passphrase", "another passphrase\n");
    let error = refused(&files, files.config("key_passphrase_file = \"passphrase\"")).await;
    assert!(error.starts_with("key_file: `./issuer.pem`: ") && !error.contains("another"), "{error}");

    files.write("passphrase", "a passphrase\n");
    Running::start(files.config("key_passphrase_file = \"passphrase\"")).await.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::new();
    let config = files.config("");
    fs::set_permissions(files.path("issuer.pem"), fs::Permissions::from_mode(0o644)).expect("set");
    let error = refused(&files, config).await;
    assert!(error.contains("mode 644") && error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_none_is_refused() {
    let files = Files::new();
    files.write("kycvs.db", &"this is no database\n".repeat(100));
    let error = refused(&files, files.config("")).await;
    assert!(error.starts_with("the database does not open: "), "{error}");
    assert!(Path::new(&files.path("kycvs.db")).exists());
}

/// Asks this process, in which the service runs, to read its files again.
#[cfg(unix)]
fn hang_up() {
    let id = std::process::id().to_string();
    let asked = std::process::Command::new("kill").args(["-HUP", &id]).status().expect("`kill` is there");
    assert!(asked.success());
}

#[cfg(unix)]
#[tokio::test]
async fn service_without_tls_lives_on_after_sighup_and_signs_with_the_new_key() {
    let files = Files::new();
    let service = Running::start(files.config("")).await;
    let first = service.get("/jwks.json").await;
    for _ in 0..2 {
        // A key that cannot be used is no reason to stop, and the next one is used.
        files.write("issuer.pem", "no key");
        hang_up();
        let before = service.get("/jwks.json").await;
        files.write("issuer.pem", &SigningKey::generate().expect("a key").to_pem());
        let renewed = async {
            while service.get("/jwks.json").await == before {
                hang_up();
            }
        };
        tokio::time::timeout(Duration::from_mins(2), renewed).await.expect("the key is renewed");
    }
    assert_ne!(service.get("/jwks.json").await, first);
    assert_eq!(service.ready().await.0, 200);
    service.stop().await;
    // Also after its end, and before another starts.
    hang_up();
    Running::start(files.config("")).await.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn level_of_the_log_is_read_again_at_sighup() {
    use tracing::level_filters::LevelFilter;

    let files = Files::new();
    let config = files.config("log.level = \"warn\"");
    kycvs_issuer::log_to_stderr(&config.log);
    // The service's hook keeps texts out of its log, and would keep those of the tests out as well.
    drop(std::panic::take_hook());
    let service = Running::start(config).await;
    assert_eq!(LevelFilter::current(), LevelFilter::WARN);
    files.config("log.level = \"error\"");
    let changed = async {
        while LevelFilter::current() != LevelFilter::ERROR {
            hang_up();
            assert_eq!(service.get("/healthz").await.0, 200);
        }
    };
    tokio::time::timeout(Duration::from_mins(2), changed).await.expect("the level is changed");
    service.stop().await;
}

#[tokio::test]
async fn metrics_are_on_the_operator_s_listener_alone() {
    let files = Files::new();
    let service = Running::start(files.config("")).await;
    assert!(service.management.ip().is_loopback());
    assert_eq!(service.get("/metrics").await.0, 404);
    let (status, metrics) = kycvs_issuer_get(service.management, "/metrics").await;
    assert!(status == 200 && metrics.contains("kycvs_calls_total"), "{metrics}");
    assert_eq!(service.ready().await.0, 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(service.get(path).await.0, 200);
        assert_eq!(kycvs_issuer_get(service.management, path).await.0, 200);
    }
    assert_eq!(kycvs_issuer_get(service.management, "/v1/requests").await.0, 404);
    service.stop().await;
}

/// Counts the messages that are brought to it, and takes one for each permit.
struct HeldGateway {
    brought: Semaphore,
    takes: Semaphore,
}

impl Gateway for HeldGateway {
    fn deliver<'a>(&'a self, _: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        Box::pin(async {
            self.brought.add_permits(1);
            self.takes.acquire().await.expect("it is open").forget();
            Ok(())
        })
    }
}

/// The calls that take the connections are still under way when the operator has the answers: a service that answered
/// the operator on the same connections would have ended them first.
#[tokio::test]
async fn operator_is_answered_while_all_connections_of_the_service_are_taken() {
    let files = Files::new();
    let gateway = Arc::new(HeldGateway { brought: Semaphore::new(0), takes: Semaphore::new(0) });
    let config = with_passes(files.config("max_connections = 3"));
    let service = Service::open(config).await.expect("it opens").with_gateway(gateway.clone());
    let service = Running::of(service).await;
    let mut taken = Vec::new();
    for n in 0..3 {
        taken.push(begin_pass(&service, n).await.1);
    }
    gateway.brought.acquire_many(3).await.expect("it is open").forget();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(kycvs_issuer_get(service.management, path).await.0, 200, "{path}");
    }
    gateway.takes.add_permits(3);
    for call in taken {
        let (status, body) = answer(call).await;
        assert_eq!(status, 202, "{body}");
    }
    service.stop().await;
}

#[tokio::test]
async fn port_for_the_operator_that_is_taken_is_named() {
    let files = Files::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut config = files.config("");
    config.management.listen = taken.local_addr().expect("an address");
    let error = Service::open(config).await.expect("it opens").bind().await.expect_err("it is taken");
    let said = error.to_string();
    assert!(said.contains("for health and metrics") && said.contains("[management]"), "{said}");
}
