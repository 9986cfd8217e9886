use kycvs::SigningKey;
use tempfile::TempDir;

use super::*;
use crate::test_support::databases;

async fn admins() -> Vec<(TempDir, Admin)> {
    databases().await.into_iter().map(|(keep, db)| (keep, Admin::of(db))).collect()
}

fn railway() -> NewEntity {
    NewEntity {
        id: "irctc.co.in".into(),
        name: "Indian Railways · भारतीय रेल".into(),
        origins: vec!["https://www.irctc.co.in".into(), "http://localhost:3000".into()],
        callback_url: Some("https://www.irctc.co.in/kycvs?x=1".into()),
        request_key: None,
    }
}

#[tokio::test]
async fn an_entity_is_known_by_its_key_until_it_is_rotated_or_disabled() {
    for (_keep, admin) in admins().await {
        let by_key =
            async |key: &str| by_api_key(&admin.db, &admin.secret, key).await.expect("the database is there");
        let first = add(&admin, &railway()).await.expect("it is added").api_key.expect("a key was made");
        assert!(first.starts_with("kycvs_") && first.len() == 6 + 43, "{}", first.len());
        let entity = by_key(&first).await.expect("it is known");
        assert_eq!(
            (entity.id.as_str(), entity.name.as_str()),
            ("irctc.co.in", "Indian Railways · भारतीय रेल")
        );
        assert_eq!(entity.origins, railway().origins);
        assert_eq!(entity.callback_url.as_ref().map(Url::as_str), railway().callback_url.as_deref());
        for wrong in ["", "kycvs_", &first[..first.len() - 1], &format!("{}A", &**first)] {
            assert!(by_key(wrong).await.is_none());
        }

        let rotated = rotate_key(&admin, "irctc.co.in", None).await.expect("it is rotated");
        let second = rotated.api_key.expect("a key was made");
        assert_ne!(first, second);
        assert!(by_key(&first).await.is_none() && by_key(&second).await.is_some());

        disable(&admin, "irctc.co.in").await.expect("it is disabled");
        assert!(by_key(&second).await.is_none());
        assert!(by_id(&admin.db, "irctc.co.in").await.expect("the database is there").is_none());
        assert!(list(&admin).await.expect("listed")[0].disabled_at.is_some());
        assert!(disable(&admin, "irctc.co.in").await.is_err());
        assert!(rotate_key(&admin, "irctc.co.in", None).await.is_err());
        assert!(rotate_key(&admin, "nobody", None).await.is_err());

        enable(&admin, "irctc.co.in").await.expect("it is enabled");
        assert!(by_key(&second).await.is_some() && by_key(&first).await.is_none());
        assert!(enable(&admin, "irctc.co.in").await.is_err());
        assert!(enable(&admin, "nobody").await.is_err());
    }
}

#[tokio::test]
async fn the_api_key_is_not_in_the_database() {
    let (keep, admin) = admins().await.swap_remove(0);
    let key = add(&admin, &railway()).await.expect("it is added").api_key.expect("a key was made");
    admin.db.empty_journal().await.expect("emptied");
    let file = std::fs::read(keep.path().join("t.db")).expect("the file is there");
    let holds = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(b"irctc.co.in") && !holds(&key.as_bytes()[6..]));
}

#[tokio::test]
async fn callback_address_that_is_not_called_by_default_is_taken_with_a_note() {
    for (_keep, mut admin) in admins().await {
        for (n, (url, is_called)) in [
            ("https://www.irctc.co.in/kycvs", true),
            ("https://1.1.1.1/", true),
            ("http://localhost:9000/", false),
            ("http://127.0.0.1:9000/", false),
            ("https://shop.localhost./", false),
            ("https://10.0.0.7/", false),
            ("https://192.168.1.1:8443/", false),
            ("https://169.254.169.254/", false),
            ("https://[fd00::7]/", false),
            ("https://0x7f.1/", false),
        ]
        .into_iter()
        .enumerate()
        {
            for allow_insecure in [false, true] {
                admin.allow_insecure = allow_insecure;
                let id = format!("a{n}-{allow_insecure}.example");
                let new = NewEntity { id, callback_url: Some(url.into()), ..railway() };
                let note = add(&admin, &new).await.expect(url).note;
                assert_eq!(note.is_none(), is_called || allow_insecure, "{url} {note:?}");
                assert!(note.is_none_or(|note| note.contains("allow_insecure")), "{note:?}");
            }
        }
        let new = NewEntity { id: "b.example".into(), callback_url: None, ..railway() };
        assert!(add(&admin, &new).await.expect("added").note.is_none());
        assert!(rotate_key(&admin, "b.example", None).await.expect("rotated").note.is_none());
    }
}

#[tokio::test]
async fn an_entity_can_sign_its_calls_instead() {
    for (_keep, admin) in admins().await {
        let key = SigningKey::generate().expect("a key");
        let pem = key.verifying_key().to_pem();
        let new = NewEntity { request_key: Some(pem.clone().into()), ..railway() };
        let credentials = add(&admin, &new).await.expect("it is added");
        assert!(credentials.api_key.is_none() && credentials.webhook_key.is_some());
        let entity =
            by_id(&admin.db, "irctc.co.in").await.expect("the database is there").expect("it is known");
        assert_eq!(entity.request_key.as_ref(), Some(key.verifying_key()));
        assert_eq!(list(&admin).await.expect("listed")[0].authentication, "request_key");

        // Back to an API key, and to another key.
        rotate_key(&admin, "irctc.co.in", None).await.expect("rotated");
        assert_eq!(list(&admin).await.expect("listed")[0].authentication, "api_key");
        let jwk = SigningKey::generate().expect("a key").verifying_key().to_jwk(None);
        rotate_key(&admin, "irctc.co.in", Some(jwk.as_bytes())).await.expect("rotated");
        assert_eq!(list(&admin).await.expect("listed")[0].authentication, "request_key");

        let two = pem.clone() + &SigningKey::generate().expect("a key").verifying_key().to_pem();
        assert!(rotate_key(&admin, "irctc.co.in", Some(two.as_bytes())).await.is_err());
        let private = key.to_pem();
        let error =
            rotate_key(&admin, "irctc.co.in", Some(private.as_bytes())).await.expect_err("it is private");
        assert!(!error.to_string().contains(private.lines().nth(1).expect("a line")));
    }
}

#[tokio::test]
async fn the_webhook_key_is_the_entitys_own() {
    let (_keep, admin) = admins().await.swap_remove(0);
    let shown =
        add(&admin, &railway()).await.expect("it is added").webhook_key.expect("it has a callback address");
    assert!(shown.starts_with("whsec_"));
    assert_eq!(shown, webhook_key(&admin.secret, "irctc.co.in").to_text());
    assert_ne!(shown, webhook_key(&admin.secret, "irctc.co.in2").to_text());
    let without = NewEntity { id: "mall.example".into(), callback_url: None, ..railway() };
    assert!(add(&admin, &without).await.expect("it is added").webhook_key.is_none());
}

#[tokio::test]
async fn values_that_are_none_are_refused_and_an_id_is_given_once() {
    for (_keep, admin) in admins().await {
        add(&admin, &railway()).await.expect("it is added");
        let error = add(&admin, &railway()).await.expect_err("it is there already");
        assert_eq!(error.to_string(), "there is an entity of this id already");

        let other = || NewEntity { id: "other.example".into(), ..railway() };
        let with = |change: fn(&mut NewEntity)| {
            let mut new = other();
            change(&mut new);
            new
        };
        for new in [
            with(|new| new.id = String::new()),
            with(|new| new.id = "x".repeat(65)),
            with(|new| new.name = String::new()),
            with(|new| new.name = " Mall".into()),
            with(|new| new.name = "Mall\u{202e}".into()),
            with(|new| new.name = "Mall\nDept".into()),
            with(|new| new.name = "x".repeat(101)),
            with(|new| new.origins = vec!["https://a.example".into(); 17]),
            with(|new| new.origins = vec!["https://a.example/".into()]),
            with(|new| new.origins = vec!["https://A.example".into()]),
            with(|new| new.origins = vec!["https://a.example:443".into()]),
            with(|new| new.origins = vec!["https://user@a.example".into()]),
            with(|new| new.origins = vec!["https://बस.example".into()]),
            with(|new| new.origins = vec!["http://a.example".into()]),
            with(|new| new.origins = vec!["http://localhost.example".into()]),
            with(|new| new.origins = vec!["a.example".into()]),
            with(|new| new.origins = vec!["null".into()]),
            with(|new| new.origins = vec!["*".into()]),
            with(|new| new.origins = vec!["javascript:alert(1)".into()]),
            with(|new| new.callback_url = Some("http://a.example/hook".into())),
            with(|new| new.callback_url = Some("https://user:pw@a.example/hook".into())),
            with(|new| new.callback_url = Some("https://a.example/#x".into())),
            with(|new| new.callback_url = Some("file:///etc/passwd".into())),
            with(|new| new.callback_url = Some(format!("https://a.example/{}", "x".repeat(2048)))),
            with(|new| new.request_key = Some(b"no key".to_vec())),
        ] {
            assert!(add(&admin, &new).await.is_err(), "{new:?}");
        }
        add(&admin, &other()).await.expect("nothing else was wrong with it");
        let ids: Vec<_> = list(&admin).await.expect("listed").into_iter().map(|entity| entity.id).collect();
        assert_eq!(ids, ["irctc.co.in", "other.example"]);
    }
}

#[tokio::test]
async fn a_refusal_says_how_the_origin_is_written() {
    let (_keep, admin) = admins().await.swap_remove(0);
    for (origin, written) in [
        ("https://A.example:443/path", "https://a.example"),
        ("https://बस.example", "https://xn--"),
        ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
    ] {
        let error =
            add(&admin, &NewEntity { origins: vec![origin.into()], ..railway() }).await.expect_err(origin);
        assert!(error.to_string().contains(&format!("write {written}")), "{error}");
    }
}
