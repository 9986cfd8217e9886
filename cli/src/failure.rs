//! What can go wrong, and the exit status that says so.

use std::error::Error as _;
use std::io;

use kycvs::{ErrorCode, Family};
use kycvs_diagnostic::shown;
use kycvs_scan::Kind;

#[cfg(feature = "serve")]
use kycvs_issuer::config::ConfigError;

/// The result of everything here that can fail.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The core's own error, with its code.
    Core(kycvs::Error),
    /// The core's error about something readable that is no KYC-VS answer, and what it is instead.
    AnotherKind(kycvs::Error, Kind),
    /// The call makes no sense.
    Usage(String),
    /// A file could not be read or written.
    Io(String),
    /// An image in which no QR code can be read.
    NoQrCode(String),
    /// A CSV file that is none, or a row of it that cannot be understood.
    BadCsv(String),
    /// A valid token with a lower status than the call asks for.
    NotEnough(String),
    /// The list of used tokens cannot be used.
    ReplayGuard(String),
    /// A setting of the service that cannot be used.
    #[cfg(feature = "serve")]
    BadSetting(String),
    /// An audit log that is not as it was written.
    #[cfg(feature = "serve")]
    BrokenLog(String),
    /// Another failure, and where it is: a file, a line.
    At(String, Box<Self>),
    /// Everything was said already; this is the exit status.
    Said(u8),
    /// Nobody reads standard output any more.
    ClosedPipe,
}

impl Failure {
    /// A file that could not be read or written: `doing` is a clause such as "cannot read `x`".
    pub(crate) fn io(doing: &str, error: &io::Error) -> Self {
        Self::Io(format!("{doing}: {}", reason(error)))
    }

    /// The same failure, with the place where it is put before its sentence.
    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        Self::At(place.into(), Box::new(self))
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::At(_, failure) => failure.code(),
            Self::Core(error) | Self::AnotherKind(error, _) => error.code().as_str(),
            Self::Io(_) => "io",
            Self::NoQrCode(_) => "no_qr_code",
            Self::BadCsv(_) => "bad_csv",
            Self::NotEnough(_) => "not_enough",
            Self::ReplayGuard(_) => ErrorCode::ReplayGuardFailed.as_str(),
            #[cfg(feature = "serve")]
            Self::BadSetting(_) => ErrorCode::InvalidSetting.as_str(),
            #[cfg(feature = "serve")]
            Self::BrokenLog(_) => "broken_log",
            Self::Usage(_) | Self::Said(_) | Self::ClosedPipe => "usage",
        }
    }

    /// The code's number: 0 for what the command line alone can say.
    pub(crate) fn number(&self) -> u16 {
        match self {
            Self::At(_, failure) => failure.number(),
            Self::Core(error) | Self::AnotherKind(error, _) => error.number(),
            Self::ReplayGuard(_) => ErrorCode::ReplayGuardFailed.number(),
            #[cfg(feature = "serve")]
            Self::BadSetting(_) => ErrorCode::InvalidSetting.number(),
            _ => 0,
        }
    }

    /// The code's family.
    pub(crate) fn family(&self) -> &'static str {
        match self {
            Self::At(_, failure) => failure.family(),
            Self::Core(error) | Self::AnotherKind(error, _) => error.family().as_str(),
            Self::NotEnough(_) => Family::Refused.as_str(),
            Self::ReplayGuard(_) => ErrorCode::ReplayGuardFailed.family().as_str(),
            #[cfg(feature = "serve")]
            Self::BadSetting(_) => ErrorCode::InvalidSetting.family().as_str(),
            _ => "usage",
        }
    }

    /// One sentence, safe to show on a terminal.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::At(place, failure) => format!("{place}: {}", failure.message()),
            Self::Core(error) => error.to_string(),
            Self::AnotherKind(_, Kind::Other) => {
                "this is a code of another kind: ask for the KYC-VS answer".into()
            }
            Self::AnotherKind(_, kind) => {
                format!("this is a code of another kind ({}): ask for the KYC-VS answer", kind.words())
            }
            Self::Usage(text)
            | Self::Io(text)
            | Self::NoQrCode(text)
            | Self::BadCsv(text)
            | Self::NotEnough(text)
            | Self::ReplayGuard(text) => text.clone(),
            #[cfg(feature = "serve")]
            Self::BadSetting(text) | Self::BrokenLog(text) => text.clone(),
            Self::Said(_) | Self::ClosedPipe => String::new(),
        }
    }

    /// 1 if the token is not good; 2 if the call, a file or this machine's set-up is wrong; 3 if the token is valid and
    /// says too little.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Core(error) | Self::AnotherKind(error, _) => match error.family() {
                Family::Unreadable | Family::Untrusted | Family::Refused => NOT_GOOD,
                _ => WRONG_CALL,
            },
            Self::At(_, failure) => failure.exit_status(),
            #[cfg(feature = "serve")]
            Self::BrokenLog(_) => NOT_GOOD,
            Self::NotEnough(_) => NOT_ENOUGH,
            Self::Said(status) => *status,
            Self::ClosedPipe => CLOSED_PIPE,
            _ => WRONG_CALL,
        }
    }

    /// `error[code]: sentence`.
    pub(crate) fn line(&self) -> String {
        format!("error[{}]: {}", self.code(), self.message())
    }
}

#[cfg(feature = "serve")]
impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let text = shown(&error.to_string()).into_owned();
        if error.is_unreadable() { Self::Io(text) } else { Self::BadSetting(text) }
    }
}

impl From<kycvs::Error> for Failure {
    fn from(error: kycvs::Error) -> Self {
        match error.source() {
            // The guards are this program's own: what they say helps, and holds nothing of a token.
            Some(reason) if error.code() == ErrorCode::ReplayGuardFailed => {
                Self::ReplayGuard(reason.to_string())
            }
            _ => Self::Core(error),
        }
    }
}

/// The system's reason without its number: `No space left on device`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    shown(text).into_owned()
}

/// Exit status: done, or the token is good and says enough.
pub(crate) const DONE: u8 = 0;
/// Exit status: the token is not good.
pub(crate) const NOT_GOOD: u8 = 1;
/// Exit status: the token is valid, and its status is less than the call asks for. Not 0: `kycvs verify ... &&` goes
/// on only for a person who may enter.
pub(crate) const NOT_ENOUGH: u8 = 3;
/// Exit status: the call, a file or the set-up is wrong.
pub(crate) const WRONG_CALL: u8 = 2;
/// Exit status: standard output was closed. What a program that SIGPIPE ends would leave in a shell; not 0, which
/// would say that a token is good.
pub(crate) const CLOSED_PIPE: u8 = 141;
