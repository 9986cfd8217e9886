//! `POST /v1/requests/{id}/confirm`: the person enters the password, and so consents. The answer is signed, if the register
//! [knows](super::look_up) the person.
//!
//! A password is compared twice. Before the transaction, so that the records, which may be far away, are asked only for
//! somebody who has the password; and in it, under the try that it costs. Only the second comparison counts, and it
//! refuses where the request is not the one that was looked at before.

use std::time::Duration;

use axum::http::StatusCode;
use kycvs::{Answer, Audience, Nonce, Presentation, Purpose, Status, Subject, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::{
    app::App,
    audit::{self, Entry, Event},
    db::Tx,
    limits::Limit,
    otp::Proof,
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
    secret::KeyedHash,
    webhooks,
};

use super::{
    Binding, Call, Kind, Request, State,
    answered::{Answered, Signed},
    budget,
    end::end,
    legacy::{self, Session},
    look_up::{self, Finding, Said},
    otp::give_back_of_right,
};

/// How often a call looks again where others change the request under it. Each of those is a password that was sent or
/// tried, so that there cannot be many.
pub(super) const LOOKS: usize = 8;

/// Compares the password, and answers or counts a wrong try.
pub(crate) async fn confirm(app: &App, call: &Call, id: &str, proof: &Proof, said: &Said) -> Result<Reply> {
    replies::once(app, call.repeatable.as_ref(), async {
        for _ in 0..LOOKS {
            let request = Request::find_for_person(app, id).await?;
            // Before the password is looked at: a guess that is not counted teaches nothing, not even by its timing.
            Limit::ConfirmFromAddress(call.address, request.entity.as_deref()).check(app).await?;
            let attempt = Attempt { app, call, request: &request, proof, said, session: None };
            if let Some(reply) = attempt.make(&|answered| Reply::new(StatusCode::OK, answered)).await? {
                return Ok(reply);
            }
        }
        Err(too_busy())
    })
    .await
}

pub(super) fn too_busy() -> Problem {
    Problem::new(ProblemCode::WrongState, "Other calls about this request came at the same time.")
}

/// One try at one request, as it was read a moment ago.
pub(super) struct Attempt<'a> {
    pub(super) app: &'a App,
    pub(super) call: &'a Call,
    pub(super) request: &'a Request,
    pub(super) proof: &'a Proof,
    pub(super) said: &'a Said,
    /// The bearer token of a call of 2021.
    pub(super) session: Option<&'a Session>,
}

/// How an answer is put into a reply.
pub(super) type Write<'a> = &'a (dyn Fn(&Answered) -> Result<Reply> + Sync);

impl Attempt<'_> {
    /// The reply, or nothing where the request changed in the meantime and has to be read again.
    pub(super) async fn make(&self, write: Write<'_>) -> Result<Option<Reply>> {
        let Self { app, request, .. } = *self;
        let stored = self.stored()?;
        super::asking_entity(app, request).await?;
        let right = self.expected().is(stored);
        let found = if right { Some(Finding::of(app, request, self.said).await?) } else { None };

        let mut tx = app.db.begin().await?;
        // Before the request's row is locked: `store` locks in this order, too.
        match &found {
            // Only for a password that is used up with this call: one that finds no record can be entered again on the page.
            Some(Finding::Answer(subject, _)) => {
                give_back_of_right(&mut tx, app, self.call, request, subject).await?;
            }
            Some(Finding::NoRecord { person, .. }) if !request.has_page() => {
                give_back_of_right(&mut tx, app, self.call, request, person).await?;
            }
            _ if request.has_page() => {
                let limit = Limit::ConfirmFromAddress(self.call.address, request.entity.as_deref());
                limit.count(&mut tx, app).await?;
            }
            _ => {}
        }
        let Some((stored, tries)) = self.take_try(&mut tx).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let is_answered = matches!(found, Some(Finding::Answer(..)));
        let is_used_up =
            is_answered || !request.has_page() && matches!(found, Some(Finding::NoRecord { .. }));
        // Otherwise there were more wrong tries than those that were kept when the number got its password back.
        let is_kept = tries == request.tries + 1;
        let reply = match (self.expected().is(&stored), found) {
            (true, Some(Finding::Answer(subject, status))) if is_kept => {
                self.answer(&mut tx, subject, status, write).await?
            }
            (true, Some(Finding::NoRecord { person, .. })) if !request.has_page() && is_kept => {
                legacy::hand_over(&mut tx, app, request, &person, self.session).await?
            }
            (true, Some(Finding::NoRecord { person, is_corrected })) if request.has_page() => {
                look_up::say_no_record(&mut tx, app, request, &person, is_corrected).await?
            }
            (true, Some(Finding::CorrectionsUsedUp)) => look_up::say_used_up(&mut tx, request).await?,
            (false, None) => self.count_wrong(&mut tx, tries).await?,
            _ => {
                tx.rollback().await?;
                return Ok(None);
            }
        };
        replies::keep(&mut tx, app, self.call.repeatable.as_ref(), &request.id, &reply).await?;
        if is_used_up {
            budget::give_back_of_right(&mut tx, app, request).await?;
        }
        tx.commit().await?;
        self.note(&reply, is_answered);
        Ok(Some(reply))
    }

    /// The hash of the password that can be tried now.
    fn stored(&self) -> Result<&[u8]> {
        let now = self.app.clock.now();
        self.request.must_live(now)?;
        match (&self.request.otp_hash, self.request.otp_expires_at) {
            (Some(hash), Some(expires_at)) if expires_at > now => Ok(hash),
            (Some(_), _) => Err(Problem::new(
                ProblemCode::OtpExpired,
                "The password's time is over. Ask for a new one; this did not cost a try.",
            )),
            (None, _) => {
                Err(Problem::new(ProblemCode::WrongState, "No password has been sent for this request."))
            }
        }
    }

    fn expected(&self) -> KeyedHash {
        self.proof.hash(&self.app.secret, &self.request.id, self.request.otp_round)
    }

    /// Counts a try, where one is left and the request is still the one that was read. Until the transaction ends,
    /// nobody else tries.
    async fn take_try(&self, tx: &mut Tx) -> Result<Option<(Vec<u8>, i64)>> {
        let row = sqlx::query(
            "UPDATE requests SET tries = tries + 1 WHERE id = $1 AND otp_round = $2 AND state = 'otp_sent' \
             AND tries < $3 AND otp_expires_at > $4 AND expires_at > $4 AND corrections = $5 \
             RETURNING otp_hash, tries",
        )
        .bind(&self.request.id)
        .bind(self.request.otp_round)
        .bind(i64::from(self.app.config.otp.tries))
        .bind(self.app.clock.now())
        // If another call corrected the name in the meantime, the register was asked about the name before it.
        .bind(self.request.corrections)
        .fetch_optional(&mut **tx)
        .await?;
        Ok(row
            .map(|row| Ok::<_, sqlx::Error>((row.try_get("otp_hash")?, row.try_get("tries")?)))
            .transpose()?)
    }

    /// Signs the answer, and erases what it was made of.
    async fn answer(&self, tx: &mut Tx, subject: Subject, status: Status, write: Write<'_>) -> Result<Reply> {
        let Self { app, request, .. } = *self;
        let now = app.clock.now();
        let presentation = sign(app, request, subject, status, now)?;
        let token_hash: [u8; 32] = Sha256::digest(presentation.token().as_bytes()).into();
        let expires_at = now + request.valid_for;
        sqlx::query(
            "UPDATE requests SET state = 'answered', presentation = $1, expires_at = $2, \
             session_hash = COALESCE($3, session_hash), otp_hash = NULL, sealed = NULL, known_mobile = NULL, corrections = 0 WHERE id = $4",
        )
        .bind(presentation.as_bytes())
        .bind(expires_at)
        .bind(self.session.map(|session| session.hash.as_bytes().to_vec()))
        .bind(&request.id)
        .execute(&mut **tx)
        .await?;
        let entry = Entry {
            at: now,
            event: Event::Consented,
            request: &request.id,
            entity: request.entity.as_deref(),
            purpose: &request.purpose,
            binding: request.binding.as_str(),
            token_hash: Some(token_hash),
        };
        let place = audit::append(tx, &entry).await?;
        if let (Kind::Request, Some(entity)) = (request.kind, &request.entity) {
            let now_ms = app.clock.now_ms();
            webhooks::enqueue(tx, &request.id, entity, "request.answered", now_ms, expires_at).await?;
        }
        replies::forget(tx, &request.id).await?;
        write(&Answered::new(app, request, &Signed { presentation, token_hash, place })?)
    }

    /// A wrong password, and with the last try the request's end.
    async fn count_wrong(&self, tx: &mut Tx, tries: i64) -> Result<Reply> {
        let left = i64::from(self.app.config.otp.tries) - tries;
        let problem = if left > 0 {
            let tries =
                if left == 1 { "One try is left.".to_owned() } else { format!("{left} tries are left.") };
            Problem::new(ProblemCode::WrongOtp, format!("This is not the password that was sent. {tries}"))
                .with("tries_left", left)
        } else {
            end(tx, self.app, self.request, State::Failed).await?;
            Problem::new(
                ProblemCode::TriesUsedUp,
                "Too many wrong passwords: the request is over. Ask for a new one where you came from.",
            )
            .with("tries_left", 0)
            .with("state", State::Failed.as_str())
        };
        Ok(Reply::of_problem(&problem))
    }

    /// What is done once the transaction is through: the operator's counts, and the webhook that may wait.
    fn note(&self, reply: &Reply, is_answered: bool) {
        self.app.webhook_wake.notify_one();
        if is_answered {
            self.app.metrics.answered(self.request.kind);
        } else if reply.code == Some(ProblemCode::TriesUsedUp) {
            self.app.metrics.ended(State::Failed);
        }
    }
}

/// The answer to the request, for the one who asked, for the purpose and the time that the person was shown.
fn sign(app: &App, request: &Request, subject: Subject, status: Status, now: i64) -> Result<Presentation> {
    app.clock.must_be_right()?;
    // What is in the row was checked when it was written.
    let broken = |_| Problem::new(ProblemCode::Internal, "The request holds a value that cannot be signed.");
    let purpose = Purpose::new(request.purpose.as_str()).map_err(broken)?;
    let valid_for = Duration::from_secs(u64::try_from(request.valid_for).unwrap_or(0));
    let mut answer = Answer::new(status, purpose, valid_for);
    if let Some(entity) = &request.entity {
        answer = answer.with_audience(Audience::new(entity.as_str()).map_err(broken)?);
    }
    if let Some(nonce) = &request.nonce {
        answer = answer.with_nonce(Nonce::new(nonce).map_err(broken)?);
    }
    answer = match request.binding {
        Binding::None => answer,
        Binding::Name => answer.with_subject(Subject::new(subject.name()).map_err(broken)?),
        Binding::NameAndMobile => answer.with_subject(subject),
    };
    if app.config.specimen {
        answer = answer.as_specimen();
    }
    let now = Timestamp::from_secs(u64::try_from(now).unwrap_or(0));
    app.issuer.get().issue_at(&answer, now).map_err(|error| {
        tracing::error!(code = error.code().as_str(), "an answer was not signed");
        Problem::new(ProblemCode::Unavailable, "The answer cannot be signed now. Try again in a moment.")
            .retry_after(5)
    })
}
