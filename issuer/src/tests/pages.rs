//! The pages and their policies.

use std::{collections::BTreeSet, fs, io::Read as _, path::Path};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, header},
};
use flate2::read::GzDecoder;
use serde_json::json;
use tower::ServiceExt;

use super::stage::{ENTITY, Stage};
use crate::{http, problem::ProblemCode};

async fn get(router: &Router, path: &str) -> Response<Body> {
    let request =
        Request::get(format!("https://issuer.example{path}")).body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("it always answers")
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn policy(response: &Response<Body>) -> String {
    response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned()
}

fn ancestors(response: &Response<Body>) -> String {
    let policy = policy(response);
    let (_, ancestors) = policy.split_once("frame-ancestors ").expect("it says who may frame it");
    ancestors.to_owned()
}

#[tokio::test]
async fn only_the_sites_of_the_asking_entity_may_frame_the_page() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let id = stage.ask().await;
    let response = get(&router, &format!("/embed/{id}")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(ancestors(&response), format!("https://{ENTITY}"));
    assert_eq!(response.headers()["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(response.headers()["cross-origin-embedder-policy"], "require-corp");

    // An entity that may ask no more.
    let mut tx = stage.app.db.begin().await.expect("begins");
    sqlx::query("UPDATE entities SET disabled_at = 1").execute(&mut *tx).await.expect("disabled");
    tx.commit().await.expect("commits");
    assert_eq!(ancestors(&get(&router, &format!("/embed/{id}")).await), "'none'");

    // A pass is nobody's.
    let pass = stage.post("/v1/passes", &json!({"purpose": "office"})).send().await;
    assert_eq!(ancestors(&get(&router, &format!("/embed/{}", pass.text("id"))).await), "'none'");

    // On the page of no request there is nothing to do, and any site can show that.
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "x", "%27%3B"] {
        let response = get(&router, &format!("/embed/{id}")).await;
        assert_eq!((response.status().as_u16(), ancestors(&response)), (200, "*".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn a_page_that_isolates_itself_can_show_that_the_consent_page_fails() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let id = stage.ask().await;
    stage.app.db.close().await;
    let response = get(&router, &format!("/embed/{id}")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(response.headers()["cross-origin-embedder-policy"], "require-corp");
}

#[tokio::test]
async fn pages_run_their_own_files_and_nothing_else() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    for page in ["/embed/AAAAAAAAAAAAAAAAAAAAAA", "/pass", "/problems"] {
        let response = get(&router, page).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = policy(&response);
        assert!(policy.contains("script-src 'self'; style-src 'self'; connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = text(response).await;
        for inline in ["<style", " style=", "<script>", " onclick=", " onload=", " onerror=", " onsubmit="] {
            assert!(!html.contains(inline), "{inline} in {page}");
        }
        // Every file that it names is there.
        for name in html.split(['"', '\'']).filter(|text| text.starts_with("/assets/")) {
            assert_eq!(get(&router, name).await.status(), 200, "{name} of {page}");
        }
    }
}

#[tokio::test]
async fn every_file_of_the_folder_is_served_with_its_type() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut names = BTreeSet::new();
    for folder in [web.clone(), web.join("lang")] {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
            // Pages have addresses of their own, and the component, too; types are for those who develop.
            let is_served =
                path.extension().is_some_and(|kind| kind != "html" && kind != "ts") && name != "embed.js";
            if path.is_file() && is_served {
                names.insert(name);
            }
        }
    }
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let response = get(&router, &format!("/assets/{name}")).await;
        assert_eq!(response.status(), 200, "{name} is not in the table of `pages.rs`");
        let kind = match name.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("json") => "application/json",
            _ => panic!("what is {name}?"),
        };
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind);
        assert!(!text(response).await.is_empty());
    }
}

#[tokio::test]
async fn the_component_is_for_every_site() {
    let stage = Stage::new().await;
    let response = get(&http::service(&stage.app), "/embed.js").await;
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(response.headers()["cross-origin-resource-policy"], "cross-origin");
    // What a page holds is for its own site.
    let other = get(&http::service(&stage.app), "/assets/frame.js").await;
    assert!(!other.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    assert_eq!(other.headers()["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let first = get(&router, "/embed.js").await;
    let tag = first.headers()[header::ETAG].clone();
    for (known, status) in [
        (tag.to_str().expect("text").to_owned(), 304),
        (format!("\"x\", W/{}", tag.to_str().expect("text")), 304),
        ("\"x\"".to_owned(), 200),
    ] {
        let request = Request::get("https://issuer.example/embed.js")
            .header(header::IF_NONE_MATCH, known)
            .body(Body::empty());
        let response = router.clone().oneshot(request.expect("a request")).await.expect("it answers");
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header::ETAG], tag);
        assert_eq!(text(response).await.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn a_file_is_compressed_for_whoever_takes_that() {
    let stage = Stage::new().await;
    let router = http::service(&stage.app);
    let page = format!("/embed/{}", stage.ask().await);
    for path in ["/embed.js", "/assets/flow.js", "/assets/hi.json", "/problems", &page] {
        let plain = get(&router, path).await;
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        let tag = plain.headers()[header::ETAG].clone();
        let plain = text(plain).await;
        for (encodings, is_gzip) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("deflate, br", false),
            ("gzip;q=0, br", false),
            ("gzip; q=0.000", false),
        ] {
            let request = Request::get(format!("https://issuer.example{path}"))
                .header(header::ACCEPT_ENCODING, encodings)
                .body(Body::empty());
            let response = router.clone().oneshot(request.expect("a request")).await.expect("it answers");
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
            let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
            assert_eq!(encoding.is_some_and(|name| name == "gzip"), is_gzip, "{encodings}");
            assert_eq!(response.headers()[header::ETAG] != tag, is_gzip, "each form has a tag of its own");
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            if is_gzip {
                assert!(body.len() < plain.len(), "{path}");
                let mut unpacked = String::new();
                GzDecoder::new(&body[..]).read_to_string(&mut unpacked).expect("it is gzip");
                assert_eq!(unpacked, plain);
            } else {
                assert_eq!(body, plain.as_bytes());
            }
        }
    }
}

#[tokio::test]
async fn pages_that_are_switched_off_are_not_there() {
    let stage = Stage::with(|config| config.passes.enabled = false).await;
    let router = http::service(&stage.app);
    for path in ["/pass", "/inbox", "/inbox/messages"] {
        assert_eq!(get(&router, path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn every_code_of_a_problem_is_explained() {
    let stage = Stage::new().await;
    let page = text(get(&http::service(&stage.app), "/problems").await).await;
    for code in ProblemCode::ALL {
        assert!(page.contains(&format!("<dt id=\"{}\">", code.as_str())), "{code:?}");
    }
}
