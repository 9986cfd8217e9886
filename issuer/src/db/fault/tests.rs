//! Databases that fail in each way that a test can bring about.

use std::{fs, path::Path};

use sqlx::Connection;

use super::*;
use crate::{
    db::{Db, OpenError, Opens},
    test_support,
};

async fn fault_of(url: &str) -> Fault {
    match Db::open(url, 1, Opens::Service).await.expect_err("it cannot be used") {
        OpenError::Failed(error) => Fault::of(&error),
        error @ OpenError::Version(_) => panic!("{error}"),
    }
}

fn sqlite(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[tokio::test]
async fn sqlite_file_that_cannot_be_used_is_told_by_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    assert_eq!(fault_of(&sqlite(&path.join("nowhere/t.db"))).await, Fault::Missing);
    assert_eq!(fault_of(&sqlite(path)).await, Fault::CannotOpen);
    fs::write(path.join("text"), "this is no database\n".repeat(100)).expect("written");
    assert_eq!(fault_of(&sqlite(&path.join("text"))).await, Fault::NotADatabase);
    assert_eq!(fault_of("mysql://u@localhost/d").await, Fault::Address);
}

#[tokio::test]
async fn sqlite_file_that_another_program_has_locked_is_busy() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = sqlite(&folder.path().join("t.db"));
    Db::open(&url, 1, Opens::Service).await.expect("it opens").close().await;
    let mut one = sqlx::AnyConnection::connect(&url).await.expect("it opens");
    let mut other = sqlx::AnyConnection::connect(&url).await.expect("it opens");
    sqlx::query("PRAGMA busy_timeout = 1").execute(&mut other).await.expect("set");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut one).await.expect("it is free");
    let error = sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect_err("it is locked");
    assert_eq!(Fault::of(&error), Fault::Busy);
}

#[tokio::test]
async fn postgresql_that_refuses_is_told_by_why_it_does() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    assert_eq!(fault_of(&format!("postgres://u@{closed}/d")).await, Fault::Refused);
    assert_eq!(fault_of("postgres://u@no-such-host.invalid/d").await, Fault::UnknownHost);
    let Ok(server) = std::env::var("KYCVS_TEST_POSTGRES") else { return };
    let mut url: url::Url = test_support::postgres(&server).await.parse().expect("a URL");
    Db::open(url.as_str(), 1, Opens::Service).await.expect("it opens").close().await;
    let made = url.path().to_owned();
    url.set_path("/no_such_database");
    assert_eq!(fault_of(url.as_str()).await, Fault::NoDatabase);
    url.set_path(&made);
    url.set_username("no_such_user").expect("it has a host");
    assert_eq!(fault_of(url.as_str()).await, Fault::Login);
}

#[test]
fn codes_of_the_databases_are_told_apart() {
    for (code, fault) in [
        (5, Fault::Busy),
        (261, Fault::Busy),
        (7, Fault::Memory),
        (3_082, Fault::Memory),
        (8, Fault::ReadOnly),
        (1_032, Fault::ReadOnly),
        (10, Fault::Disk),
        (778, Fault::Disk),
        (4_874, Fault::Full),
        (13, Fault::Full),
        (11, Fault::Corrupt),
        (14, Fault::CannotOpen),
        (1_555, Fault::Statement),
    ] {
        assert_eq!(Fault::of_sqlite(code), fault, "{code}");
    }
    for (code, fault) in [
        ("53100", Fault::Full),
        ("53300", Fault::TooManyConnections),
        ("25006", Fault::ReadOnly),
        ("28P01", Fault::Login),
        ("42501", Fault::Permission),
        ("57P03", Fault::Restarting),
        ("57014", Fault::Timeout),
        ("08006", Fault::Lost),
        ("XX001", Fault::Corrupt),
        ("23505", Fault::Statement),
    ] {
        assert_eq!(Fault::of_postgres(code, ""), fault, "{code}");
    }
}

#[test]
fn advice_to_look_for_the_database_is_given_only_if_it_is_not_there() {
    let said = |fault: Fault| fault.to_string();
    assert!(said(Fault::Missing).contains("see whether it is there"));
    for fault in
        [Fault::Full, Fault::Busy, Fault::ReadOnly, Fault::Login, Fault::Corrupt, Fault::NotADatabase]
    {
        assert!(!said(fault).contains("whether it is there"), "{fault}");
    }
}
