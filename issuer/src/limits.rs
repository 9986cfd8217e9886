//! How often is too often, by number, by address and by entity.
//!
//! Each limit is a rate as GCRA takes it (the leaky bucket as a meter): one row with the time at which everything that
//! was used up is there again. A row is named by a keyed hash, so that no number and no address is in the table.
//!
//! Clocks go wrong, and those of two instances differ. A row whose time is farther ahead than this clock could have put
//! it is of a clock that was ahead; taken at its word, it would lock an entity or a network out for as long. It counts
//! as one that is just full ([`Meter::farthest`]). Not so a number's: what bounds the guesses must not give way to a
//! clock.

use std::{net::IpAddr, time::Duration};

use sqlx::Row;

use crate::{
    app::App,
    config::Rate,
    db::Tx,
    problem::{Problem, ProblemCode, Result},
    secret::Use,
};

/// What is limited.
#[derive(Clone, Copy)]
pub(crate) enum Limit<'a> {
    /// Passwords of a number (E.164) that can be guessed at.
    OtpToNumber(&'a str),
    /// Messages to a number (E.164).
    MessageToNumber(&'a str),
    /// Messages to a number (E.164) that the gateway took, whatever became of their passwords.
    DailyMessageToNumber(&'a str),
    /// Messages that an entity has asked for and nobody has answered; of nobody for open passes.
    MessageByEntity(Option<&'a str>),
    /// Messages that nobody has answered.
    MessageInAll,
    /// Passwords asked for from an address in requests of one entity (or open passes).
    OtpFromAddress(IpAddr, Option<&'a str>),
    /// Passwords asked for from a network, in all requests.
    OtpFromNetwork(IpAddr),
    /// Wrong confirmations from an address in requests of one entity (or open passes).
    ConfirmFromAddress(IpAddr, Option<&'a str>),
    /// Requests by an entity.
    RequestByEntity(&'a str),
    /// Open passes begun from an address.
    PassFromAddress(IpAddr),
}

impl Limit<'_> {
    /// Takes one, or says when there is one again. Nothing else may come between this and the end of the transaction
    /// that takes so long that others would wait.
    pub(crate) async fn take(self, tx: &mut Tx, app: &App) -> Result<()> {
        let (now, meter) = (self.now_ms(app), self.meter(app));
        let taken = self.upsert(tx, app, now, now.saturating_add(meter.tolerance), meter.farthest).await?;
        if taken {
            return Ok(());
        }
        let row = sqlx::query("SELECT full_at_ms FROM limits WHERE key = $1")
            .bind(self.key(app))
            .fetch_one(&mut **tx)
            .await?;
        Err(meter.refusal(row.try_get("full_at_ms")?, now))
    }

    /// Takes one even where there is none: for what was done already, after a [`check`](Self::check).
    pub(crate) async fn count(self, tx: &mut Tx, app: &App) -> Result<()> {
        let Meter { tolerance, farthest, .. } = self.meter(app);
        // Calls that were checked at once and are all counted do not add up to what only a clock that was ahead can have
        // left: whoever is beyond what there is gets to just full, and no farther.
        let farthest = if farthest == i64::MAX { farthest } else { tolerance };
        self.upsert(tx, app, self.now_ms(app), i64::MAX, farthest).await.map(drop)
    }

    /// Whether there is one, without taking it.
    pub(crate) async fn check(self, app: &App) -> Result<()> {
        let (now, meter) = (self.now_ms(app), self.meter(app));
        let row = sqlx::query("SELECT full_at_ms FROM limits WHERE key = $1")
            .bind(self.key(app))
            .fetch_optional(app.db.reader())
            .await?;
        let Some(full_at) = row.map(|row| row.try_get::<i64, _>("full_at_ms")).transpose()? else {
            return Ok(());
        };
        let is_used_up = full_at > now.saturating_add(meter.tolerance);
        if is_used_up && full_at <= now.saturating_add(meter.farthest) {
            return Err(meter.refusal(full_at, now));
        }
        Ok(())
    }

    /// Gives back what is left of one that was taken.
    ///
    /// Invariant: afterwards the row's time is at least what it would be if only the spent part had been taken. The meter
    /// refills while the one is held, so the time since it was taken is subtracted. Without that, idle time before a
    /// later one would count for both.
    pub(crate) async fn give_back(self, tx: &mut Tx, app: &App, taken: Taken) -> Result<()> {
        let unspent = taken.unspent(self.meter(app).interval, self.now_ms(app));
        if unspent <= 0 { Ok(()) } else { self.subtract(tx, app, unspent).await }
    }

    /// Gives back one that was taken, however long ago. The limit is then a budget of those that are out, and not a bound
    /// over time.
    pub(crate) async fn give_back_whole(self, tx: &mut Tx, app: &App) -> Result<()> {
        self.subtract(tx, app, self.meter(app).interval).await
    }

    async fn subtract(self, tx: &mut Tx, app: &App, milliseconds: i64) -> Result<()> {
        sqlx::query("UPDATE limits SET full_at_ms = full_at_ms - $1 WHERE key = $2")
            .bind(milliseconds)
            .bind(self.key(app))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Takes one of a row that is at most at `latest`. One that is more than `farthest` ahead counts as just full.
    async fn upsert(self, tx: &mut Tx, app: &App, now: i64, latest: i64, farthest: i64) -> Result<bool> {
        let Meter { interval, tolerance, .. } = self.meter(app);
        let done = sqlx::query(
            "INSERT INTO limits (key, full_at_ms) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET full_at_ms = \
             CASE WHEN limits.full_at_ms <= $3 THEN $3 WHEN limits.full_at_ms > $6 THEN $7 \
             ELSE limits.full_at_ms END + $4 WHERE limits.full_at_ms <= $5 OR limits.full_at_ms > $6",
        )
        .bind(self.key(app))
        .bind(now.saturating_add(interval))
        .bind(now)
        .bind(interval)
        .bind(latest)
        .bind(now.saturating_add(farthest))
        .bind(now.saturating_add(tolerance))
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Milliseconds since 1970. Limits that give back go by whole seconds, like the time in the request's row: otherwise
    /// taking and giving back would differ by up to a second.
    fn now_ms(self, app: &App) -> i64 {
        match self {
            Self::OtpToNumber(_) | Self::MessageToNumber(_) => app.clock.now().saturating_mul(1_000),
            _ => app.clock.now_ms(),
        }
    }

    fn meter(self, app: &App) -> Meter {
        let limits = &app.config.limits;
        match self {
            Self::OtpToNumber(_) => Meter { farthest: i64::MAX, ..Meter::of(limits.otp_per_number) },
            Self::MessageToNumber(_) => Meter::of(limits.messages_per_number),
            Self::DailyMessageToNumber(_) => Meter::of(limits.daily_messages_per_number),
            Self::MessageByEntity(_) => Meter::of(limits.messages_per_entity),
            Self::MessageInAll => Meter::of(limits.messages_in_all),
            Self::OtpFromAddress(..) => Meter::of(limits.otp_per_address),
            Self::OtpFromNetwork(_) => Meter::of(limits.otp_per_network),
            Self::ConfirmFromAddress(..) => Meter::of(limits.confirm_per_address),
            Self::RequestByEntity(_) => Meter::of(limits.requests_per_entity),
            Self::PassFromAddress(_) => Meter::of(limits.passes_per_address),
        }
    }

    fn key(self, app: &App) -> Vec<u8> {
        let (kind, name) = match self {
            Self::OtpToNumber(number) => ("otp/number", number.as_bytes().to_vec()),
            Self::MessageToNumber(number) => ("message/number", number.as_bytes().to_vec()),
            Self::DailyMessageToNumber(number) => ("message/number/daily", number.as_bytes().to_vec()),
            Self::MessageByEntity(Some(entity)) => ("message/entity", entity.as_bytes().to_vec()),
            Self::MessageByEntity(None) => ("message/pass", Vec::new()),
            Self::MessageInAll => ("message/all", Vec::new()),
            Self::OtpFromAddress(address, entity) => ("otp/address", of_entity(address, entity)),
            Self::OtpFromNetwork(address) => ("otp/network", site(address)),
            Self::ConfirmFromAddress(address, entity) => ("confirm/address", of_entity(address, entity)),
            Self::RequestByEntity(entity) => ("request/entity", entity.as_bytes().to_vec()),
            Self::PassFromAddress(address) => ("pass/address", network(address)),
        };
        app.secret.hash(Use::Limit, &[kind.as_bytes(), &name]).as_bytes().to_vec()
    }
}

/// One that was taken of a limit and is given back.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    /// When it was taken, seconds since 1970.
    pub(crate) at: i64,
    /// How many of its `parts` are spent.
    pub(crate) spent: i64,
    /// Into how many parts it is divided.
    pub(crate) parts: i64,
}

impl Taken {
    /// All of it is unspent.
    pub(crate) fn unused(at: i64) -> Self {
        Self { at, spent: 0, parts: 1 }
    }

    /// Milliseconds of an `interval` that nobody has used. The spent part is rounded up.
    fn unspent(self, interval: i64, now_ms: i64) -> i64 {
        let parts = self.parts.max(1);
        let left = i128::from(interval) * i128::from(parts - self.spent.clamp(0, parts)) / i128::from(parts);
        let held = now_ms.saturating_sub(self.at.saturating_mul(1_000)).max(0);
        i64::try_from(left).unwrap_or(0).saturating_sub(held)
    }
}

/// What counts as one address: of IPv6 the first 64 bits, since a host has all of the others to itself.
pub(crate) fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

/// An address as one entity sees it. The entity's name is first: the rest has one of two lengths.
fn of_entity(address: IpAddr, entity: Option<&str>) -> Vec<u8> {
    [entity.unwrap_or_default().as_bytes(), b"/", &network(address)].concat()
}

/// The addresses of one customer: an address of version 4, or the first 48 bits of version 6.
fn site(address: IpAddr) -> Vec<u8> {
    let mut network = network(address);
    if address.to_canonical().is_ipv6() {
        network.truncate(6);
    }
    network
}

/// A rate in milliseconds.
struct Meter {
    /// Until there is one more.
    interval: i64,
    /// How far ahead of now the time of the row may be for there to be one.
    tolerance: i64,
    /// How far ahead it may be at all, for this clock to have put it there.
    farthest: i64,
}

/// By how much the clocks of instances may differ. Within it a row of another clock is taken at its word: otherwise who
/// asks two instances in turn would get more than the rate.
pub(crate) const SKEW: Duration = Duration::from_secs(10);

impl Meter {
    fn of(rate: Rate) -> Self {
        let interval = Duration::try_from_secs_f64(rate.seconds).unwrap_or(Duration::MAX).as_millis();
        // A thousand years are enough, and cannot overflow below.
        let interval = i64::try_from(interval).unwrap_or(i64::MAX).clamp(1, 31_556_952_000_000);
        let tolerance = interval.saturating_mul(i64::from(rate.burst.max(1)) - 1);
        let skew = i64::try_from(SKEW.as_millis()).unwrap_or(i64::MAX);
        Self { interval, tolerance, farthest: tolerance.saturating_add(interval).saturating_add(skew) }
    }

    fn refusal(&self, full_at: i64, now: i64) -> Problem {
        let wait = full_at.saturating_sub(self.tolerance).saturating_sub(now).max(1);
        Problem::new(
            ProblemCode::TooManyRequests,
            "There were too many of these in too short a time. Wait, and try again.",
        )
        .retry_after(u64::try_from(wait).unwrap_or(1).div_ceil(1000))
    }
}
