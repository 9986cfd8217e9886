//! A request as it stands in the database.

use sqlx::{AnyExecutor, Row, any::AnyRow};

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

/// A closed set of words in the database and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        pub(crate) enum $name { $($(#[$word_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Where a request stands.
    State {
        Open = "open",
        OtpSent = "otp_sent",
        Answered = "answered",
        Acknowledged = "acknowledged",
        Declined = "declined",
        Failed = "failed",
        Expired = "expired",
    }
}

words! {
    /// Who began it, and what its answer is for.
    Kind {
        /// A verifying entity, for itself.
        Request = "request",
        /// A verifying entity, by the calls of 2021.
        Legacy = "legacy",
        /// A person, for whoever is shown it.
        Pass = "pass",
    }
}

words! {
    /// To whom the answer is bound.
    Binding {
        None = "none",
        Name = "name",
        NameAndMobile = "name_and_mobile",
    }
}

/// One row. What is secret in it is sealed or hashed.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) entity: Option<String>,
    pub(crate) purpose: String,
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) valid_for: i64,
    pub(crate) binding: Binding,
    pub(crate) known_mobile: Option<Vec<u8>>,
    /// As it was written; [`state`](Self::state) is what counts.
    stored_state: State,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) otp_round: i64,
    pub(crate) otp_hash: Option<Vec<u8>>,
    pub(crate) otp_sent_at: Option<i64>,
    pub(crate) otp_expires_at: Option<i64>,
    pub(crate) tries: i64,
    pub(crate) corrections: i64,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) presentation: Option<Vec<u8>>,
    /// Whether there is a bearer token for it, as for a request of the calls of 2021 whose password was entered.
    has_session: bool,
}

const BY_ID: &str = "SELECT id, kind, entity, purpose, nonce, valid_for, binding, known_mobile, state, created_at, \
    expires_at, otp_round, otp_hash, otp_sent_at, otp_expires_at, tries, corrections, sealed, presentation, \
    CASE WHEN session_hash IS NULL THEN 0 ELSE 1 END AS has_session FROM requests WHERE id = $1";

impl Request {
    /// The request with this id.
    pub(crate) async fn find(app: &App, id: &str) -> Result<Self> {
        if !super::is_id(id) {
            return Err(not_found());
        }
        Self::read_from(app.db.reader(), id).await
    }

    /// The same, for a person, if the request [has a page](Self::has_page).
    pub(crate) async fn find_for_person(app: &App, id: &str) -> Result<Self> {
        let request = Self::find(app, id).await?;
        if request.has_page() { Ok(request) } else { Err(not_found()) }
    }

    /// The same, for the entity that made it. Another one does not learn that there is such a request.
    pub(crate) async fn find_for_entity(app: &App, entity: &str, id: &str) -> Result<Self> {
        let request = Self::find(app, id).await?;
        if request.entity.as_deref() == Some(entity) { Ok(request) } else { Err(not_found()) }
    }

    pub(crate) async fn read_from<'c>(executor: impl AnyExecutor<'c>, id: &str) -> Result<Self> {
        let row = sqlx::query(BY_ID).bind(id).fetch_optional(executor).await?.ok_or_else(not_found)?;
        Ok(Self::read(&row)?)
    }

    fn read(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: word(row, "kind", Kind::from_word)?,
            entity: row.try_get("entity")?,
            purpose: row.try_get("purpose")?,
            nonce: row.try_get("nonce")?,
            valid_for: row.try_get("valid_for")?,
            binding: word(row, "binding", Binding::from_word)?,
            known_mobile: row.try_get("known_mobile")?,
            stored_state: word(row, "state", State::from_word)?,
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            otp_round: row.try_get("otp_round")?,
            otp_hash: row.try_get("otp_hash")?,
            otp_sent_at: row.try_get("otp_sent_at")?,
            otp_expires_at: row.try_get("otp_expires_at")?,
            tries: row.try_get("tries")?,
            corrections: row.try_get("corrections")?,
            sealed: row.try_get("sealed")?,
            presentation: row.try_get("presentation")?,
            has_session: row.try_get::<i32, _>("has_session")? == 1,
        })
    }

    /// Where it stands now: what is past its time is expired, whether or not the sweeper has come by.
    pub(crate) fn state(&self, now: i64) -> State {
        let ends = matches!(self.stored_state, State::Open | State::OtpSent | State::Answered);
        if ends && self.expires_at <= now { State::Expired } else { self.stored_state }
    }

    /// Whether the person answers on our page, or can look there. For a request of the calls of 2021 that is as long as its
    /// entity has a bearer token: it was answered, or [`legacy`](super::legacy) handed it over to the page.
    pub(crate) fn has_page(&self) -> bool {
        self.kind != Kind::Legacy || self.has_session
    }

    /// Whether it has led to an answer, which may be over.
    pub(crate) fn was_answered(&self) -> bool {
        matches!(self.stored_state, State::Answered | State::Acknowledged)
    }

    /// How many passwords can still be tried.
    pub(crate) fn tries_left(&self, app: &App) -> i64 {
        (i64::from(app.config.otp.tries) - self.tries).max(0)
    }

    /// When another password can be asked for, where one was sent.
    pub(crate) fn resend_at(&self, app: &App) -> Option<i64> {
        self.otp_sent_at.map(|sent| sent + i64::from(app.config.otp.resend_after))
    }

    /// That the person can still do something with it.
    pub(crate) fn must_live(&self, now: i64) -> Result<()> {
        let (code, detail) = match self.state(now) {
            State::Open | State::OtpSent => return Ok(()),
            State::Answered | State::Acknowledged => {
                (ProblemCode::WrongState, "The request has been answered.")
            }
            State::Declined => (ProblemCode::RequestOver, "The request was declined."),
            State::Expired => (ProblemCode::RequestOver, "The request's time is over."),
            State::Failed => (
                ProblemCode::TriesUsedUp,
                "Too many wrong passwords: the request is over. Ask for a new one where you came from.",
            ),
        };
        Err(Problem::new(code, detail).with("state", self.state(now).as_str()))
    }
}

fn word<T>(row: &AnyRow, column: &str, read: fn(&str) -> Option<T>) -> sqlx::Result<T> {
    let word: String = row.try_get(column)?;
    read(&word).ok_or_else(|| sqlx::Error::Decode(format!("{column} holds a word that is not known").into()))
}

pub(crate) fn not_found() -> Problem {
    Problem::new(ProblemCode::NotFound, "There is no such request, or not for you.")
}
