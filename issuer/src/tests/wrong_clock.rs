//! Two instances on one database, one of which has a wrong clock.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;
use tower::ServiceExt;

use super::{Lines, host::here, stage::Stage};
use crate::{app::App, clock::Clock, http, sweeper};

/// Another instance on the same database, whose clock is right when it starts.
async fn instance(stage: &Stage) -> App {
    let clock = Clock::default();
    clock.compare(&stage.app.db).await;
    App { clock, metrics: Arc::default(), readiness: Arc::default(), ..stage.app.clone() }
}

async fn status(app: &App, request: Request<Body>) -> StatusCode {
    http::service(app).oneshot(request).await.expect("it always answers").status()
}

fn get(path: &str) -> Request<Body> {
    Request::get(here(path)).body(Body::empty()).expect("a request")
}

fn confirm(id: &str, otp: &str) -> Request<Body> {
    let mut request = Request::post(here(&format!("/v1/requests/{id}/confirm")))
        .header("content-type", "application/json")
        .body(Body::from(json!({"otp": otp}).to_string()))
        .expect("a request");
    request.extensions_mut().insert(http::ClientAddress([192, 0, 2, 9].into()));
    request
}

#[tokio::test]
async fn instance_whose_clock_is_wrong_ends_and_signs_nothing_until_it_is_right() {
    for seconds in [1_200_i16, -1_200] {
        let lines = Lines::default();
        let _guard = lines.listen();
        let stage = Stage::new().await;
        let wrong = instance(&stage).await;
        let id = stage.ask().await;
        let otp = stage.send_otp(&id).await;

        wrong.clock.set_by(seconds.into());
        let early = status(&wrong, confirm(&id, &otp)).await;
        assert_eq!(early, 503, "before the clock is compared again");
        for round in 0..3 {
            sweeper::turn(&wrong, round).await;
        }
        assert_eq!(stage.state(&id).await, "otp_sent", "the other instance's clock says that it lives");
        assert_eq!(status(&wrong, confirm(&id, &otp)).await, 503);
        assert_eq!(status(&wrong, get("/readyz")).await, 503);
        assert_eq!(status(&wrong, get("/healthz")).await, 200);
        assert_eq!(status(&stage.app, get("/readyz")).await, 200);
        let metrics = wrong.metrics.to_text().expect("text");
        let ahead = metrics.lines().find_map(|line| line.strip_prefix("kycvs_clock_ahead_seconds "));
        let ahead: f64 = ahead.and_then(|ahead| ahead.parse().ok()).expect("a number");
        assert!((ahead - f64::from(seconds)).abs() < 9.0, "{ahead}");

        wrong.clock.set_by((-seconds).into());
        for round in 3..6 {
            sweeper::turn(&wrong, round).await;
        }
        assert_eq!(status(&wrong, get("/readyz")).await, 200);
        assert_eq!(status(&wrong, confirm(&id, &otp)).await, 200);
        let log = lines.text();
        assert_eq!(log.matches("the clock is wrong").count(), 1, "{log}");
        assert_eq!(log.matches("the clock is right again").count(), 1, "{log}");
    }
}

/// The call was let in before the clock was set.
#[tokio::test]
async fn clock_that_is_set_during_a_confirmation_signs_nothing() {
    let stage = Stage::new().await;
    stage.app.clock.compare(&stage.app.db).await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    let mut tx = stage.app.db.begin().await.expect("begins");
    let lock = "UPDATE requests SET tries = tries WHERE id = $1";
    sqlx::query(lock).bind(&id).execute(&mut *tx).await.expect("locked");
    let setting = async {
        let asked = async {
            while stage.records.asked.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asked).await.expect("the records are asked");
        stage.app.clock.set_by(15);
        tx.rollback().await.expect("unlocked");
    };
    let (reply, ()) = tokio::join!(stage.try_otp(&id, &otp), setting);
    reply.expect_problem(503, "unavailable");
    stage.app.clock.set_by(-15);
    assert_eq!(stage.state(&id).await, "otp_sent");
    stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn instance_that_starts_with_a_wrong_clock_is_told_so_by_the_database() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let clock = Clock::default();
    clock.set_by(-1_200);
    clock.compare(&stage.app.db).await;
    let behind = App { clock, ..stage.app.clone() };
    assert!(!behind.clock.is_right());
    sweeper::turn(&behind, 0).await;
    assert_eq!(stage.state(&id).await, "open");

    let clock = Clock::default();
    clock.set_by(1_200);
    clock.compare(&stage.app.db).await;
    // A file has no clock that could say that this one is ahead.
    assert_eq!(clock.is_right(), !stage.app.db.has_clock());
}
