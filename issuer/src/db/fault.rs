//! The kinds of failure of a database, in words that are safe to show: the text of a database can hold values, and an
//! address a password.

use std::{fmt, io};

use sqlx::{postgres::PgDatabaseError, sqlite::SqliteError};

/// The kind of a failure of the database. Its text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The address of the database cannot be read.
    Address,
    /// The file, its folder or the socket is not there.
    Missing,
    /// The system does not let this user read or write the file.
    FileAccess,
    /// The file is a folder or something else that cannot be opened.
    CannotOpen,
    /// The host's name has no address.
    UnknownHost,
    /// Nobody listens at the address.
    Refused,
    /// The host cannot be reached from here.
    Unreachable,
    /// TLS could not be agreed on, or the server's certificate is not accepted.
    Tls,
    /// The user or the password is wrong.
    Login,
    /// The server has no database of this name.
    NoDatabase,
    /// The database's user may not do this.
    Permission,
    /// The server takes no more connections.
    TooManyConnections,
    /// No connection was free or could be made in time.
    NoConnection,
    /// A statement took too long.
    Timeout,
    /// The connection broke.
    Lost,
    /// The server starts, stops or ended the connection.
    Restarting,
    /// Somebody else has locked the database for too long.
    Busy,
    /// Another transaction went first.
    Conflict,
    /// The disk is full.
    Full,
    /// There is not enough memory.
    Memory,
    /// The database can only be read.
    ReadOnly,
    /// The disk failed.
    Disk,
    /// The database is damaged.
    Corrupt,
    /// The file is no SQLite database.
    NotADatabase,
    /// A pooler gives the statements of one connection to several.
    Pooler,
    /// A pooler takes no parameter that the driver sends at the start.
    StartupParameter,
    /// The pool of connections was closed: the program ends.
    Closed,
    /// Anything else, which is a fault of this program.
    Statement,
}

/// The shared memory beside the file cannot grow: the disk is full.
const IOERR_SHMSIZE: u32 = 4_874;
/// A lack of memory in the layer that reads and writes the file.
const IOERR_NOMEM: u32 = 3_082;

impl Fault {
    /// The kind of this error.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Configuration(_) => Self::Address,
            sqlx::Error::Io(error) => Self::of_io(error),
            sqlx::Error::Tls(_) => Self::Tls,
            sqlx::Error::PoolTimedOut => Self::NoConnection,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::WorkerCrashed => Self::Lost,
            sqlx::Error::Database(error) => {
                if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    return Self::of_postgres(error.code(), error.message());
                }
                let code = error.try_downcast_ref::<SqliteError>().and_then(|error| {
                    sqlx::error::DatabaseError::code(error).and_then(|code| code.parse().ok())
                });
                code.map_or(Self::Statement, Self::of_sqlite)
            }
            sqlx::Error::Migrate(error) => match &**error {
                sqlx::migrate::MigrateError::Execute(error)
                | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => Self::of(error),
                _ => Self::Statement,
            },
            _ => Self::Statement,
        }
    }

    /// The kind of an error of the file or the connection.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::FileAccess,
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Self::CannotOpen,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::NoConnection,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::OutOfMemory => Self::Memory,
            // The standard library has no kind for a name that does not resolve.
            _ if error.to_string().contains("lookup address") => Self::UnknownHost,
            _ => Self::Lost,
        }
    }

    /// By the primary result code (<https://sqlite.org/rescode.html>).
    fn of_sqlite(code: u32) -> Self {
        match code & 0xFF {
            _ if code == IOERR_SHMSIZE => Self::Full,
            _ if code == IOERR_NOMEM => Self::Memory,
            3 | 23 => Self::FileAccess,
            5 | 6 | 15 => Self::Busy,
            7 => Self::Memory,
            8 => Self::ReadOnly,
            10 => Self::Disk,
            11 => Self::Corrupt,
            13 => Self::Full,
            14 => Self::CannotOpen,
            26 => Self::NotADatabase,
            _ => Self::Statement,
        }
    }

    /// By the SQLSTATE (PostgreSQL's documentation, appendix A).
    fn of_postgres(code: &str, message: &str) -> Self {
        match code {
            // PgBouncer has one code for all that it says itself.
            "08P01" if message.contains("startup parameter") => Self::StartupParameter,
            "08P01" if message.contains("pooling mode") => Self::Pooler,
            "08P01" if message.contains("no such database") => Self::NoDatabase,
            "08P01" if message.contains("no such user") || message.contains("auth") => Self::Login,
            "08P01" if message.contains("no more connections") => Self::TooManyConnections,
            // A statement of this name is there already, or not there.
            "42P05" | "26000" => Self::Pooler,
            "28000" | "28P01" => Self::Login,
            "3D000" => Self::NoDatabase,
            "42501" => Self::Permission,
            "53100" | "53400" => Self::Full,
            "53200" => Self::Memory,
            "53300" => Self::TooManyConnections,
            "25006" => Self::ReadOnly,
            "40001" | "40P01" => Self::Conflict,
            "55P03" => Self::Busy,
            "57014" | "25P03" | "25P04" => Self::Timeout,
            _ if code.starts_with("57P") => Self::Restarting,
            _ if code.starts_with("08") => Self::Lost,
            _ if code.starts_with("58") => Self::Disk,
            _ if code.starts_with("XX") => Self::Corrupt,
            _ => Self::Statement,
        }
    }

    /// A word for the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Missing => "missing",
            Self::FileAccess => "file_access",
            Self::CannotOpen => "cannot_open",
            Self::UnknownHost => "unknown_host",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::NoDatabase => "no_database",
            Self::Permission => "permission",
            Self::TooManyConnections => "too_many_connections",
            Self::NoConnection => "no_connection",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Restarting => "restarting",
            Self::Busy => "busy",
            Self::Conflict => "conflict",
            Self::Full => "full",
            Self::Memory => "memory",
            Self::ReadOnly => "read_only",
            Self::Disk => "disk",
            Self::Corrupt => "corrupt",
            Self::NotADatabase => "not_a_database",
            Self::Pooler => "pooler",
            Self::StartupParameter => "startup_parameter",
            Self::Closed => "closed",
            Self::Statement => "statement",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "its address cannot be read: write sqlite:FILE or postgres://USER@HOST/DATABASE",
            Self::Missing => "its file, folder or socket is not there: see whether it is there and try again",
            Self::FileAccess => "this user may not read or write its file: change the owner or mode of file and folder",
            Self::CannotOpen => "its file cannot be opened: see whether the path names a file in a folder that exists",
            Self::UnknownHost => "the host in its address has no such name: correct the host, or the DNS",
            Self::Refused => {
                "nobody listens at its address: start the database server, or correct host and port in the address"
            }
            Self::Unreachable => "its host cannot be reached: see to the network, or correct the host in the address",
            Self::Tls => {
                "TLS failed or the server's certificate is not accepted: see `sslmode`, `sslrootcert` and the host's \
                 name in the certificate"
            }
            Self::Login => "it refuses the user or the password: correct them, or the server's pg_hba.conf",
            Self::NoDatabase => "the server has no database of this name: create it, or correct the name",
            Self::Permission => "its user may not do this: grant the user the rights on the tables",
            Self::TooManyConnections => {
                "the server takes no more connections: raise its `max_connections`, or lower `database.connections`"
            }
            Self::NoConnection => {
                "no connection was free in time: see whether the server answers, or raise `database.connections`"
            }
            Self::Timeout => "a statement took too long: see what else the database does, and try again",
            Self::Lost => "the connection broke: see whether the server runs, and try again",
            Self::Restarting => "the server is starting or stopping: try again when it runs",
            Self::Busy => "another program has locked it: wait until that program is done, and try again",
            Self::Conflict => "another transaction went first: try again",
            Self::Full => "its disk is full: make room; a restart is not needed",
            Self::Memory => "there is not enough memory: make some free, and try again",
            Self::ReadOnly => {
                "it can only be read: connect to the primary server, or make file and folder writable for this user"
            }
            Self::Disk => "its disk fails: see the system's log, and restore a backup if the file is damaged",
            Self::Corrupt => "it is damaged: stop the service and restore a backup",
            Self::NotADatabase => "its file is no SQLite database: correct the path, or restore a backup",
            Self::Pooler => {
                "a pooler before it mixes up prepared statements: set PgBouncer's `pool_mode = session`, or use PgBouncer \
                 1.21 or newer with `max_prepared_statements = 100`"
            }
            Self::StartupParameter => {
                "a pooler before it refuses a parameter: set PgBouncer's `ignore_startup_parameters = extra_float_digits`"
            }
            Self::Closed => "the program is about to end: try again when it runs",
            Self::Statement => "it does not take a statement of this program: report this as a bug",
        })
    }
}

#[cfg(test)]
mod tests;
