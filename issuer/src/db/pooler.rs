//! Whether a pooler between the service and PostgreSQL mixes up statements.
//!
//! The driver prepares a statement once for each connection. A pooler in transaction mode (`PgBouncer`'s
//! `pool_mode = transaction`) gives a connection another session for each transaction. `PgBouncer` 1.21 and newer can prepare
//! the statements there again (`max_prepared_statements`). Otherwise they are missing or belong to another client, at some
//! later moment and for some calls: so this is tried out at the start. Nothing else that the service does belongs to a
//! session: its locks are those of rows and transactions.

use sqlx::{AnyConnection, AnyPool, Connection, Row, any::AnyConnectOptions};

/// Has two connections prepare the same statement in what would be one session, if a pooler mixes sessions.
pub(super) async fn try_out(pool: &AnyPool, options: &AnyConnectOptions) -> Result<(), sqlx::Error> {
    let mut first = pool.acquire().await?;
    session(&mut first).await?;
    // One of its own: the pool may have no second connection.
    let mut second = AnyConnection::connect_with(options).await?;
    let mut tx = second.begin().await?;
    // Takes the session that the first one had.
    let taken = session(&mut tx).await;
    // The first one gets another session then, without its statement.
    let again = if taken.is_ok() { session(&mut first).await } else { Ok(0) };
    let _ = tx.rollback().await;
    let _ = second.close().await;
    taken.and(again).map(drop)
}

/// The process of the server that does the work, asked with a statement that is prepared.
async fn session(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    sqlx::query("SELECT pg_backend_pid() AS session WHERE $1 = 1")
        .bind(1_i32)
        .fetch_one(connection)
        .await?
        .try_get("session")
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        net::{TcpListener, TcpStream},
        process::{Child, Command, Stdio},
    };

    use crate::{
        db::{Db, Fault, OpenError, Opens},
        test_support,
    };

    /// A `PgBouncer`, 1.21 or newer, before the server of the tests, which ends with this.
    struct PgBouncer {
        process: Child,
        url: String,
        _folder: tempfile::TempDir,
    }

    impl PgBouncer {
        /// `None` if there is no such program, or no PostgreSQL.
        async fn start(settings: &str) -> Option<Self> {
            let server = std::env::var("KYCVS_TEST_POSTGRES").ok()?;
            let mut url: url::Url = test_support::postgres(&server).await.parse().expect("a URL");
            let port =
                TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("pgbouncer.ini");
            let text = format!(
                "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n",
                url.host_str().expect("a host"),
                url.port().unwrap_or(5432),
                url.username(),
            );
            fs::write(&file, text).expect("written");
            #[cfg(unix)]
            fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .expect("set");
            // Started by root, it needs the user to run as.
            let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
            let mut command = Command::new("pgbouncer");
            command.args(if is_root { &["-u", "nobody"][..] } else { &[] }).arg(&file);
            let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
            let start = std::time::Instant::now();
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(start.elapsed().as_secs() < 120, "PgBouncer does not listen");
                let ended = process.try_wait().expect("it can be asked");
                assert!(ended.is_none(), "PgBouncer ended: {ended:?}");
                tokio::task::yield_now().await;
            }
            url.set_port(Some(port)).expect("it has a host");
            Some(Self { process, url: url.into(), _folder: folder })
        }
    }

    impl Drop for PgBouncer {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// Where PostgreSQL is there, CI has `PgBouncer` as well.
    fn not_run() {
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci || std::env::var_os("KYCVS_TEST_POSTGRES").is_none(), "`pgbouncer` is not there");
        eprintln!("not run: it needs `pgbouncer` 1.21 or newer and KYCVS_TEST_POSTGRES");
    }

    const TAKES_PARAMETERS: &str = "ignore_startup_parameters = extra_float_digits";

    #[tokio::test]
    async fn pooler_that_mixes_up_statements_is_named_at_the_start() {
        sqlx::any::install_default_drivers();
        for (settings, wanted, setting) in [
            (
                format!("pool_mode = transaction\n{TAKES_PARAMETERS}\nmax_prepared_statements = 0"),
                Fault::Pooler,
                "pool_mode = session",
            ),
            (format!("pool_mode = statement\n{TAKES_PARAMETERS}"), Fault::Pooler, "pool_mode = session"),
            ("pool_mode = session".to_owned(), Fault::StartupParameter, "ignore_startup_parameters"),
        ] {
            let Some(bouncer) = PgBouncer::start(&settings).await else { return not_run() };
            for opens in [Opens::Service, Opens::Command] {
                let error = Db::open(&bouncer.url, 4, opens).await.expect_err(&settings);
                let OpenError::Failed(failed) = &error else { panic!("{error}") };
                assert_eq!(Fault::of(failed), wanted, "{settings}: {failed}");
                assert!(error.to_string().contains(setting), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn pooler_that_gives_each_connection_a_session_is_used() {
        let settings = format!("pool_mode = session\n{TAKES_PARAMETERS}");
        let Some(bouncer) = PgBouncer::start(&settings).await else { return not_run() };
        let db = Db::open(&bouncer.url, 1, Opens::Service).await.expect("it opens");
        for number in 0..20 {
            db.try_write(number).await.expect("it writes");
        }
        db.close().await;
    }

    #[tokio::test]
    async fn pooler_in_transaction_mode_that_prepares_statements_is_used() {
        // Fewer sessions and statements than are in use: they change hands.
        let settings = format!(
            "pool_mode = transaction\n{TAKES_PARAMETERS}\nmax_prepared_statements = 3\ndefault_pool_size = 2"
        );
        let Some(bouncer) = PgBouncer::start(&settings).await else { return not_run() };
        let db = Db::open(&bouncer.url, 4, Opens::Service).await.expect("it opens");
        let other = Db::open(&bouncer.url, 4, Opens::Service).await.expect("it opens");
        for number in 0..40 {
            tokio::try_join!(db.try_write(number), other.try_write(number)).expect("both write");
            let (one, two) = tokio::join!(db.clock_ms(), other.newest_time());
            assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        }
        db.close().await;
        other.close().await;
    }
}
