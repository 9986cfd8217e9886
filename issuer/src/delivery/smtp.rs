//! A mail to an address made of the number, as SMS gateways by mail take it.

use std::{fmt, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use kycvs::Zeroizing;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, Message as Mail, header::ContentType},
    transport::smtp::{self, authentication::Credentials},
};
use url::Url;

use super::{Gateway, Message, NotDelivered, repeat::until_taken};
use crate::outbound::{Outcome, is_loopback};

/// Hands messages to one mail server.
pub struct SmtpGateway {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// With [`NUMBER`] where the digits go.
    to: String,
    timeout: Duration,
}

/// What the number's digits take the place of.
const NUMBER: &str = "{number}";

/// How a mail server is reached, and what mails to it look like. It has no `Debug`: the address may hold a password.
pub struct SmtpSettings<'a> {
    /// `smtps://host`, `smtp://host?tls=required` (STARTTLS), or plain `smtp://` on loopback, each with a port where it
    /// is not the usual one.
    pub url: &'a Url,
    /// The sender.
    pub from: &'a str,
    /// The recipient, with `{number}` where the digits of the number go (country code first, without a plus).
    pub to: &'a str,
    /// For all tries for a message together.
    pub timeout: Duration,
}

impl SmtpGateway {
    /// `login` is a user's name and password.
    ///
    /// # Errors
    /// Where a setting is not usable, with the sentence that says why.
    pub fn new(
        settings: &SmtpSettings<'_>,
        login: Option<(&str, Zeroizing<String>)>,
    ) -> Result<Self, BadSmtpSetting> {
        let SmtpSettings { url, from, to, timeout } = *settings;
        check_url(url)?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|_| BadSmtpSetting("the server's address is none that mail can be sent to"))?
            .timeout(Some(timeout));
        if let Some((name, password)) = login {
            builder = builder.credentials(Credentials::new(name.to_owned(), password.to_string()));
        }
        let gateway = Self {
            transport: builder.build(),
            from: from.parse().map_err(|_| BadSmtpSetting("the sender is not a mail address"))?,
            to: to.to_owned(),
            timeout,
        };
        if !to.contains(NUMBER) || gateway.recipient("+911234567890").is_none() {
            return Err(BadSmtpSetting("the recipient is not a mail address with {number} in it"));
        }
        Ok(gateway)
    }

    fn recipient(&self, number: &str) -> Option<Mailbox> {
        let address = Zeroizing::new(self.to.replace(NUMBER, number.trim_start_matches('+')));
        address.parse().ok()
    }

    fn mail(&self, message: &Message) -> Result<Mail, NotDelivered> {
        let failed = || NotDelivered::certainly("the message cannot be written as a mail");
        Mail::builder()
            .from(self.from.clone())
            .to(self.recipient(&message.to).ok_or_else(failed)?)
            .message_id(Some(format!("<{}@{}>", message.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.to_string())
            .map_err(|_| failed())
    }
}

impl Gateway for SmtpGateway {
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        async move {
            let mail = self.mail(message)?;
            until_taken(self.timeout, || async { outcome(self.transport.send(mail.clone()).await) }).await
        }
        .boxed()
    }
}

impl fmt::Debug for SmtpGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpGateway").finish_non_exhaustive()
    }
}

/// A setting of the mail server that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSmtpSetting(&'static str);

/// One-time passwords travel encrypted, but on this machine. `opportunistic` is encryption that an attacker switches off.
fn check_url(url: &Url) -> Result<(), BadSmtpSetting> {
    if url.password().is_some() || !url.username().is_empty() {
        return Err(BadSmtpSetting("the name and the password for the server are settings of their own"));
    }
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None) | ("smtp", Some("required")) => Ok(()),
        ("smtp", None) if is_loopback(url) => Ok(()),
        ("smtp", _) => Err(BadSmtpSetting("mail needs TLS: write smtps://host or smtp://host?tls=required")),
        _ => Err(BadSmtpSetting("the server's address starts with neither smtps:// nor smtp://")),
    }
}

/// A server's own words are not repeated: they can hold the address, and with it the number.
fn outcome(result: Result<smtp::response::Response, smtp::Error>) -> Outcome {
    match result {
        Ok(_) => Outcome::Taken,
        Err(error) => match error.status() {
            Some(code) if error.is_permanent() => Outcome::Refused(format!("it answered {code}")),
            Some(code) => Outcome::Again(format!("it answered {code}"), None),
            None if error.is_timeout() => Outcome::Unknown("it did not answer in time".into(), None),
            None if error.is_tls() => Outcome::Again("TLS failed".into(), None),
            None if is_of_connecting(&error) => Outcome::Again("it cannot be reached".into(), None),
            None => Outcome::Unknown("the connection broke".into(), None),
        },
    }
}

/// Whether nothing was sent yet, which the library says in its text alone.
fn is_of_connecting(error: &smtp::Error) -> bool {
    error.to_string().starts_with("Connection error")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
        task::JoinHandle,
    };

    fn settings(url: &Url) -> SmtpSettings<'_> {
        let timeout = Duration::from_secs(4);
        SmtpSettings { url, from: "KYC-VS <otp@issuer.example>", to: "{number}@sms.example", timeout }
    }

    fn message() -> Message {
        Message {
            to: "+919876543210".to_owned().into(),
            text: "123456 आपका पासवर्ड है".to_owned().into(),
            id: "otp_1".into(),
            expires_at: 0,
        }
    }

    /// A mail server that answers the recipients of its sessions with these lines, and gives what it heard.
    async fn server(answers: &'static [&'static str]) -> (Url, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
        let heard = tokio::spawn(async move {
            let mut heard = Vec::new();
            for answer in answers {
                let (stream, _) = listener.accept().await.expect("a connection");
                session(BufReader::new(stream), answer, &mut heard).await;
            }
            heard
        });
        (url, heard)
    }

    async fn session(mut stream: BufReader<tokio::net::TcpStream>, answer: &str, heard: &mut Vec<String>) {
        stream.write_all(b"220 test\r\n").await.expect("written");
        let (mut line, mut in_data) = (String::new(), false);
        while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
            let said = line.trim_end().to_owned();
            line.clear();
            let reply = match said.split([' ', ':']).next() {
                Some(".") if in_data => "250 taken",
                _ if in_data => "",
                Some("RCPT") => answer,
                Some("DATA") => "354 go on",
                Some("QUIT") => "221 bye",
                _ => "250 test",
            };
            in_data = said == "DATA" || (in_data && said != ".");
            heard.push(said);
            if !reply.is_empty() {
                stream.write_all(format!("{reply}\r\n").as_bytes()).await.expect("written");
            }
            if reply.starts_with("221") || reply == "250 taken" {
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_mail_goes_to_the_address_made_of_the_number() {
        let (url, heard) = server(&["250 ok"]).await;
        SmtpGateway::new(&settings(&url), None)
            .expect("usable")
            .deliver(&message())
            .await
            .expect("it is taken");
        let heard = heard.await.expect("the server ran").join("\n");
        for words in [
            "RCPT TO:<919876543210@sms.example>",
            "Message-ID: <otp_1@issuer.example>",
            "From: KYC-VS <otp@issuer.example>",
        ] {
            assert!(heard.contains(words), "{words} in {heard}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
        let (url, heard) = server(&["450 busy", "250 ok"]).await;
        SmtpGateway::new(&settings(&url), None)
            .expect("usable")
            .deliver(&message())
            .await
            .expect("it is taken");
        let heard = heard.await.expect("the server ran");
        assert_eq!(heard.iter().filter(|line| line.starts_with("RCPT")).count(), 2);

        let (url, _heard) = server(&["550 no 919876543210@sms.example here"]).await;
        let error = SmtpGateway::new(&settings(&url), None)
            .expect("usable")
            .deliver(&message())
            .await
            .expect_err("refused");
        assert_eq!((error.why.as_str(), error.may_have_arrived), ("it answered 550", false));
    }

    #[tokio::test]
    async fn a_server_that_is_away_has_not_taken_it_and_one_that_goes_away_may_have() {
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url: Url = format!("smtp://{}", closed.local_addr().expect("an address")).parse().expect("a URL");
        drop(closed);
        let gateway = SmtpGateway::new(&settings(&url), None).expect("usable");
        let error = gateway.deliver(&message()).await.expect_err("nobody is there");
        assert!(error.why.starts_with("it cannot be reached (") && !error.may_have_arrived, "{error}");

        // It hears the recipient, and says nothing more.
        let (url, _heard) = server(&[""]).await;
        let gateway = SmtpGateway::new(&settings(&url), None).expect("usable");
        let error = gateway.deliver(&message()).await.expect_err("it hangs");
        assert!(error.may_have_arrived, "{error}");
    }

    #[test]
    fn only_loopback_goes_without_tls() {
        for (url, fits) in [
            ("smtps://mail.example", true),
            ("smtps://mail.example:4650", true),
            ("smtp://mail.example?tls=required", true),
            ("smtp://127.0.0.1:2525", true),
            ("smtp://localhost", true),
            ("smtp://mail.example", false),
            ("smtp://mail.example?tls=opportunistic", false),
            ("smtp://localhost?tls=opportunistic", false),
            ("smtps://user:secret@mail.example", false),
            ("https://mail.example", false),
        ] {
            let url: Url = url.parse().expect("a URL");
            assert_eq!(SmtpGateway::new(&settings(&url), None).is_ok(), fits, "{url}");
        }
        let url = "smtps://mail.example".parse().expect("a URL");
        for (from, to) in
            [("nobody", "{number}@x.example"), ("a@b.example", "c@d.example"), ("a@b.example", "{number}")]
        {
            assert!(
                SmtpGateway::new(&SmtpSettings { from, to, ..settings(&url) }, None).is_err(),
                "{from} {to}"
            );
        }
    }
}
