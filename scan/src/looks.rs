//! The sizes at which a picture is looked at.

/// The longest sides, in pixels: a small copy of a large photograph is read faster and, without its noise, better. The
/// verifier page has the same numbers in `reader-worker.js`, because the browser makes its copies.
const LOOKS: [u32; 3] = [1_000, 2_000, 4_000];

/// The longest sides of the copies in which to look for codes, in pixels and ascending, for a picture with this longest side.
///
/// ```
/// assert_eq!(kycvs_scan::looks(800).collect::<Vec<_>>(), [800]);
/// assert_eq!(kycvs_scan::looks(2_000).collect::<Vec<_>>(), [1_000, 2_000]);
/// assert_eq!(kycvs_scan::looks(9_000).collect::<Vec<_>>(), [1_000, 2_000, 4_000]);
/// ```
pub fn looks(longest: u32) -> impl Iterator<Item = u32> {
    let last = LOOKS[LOOKS.len() - 1];
    LOOKS.into_iter().filter(move |&size| size < longest).chain((longest <= last).then_some(longest))
}
