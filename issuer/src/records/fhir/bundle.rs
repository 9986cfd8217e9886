//! A Bundle, its resources not yet read.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
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
    entry: Option<Items<'a>>,
    #[serde(borrow, rename = "implicitRules")]
    rules: Option<&'a RawValue>,
}

/// So many entries are held: without a bound, empty ones would take a hundred times the memory of the file.
const MOST_ENTRIES: usize = 1_000_000;

/// The entries, if they are not too many.
struct Items<'a>(Option<Vec<Item<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor(PhantomData)).map(Self)
    }
}

struct ItemsVisitor<'a>(PhantomData<Item<'a>>);

impl<'de: 'a, 'a> Visitor<'de> for ItemsVisitor<'a> {
    type Value = Option<Vec<Item<'a>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == MOST_ENTRIES {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            items.push(item);
        }
        Ok(Some(items))
    }
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
    request: Option<Request<'a>>,
    response: Option<Response<'a>>,
    #[serde(borrow)]
    modifier_extension: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: Option<String>,
    url: Option<String>,
    #[serde(borrow)]
    modifier_extension: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    etag: Option<String>,
    last_modified: Option<String>,
    #[serde(borrow)]
    modifier_extension: Option<&'a RawValue>,
}

/// Whether an element is there and not empty.
fn says(element: Option<&RawValue>) -> bool {
    element.is_some_and(|value| !["null", "[]"].contains(&value.get()))
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
    /// Why it cannot be understood, whatever its resource says.
    pub(super) fault: Option<&'static str>,
}

impl Item<'_> {
    fn fault(&self) -> Option<&'static str> {
        let (request, response) = (self.request.as_ref(), self.response.as_ref());
        let elements = [
            self.modifier_extension,
            request.and_then(|request| request.modifier_extension),
            response.and_then(|response| response.modifier_extension),
        ];
        if elements.into_iter().any(says) {
            return Some("the entry has a modifierExtension, which is not understood");
        }
        let is_patch = |method: &String| method.eq_ignore_ascii_case("PATCH");
        request.and_then(|request| request.method.as_ref()).is_some_and(is_patch).then_some(
            "the entry changes a part of a resource (PATCH), which is not read: export the whole resource",
        )
    }
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
        if bundle.kind != "Bundle" {
            return Err("it is another FHIR resource than a Bundle".into());
        }
        if says(bundle.rules) {
            return Err("the Bundle has implicitRules, which are not understood".into());
        }
        if matches!(bundle.entry, Some(Items(None))) {
            return Err("the Bundle has more than a million entries: export it in parts".into());
        }
        Ok(bundle)
    }

    /// Whether it is a page of a search that has further pages.
    pub(in crate::records) fn has_more_pages(&self) -> bool {
        self.link.iter().flatten().any(|link| link.relation.as_deref() == Some("next"))
    }

    /// Its entries, in their order.
    pub(in crate::records) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let is_history = self.r#type.as_deref() == Some("history");
        let items = self.entry.iter().filter_map(|Items(items)| items.as_deref());
        items.flatten().map(move |item| {
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
                fault: item.fault(),
            }
        })
    }
}
