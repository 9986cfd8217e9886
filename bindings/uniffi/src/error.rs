//! Errors, as Kotlin and Swift throw them.

use kycvs::{ErrorCode, Family};
use std::{error::Error, fmt};

/// A refusal or a failure. Which of the five families it belongs to says who has to do something about it; the failure
/// in it holds a stable code and a sentence that says what to do.
#[derive(Debug, uniffi::Error)]
pub enum KycvsError {
    /// The bytes are no status token: scan again, or ask for the answer again.
    Unreadable {
        /// What it is.
        failure: Failure,
    },
    /// A status token that no trusted key speaks for: do not rely on it.
    Untrusted {
        /// What it is.
        failure: Failure,
    },
    /// A trusted answer, but not one to this question: ask for a new one.
    Refused {
        /// What it is.
        failure: Failure,
    },
    /// What this program was given is at fault, not the answer:
    /// a setting, a store, a clock, or a value that was typed in.
    SetUp {
        /// What it is.
        failure: Failure,
    },
    /// An answer could not be signed, or a key could not be made or read.
    Issuing {
        /// What it is.
        failure: Failure,
    },
}

/// What every error tells.
#[derive(Debug, uniffi::Record)]
pub struct Failure {
    /// The stable code, such as `wrong_nonce`: the same on every platform (SPEC.md, section 11).
    pub code: String,
    /// The code's number.
    pub number: i32,
    /// The code's family: `unreadable`, `untrusted`, `refused`, `set_up` or `issuing`.
    pub family: String,
    /// A sentence that says what to do next. It never shows a key, an opening, a name or a number.
    pub message: String,
    /// What the app's own signer or replay guard threw, where that is why.
    pub cause: Option<Cause>,
    /// What else is known of why, for a developer: that the signer gave too few bytes, or that the guard is full.
    pub reason: Option<String>,
}

/// The number under which the foreign side keeps what the app threw, until it is handed back.
#[derive(Clone, Copy, Debug)]
pub struct Cause(u64);

uniffi::custom_type!(Cause, u64, { lower: |cause| cause.0, try_lift: |number| Ok(Cause(number)) });

/// Why a signer or a replay guard of the app gave no answer.
#[derive(Clone, Debug, uniffi::Error)]
pub enum CallbackError {
    /// It threw.
    Failed {
        /// What it threw.
        cause: Cause,
    },
    /// It could not be called, or what it gave could not be read.
    Unexpected {
        /// What is known about it.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unexpected { reason: error.reason }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { .. } => f.write_str("the app's code threw"),
            Self::Unexpected { reason } => f.write_str(reason),
        }
    }
}

impl Error for CallbackError {}

impl KycvsError {
    /// With what else is known of why, for a developer.
    pub(crate) fn because(code: ErrorCode, reason: &str) -> Self {
        let mut error = Self::from(kycvs::Error::from(code));
        let (Self::Unreadable { failure }
        | Self::Untrusted { failure }
        | Self::Refused { failure }
        | Self::SetUp { failure }
        | Self::Issuing { failure }) = &mut error;
        failure.reason = Some(reason.to_owned());
        error
    }

    /// What it is.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        let (Self::Unreadable { failure }
        | Self::Untrusted { failure }
        | Self::Refused { failure }
        | Self::SetUp { failure }
        | Self::Issuing { failure }) = self;
        failure
    }
}

impl From<kycvs::Error> for KycvsError {
    fn from(error: kycvs::Error) -> Self {
        let (cause, reason) = match error.source() {
            None => (None, None),
            Some(source) => match source.downcast_ref::<CallbackError>() {
                Some(CallbackError::Failed { cause }) => (Some(*cause), None),
                _ => (None, Some(source.to_string())),
            },
        };
        let failure = Failure {
            code: error.code().as_str().to_owned(),
            number: error.number().into(),
            family: error.family().as_str().to_owned(),
            message: error.to_string(),
            cause,
            reason,
        };
        match error.family() {
            Family::Unreadable => Self::Unreadable { failure },
            Family::Untrusted => Self::Untrusted { failure },
            Family::Refused => Self::Refused { failure },
            Family::SetUp => Self::SetUp { failure },
            _ => Self::Issuing { failure },
        }
    }
}

impl fmt::Display for KycvsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.failure().message)
    }
}

impl Error for KycvsError {}

/// The result of a call that can fail.
pub(crate) type Result<T> = std::result::Result<T, KycvsError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_keeps_its_name_number_family_and_sentence() {
        for &code in ErrorCode::ALL {
            let error = kycvs::Error::from(code);
            let sentence = error.to_string();
            let ours = KycvsError::from(error);
            let failure = ours.failure();
            assert_eq!(failure.code, code.as_str());
            assert_eq!(failure.number, i32::from(code.number()));
            assert_eq!(failure.family, code.family().as_str());
            assert_eq!(failure.message, sentence);
            let variant = format!("{ours:?}").split(' ').next().unwrap_or_default().to_lowercase();
            assert_eq!(variant, code.family().as_str().replace('_', ""), "{code}");
        }
    }
}
