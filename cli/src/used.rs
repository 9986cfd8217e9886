//! Which tokens were used: replay guards (SPEC 10.7) for one batch, and for all calls that name the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kycvs::{ReplayGuard, Timestamp, TokenId};
use redb::{
    Builder, Database, ReadableTable as _, ReadableTableMetadata as _, TableDefinition, WriteTransaction,
};

use crate::failure::{Failure, Result};
use crate::files::{self, Lock};
use crate::temporary;

/// The error of a guard, as the core takes it.
type Reason = Box<dyn std::error::Error + Send + Sync>;

/// The tokens that one batch has accepted: the same token on a later line is not accepted again.
///
/// Some 25 bytes for each accepted token.
#[derive(Default)]
pub(crate) struct UsedInBatch {
    seen: Mutex<Seen>,
    /// Where other calls look too.
    file: Option<UsedFile>,
}

#[derive(Default)]
struct Seen {
    tokens: BTreeMap<String, BTreeSet<TokenId>>,
    count: usize,
    repeated: u64,
}

/// The most tokens of one batch: 400 MB of memory.
const MOST_IN_BATCH: usize = 16 << 20;

impl UsedInBatch {
    /// A guard that asks the file too, if there is one.
    pub(crate) fn new(file: Option<UsedFile>) -> Self {
        Self { seen: Mutex::default(), file }
    }

    /// How many lines were a token that stood on an earlier line.
    pub(crate) fn repeated(&self) -> u64 {
        locked(&self.seen).repeated
    }

    /// Writes down what was used since the last call. No verdict may be shown before.
    pub(crate) fn commit(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), UsedFile::commit)
    }
}

impl ReplayGuard for UsedInBatch {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> std::result::Result<bool, Reason> {
        let mut seen = locked(&self.seen);
        if seen.tokens.get(issuer).is_some_and(|tokens| tokens.contains(token_id)) {
            seen.repeated += 1;
            return Ok(false);
        }
        if seen.count >= MOST_IN_BATCH {
            return Err("a batch has at most 16 million tokens: verify this one in parts, with --used".into());
        }
        if let Some(file) = &self.file
            && !file.first_use(issuer, token_id, keep_until, now)?
        {
            return Ok(false);
        }
        seen.tokens.entry(issuer.into()).or_default().insert(*token_id);
        seen.count += 1;
        Ok(true)
    }
}

/// The file of `--used`. It is a database: a call that is killed leaves a whole list.
///
/// Calls take turns by [`Lock`]. The file is open only from the first token that is looked up until
/// [`commit`](Self::commit): a call that waits for a scanner keeps no other call waiting.
pub(crate) struct UsedFile {
    path: PathBuf,
    most: u64,
    open: Mutex<Option<Open>>,
}

/// Fields are dropped in this order: what was not committed is given up, and the lock goes last.
struct Open {
    change: WriteTransaction,
    _database: Database,
    _lock: Lock,
}

/// By issuer and token id; the value is the time in seconds until which the token is kept.
const TOKENS: TableDefinition<'_, (&str, [u8; 16]), u64> = TableDefinition::new("kycvs used tokens");
/// The same tokens by that time, to find those that can be forgotten.
const BY_TIME: TableDefinition<'_, (u64, &str, [u8; 16]), ()> =
    TableDefinition::new("kycvs used tokens by time");

/// The most tokens that are kept at a time: some 200 MB on disk.
const MOST_IN_FILE: u64 = 1_000_000;
/// Memory for pages of the file.
const CACHE: usize = 8 << 20;

impl UsedFile {
    /// Made at the first use of a token if it is not there.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.into(), most: MOST_IN_FILE, open: Mutex::new(None) }
    }

    /// Writes down what was used since the last call, and lets other calls at the file. No verdict may be shown before.
    ///
    /// # Errors
    /// If it cannot be written. Then no token since the last call is used, and none may be accepted.
    pub(crate) fn commit(&self) -> Result<()> {
        let Some(open) = locked(&self.open).take() else { return Ok(()) };
        let Open { change, _database: database, _lock: lock } = open;
        let result = change.commit().map_err(|error| self.failed(&error));
        drop(database);
        drop(lock);
        result
    }

    fn begin(&self, now: Timestamp) -> Result<Open> {
        let lock = Lock::of(&self.path)?;
        if !self.path.exists() {
            self.create()?;
        }
        if !self.path.is_file() {
            return Err(self.failed(&"it is not a file"));
        }
        let database =
            Builder::new().set_cache_size(CACHE).open(&self.path).map_err(|error| self.failed(&error))?;
        let change = database.begin_write().map_err(|error| self.failed(&error))?;
        let open = Open { change, _database: database, _lock: lock };
        // Not by a time that is later than the clock's: `--now` in the future must not empty the list.
        open.forget(now.min(Timestamp::now())).map_err(|error| self.failed(&error))?;
        Ok(open)
    }

    /// The file appears with an empty list in it, readable only by its owner, or not at all.
    fn create(&self) -> Result<()> {
        let fail = |error: &dyn std::fmt::Display| self.failed(error);
        let folder = files::folder(&self.path);
        let file = temporary::create(|| tempfile::Builder::new().prefix(".kycvs-").tempfile_in(folder))
            .map_err(|error| files::cannot_write(&self.path, &error))?;
        let database = Builder::new().create(file.path()).map_err(|error| fail(&error))?;
        let change = database.begin_write().map_err(|error| fail(&error))?;
        change.open_table(TOKENS).map_err(|error| fail(&error))?;
        change.open_table(BY_TIME).map_err(|error| fail(&error))?;
        change.commit().map_err(|error| fail(&error))?;
        drop(database);
        file.as_file().sync_all().map_err(|error| files::cannot_write(&self.path, &error))?;
        file.persist_noclobber(&self.path)
            .map_err(|failed| files::cannot_write(&self.path, &failed.error))?;
        files::sync_folder(&self.path);
        Ok(())
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> Failure {
        let reason = crate::output::shown(&reason.to_string()).into_owned();
        let name = files::name(&self.path);
        Failure::ReplayGuard(format!(
            "{name} cannot be used as the list of used tokens ({reason}). Accept nothing until it works again, or name \
             another file with --used"
        ))
    }
}

impl ReplayGuard for UsedFile {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> std::result::Result<bool, Reason> {
        let mut place = locked(&self.open);
        if place.is_none() {
            *place = Some(self.begin(now).map_err(|failure| failure.message())?);
        }
        let Some(open) = place.as_ref() else { return Err("the list of used tokens is not open".into()) };
        let result = open.first_use(issuer, *token_id.as_bytes(), keep_until, self.most);
        result.map_err(|error| match error {
            Fault::Full => {
                let name = files::name(&self.path);
                format!(
                    "{name} holds {} used tokens that have not expired, which is the most. Wait until some have expired, \
                     or name another file with --used",
                    self.most
                )
                .into()
            }
            Fault::Database(error) => self.failed(&error).message().into(),
        })
    }
}

enum Fault {
    Full,
    Database(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

impl Open {
    fn first_use(
        &self,
        issuer: &str,
        id: [u8; 16],
        keep_until: Timestamp,
        most: u64,
    ) -> std::result::Result<bool, Fault> {
        let mut tokens = self.change.open_table(TOKENS)?;
        if tokens.get((issuer, id))?.is_some() {
            return Ok(false);
        }
        if tokens.len()? >= most {
            return Err(Fault::Full);
        }
        let keep_until = keep_until.as_secs();
        tokens.insert((issuer, id), keep_until)?;
        self.change.open_table(BY_TIME)?.insert((keep_until, issuer, id), ())?;
        Ok(true)
    }

    /// Forgets the tokens that no verifier takes any more.
    fn forget(&self, now: Timestamp) -> std::result::Result<(), redb::Error> {
        let mut tokens = self.change.open_table(TOKENS)?;
        let mut by_time = self.change.open_table(BY_TIME)?;
        let end = now.as_secs().saturating_add(1);
        let expired = by_time.extract_from_if(..(end, "", [0; 16]), |_, ()| true)?;
        for entry in expired {
            let (key, _) = entry?;
            let (_, issuer, id) = key.value();
            tokens.remove((issuer, id))?;
        }
        Ok(())
    }
}

/// A thread that panicked has left nothing half done: what it had not committed is given up.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_782_900_000);

    fn id(number: u8) -> TokenId {
        TokenId::from_bytes([number; 16])
    }

    fn later(seconds: u64) -> Timestamp {
        Timestamp::from_secs(NOW.as_secs() + seconds)
    }

    #[test]
    fn what_was_not_committed_is_not_used() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("used.db");
        let killed = UsedFile::new(&path);
        assert!(killed.first_use("a", &id(1), later(9), NOW).expect("it works"));
        drop(killed);
        let used = UsedFile::new(&path);
        assert!(used.first_use("a", &id(1), later(9), NOW).expect("it works"));
        assert!(used.first_use("b", &id(1), later(9), NOW).expect("it works"), "each issuer has its own");
        used.commit().expect("it is written");
        let again = UsedFile::new(&path);
        assert!(!again.first_use("a", &id(1), later(9), NOW).expect("it works"));
        assert!(again.first_use("a", &id(2), later(9), NOW).expect("it works"));
    }

    #[test]
    fn a_full_list_is_an_error_until_tokens_expire() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("used.db");
        let list = || UsedFile { most: 2, ..UsedFile::new(&path) };
        let used = list();
        assert!(used.first_use("a", &id(1), later(10), NOW).expect("room"));
        assert!(used.first_use("a", &id(2), later(20), NOW).expect("room"));
        let full = used.first_use("a", &id(3), later(30), NOW).expect_err("no room");
        assert!(full.to_string().contains("holds 2 used tokens that have not expired"), "{full}");
        used.commit().expect("it is written");
        let used = list();
        assert!(used.first_use("a", &id(3), later(30), later(9)).is_err());
        drop(used);
        let used = list();
        assert!(used.first_use("a", &id(3), later(30), later(10)).expect("the first has expired"));
        assert!(!used.first_use("a", &id(2), later(20), later(10)).expect("it is still kept"));
    }
}
