//! Bytes sent to the service as they are, by a client that keeps no rule of HTTP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::Result;

/// What came back before the connection was closed, or before nothing more came.
pub(crate) struct Heard {
    pub(crate) bytes: Vec<u8>,
    pub(crate) closed: bool,
    pub(crate) took: Duration,
}

impl Heard {
    /// The status of the first response; `None` where there was none.
    pub(crate) fn status(&self) -> Option<u16> {
        let text = String::from_utf8_lossy(self.bytes.get(..16.min(self.bytes.len()))?).into_owned();
        text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
    }

    /// Whether the first response is a problem document that says its own status.
    pub(crate) fn is_problem(&self) -> bool {
        let text = String::from_utf8_lossy(&self.bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let typed = head.to_ascii_lowercase().contains("content-type: application/problem+json");
        let mut documents = serde_json::Deserializer::from_str(body).into_iter::<Value>();
        let document = documents.next().and_then(std::result::Result::ok).unwrap_or_default();
        let said = document["status"].as_u64() == self.status().map(u64::from);
        typed
            && said
            && document["code"].is_string()
            && document["type"].is_string()
            && document["title"].is_string()
    }

    /// The head and the beginning of the body, on one line.
    pub(crate) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", " ");
        let text: String = text.chars().take(300).collect();
        if text.is_empty() { "nothing".to_owned() } else { text }
    }
}

/// Sends bytes and listens.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> Result<Heard> {
    drip(address, bytes, bytes.len(), Duration::ZERO, QUIET).await
}

/// Sends the first bytes at once and the others one by one, with a pause before each; listens until nothing has come for
/// `quiet`.
pub(crate) async fn drip(
    address: SocketAddr,
    bytes: &[u8],
    at_once: usize,
    pause: Duration,
    quiet: Duration,
) -> Result<Heard> {
    let start = Instant::now();
    let (mut read, mut write) = TcpStream::connect(address).await?.into_split();
    let writing = async {
        let (first, others) = bytes.split_at(at_once);
        // A fault here is that the service has had enough.
        let mut going_on = write.write_all(first).await.is_ok();
        for byte in others {
            if !going_on {
                break;
            }
            sleep(pause).await;
            going_on = write.write_all(&[*byte]).await.is_ok();
        }
    };
    let mut heard = Vec::new();
    let reading = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match timeout(quiet, read.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(count)) => heard.extend_from_slice(&buffer[..count]),
                Err(_) => return false,
            }
        }
    };
    // Whoever writes is not waited for once the service has closed.
    let closed = {
        tokio::pin!(writing, reading);
        let mut written = false;
        loop {
            tokio::select! {
                closed = &mut reading => break closed,
                () = &mut writing, if !written => written = true,
            }
        }
    };
    Ok(Heard { bytes: heard, closed, took: start.elapsed() })
}

/// How long nothing may come before a response counts as whole.
const QUIET: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Heard {
        Heard { bytes: text.as_bytes().to_vec(), closed: true, took: Duration::ZERO }
    }

    #[test]
    fn a_problem_says_its_own_status() {
        let head = "HTTP/1.1 413 Payload Too Large\r\ncontent-type: application/problem+json\r\n\r\n";
        let body = r#"{"type":"/problems#too_large","title":"t","status":413,"code":"too_large"}"#;
        let good = heard(&format!("{head}{body}"));
        assert_eq!(good.status(), Some(413));
        assert!(good.is_problem());
        assert!(!heard(&format!("{head}{}", body.replace("413", "400"))).is_problem());
        assert!(!heard(&format!("{}{body}", head.replace("problem+json", "json"))).is_problem());
        assert!(!heard("garbage").is_problem());
        assert_eq!(heard("").status(), None);
    }
}
