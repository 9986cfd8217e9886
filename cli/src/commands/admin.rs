//! What `kycvs entity`, `records` and `audit` have in common: the database of the service, beside which they work.

use std::path::Path;

use kycvs_issuer::admin::{Admin, AdminError};
use kycvs_issuer::config::Config;

use crate::failure::{Failure, Result};
use crate::output::shown;

/// Opens what the settings name, made where it is not there yet, does the work, and closes it again.
pub(super) fn with_admin<T>(config: &Path, work: impl AsyncFnOnce(&Admin) -> Result<T>) -> Result<T> {
    with(config, async |config| Admin::open(config).await, work)
}

/// The same with a database that has to be there: an empty one that was made for the question would answer it wrongly.
pub(super) fn with_existing<T>(config: &Path, work: impl AsyncFnOnce(&Admin) -> Result<T>) -> Result<T> {
    with(config, async |config| Admin::open_existing(config).await, work)
}

fn with<T>(
    config: &Path,
    open: impl AsyncFnOnce(&Config) -> std::result::Result<Admin, AdminError>,
    work: impl AsyncFnOnce(&Admin) -> Result<T>,
) -> Result<T> {
    let config = Config::from_file(config)?;
    kycvs_issuer::run(async {
        let admin = open(&config).await.map_err(failed)?;
        let result = work(&admin).await;
        admin.close().await;
        result
    })
    .map_err(|error| Failure::io("cannot start", &error))?
}

pub(super) fn failed(error: AdminError) -> Failure {
    match error {
        AdminError::Core(error) => Failure::Core(error),
        AdminError::Refused(text) => Failure::Usage(text),
        AdminError::Config(error) => error.into(),
        error => Failure::Io(shown(&error.to_string()).into_owned()),
    }
}
