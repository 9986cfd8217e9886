//! Times and spans.
//!
//! The format's times are whole seconds up to 2^64-1 (SPEC.md, section 5). No type of Kotlin's or Swift's own holds
//! all of them, so that whatever decides takes seconds, in functions whose names say so; the layers above give the
//! same functions with `java.time` and `Foundation` types.

/// A point in time, for the app to look at. `java.time.Instant` in Kotlin, `Date` in Swift.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(u64);

uniffi::custom_type!(Timestamp, u64, { lower: |time| time.0, try_lift: |seconds| Ok(Timestamp(seconds)) });

impl From<kycvs::Timestamp> for Timestamp {
    fn from(time: kycvs::Timestamp) -> Self {
        Self(time.as_secs())
    }
}

impl From<Timestamp> for kycvs::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_secs(time.0)
    }
}
