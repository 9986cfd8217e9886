//! A client that keeps its connection, and can be whatever address the proxy in front of the service says it is.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Result;

/// One call of the service.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method: Method::POST, path: path.into(), headers, body: body.to_string().into() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As the entity with this API key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", format!("Bearer {key}"))
    }

    /// From this address, as a proxy tells it.
    pub(crate) fn from(self, address: IpAddr) -> Self {
        self.header("x-forwarded-for", address.to_string())
    }

    /// Safe to repeat.
    pub(crate) fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    fn request(&self, host: SocketAddr) -> Result<Request<Full<Bytes>>> {
        let mut request =
            Request::builder().method(&self.method).uri(&self.path).header("host", host.to_string());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// From the first byte sent to the last received.
    pub(crate) took: Duration,
}

impl Reply {
    pub(crate) fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The body of a reply with this status; anything else is a fault that says what was called.
    pub(crate) fn expect(&self, status: u16, call: &str) -> Result<Value> {
        if self.status == status {
            return self.json();
        }
        Err(format!("{call}: {} instead of {status}: {}", self.status, String::from_utf8_lossy(&self.body))
            .into())
    }

    /// The code of a problem document.
    pub(crate) fn code(&self) -> Option<String> {
        self.json().ok().and_then(|body| body["code"].as_str().map(ToOwned::to_owned))
    }
}

/// A connection to one instance, made anew where it broke.
pub(crate) struct Client {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, sender: None }
    }

    /// Sends a call and reads the whole reply.
    pub(crate) async fn send(&mut self, call: &Call) -> Result<Reply> {
        let reply = match timeout(PATIENCE, self.exchange(call)).await {
            Ok(reply) => reply,
            Err(_) => Err("no reply in time".into()),
        };
        if reply.is_err() {
            self.sender = None;
        }
        reply
    }

    /// Sends a call and goes away before the reply can be read.
    pub(crate) async fn send_and_leave(&mut self, call: &Call, after: Duration) {
        let _ = timeout(after, self.exchange(call)).await;
        self.sender = None;
    }

    async fn exchange(&mut self, call: &Call) -> Result<Reply> {
        let request = call.request(self.address)?;
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await?;
        let start = Instant::now();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let took = start.elapsed();
        self.sender = Some(sender);
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body, took })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Longer than anything that the service allows itself.
const PATIENCE: Duration = Duration::from_secs(30);
