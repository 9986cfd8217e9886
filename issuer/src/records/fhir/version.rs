//! Which of two versions of a resource is newer, and what a Bundle says about an entry beside its resource.

use jiff::Timestamp;

use super::json::{self, Members};
use crate::records::import::Reason;

/// A version of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    id: Option<String>,
    updated: Option<Timestamp>,
    /// It has a time that is not understood, such as one without a zone.
    is_odd: bool,
}

/// How one version stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Newer,
    Older,
    /// Neither says it.
    Unknown,
}

impl Version {
    /// Of the resource's `meta`.
    pub(super) fn of(resource: &Members) -> Result<Self, Reason> {
        let Some(meta) = json::object(resource, "meta")? else { return Ok(Self::default()) };
        Ok(Self::new(json::text(meta, "versionId")?, json::text(meta, "lastUpdated")?))
    }

    /// Of an id, which may be written as an entity tag (`W/"2"`), and an instant.
    pub(super) fn new(id: Option<&str>, updated: Option<&str>) -> Self {
        let id = id.map(|id| id.trim().trim_start_matches("W/").trim_matches('"').to_owned());
        let time = updated.and_then(|updated| updated.trim().parse().ok());
        Self {
            id: id.filter(|id| !id.is_empty() && id.len() <= 64),
            updated: time,
            is_odd: updated.is_some() && time.is_none(),
        }
    }

    /// What is not said here is taken from there.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            id: self.id.or(other.id),
            updated: self.updated.or(other.updated),
            is_odd: self.is_odd || other.is_odd,
        }
    }

    /// Whether nothing is said of it.
    pub(super) fn is_unsaid(&self) -> bool {
        *self == Self::default()
    }

    /// By number if both have one, else by instant.
    pub(super) fn against(&self, other: &Self) -> Order {
        let ids = self.number().zip(other.number()).map(|(one, other)| one.cmp(&other));
        let times = self.updated.zip(other.updated).map(|(one, other)| one.cmp(&other));
        let order = ids.filter(|order| order.is_ne()).or(times);
        match order {
            Some(std::cmp::Ordering::Greater) => Order::Newer,
            Some(std::cmp::Ordering::Less) => Order::Older,
            _ => Order::Unknown,
        }
    }

    /// Whether both say that they are the same version.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id.is_some() && self.id == other.id
    }

    fn number(&self) -> Option<u128> {
        let id = self.id.as_ref()?;
        id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide_before_instants() {
        let version = |id, updated| Version::new(id, updated);
        for (one, other, order) in [
            (version(Some("10"), None), version(Some("9"), None), Order::Newer),
            (version(Some("W/\"1\""), None), version(Some("2"), None), Order::Older),
            (
                version(Some("2"), Some("2021-01-01T00:00:00Z")),
                version(Some("1"), Some("2022-01-01T00:00:00Z")),
                Order::Newer,
            ),
            (
                version(Some("b"), Some("2021-01-01T00:00:00+05:30")),
                version(Some("a"), Some("2021-01-01T00:00:00Z")),
                Order::Older,
            ),
            (version(Some("b"), None), version(Some("a"), None), Order::Unknown),
            (version(None, None), version(Some("1"), None), Order::Unknown),
            (version(Some("1"), None), version(Some("1"), None), Order::Unknown),
        ] {
            assert_eq!(one.against(&other), order, "{one:?} {other:?}");
        }
    }
}
