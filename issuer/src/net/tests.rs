//! Real sockets on loopback. Where time is paused, it jumps to the next deadline as soon as nothing is left to do.

use std::{fs, path::Path};

use axum::{Extension, routing::get};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{activity::HEAD, *};
use crate::{
    config::{self, Config},
    reload::Reload,
};

/// A server with a route that tells the client's address, and one that takes a second.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Instant>,
}

impl Running {
    async fn start(change: impl FnOnce(&mut Server)) -> Self {
        let router = Router::new()
            .route(
                "/",
                get(|Extension(client): Extension<ClientAddress>| async move { client.0.to_string() }),
            )
            .route(
                "/slow",
                get(|| async {
                    SLOW_BEGUN.notify_one();
                    sleep(Duration::from_secs(1)).await;
                    "done"
                }),
            );
        let proxies = Proxies::default();
        let mut server = Server {
            router,
            tls: None,
            proxies,
            max_connections: 100,
            max_per_address: 100,
            refused: Counter::default(),
            finish: FINISH,
        };
        change(&mut server);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.serve(listener, async { _ = stopped.await }));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// The same, and nothing if the connection is closed before the bytes are written.
    async fn tell_if_open(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        if stream.write_all(bytes).await.is_err() {
            return String::new();
        }
        rest(stream).await
    }

    /// What a connection gives back for these bytes, until it is closed.
    async fn tell(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("written");
        rest(stream).await
    }
}

/// What comes until the other side closes.
async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

const CLOSING: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn the_address_is_the_socket_s_or_what_a_named_proxy_says() {
    let call =
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n\r\n";
    let server = Running::start(|_| {}).await;
    assert!(server.tell(call).await.ends_with("\r\n\r\n127.0.0.1"));
    let server =
        Running::start(|server| server.proxies.trusted = vec!["127.0.0.0/8".parse().expect("a network")])
            .await;
    assert!(server.tell(call).await.ends_with("\r\n\r\n198.51.100.7"));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_waited_for_ten_seconds() {
    let server = Running::start(|_| {}).await;
    for begun in [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let start = Instant::now();
        let answer = server.tell(begun).await;
        assert!(start.elapsed() <= HEAD + Duration::from_secs(1), "{begun:?}: {:?}", start.elapsed());
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_happens_is_closed() {
    let server = Running::start(|_| {}).await;
    let start = Instant::now();
    let answer = server.tell(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("127.0.0.1") && start.elapsed() <= SILENCE, "{answer} {:?}", start.elapsed());
}

#[tokio::test]
async fn address_with_its_share_of_connections_gets_no_more_until_one_ends() {
    let refused = Counter::default();
    let counted = refused.clone();
    let server = Running::start(|server| {
        server.max_per_address = 3;
        server.refused = counted;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(KEPT).await.expect("written");
        one_answer(&mut stream).await;
        held.push(stream);
    }
    let mut before = 0;
    for _ in 0..50 {
        assert_eq!(rest(server.connect().await).await, "", "it is closed at once");
        assert!(refused.get() > before);
        before = refused.get();
    }
    // Those that are held go on, and the place of one that ends is free again.
    for stream in &mut held {
        stream.write_all(KEPT).await.expect("written");
        one_answer(stream).await;
    }
    held.pop();
    while !server.tell_if_open(CLOSING).await.ends_with("127.0.0.1") {}
}

/// Reads one answer, whose body is the client's address.
async fn one_answer(stream: &mut (impl AsyncRead + Unpin)) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"127.0.0.1") {
        assert_ne!(stream.read_buf(&mut answer).await.expect("it is open"), 0, "{answer:?}");
    }
}

const KEPT: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn connection_that_a_proxy_keeps_is_open_for_a_minute_after_each_call() {
    let server = Running::start(|_| {}).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(KEPT).await.expect("written");
        one_answer(&mut stream).await;
        sleep(Duration::from_secs(59)).await;
    }
    stream.write_all(CLOSING).await.expect("written");
    assert!(rest(stream).await.ends_with("127.0.0.1"));
}

#[tokio::test(start_paused = true)]
async fn slow_head_on_a_kept_connection_is_waited_for_ten_seconds() {
    let server = Running::start(|_| {}).await;
    for idle in [0, 1, 50] {
        let mut stream = server.connect().await;
        stream.write_all(KEPT).await.expect("written");
        one_answer(&mut stream).await;
        sleep(Duration::from_secs(idle)).await;
        let (mut reader, mut writer) = stream.into_split();
        let start = Instant::now();
        // A byte each second, which is never the last one.
        let drips = async {
            loop {
                if writer.write_all(b"G").await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = drips => {}
            answer = rest(&mut reader) => assert!(!answer.contains(" 200 "), "{answer}"),
        }
        assert!(start.elapsed() <= HEAD + Duration::from_secs(1), "{idle}: {:?}", start.elapsed());
        assert!(start.elapsed() >= Duration::from_secs(9), "{idle}: {:?}", start.elapsed());
    }
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short frame");
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// `GET https://localhost/`, compressed (RFC 7541).
const GET: &[u8] = b"\x82\x87\x84\x41\x09localhost";

#[tokio::test]
async fn http2_connection_that_is_kept_is_open_for_a_minute_and_a_slow_head_is_not_waited_for() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (_folder, tls) = with_certificate("one");
    let server = Running::start(|server| server.tls = Some(tls)).await;
    let mut stream = secure(&server, "one", b"h2").await.expect("a handshake");
    let begin = [PREFACE, &frame(4, 0, 0, b""), &frame(1, 5, 1, GET)].concat();
    stream.write_all(&begin).await.expect("written");
    one_answer(&mut stream).await;
    tokio::time::pause();
    // Most of a minute, with a PING each five seconds.
    for _ in 0..11 {
        sleep(Duration::from_secs(5)).await;
        stream.write_all(&frame(6, 0, 0, b"are you?")).await.expect("written");
    }
    stream.write_all(&frame(1, 5, 3, GET)).await.expect("written");
    one_answer(&mut stream).await;
    sleep(Duration::from_secs(30)).await;
    // A head whose end does not come.
    let start = Instant::now();
    stream.write_all(&frame(1, 1, 5, GET)).await.expect("written");
    let answer = rest(stream).await;
    assert!(!answer.contains("127.0.0.1"), "{answer}");
    assert!(start.elapsed() <= HEAD + Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_being_made_is_no_silence() {
    let server = Running::start(|server| server.max_connections = 1).await;
    let answer = server.tell(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Running::start(|_| {}).await;
    let head = [b"GET / HTTP/1.1\r\nHost: x\r\nX: ", "x".repeat(20_000).as_bytes(), b"\r\n\r\n"].concat();
    let answer = server.tell(&head).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn over_the_bound_a_connection_waits_until_a_silent_one_is_closed() {
    let server = Running::start(|server| server.max_connections = 1).await;
    let silent = server.connect().await;
    // It is accepted before the next one comes.
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    assert!(server.tell(CLOSING).await.ends_with("127.0.0.1"));
    assert!(
        (SILENCE_WHEN_FULL..HEAD).contains(&(start.elapsed() + Duration::from_millis(10))),
        "{:?}",
        start.elapsed()
    );
    drop(silent);
}

/// That the handler of `/slow` has begun.
static SLOW_BEGUN: Notify = Notify::const_new();

#[tokio::test]
async fn what_is_under_way_is_finished_when_it_stops() {
    let server = Running::start(|_| {}).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    let idle = server.connect().await;
    SLOW_BEGUN.notified().await;
    let Running { address, stop, ended } = server;
    stop.send(()).expect("it runs");
    assert!(rest(slow).await.ends_with("done"));
    ended.await.expect("no fault");
    assert_eq!(rest(idle).await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn it_stops_in_time_whatever_is_under_way() {
    let server = Running::start(|server| {
        server.router = Router::new().route("/", get(std::future::pending::<&'static str>));
    })
    .await;
    let mut hanging = server.connect().await;
    hanging.write_all(CLOSING).await.expect("written");
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    server.stop.send(()).expect("it runs");
    server.ended.await.expect("no fault");
    assert!(start.elapsed() <= FINISH + Duration::from_secs(1), "{:?}", start.elapsed());
}

/// A certificate of the fixtures, where a service would have its own.
fn install(name: &str, folder: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for kind in ["pem", "key"] {
        let bytes = fs::read(fixtures.join(format!("{name}.{kind}"))).expect("a fixture");
        let path = folder.join(kind);
        fs::write(&path, bytes).expect("written");
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    }
}

fn files(folder: &TempDir) -> config::Tls {
    config::Tls { certificate_file: folder.path().join("pem"), key_file: folder.path().join("key") }
}

fn with_certificate(name: &str) -> (TempDir, Arc<Tls>) {
    let folder = tempfile::tempdir().expect("a folder");
    install(name, folder.path());
    let tls = Tls::open(&files(&folder)).expect("a certificate and its key");
    (folder, Arc::new(tls))
}

/// A connection that trusts this certificate alone.
async fn secure(server: &Running, trusted: &str, protocol: &[u8]) -> io::Result<TlsStream<TcpStream>> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{trusted}.pem"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture).expect("a certificate")).expect("it is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

#[tokio::test]
async fn a_certificate_s_side_speaks_both_versions_of_http() {
    let (_folder, tls) = with_certificate("one");
    let server = Running::start(|server| server.tls = Some(tls)).await;
    let mut stream = secure(&server, "one", b"http/1.1").await.expect("a handshake");
    stream.write_all(CLOSING).await.expect("written");
    assert!(rest(stream).await.ends_with("127.0.0.1"));

    let stream = secure(&server, "one", b"h2").await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut call, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = axum::http::Request::get("https://localhost/").body(Body::empty()).expect("a request");
    let response = call.send_request(request).await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.version()), (200, axum::http::Version::HTTP_2));
    let body = axum::body::to_bytes(Body::new(response.into_body()), 100).await.expect("a body");
    assert_eq!(&body[..], b"127.0.0.1");
    connection.abort();
}

#[tokio::test]
async fn a_renewed_certificate_is_read_again_and_a_broken_one_is_not() {
    let (folder, tls) = with_certificate("one");
    let server = Running::start(|server| server.tls = Some(Arc::clone(&tls))).await;
    secure(&server, "one", b"http/1.1").await.expect("the first");
    install("two", folder.path());
    tls.reload(&files(&folder)).expect("it can be used");
    secure(&server, "two", b"http/1.1").await.expect("the second");
    assert!(secure(&server, "one", b"http/1.1").await.is_err());
    fs::write(folder.path().join("pem"), "no certificate").expect("written");
    tls.reload(&files(&folder)).expect_err("it cannot be used");
    secure(&server, "two", b"http/1.1").await.expect("still the second");
}

#[tokio::test]
async fn a_renewed_certificate_is_used_after_the_service_was_asked_to_read_its_files() {
    let (folder, tls) = with_certificate("one");
    let server = Running::start(|server| server.tls = Some(Arc::clone(&tls))).await;
    secure(&server, "one", b"http/1.1").await.expect("the first");
    let mut config: Config = toml::from_str(
        "public_url = 'https://a.example'\nissuer = 'a.example'\ndisplay_name = 'A'\nkey_file = 'unused.pem'\n\
         [delivery]\nkind = 'inbox'\n",
    )
    .expect("settings");
    config.tls = Some(files(&folder));
    let mut reload = Reload { config, issuer: None, tls: Some(tls) };
    install("two", folder.path());
    reload.now();
    secure(&server, "two", b"http/1.1").await.expect("the second");
    // Files that cannot be used do not end the service, and change nothing.
    fs::write(folder.path().join("pem"), "no certificate").expect("written");
    reload.now();
    secure(&server, "two", b"http/1.1").await.expect("still the second");
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let (folder, _) = with_certificate("one");
    let files = files(&folder);
    fs::write(folder.path().join("key"), fs::read(folder.path().join("pem")).expect("read"))
        .expect("written");
    let error = Tls::open(&files).err().expect("the key is none").to_string();
    assert!(error.contains("tls.key_file") && error.contains("no private key"), "{error}");
    install("two", folder.path());
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/one.pem"), folder.path().join("pem"))
        .expect("copied");
    let error = Tls::open(&files).err().expect("the key is another's").to_string();
    assert!(error.contains("cannot be used"), "{error}");
}

#[cfg(unix)]
#[test]
fn certificate_or_key_that_is_a_pipe_or_has_no_end_is_refused_without_waiting() {
    use crate::test_support::{at_once, make_pipe};
    for name in ["pem", "key"] {
        let (folder, tls) = with_certificate("one");
        make_pipe(&folder.path().join(name));
        let files = files(&folder);
        let error = at_once(move || tls.reload(&files)).expect_err("a pipe").to_string();
        assert!(error.contains("cannot be read: it is not a regular file"), "{error}");
    }
    let (folder, tls) = with_certificate("one");
    let path = folder.path().join("pem");
    fs::write(&path, [fs::read(&path).expect("read"), vec![b'\n'; 1 << 20]].concat()).expect("written");
    let error = tls.reload(&files(&folder)).expect_err("it is too long").to_string();
    assert!(error.ends_with("cannot be read: it is longer than 1048576 bytes"), "{error}");
}

#[test]
fn a_byte_order_mark_before_a_certificate_and_its_key_is_dropped() {
    let (folder, _) = with_certificate("one");
    let files =
        config::Tls { certificate_file: folder.path().join("pem"), key_file: folder.path().join("key") };
    for path in [&files.certificate_file, &files.key_file] {
        let content = fs::read(path).expect("read");
        fs::write(path, [&b"\xef\xbb\xbf"[..], &content].concat()).expect("written");
    }
    assert!(Tls::open(&files).is_ok());
    let utf16: Vec<u8> = "-----BEGIN".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&files.certificate_file, utf16).expect("written");
    let error = Tls::open(&files).err().expect("it is UTF-16").to_string();
    assert!(error.ends_with("it is UTF-16 text: save it as UTF-8"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_waited_for_ten_seconds() {
    let (_folder, tls) = with_certificate("one");
    let server = Running::start(|server| server.tls = Some(tls)).await;
    let start = Instant::now();
    assert_eq!(server.tell(b"\x16\x03\x01").await, "");
    assert!(start.elapsed() <= HANDSHAKE + Duration::from_secs(1));
    // Plain HTTP is no handshake.
    assert!(!server.tell(CLOSING).await.contains("200"));
}
