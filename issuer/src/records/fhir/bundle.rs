//! A Bundle, its resources not yet read.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::version::Version;
use crate::records::import::Reason;

/// A Bundle.
#[derive(Deserialize)]
pub(in crate::records) struct Bundle<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    link: Option<Vec<Link<'a>>>,
    #[serde(borrow)]
    entry: Option<Vec<Item<'a>>>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    relation: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<Request>,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// A resource as a file has it, and what the file says beside it.
#[derive(Default)]
pub(in crate::records) struct Entry<'a> {
    /// The JSON of the resource.
    pub(super) resource: Option<&'a [u8]>,
    pub(super) full_url: Option<&'a str>,
    /// Whether it is a `DELETE`.
    pub(super) is_delete: bool,
    /// Of a `DELETE`: what is deleted.
    pub(super) target: Option<&'a str>,
    pub(super) version: Version,
    /// Whether it is of a Bundle of the type `history`.
    pub(super) is_history: bool,
}

impl<'a> Entry<'a> {
    /// A resource on a line of its own.
    pub(in crate::records) fn line(resource: &'a [u8]) -> Self {
        Self { resource: Some(resource), ..Self::default() }
    }
}

impl<'a> Bundle<'a> {
    /// # Errors
    /// If it is no Bundle. Names no value.
    pub(in crate::records) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        // The parser's own message can repeat a value.
        let bundle: Self = serde_json::from_slice(bytes).map_err(|error| {
            Reason::from(format!(
                "it is no FHIR Bundle in JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if bundle.kind == "Bundle" {
            Ok(bundle)
        } else {
            Err("it is another FHIR resource than a Bundle".into())
        }
    }

    /// Whether it is a page of a search that has further pages.
    pub(in crate::records) fn has_more_pages(&self) -> bool {
        self.link.iter().flatten().any(|link| link.relation.as_deref() == Some("next"))
    }

    /// Its entries, in their order.
    pub(in crate::records) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let is_history = self.r#type.as_deref() == Some("history");
        self.entry.iter().flatten().map(move |item| {
            let (request, response) = (item.request.as_ref(), item.response.as_ref());
            let method = request.and_then(|request| request.method.as_deref());
            Entry {
                resource: item.resource.map(|resource| resource.get().as_bytes()),
                full_url: item.full_url.as_deref(),
                is_delete: method.is_some_and(|method| method.eq_ignore_ascii_case("DELETE")),
                target: request.and_then(|request| request.url.as_deref()),
                version: Version::new(
                    response.and_then(|response| response.etag.as_deref()),
                    response.and_then(|response| response.last_modified.as_deref()),
                ),
                is_history,
            }
        })
    }
}
