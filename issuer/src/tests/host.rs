//! What every call goes through: bounds, headers, faults, and what the log tells.

use std::{
    convert::Infallible,
    io::Write,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response, header},
    routing::{any, get},
};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::stage::{KEY, NAME, Stage};
use crate::http::{self, middleware::around};

async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.expect("it always answers")
}

/// The path at the public address, as HTTP/2 has it.
pub(super) fn here(path: &str) -> String {
    format!("https://issuer.example{path}")
}

fn request(path: &str) -> Request<Body> {
    Request::get(here(path)).body(Body::empty()).expect("a request")
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(here(path)).header("content-type", "application/json").body(body.into()).expect("a request")
}

async fn problem(response: Response<Body>) -> (u16, Value) {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(document["status"], status);
    (status, document["code"].clone())
}

/// A route that does this, with everything around it that a call goes through.
async fn around_handler<F, T>(handler: F) -> (Stage, Router)
where
    F: Fn() -> T + Clone + Send + Sync + 'static,
    T: Future<Output = &'static str> + Send + 'static,
{
    let stage = Stage::new().await;
    let router = around(Router::new().route("/it", any(handler)), &stage.app);
    (stage, router)
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_hold_to() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let calls = ["/healthz", "/embed.js", "/nothing", "/v1/requests", "/pass", "/assets/nothing"];
    for path in calls {
        let response = send(&router, request(path)).await;
        let headers = response.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            // The public address begins with https://.
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(
            headers["content-security-policy"]
                .to_str()
                .is_ok_and(|csp| csp.starts_with("default-src 'none'"))
        );
        assert!(headers["permissions-policy"].to_str().is_ok_and(|policy| policy.contains("camera=()")));
        assert_eq!(headers["x-request-id"].len(), 16, "{path}");
    }
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused() {
    let (_stage, router) = around_handler(|| async { "ok" }).await;
    let response = send(&router, post("/it", vec![b' '; 16 * 1024])).await;
    assert_eq!(response.status(), 200);
    let response = send(&router, post("/it", vec![b' '; 16 * 1024 + 1])).await;
    assert_eq!(problem(response).await, (413, "too_large".into()));
    // Without a length that was announced.
    let pieces = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 1000])));
    let response = send(&router, post("/it", Body::from_stream(pieces))).await;
    assert_eq!(problem(response).await, (413, "too_large".into()));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let (_stage, router) = around_handler(|| async { "ok" }).await;
    let pieces = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
    let response = send(&router, post("/it", Body::from_stream(pieces))).await;
    assert_eq!(problem(response).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_ten_seconds() {
    let (_stage, router) = around_handler(|| async { "ok" }).await;
    tokio::time::pause();
    let pieces = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]).chain(stream::pending());
    let begun = tokio::time::Instant::now();
    let response = send(&router, post("/it", Body::from_stream(pieces))).await;
    assert_eq!(problem(response).await, (408, "timeout".into()));
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended() {
    let (_stage, router) = around_handler(std::future::pending).await;
    tokio::time::pause();
    let response = send(&router, request("/it")).await;
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(problem(response).await, (503, "unavailable".into()));
}

#[tokio::test]
async fn a_call_for_another_host_reaches_no_handler() {
    let (stage, router) = around_handler(|| async { "ok" }).await;
    for hosts in [&[][..], &["evil.example"], &["issuer.example", "issuer.example"]] {
        let mut request = Request::get("/it");
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let response = send(&router, request.body(Body::empty()).expect("a request")).await;
        assert_eq!(problem(response).await, (400, "bad_request".into()), "{hosts:?}");
    }
    let here = Request::get("/it").header(header::HOST, "issuer.example:8443");
    assert_eq!(send(&router, here.body(Body::empty()).expect("a request")).await.status(), 200);
    let health = Request::get("/healthz").header(header::HOST, "10.0.0.7:8080");
    let health = health.body(Body::empty()).expect("a request");
    assert_eq!(send(&http::service(&stage.app), health).await.status(), 200);
}

#[tokio::test]
async fn a_fault_in_the_code_ends_its_call_alone_and_tells_nothing() {
    let (stage, router) = around_handler(|| async { panic!("{NAME} is in this text") }).await;
    let response = send(&router, request("/it")).await;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    assert!(!String::from_utf8_lossy(&bytes).contains(NAME));
    assert_eq!(problem(send(&router, request("/it")).await).await, (500, "internal".into()));
    assert_eq!(send(&http::service(&stage.app), request("/healthz")).await.status(), 200);
}

#[tokio::test]
async fn what_was_begun_is_finished_where_the_client_goes_away() {
    static GO_ON: Notify = Notify::const_new();
    static FINISHED: Notify = Notify::const_new();
    let (_stage, router) = around_handler(|| async {
        GO_ON.notified().await;
        FINISHED.notify_one();
        "ok"
    })
    .await;
    let gone = tokio::time::timeout(Duration::from_millis(50), send(&router, request("/it"))).await;
    assert!(gone.is_err(), "nothing has let it go on");
    GO_ON.notify_one();
    tokio::time::timeout(Duration::from_mins(1), FINISHED.notified()).await.expect("it is finished");
}

#[tokio::test]
async fn readiness_is_the_database_s_and_life_is_the_process_s() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    assert_eq!(send(&router, request("/readyz")).await.status(), 200);
    stage.app.db.close().await;
    assert_eq!(send(&router, request("/healthz")).await.status(), 200);
    // What was found holds for a moment.
    while send(&router, request("/readyz")).await.status() == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(problem(send(&router, request("/readyz")).await).await, (503, "unavailable".into()));
}

#[tokio::test]
async fn a_method_that_a_page_does_not_take_is_a_problem_that_says_which_it_takes() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    for path in ["/healthz", "/embed.js", "/problems", "/v1/requests/AAAAAAAAAAAAAAAAAAAAAA/otp"] {
        let response =
            send(&router, Request::delete(here(path)).body(Body::empty()).expect("a request")).await;
        assert!(response.headers().contains_key(header::ALLOW), "{path}");
        assert_eq!(problem(response).await, (405, "method_not_allowed".into()));
    }
}

/// What the log would say, line after line.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Notes what this thread writes to the log, until the guard is dropped.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // There must be two subscribers. If `tracing` knows only one, the first thread that reaches a line decides for all
        // threads, and a test that does not listen would switch the line off.
        static OTHER: OnceLock<tracing::Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| tracing::Dispatch::new(tracing_subscriber::registry()));
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("unpoisoned").clone()).expect("text")
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_tells_the_route_and_nobody() {
    let lines = Lines::default();
    let _guard = lines.listen();
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let router = http::service(&stage.app);
    let body = format!(r#"{{"name": "{NAME}", "mobile": "98765 43210"}}"#);
    let otp = post(&format!("/v1/requests/{id}/otp?secret=zanzibar"), body);
    assert_eq!(send(&router, otp).await.status(), 202);
    let mut unknown = request("/some/path/of/a/client");
    unknown.headers_mut().insert("authorization", format!("Bearer {KEY}").parse().expect("a header"));
    unknown.headers_mut().insert("x-forwarded-for", "192.0.2.77".parse().expect("a header"));
    *unknown.method_mut() = "MADEUP".parse().expect("a method");
    assert_eq!(send(&router, unknown).await.status(), 404);

    let log = lines.text();
    let calls: Vec<&str> = log.lines().filter(|line| line.contains(" call ")).collect();
    assert_eq!(calls.len(), 2, "{log}");
    assert!(calls[0].contains("method=POST route=\"/v1/requests/{id}/otp\" status=202"), "{log}");
    assert!(calls[1].contains("method=OTHER route=\"none\" status=404"), "{log}");
    let password = stage.gateway.last_otp();
    for secret in [NAME, "43210", "zanzibar", "/some/path", KEY, "192.0.2", id.as_str(), "MADEUP", &password]
    {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn calls_are_counted_by_their_route() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app).merge(Router::new().route("/unused", get(|| async { "" })));
    send(&router, request("/v1/requests/AAAAAAAAAAAAAAAAAAAAAA/consent")).await;
    send(&router, request("/made/up")).await;
    assert_eq!(send(&router, request("/metrics")).await.status(), 404, "they are not for everyone");
    let response = send(&http::management(&stage.app), request("/metrics")).await;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    for line in [
        r#"kycvs_calls_total{method="GET",route="/v1/requests/{id}/consent",status="404"} 1"#,
        r#"kycvs_calls_total{method="GET",route="none",status="404"} 2"#,
        r#"kycvs_problems_total{code="not_found"} 3"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(!text.contains("/made/up"));
}
