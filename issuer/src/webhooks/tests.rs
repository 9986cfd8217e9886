use std::sync::Mutex;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    admin::Admin,
    entities::NewEntity,
    standard_webhooks::Headers,
    test_support::{Receiver, databases},
};

/// A worker that sees every request as answered, but for those that were acknowledged.
struct Setting {
    _keep: TempDir,
    admin: Admin,
    acknowledged: Arc<Mutex<HashSet<String>>>,
    clock: Clock,
    wake: Arc<Notify>,
    metrics: Arc<Metrics>,
}

impl Setting {
    async fn all() -> Vec<Self> {
        let settings = databases().await.into_iter().map(|(keep, db)| Self {
            _keep: keep,
            admin: Admin::of(db),
            acknowledged: Arc::default(),
            clock: Clock::default(),
            wake: Arc::new(Notify::new()),
            metrics: Arc::default(),
        });
        settings.collect()
    }

    async fn entity(&self, id: &str, callback: &Url) {
        let new = NewEntity {
            id: id.into(),
            name: id.into(),
            callback_url: Some(callback.to_string()),
            ..NewEntity::default()
        };
        entities::add(&self.admin, &new).await.expect("it is added");
    }

    async fn enqueue(&self, request: &str, entity: &str) {
        let mut tx = self.admin.db.begin().await.expect("begins");
        let now = self.clock.now_ms();
        enqueue(&mut tx, request, entity, "request.answered", now, now / 1000 + 900).await.expect("enqueued");
        tx.commit().await.expect("committed");
        self.wake.notify_one();
    }

    fn worker(&self, allow_insecure: bool) -> Worker {
        let acknowledged = Arc::clone(&self.acknowledged);
        let settings = config::Webhooks { timeout: 1, first_wait: 0.2, allow_insecure };
        Worker {
            db: self.admin.db.clone(),
            clock: self.clock.clone(),
            secret: self.admin.secret.clone(),
            client: client(&settings).expect("a client"),
            settings,
            calls: Arc::new(Semaphore::new(CALLS)),
            metrics: Arc::clone(&self.metrics),
            view: Arc::new(move |request| {
                let done = acknowledged.lock().expect("no test panicked").contains(&request);
                let state = if done { "acknowledged" } else { "answered" };
                let view = (request != "gone").then(|| json!({"id": request, "state": state}));
                Box::pin(async move { Ok(view) })
            }),
        }
    }

    /// Lets a worker run until `done`, for two minutes at most, and stops it.
    async fn run_until(&self, done: impl AsyncFn() -> bool) {
        self.run_workers_until(vec![self.worker(true)], done).await;
    }

    async fn run_workers_until(&self, workers: Vec<Worker>, done: impl AsyncFn() -> bool) {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        for worker in workers {
            let (wake, stop) = (Arc::clone(&self.wake), stop.clone());
            running.spawn(async move { Arc::new(worker).run(&wake, stop.cancelled_owned()).await });
        }
        let reached = tokio::time::timeout(Duration::from_mins(2), async {
            while !done().await {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(reached.await.is_ok(), "what was waited for did not come");
        stop.cancel();
        while running.join_next().await.is_some() {}
    }

    /// What is counted: calls that were taken, calls that were not, webhooks that were given up.
    fn counted(&self) -> [usize; 3] {
        let text = self.metrics.to_text().expect("text");
        ["taken", "not_taken", "given_up"].map(|outcome| {
            let name = format!("kycvs_webhooks_total{{outcome=\"{outcome}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
        })
    }

    async fn left(&self) -> i64 {
        let row =
            sqlx::query("SELECT COUNT(*) AS count FROM webhooks").fetch_one(self.admin.db.reader()).await;
        row.expect("the database is there").get("count")
    }
}

#[tokio::test]
async fn an_entity_is_told_by_a_signed_call() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 204).await;
        setting.entity("irctc.co.in", &receiver.url("/hook?x=1")).await;
        setting.enqueue("request-1", "irctc.co.in").await;
        setting.run_until(async || setting.left().await == 0).await;
        let calls = receiver.calls();
        assert_eq!(calls.len(), 1);
        let call = &calls[0];
        assert_eq!((call.target.as_str(), call.header("content-type")), ("/hook?x=1", "application/json"));
        let headers = Headers {
            id: call.header(ID),
            timestamp: call.header(TIMESTAMP),
            signature: call.header(SIGNATURE),
        };
        let key = entities::webhook_key(&setting.admin.secret, "irctc.co.in");
        assert!(key.verifies(headers, &call.body, setting.clock.now()) && headers.id.starts_with("msg_"));
        let body: Value = serde_json::from_slice(&call.body).expect("it is JSON");
        assert_eq!((&body["type"], &body["data"]["id"]), (&json!("request.answered"), &json!("request-1")));
        let time: jiff::Timestamp = body["timestamp"].as_str().expect("a text").parse().expect("RFC 3339");
        assert!((time.as_second() - setting.clock.now()).abs() < 10);
    }
}

#[tokio::test]
async fn it_is_repeated_with_the_same_id_until_it_is_taken() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|number| [500, 404, 302, 200][number.min(3)]).await;
        setting.entity("a.example", &receiver.url("/")).await;
        setting.enqueue("request-1", "a.example").await;
        setting.run_until(async || setting.left().await == 0).await;
        let ids: HashSet<_> = receiver.calls().iter().map(|call| call.header(ID).to_owned()).collect();
        assert_eq!((receiver.calls().len(), ids.len()), (4, 1));
        assert_eq!(setting.counted(), [1, 3, 0]);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_over_or_gone_is_not_told() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 200).await;
        setting.entity("a.example", &receiver.url("/")).await;
        for request in ["acknowledged", "gone", "over"] {
            setting.enqueue(request, "a.example").await;
        }
        setting.acknowledged.lock().expect("no test panicked").insert("acknowledged".into());
        let mut tx = setting.admin.db.begin().await.expect("begins");
        sqlx::query("UPDATE webhooks SET expires_at = $1 WHERE request = 'over'")
            .bind(setting.clock.now())
            .execute(&mut *tx)
            .await
            .expect("set");
        tx.commit().await.expect("committed");
        setting.run_until(async || setting.left().await == 0).await;
        assert_eq!(receiver.calls().len(), 0);
        assert_eq!(setting.counted(), [0, 0, 1], "what was over");
    }
}

#[tokio::test]
async fn repetitions_end_when_the_entity_acknowledges_or_is_disabled() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 500).await;
        for entity in ["a.example", "b.example"] {
            setting.entity(entity, &receiver.url("/")).await;
            setting.enqueue(&format!("of {entity}"), entity).await;
        }
        setting.run_until(async || receiver.calls().len() >= 4).await;
        assert_eq!(setting.left().await, 2);
        setting.acknowledged.lock().expect("no test panicked").insert("of a.example".into());
        entities::disable(&setting.admin, "b.example").await.expect("disabled");
        setting.run_until(async || setting.left().await == 0).await;
        assert_eq!(setting.counted(), [0, receiver.calls().len(), 1], "that of the one that was disabled");
    }
}

#[tokio::test]
async fn an_entity_that_hangs_holds_up_no_other() {
    for setting in Setting::all().await {
        let hole = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let hole = format!("http://{}/", hole.local_addr().expect("an address")).parse().expect("a URL");
        let receiver = Receiver::start(|_| 200).await;
        setting.entity("dead.example", &hole).await;
        setting.entity("live.example", &receiver.url("/")).await;
        for number in 0..100 {
            setting.enqueue(&format!("dead-{number}"), "dead.example").await;
        }
        for number in 0..100 {
            setting.enqueue(&format!("live-{number}"), "live.example").await;
        }
        setting.run_until(async || receiver.calls().len() >= 100).await;
        assert!(setting.left().await >= 90, "those of the one that hangs are kept");
    }
}

#[tokio::test]
async fn several_workers_send_each_once() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 200).await;
        setting.entity("a.example", &receiver.url("/")).await;
        for number in 0..60 {
            setting.enqueue(&format!("request-{number}"), "a.example").await;
        }
        let workers = (0..3).map(|_| setting.worker(true)).collect();
        setting.run_workers_until(workers, async || setting.left().await == 0).await;
        let ids: HashSet<_> = receiver.calls().iter().map(|call| call.header(ID).to_owned()).collect();
        assert_eq!((receiver.calls().len(), ids.len()), (60, 60));
    }
}

#[tokio::test]
async fn what_a_dead_worker_had_taken_is_sent_by_another() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 200).await;
        setting.entity("a.example", &receiver.url("/")).await;
        setting.enqueue("request-1", "a.example").await;
        let taken = setting.worker(true).take("a.example", LANES).await.expect("the database is there");
        assert_eq!((taken.len(), taken[0].attempts), (1, 1));
        assert!(
            setting.worker(true).take("a.example", LANES).await.expect("the database is there").is_empty()
        );
        setting.clock.advance(14);
        setting.run_until(async || setting.left().await == 0).await;
        assert_eq!(receiver.calls().len(), 1);
    }
}

#[tokio::test]
async fn plain_http_and_loopback_are_called_only_where_that_is_allowed() {
    for setting in Setting::all().await {
        let receiver = Receiver::start(|_| 200).await;
        setting.entity("a.example", &receiver.url("/")).await;
        setting.enqueue("request-1", "a.example").await;
        let polled = std::cell::Cell::new(0);
        setting
            .run_workers_until(vec![setting.worker(false)], async || {
                polled.set(polled.get() + 1);
                polled.get() > 50
            })
            .await;
        assert_eq!((receiver.calls().len(), setting.left().await), (0, 1));
    }
}

#[tokio::test]
async fn a_callback_to_an_address_that_is_not_public_is_not_called() {
    for setting in Setting::all().await {
        let receiver = tokio::net::TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let port = receiver.local_addr().expect("an address").port();
        let hosts =
            ["127.0.0.1", "localhost.", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "[64:ff9b::7f00:1]"];
        for (n, host) in hosts.into_iter().enumerate() {
            let (entity, url) = (format!("a{n}.example"), format!("https://{host}:{port}/"));
            setting.entity(&entity, &url.parse().expect("a URL")).await;
            let worker = setting.worker(false);
            assert!(!Endpoint::new(entity, url.parse().expect("a URL"), &worker).may_be_called, "{host}");
        }
        // Each try counts, so that the row waits longer each time, and ends with its time.
        setting.enqueue("request-1", "a0.example").await;
        let is_tried_twice = async || setting.counted()[1] >= 2;
        setting.run_workers_until(vec![setting.worker(false)], is_tried_twice).await;
        let row = sqlx::query("SELECT attempts FROM webhooks").fetch_one(setting.admin.db.reader()).await;
        assert!(row.expect("a row").get::<i64, _>("attempts") >= 2);
        // A name is found out when it is resolved.
        let worker = setting.worker(false);
        let error =
            worker.client.post(format!("https://localhost:{port}/")).send().await.expect_err("refused");
        assert!(error.is_connect());
        let outcome = Outcome::of(Err(error)).await;
        assert_eq!(outcome, Outcome::Again("its address is not public".to_owned(), None));
        let connected = tokio::time::timeout(Duration::ZERO, receiver.accept()).await;
        assert!(connected.is_err(), "nobody connected");
    }
}

#[tokio::test]
async fn nobody_is_called_while_the_clock_is_wrong() {
    for setting in Setting::all().await {
        setting.entity("a.example", &"https://a.example/".parse().expect("a URL")).await;
        setting.enqueue("request-1", "a.example").await;
        let worker = setting.worker(false);
        worker.clock.compare(&worker.db).await;
        assert_eq!(worker.due().await, ["a.example"]);
        worker.clock.set_by(1_200);
        assert_eq!(worker.due().await, [""; 0]);
    }
}

#[tokio::test]
async fn an_entity_without_an_address_is_not_noted_down() {
    for setting in Setting::all().await {
        let new = NewEntity { id: "a.example".into(), name: "A".into(), ..NewEntity::default() };
        entities::add(&setting.admin, &new).await.expect("it is added");
        setting.enqueue("request-1", "a.example").await;
        assert_eq!(setting.left().await, 0);
    }
}

/// As the sweeper does it, request after request, while a worker has both of them.
#[tokio::test]
async fn who_ends_requests_and_who_notes_their_webhooks_wait_for_each_other_in_turn() {
    for setting in Setting::all().await {
        setting.entity("a.example", &"https://a.example/".parse().expect("a URL")).await;
        for request in ["b", "a", "c"] {
            setting.enqueue(request, "a.example").await;
        }
        let worker = setting.worker(true);
        let rows = worker.take("a.example", 2).await.expect("the database is there");
        assert_eq!(rows.len(), 2);
        let mut told: Vec<_> = ["b", "a"]
            .into_iter()
            .map(|request| Told { request: request.into(), id: String::new(), fate: Fate::Done })
            .collect();
        for told in &mut told {
            let row = sqlx::query("SELECT id FROM webhooks WHERE request = $1").bind(&told.request);
            told.id = row.fetch_one(setting.admin.db.reader()).await.expect("it is there").get("id");
        }
        told.sort_unstable();
        let delete = async |tx: &mut Tx, request: &str| {
            let statement = sqlx::query("DELETE FROM webhooks WHERE request = $1").bind(request.to_owned());
            statement.execute(&mut **tx).await.expect("it is nobody's deadlock");
        };
        let mut tx = setting.admin.db.begin().await.expect("begins");
        if setting.admin.db.is_postgres() {
            // So that it is this transaction that a deadlock would end.
            sqlx::query("SET LOCAL deadlock_timeout = '50ms'").execute(&mut *tx).await.expect("set");
        }
        delete(&mut tx, "a").await;
        let noting = tokio::spawn(async move { worker.note(&told).await });
        sleep(Duration::from_millis(200)).await;
        if setting.admin.db.is_postgres() {
            setting.clock.advance(3600);
            let taken = setting.worker(true).take("a.example", 9).await.expect("it waits for none");
            assert!(taken.iter().all(|row| row.request != "a"), "{taken:?}");
        }
        delete(&mut tx, "b").await;
        tx.commit().await.expect("commits");
        noting.await.expect("no fault").expect("noted");
        assert_eq!(setting.left().await, 1);
    }
}
