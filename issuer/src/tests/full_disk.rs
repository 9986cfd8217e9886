//! A disk that is really full: a small file system in memory, filled to its last byte.

use std::{fs, path::Path, process::Command};

use axum::{body::Body, http::Request};
use serde_json::json;
use tower::ServiceExt;

use super::{
    host::here,
    stage::{KEY, Stage},
};
use crate::{audit, http};

/// A file system of 1 MiB on a folder, which goes away with this.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no free byte.
    fn fill(&self) {
        let mut size = 1 << 16;
        let mut content = Vec::new();
        while size > 0 {
            content.resize(content.len() + size, b'x');
            if fs::write(self.path().join("filler"), &content).is_err() {
                content.truncate(content.len() - size);
                size /= 2;
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

async fn readiness(stage: &Stage) -> u16 {
    let request = Request::get(here("/readyz")).body(Body::empty()).expect("a request");
    http::service(&stage.app).oneshot(request).await.expect("it always answers").status().as_u16()
}

/// Waits until what readiness found before holds no longer.
async fn wait_for_readiness(stage: &Stage, wanted: u16) {
    let wait = async {
        while readiness(stage).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(2), wait).await.expect("readiness changes");
}

#[tokio::test]
async fn calls_on_a_full_disk_fail_whole_and_succeed_when_there_is_room_again() {
    if std::env::var_os("KYCVS_TEST_POSTGRES").is_some() {
        return; // It is about the file of SQLite.
    }
    let Some(disk) = SmallDisk::mount() else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI runs this as root");
        eprintln!("not run: a full disk needs the right to mount a file system");
        return;
    };
    let folder = tempfile::tempdir_in(disk.path()).expect("a folder");
    let stage = Stage::in_folder(folder, |_| {}).await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    assert_eq!(readiness(&stage).await, 200);
    stage.app.db.empty_journal().await.expect("it is empty");

    disk.fill();
    let confirm = format!("/v1/requests/{id}/confirm");
    for _ in 0..3 {
        stage.try_otp(&id, &otp).await.expect_problem(503, "unavailable");
        let ask = stage
            .post("/v1/requests", &json!({"purpose": "rail-booking", "nonce": "c2l4dGVlbiBieXRlcy4uLg"}))
            .key(KEY);
        ask.send().await.expect_problem(503, "unavailable");
    }
    wait_for_readiness(&stage, 503).await;
    assert_eq!(stage.state(&id).await, "otp_sent");
    assert_eq!(stage.column(&id, "tries").await, 0);
    assert_eq!((stage.count("requests").await, stage.count("audit").await), (1, 0));

    disk.make_room();
    let answer = stage.post(&confirm, &json!({"otp": otp})).once("again").send().await;
    answer.expect(axum::http::StatusCode::OK);
    stage.ask().await;
    wait_for_readiness(&stage, 200).await;
    assert_eq!((stage.count("requests").await, stage.count("audit").await), (2, 1));
    assert_eq!(stage.state(&id).await, "answered");
    let admin = crate::admin::Admin::of(stage.app.db.clone());
    let verdict = audit::verify(&admin, None, |_| ()).await.expect("it is read");
    assert!(matches!(verdict, audit::Verdict::Whole(_)), "{verdict:?}");
    stage.app.db.close().await;
}
