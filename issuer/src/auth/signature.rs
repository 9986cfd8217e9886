//! Calls that the entity signs with its own Ed25519 key: HTTP Message Signatures (RFC 9421), and the digest of the body
//! (RFC 9530) under them.
//!
//! A signature has to cover the method, the whole address and, where there is a body, its digest. It counts for five
//! minutes. What it covers besides is checked too, where it is a plain header.

use std::fmt::Write;

use axum::http::{HeaderMap, request::Parts};
use sfv::{BareItem, Dictionary, InnerList, Item, ListEntry, ListSerializer, Parser, StringRef};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    entities::{self, Entity},
    flow::view::address,
    problem::{Problem, Result},
};

use super::unauthorized;

/// Seconds that the maker's clock may be off, and that a signature can be used.
const WINDOW: i64 = 300;

/// The entity whose key made the signature on this call.
pub(super) async fn entity(app: &App, parts: &Parts, body: &[u8]) -> Result<Entity> {
    let signed = Signed::read(&parts.headers)?;
    signed.check_time(app.clock.now())?;
    signed.check_cover(!body.is_empty())?;
    if signed.covers("content-digest") {
        check_digest(&parts.headers, body)?;
    }
    let unknown = || unauthorized("The signature is not one by a key that is registered here.");
    let entity = entities::by_id(&app.db, &signed.key_id).await?.ok_or_else(unknown)?;
    let key = entity.request_key.as_ref().ok_or_else(unknown)?;
    let base = signed.base(app, parts)?;
    if key.verifies(base.as_bytes(), &signed.signature) { Ok(entity) } else { Err(unknown()) }
}

/// How many components a signature may cover: each can be a long header, and all of them are put together.
const MOST_COMPONENTS: usize = 16;

/// A signature, and what it says about itself.
struct Signed {
    list: InnerList,
    components: Vec<String>,
    key_id: String,
    created: i64,
    expires: Option<i64>,
    signature: [u8; 64],
}

impl Signed {
    fn read(headers: &HeaderMap) -> Result<Self> {
        let mut inputs = dictionary(headers, "signature-input")?;
        let signatures = dictionary(headers, "signature")?;
        let (Some((label, ListEntry::InnerList(list))), 1) = (inputs.pop(), inputs.len() + 1) else {
            return Err(unauthorized("`Signature-Input` has to hold one signature."));
        };
        if list.items.len() > MOST_COMPONENTS {
            return Err(unauthorized("A signature covers at most 16 components."));
        }
        let components = list.items.iter().map(component).collect::<Result<Vec<_>>>()?;
        if (1..components.len()).any(|n| components[..n].contains(&components[n])) {
            return Err(unauthorized("A signature covers a component once (RFC 9421, section 2)."));
        }
        let signature = match signatures.get(&label) {
            Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), .. })) => {
                <[u8; 64]>::try_from(&bytes[..]).ok()
            }
            _ => None,
        };
        let signature = signature.ok_or_else(|| unauthorized("`Signature` holds no Ed25519 signature."))?;
        let integer = |name: &str| list.params.get(name).and_then(BareItem::as_integer).map(i64::from);
        let text = |name: &str| list.params.get(name).and_then(BareItem::as_string).map(StringRef::as_str);
        if text("alg") != Some("ed25519") {
            return Err(unauthorized("The signature has to say alg=\"ed25519\"."));
        }
        Ok(Self {
            components,
            key_id: text("keyid").ok_or_else(|| unauthorized("The signature names no keyid."))?.to_owned(),
            created: integer("created")
                .ok_or_else(|| unauthorized("The signature does not say `created`."))?,
            expires: integer("expires"),
            signature,
            list,
        })
    }

    fn check_time(&self, now: i64) -> Result<()> {
        let fresh = self.created.abs_diff(now) <= WINDOW.unsigned_abs();
        if fresh && self.expires.is_none_or(|expires| now < expires) {
            Ok(())
        } else {
            Err(unauthorized("The signature is too old, or the clock that it was made by is wrong."))
        }
    }

    fn check_cover(&self, with_body: bool) -> Result<()> {
        let needed: &[&str] = if with_body {
            &["@method", "@target-uri", "content-digest"]
        } else {
            &["@method", "@target-uri"]
        };
        match needed.iter().find(|name| !self.covers(name)) {
            Some(name) => Err(unauthorized(&format!("The signature has to cover {name}."))),
            None => Ok(()),
        }
    }

    fn covers(&self, name: &str) -> bool {
        self.components.iter().any(|component| component == name)
    }

    /// The signature base (RFC 9421, section 2.5).
    fn base(&self, app: &App, parts: &Parts) -> Result<String> {
        let mut base = String::new();
        let origin = address(app, "");
        for name in &self.components {
            let value = match name.as_str() {
                "@method" => parts.method.as_str().to_owned(),
                "@target-uri" => address(app, parts.uri.path_and_query().map_or("/", |path| path.as_str())),
                "@authority" => {
                    origin.split_once("://").map_or(&*origin, |(_, authority)| authority).to_owned()
                }
                name => header(&parts.headers, name)?,
            };
            writeln!(base, "\"{name}\": {value}").map_err(|_| unreadable())?;
        }
        let mut list = ListSerializer::new();
        list.members([&ListEntry::InnerList(self.list.clone())]);
        base.push_str("\"@signature-params\": ");
        base.push_str(&list.finish().ok_or_else(unreadable)?);
        Ok(base)
    }
}

/// The name of a component, where it is one that is taken here.
fn component(item: &Item) -> Result<String> {
    let name = item.bare_item.as_string().map(StringRef::as_str).ok_or_else(unreadable)?;
    // @authority is a part of @target-uri, which has to be covered, and libraries cover it by default.
    let is_taken = !name.starts_with('@') || ["@method", "@target-uri", "@authority"].contains(&name);
    if !item.params.is_empty() || !is_taken {
        return Err(unauthorized(
            "Of components, @method, @target-uri, @authority and plain headers are taken.",
        ));
    }
    Ok(name.to_owned())
}

/// That the digest of the body is the one in the header.
fn check_digest(headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let digests = dictionary(headers, "content-digest")?;
    match digests.get("sha-256") {
        Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(digest), .. }))
            if digest[..] == Sha256::digest(body)[..] =>
        {
            Ok(())
        }
        _ => Err(unauthorized("`Content-Digest` holds no sha-256 of this body.")),
    }
}

fn dictionary(headers: &HeaderMap, name: &str) -> Result<Dictionary> {
    Parser::new(&header(headers, name)?).parse::<Dictionary>().map_err(|_| unreadable())
}

/// All values of a header, as RFC 9421 (section 2.1) puts them together.
fn header(headers: &HeaderMap, name: &str) -> Result<String> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(unauthorized("The signature covers a header that is not there, or is missing itself."));
    }
    let values: Vec<&str> = values
        .map(|value| value.to_str().map(str::trim))
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable())?;
    Ok(values.join(", "))
}

fn unreadable() -> Problem {
    unauthorized("The headers of the signature cannot be read.")
}
