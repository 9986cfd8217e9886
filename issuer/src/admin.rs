//! What an operator does beside the running service: entities, records, the audit log. Stands on the database alone, so
//! that it works while the service runs and while it does not.

use std::fmt;

use crate::{
    clock::Clock,
    config::{Config, ConfigError, Numbers},
    db::{self, Db, Fault, OpenError, Opens},
    secret::ServiceSecret,
};

/// An operator does one thing at a time.
const CONNECTIONS: u32 = 2;

/// The service's database and secret, for the functions of [`entities`](crate::entities), [`records`](crate::records)
/// and [`audit`](crate::audit).
pub struct Admin {
    pub(crate) db: Db,
    pub(crate) secret: ServiceSecret,
    pub(crate) clock: Clock,
    pub(crate) numbers: Numbers,
    /// Whether the service calls every callback address.
    pub(crate) allow_insecure: bool,
}

impl Admin {
    /// Opens the database that the settings name, and makes it if there is none.
    ///
    /// # Errors
    /// If the service's secret cannot be read, the database does not open, or its tables are of another version.
    pub async fn open(config: &Config) -> Result<Self, AdminError> {
        let db = Db::open(&config.database_url()?, CONNECTIONS, Opens::Command).await?;
        Ok(Self {
            db,
            secret: config.secret()?,
            clock: Clock::default(),
            numbers: config.numbers.clone(),
            allow_insecure: config.webhooks.allow_insecure,
        })
    }

    /// Opens the database that the settings name, and makes none where there is none: for looking at what should be there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where there is no such file.
    pub async fn open_existing(config: &Config) -> Result<Self, AdminError> {
        if !db::is_there(&config.database_url()?) {
            return Err(AdminError::refused(
                "there is no database where the settings say: look at `database.url`",
            ));
        }
        Self::open(config).await
    }

    #[cfg(test)]
    pub(crate) fn of(db: Db) -> Self {
        Self {
            db,
            secret: ServiceSecret::from_bytes(&[7; 32]),
            clock: Clock::default(),
            numbers: Numbers::default(),
            allow_insecure: false,
        }
    }

    /// Waits for what is under way, and closes the database.
    pub async fn close(self) {
        self.db.close().await;
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// Why something was not done. Its text says what to do, and holds nothing of a person and no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// A value cannot be taken, or there is no such thing.
    #[error("{0}")]
    Refused(String),
    /// A setting, or a secret that it names.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core refuses a value.
    #[error(transparent)]
    Core(#[from] kycvs::Error),
    /// The database failed: its kind of failure, and what to do.
    #[error("the database failed: {0}")]
    Database(String),
    /// The database's tables are of another version or another program: which, and what to do.
    #[error("the database cannot be used: {0}")]
    Version(String),
}

impl AdminError {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

/// By its kind: the text of a database can hold values.
impl From<sqlx::Error> for AdminError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Fault::of(&error).to_string())
    }
}

impl From<OpenError> for AdminError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Failed(error) => error.into(),
            OpenError::Version(version) => Self::Version(version.to_string()),
        }
    }
}
