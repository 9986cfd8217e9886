//! What `kycvs entity`, `records` and `audit` have in common: the database of the service, beside which they work.

use std::path::Path;

use kycvs_issuer::admin::{Admin, AdminError};
use kycvs_issuer::config::Config;

use crate::failure::{Failure, Result};
use crate::output::shown;

/// Opens what the settings name, does the work, and closes it again.
pub(super) fn with_admin<T>(config: &Path, work: impl AsyncFnOnce(&Admin) -> Result<T>) -> Result<T> {
    let config =
        Config::from_file(config).map_err(|error| Failure::Io(shown(&error.to_string()).into_owned()))?;
    kycvs_issuer::run(async {
        let admin = Admin::open(&config).await.map_err(failed)?;
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
        error => Failure::Io(shown(&error.to_string()).into_owned()),
    }
}
