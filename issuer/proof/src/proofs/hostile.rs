//! Calls that no honest client makes: each gets a 4xx with a problem document, or a closed connection where HTTP has no
//! answer; the service stays up, and its log names nobody.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::Result;
use crate::client::Client;
use crate::database::Kind;
use crate::entity::{Binding, Entity, Question};
use crate::journey::{Caller, Manner, walk};
use crate::people::Person;
use crate::raw::{Heard, drip, send};
use crate::report::Report;
use crate::stand::{Stand, Wishes};
use crate::traces::{self, Search};

/// Makes all of them.
pub(crate) async fn run(kycvs: &Path, database: &Kind) -> Result<Report> {
    let wishes = Wishes { people: (0..8).map(Person::new).collect(), ..Wishes::new(database) }
        .setting("log", "level = \"debug\"");
    let mut stand = Stand::start(kycvs, &wishes).await?;
    let address = stand.address();
    let mut report = Report::new("hostile", database.name());

    let (request, another) = (open_request(&stand).await?, open_request(&stand).await?);
    let maker = Maker { entity: &stand.entities[0], request: &request, another: &another, address };
    let cases = maker.all();
    report.figure("calls", cases.len());
    let heard = join_all(cases.iter().map(async |case| (case, send(address, &case.bytes).await))).await;
    for (case, heard) in heard {
        judge(&mut report, case, &heard?);
    }
    slow(&mut report, &stand.entities[0], address).await?;
    crowd(&mut report, address).await;

    report.claim(stand.instances[0].runs(), "the service is the same process", "");
    let mut caller = Caller::new(&[address], 0, None);
    let manner = Manner { repeat: None, leave_every: None, keep_every: None };
    let after = walk(&mut caller, &stand.outside, &stand.entities[0], 1, manner).await;
    report.claim(
        after.is_ok(),
        "a journey after all of it goes as ever",
        after.err().map_or(String::new(), |e| e.to_string()),
    );

    let mut secrets = traces::of_text(MARK);
    secrets.extend(traces::of_person("Brunhilde Kaltenegger", MARKED_NUMBER)?);
    secrets.extend(traces::of_text(&stand.entities[0].api_key));
    let log = stand.logs();
    report.figure("bytes of log", log.len());
    report.none_of("nothing that was sent is in the log", &Search::new(secrets).found("the log", &log));
    let panicked = String::from_utf8_lossy(&log).lines().filter(|line| line.contains("panicked")).count();
    report.claim(panicked == 0, "nothing panicked", panicked);
    Ok(report)
}

/// What has to come back.
#[derive(Clone, Copy)]
enum Wanted {
    /// This status, with a problem document.
    Problem(u16),
    /// Any status of a client's fault, with a problem document.
    AnyProblem,
    /// A status of a client's fault in whatever form, or a closed connection: this is not HTTP.
    Refused,
    /// A good answer, or a refusal with a problem document.
    NoFault,
    /// A good answer: this is no hostile call.
    Good,
}

struct Case {
    name: String,
    bytes: Vec<u8>,
    wanted: Wanted,
}

fn judge(report: &mut Report, case: &Case, heard: &Heard) {
    let status = heard.status();
    let client_fault = status.is_some_and(|status| (400..500).contains(&status));
    let good = status.is_some_and(|status| (200..300).contains(&status));
    let holds = match case.wanted {
        Wanted::Problem(wanted) => status == Some(wanted) && heard.is_problem(),
        Wanted::AnyProblem => client_fault && heard.is_problem(),
        Wanted::Refused => client_fault || status.is_none() && heard.closed,
        Wanted::NoFault => good || client_fault && heard.is_problem(),
        Wanted::Good => good,
    };
    let detail =
        if holds { status.map_or("closed".to_owned(), |status| status.to_string()) } else { heard.shown() };
    report.claim(holds, &*case.name, detail);
}

/// A request that waits for its person.
async fn open_request(stand: &Stand) -> Result<String> {
    let question = Question::new(Person::new(2), Binding::None)?;
    let asked = Client::new(stand.address()).send(&stand.entities[0].ask(&question)).await?;
    Ok(asked.expect(201, "create")?["id"].as_str().ok_or("create: no id")?.to_owned())
}

struct Maker<'a> {
    entity: &'a Entity,
    /// A request that waits for its person.
    request: &'a str,
    /// Another one, for what has to succeed.
    another: &'a str,
    address: SocketAddr,
}

impl Maker<'_> {
    fn all(&self) -> Vec<Case> {
        let kinds = [self.bodies(), self.values(), self.texts(), self.methods_and_paths(), self.not_http()];
        kinds.into_iter().flatten().collect()
    }

    fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, wanted: Wanted) -> Case {
        Case { name: name.into(), bytes: bytes.into(), wanted }
    }

    /// A `POST` with these bytes as its body.
    fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            self.entity.api_key,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    fn json(&self, path: &str, body: &Value) -> Vec<u8> {
        self.post(path, "application/json", body.to_string().as_bytes())
    }

    fn otp_path(&self) -> String {
        format!("/v1/requests/{}/otp", self.request)
    }

    fn bodies(&self) -> Vec<Case> {
        let asked = json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA" }).to_string();
        let padded = |size: usize| format!("{}{}", " ".repeat(size), asked).into_bytes();
        let deep =
            |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000)).into_bytes();
        let mut not_utf8 = json!({ "name": MARK, "mobile": MARKED_NUMBER }).to_string().into_bytes();
        not_utf8[12] = 0xff;
        let post = |body: &[u8]| self.post("/v1/requests", "application/json", body);
        let mut cases = vec![
            Self::case("a body of 20 MB", post(&padded(20_000_000)), Wanted::Problem(413)),
            Self::case("a body of 100 kB", post(&padded(100_000)), Wanted::Problem(413)),
            Self::case(
                "a body that says it is 10^18 bytes",
                self.says_it_has("999999999999999999"),
                Wanted::Problem(413),
            ),
            Self::case(
                "a body that says it is more than any number",
                self.says_it_has("99999999999999999999999"),
                Wanted::Refused,
            ),
            Self::case("a body that says it is -1 bytes", self.says_it_has("-1"), Wanted::Refused),
            Self::case("no body", post(b""), Wanted::AnyProblem),
            Self::case("broken JSON", post(b"{\"purpose\": \"rail"), Wanted::Problem(400)),
            Self::case("two JSON values", post(b"{} {}"), Wanted::Problem(400)),
            Self::case("JSON with a tail", post(format!("{asked}]").as_bytes()), Wanted::Problem(400)),
            Self::case("5,000 arrays in each other", post(&deep("[", "]")), Wanted::AnyProblem),
            Self::case("5,000 objects in each other", post(&deep("{\"a\":", "}")), Wanted::AnyProblem),
            Self::case(
                "JSON that is not UTF-8",
                self.post(&self.otp_path(), "application/json", &not_utf8),
                Wanted::AnyProblem,
            ),
            Self::case(
                "a lone surrogate",
                self.post(&self.otp_path(), "application/json", b"{\"name\":\"\\ud800\",\"mobile\":\"9\"}"),
                Wanted::AnyProblem,
            ),
            Self::case(
                "a number of 10,000 digits",
                post(format!("{{\"valid_for\":{}}}", "9".repeat(10_000)).as_bytes()),
                Wanted::AnyProblem,
            ),
            Self::case(
                "a member twice",
                post(b"{\"purpose\":\"a\",\"purpose\":\"b\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\"}"),
                Wanted::AnyProblem,
            ),
        ];
        let others =
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "rubbish"];
        for other in others {
            let bytes = self.post("/v1/requests", other, asked.as_bytes());
            cases.push(Self::case(format!("a body of {other}"), bytes, Wanted::Problem(415)));
        }
        cases
    }

    fn says_it_has(&self, length: &str) -> Vec<u8> {
        let head = self.post("/v1/requests", "application/json", b"");
        String::from_utf8_lossy(&head)
            .replace("Content-Length: 0", &format!("Content-Length: {length}"))
            .into_bytes()
    }

    /// JSON that is well formed and means nothing.
    fn values(&self) -> Vec<Case> {
        let bodies = [
            json!(null),
            json!([]),
            json!("text"),
            json!({}),
            json!({ "purpose": 1, "nonce": [] }),
            json!({ "purpose": "p", "nonce": "short" }),
            json!({ "purpose": "p", "nonce": "!!!not base64url!!!" }),
            json!({ "purpose": "", "nonce": "AAAAAAAAAAAAAAAAAAAAAA" }),
            json!({ "purpose": "p".repeat(5_000), "nonce": "AAAAAAAAAAAAAAAAAAAAAA" }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "valid_for": -1 }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "valid_for": 1e300 }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "binding": "everything" }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "unknown": MARK }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "binding": "name_and_mobile" }),
            json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "mobile": MARKED_NUMBER }),
        ];
        let asked = bodies.iter().map(|body| {
            let shown: String = body.to_string().chars().take(60).collect();
            Self::case(format!("to ask {shown}"), self.json("/v1/requests", body), Wanted::AnyProblem)
        });
        let typed = [
            json!({ "name": MARK }),
            json!({ "name": "", "mobile": MARKED_NUMBER }),
            json!({ "name": " . ", "mobile": MARKED_NUMBER }),
            json!({ "name": MARK.repeat(400), "mobile": MARKED_NUMBER }),
            json!({ "name": MARK, "mobile": "not a number" }),
            json!({ "name": MARK, "mobile": "9".repeat(9_000) }),
            json!({ "name": MARK, "mobile": { "$gt": "" } }),
            json!({ "name": [MARK], "mobile": MARKED_NUMBER }),
            json!({ "name": MARK, "mobile": MARKED_NUMBER, "language": "../../etc/passwd" }),
        ];
        let typed = typed.iter().enumerate().map(|(at, body)| {
            Self::case(
                format!("name and number, wrong way {}", at + 1),
                self.json(&self.otp_path(), body),
                Wanted::AnyProblem,
            )
        });
        let confirm = format!("/v1/requests/{}/confirm", self.request);
        let otps = [
            json!({ "otp": 123_456 }),
            json!({ "otp": "12345" }),
            json!({ "otp": "१२३४५" }),
            json!({ "otp": "1".repeat(9_000) }),
            json!({}),
        ];
        let otps = otps.iter().enumerate().map(|(at, body)| {
            Self::case(
                format!("a password, wrong way {}", at + 1),
                self.json(&confirm, body),
                Wanted::AnyProblem,
            )
        });
        asked.chain(typed).chain(otps).collect()
    }

    /// Texts that would do harm where they are taken for code. The purpose is the entity's, and any text that the core
    /// takes; it has to stay one.
    fn texts(&self) -> Vec<Case> {
        let (otp, confirm) = (self.otp_path(), format!("/v1/requests/{}/confirm", self.request));
        let mut cases = Vec::new();
        for text in INJECTIONS {
            let mut case = |what: &str, bytes: Vec<u8>, wanted: Wanted| {
                cases.push(Self::case(format!("the {what} {text:?}"), bytes, wanted));
            };
            let name = json!({ "name": format!("{MARK}{text}"), "mobile": MARKED_NUMBER });
            case("name", self.json(&otp, &name), Wanted::Problem(422));
            let number = json!({ "name": MARK, "mobile": text });
            case("number", self.json(&otp, &number), Wanted::Problem(422));
            case("password", self.json(&confirm, &json!({ "otp": text })), Wanted::AnyProblem);
            let purpose = json!({ "purpose": text, "nonce": "AAAAAAAAAAAAAAAAAAAAAA" });
            case("purpose", self.json("/v1/requests", &purpose), Wanted::NoFault);
            let escaped: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            case("id", self.get(&format!("/v1/requests/{}", escaped.concat())), Wanted::Problem(404));
        }
        let honest = json!({ "name": format!("{MARK}, d/o Müller-O'Brien (Sr.)"), "mobile": MARKED_NUMBER });
        let path = format!("/v1/requests/{}/otp", self.another);
        cases.push(Self::case(
            "a name with the signs that names have",
            self.json(&path, &honest),
            Wanted::Good,
        ));
        cases
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n",
            self.address, self.entity.api_key
        );
        format!("{head}Connection: close\r\n\r\n").into_bytes()
    }

    fn methods_and_paths(&self) -> Vec<Case> {
        let line = |line: &str| {
            format!("{line}\r\nHost: {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", self.address)
        };
        let mut cases = vec![
            Self::case(
                "DELETE",
                line(&format!("DELETE /v1/requests/{} HTTP/1.1", self.request)),
                Wanted::Problem(405),
            ),
            Self::case("PUT", line("PUT /v1/requests HTTP/1.1"), Wanted::Problem(405)),
            Self::case("TRACE", line("TRACE /v1/requests HTTP/1.1"), Wanted::AnyProblem),
            Self::case("CONNECT", line("CONNECT example.org:443 HTTP/1.1"), Wanted::Refused),
            Self::case("a method of its own", line("BREW /v1/requests HTTP/1.1"), Wanted::Problem(405)),
            Self::case("another path", line("GET /v1/nothing HTTP/1.1"), Wanted::Problem(404)),
            Self::case(
                "a path upwards",
                line("GET /assets/../../../etc/passwd HTTP/1.1"),
                Wanted::Problem(404),
            ),
            Self::case(
                "an escaped path upwards",
                line("GET /assets/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1"),
                Wanted::Problem(404),
            ),
            Self::case("a path that is not UTF-8", line("GET /assets/%ff%fe HTTP/1.1"), Wanted::AnyProblem),
            Self::case("a NUL in the path", line("GET /v1/requests/%00 HTTP/1.1"), Wanted::AnyProblem),
            Self::case(
                "a path of 10,000 letters",
                line(&format!("GET /{} HTTP/1.1", "a".repeat(10_000))),
                Wanted::AnyProblem,
            ),
            Self::case(
                "no key",
                line("GET /v1/requests/AAAAAAAAAAAAAAAAAAAAAA HTTP/1.1"),
                Wanted::Problem(401),
            ),
        ];
        for value in [
            "Bearer",
            "Bearer x",
            "Basic eDp4",
            "Bearer kycvs_",
            &format!("Bearer kycvs_{}", "A".repeat(4_000)),
        ] {
            let shown: String = value.chars().take(30).collect();
            let head = format!("GET /v1/requests/{} HTTP/1.1\r\nAuthorization: {value}", self.request);
            cases.push(Self::case(format!("the key {shown}"), line(&head), Wanted::Problem(401)));
        }
        let signed = format!(
            "GET /v1/requests/{} HTTP/1.1\r\nSignature-Input: sig=({}\r\nSignature: sig=:{}:",
            self.request,
            "\"@method\" ".repeat(500),
            "A".repeat(3_000)
        );
        cases.push(Self::case("a signature of rubbish", line(&signed), Wanted::AnyProblem));
        for key in ["", "\t", &"k".repeat(300), "a\u{e9}b"] {
            let body = json!({ "purpose": "p", "nonce": "AAAAAAAAAAAAAAAAAAAAAA" });
            let call = String::from_utf8_lossy(&self.json("/v1/requests", &body)).into_owned();
            let call = call.replacen("\r\n", &format!("\r\nIdempotency-Key: {key}\r\n"), 1);
            let shown = key.len();
            cases.push(Self::case(
                format!("an Idempotency-Key of {shown} bytes, {key:.3?}"),
                call,
                Wanted::AnyProblem,
            ));
        }
        cases
    }

    /// What hyper answers, or nobody.
    fn not_http(&self) -> Vec<Case> {
        let host = self.address;
        let many = "X-Again: x\r\n".repeat(500);
        let body = r#"{"purpose":"p","nonce":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
        let wide =
            format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Wide: {}\r\n\r\n", "x".repeat(1_000_000));
        vec![
            Self::case("a header of 1 MB", wide, Wanted::Refused),
            Self::case("500 headers", format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n{many}\r\n"), Wanted::Refused),
            Self::case("a header with a NUL", format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-A: \0\r\n\r\n"), Wanted::Refused),
            Self::case("rubbish", vec![0x80; 5_000], Wanted::Refused),
            Self::case("a TLS hello", [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0x55; 500]].concat(), Wanted::Refused),
            Self::case("HTTP/3.7", format!("GET /healthz HTTP/3.7\r\nHost: {host}\r\n\r\n"), Wanted::Refused),
            Self::case("HTTP/0.9", "GET /healthz\r\n", Wanted::Refused),
            Self::case("HTTP/1.0 without a host", "GET /healthz HTTP/1.0\r\n\r\n", Wanted::Refused),
            Self::case("two hosts", format!("GET /pass HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\nConnection: close\r\n\r\n"), Wanted::Problem(400)),
            Self::case("another host", "GET /pass HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", Wanted::Problem(400)),
            Self::case(
                "length and chunks at once",
                format!("POST /v1/requests HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n"),
                Wanted::Refused,
            ),
            Self::case(
                "two lengths",
                format!("POST /v1/requests HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\n{body}"),
                Wanted::Refused,
            ),
            Self::case(
                "chunks of rubbish",
                format!("POST /v1/requests HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{body}\r\n"),
                Wanted::Refused,
            ),
            Self::case(
                "chunks without end",
                [
                    format!("POST /v1/requests HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", self.entity.api_key),
                    format!("400\r\n{}\r\n", " ".repeat(1_024)).repeat(200),
                ]
                .concat(),
                Wanted::Problem(413),
            ),
            Self::case(
                "rubbish after a request",
                format!("GET /v1/nothing HTTP/1.1\r\nHost: {host}\r\n\r\n\x01\x02\x03 rubbish\r\n\r\n"),
                Wanted::Problem(404),
            ),
        ]
    }
}

/// Clients that take their time: their connections are closed, or they are told so, within [`LONGEST`].
async fn slow(report: &mut Report, entity: &Entity, address: SocketAddr) -> Result<()> {
    let pause = Duration::from_millis(500);
    let endless = "x".repeat(10_000);
    let head = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nX-Slow: {endless}");
    let post = format!(
        "POST /v1/requests HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n",
        entity.api_key
    );
    let body = format!("{post}{}", "{".repeat(10_000));
    let (silent, header, body) = tokio::join!(
        drip(address, b"", 0, pause, LONGEST),
        drip(address, head.as_bytes(), 1, pause, LONGEST),
        drip(address, body.as_bytes(), post.len(), pause, LONGEST),
    );
    for (name, heard) in [("a client that says nothing", silent?), ("headers byte by byte", header?)] {
        report.claim(heard.closed, format!("{name} is cut off"), format!("after {} s", heard.took.as_secs()));
    }
    let body = body?;
    let told = body.status() == Some(408) && body.is_problem();
    let detail = if told { format!("after {} s", body.took.as_secs()) } else { body.shown() };
    report.claim(told, "a body byte by byte is cut off with 408", detail);
    Ok(())
}

/// Many connections that say nothing must not keep others out.
async fn crowd(report: &mut Report, address: SocketAddr) {
    let crowd = join_all((0..CROWD).map(async |_| tokio::net::TcpStream::connect(address).await)).await;
    let reply = Client::new(address).send(&crate::client::Call::get("/healthz")).await;
    let answered = reply.is_ok_and(|reply| reply.status == 200);
    report.claim(answered, format!("beside {CROWD} silent connections another client is answered"), "");
    drop(crowd);
}

/// Text that stands nowhere else.
const MARK: &str = "Brunhilde Kaltenegger";
const MARKED_NUMBER: &str = "+919753108642";
const INJECTIONS: [&str; 5] = [
    "'; DROP TABLE requests; --",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "a\r\nSet-Cookie: x=1",
    "../../../../etc/passwd\0",
];
const LONGEST: Duration = Duration::from_secs(45);
const CROWD: usize = 200;
