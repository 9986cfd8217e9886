//! Many people behind one address, and one of them who abuses it.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::StatusCode;
use serde_json::json;

use crate::config::Rate;

use super::stage::{KEY, NAME, OTHER_KEY, Reply, Stage, wrong};

const NAT: [u8; 4] = [198, 51, 100, 7];

/// Asks for a password to a number of its own, in a request of this key's entity; the request's id.
async fn send(stage: &Stage, key: &str, from: impl Into<IpAddr>, n: u32) -> (String, Reply) {
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    let id = stage.post("/v1/requests", &question).key(key).send().await.text("id");
    let person = json!({"name": NAME, "mobile": format!("98765{n:05}")});
    let reply = stage.post(&format!("/v1/requests/{id}/otp"), &person).from(from).send().await;
    (id, reply)
}

async fn confirm(stage: &Stage, id: &str, otp: &str) -> Reply {
    stage.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": otp})).from(NAT).send().await
}

#[tokio::test]
async fn people_of_one_address_who_consent_are_not_limited() {
    let stage = Stage::new().await;
    stage.records.knows_everybody.store(true, std::sync::atomic::Ordering::Relaxed);
    for n in 0..60 {
        let (id, reply) = send(&stage, KEY, NAT, n).await;
        reply.expect(StatusCode::ACCEPTED);
        confirm(&stage, &id, &stage.gateway.last_otp()).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn who_abuses_one_entitys_requests_locks_nobody_out_of_anothers() {
    let stage = Stage::new().await;
    let mut refused = 0;
    for n in 0..30 {
        let (id, reply) = send(&stage, KEY, NAT, n).await;
        if reply.status != StatusCode::ACCEPTED {
            reply.expect_problem(429, "too_many_requests");
            refused += 1;
            continue;
        }
        let otp = stage.gateway.last_otp();
        for _ in 0..3 {
            confirm(&stage, &id, &wrong(&otp)).await;
        }
    }
    assert_eq!(refused, 10);
    // Somebody else behind the same address, at another entity.
    let (id, reply) = send(&stage, OTHER_KEY, NAT, 100).await;
    reply.expect(StatusCode::ACCEPTED);
    confirm(&stage, &id, &stage.gateway.last_otp()).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_network_of_version_six_is_limited_over_its_subnets_and_entities() {
    let stage = Stage::with(|config| config.limits.otp_per_network = Rate { burst: 4, seconds: 60.0 }).await;
    let host = |site, subnet| Ipv6Addr::new(0x2001, 0xdb8, site, subnet, 0, 0, 0, 1);
    for n in 0..4_u16 {
        let key = if n % 2 == 0 { KEY } else { OTHER_KEY };
        send(&stage, key, host(1, n), n.into()).await.1.expect(StatusCode::ACCEPTED);
    }
    send(&stage, KEY, host(1, 9), 9).await.1.expect_problem(429, "too_many_requests");
    send(&stage, KEY, host(2, 0), 10).await.1.expect(StatusCode::ACCEPTED);
}
