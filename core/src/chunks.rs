//! Work on many items in chunks: on all cores with the feature `parallel`, otherwise one chunk after the other.

use alloc::vec::Vec;

/// What `work` gives for chunks of at most `size` items, in order.
#[cfg(feature = "parallel")]
pub(crate) fn every_chunk<T: Sync, V: Send>(
    items: &[T],
    size: usize,
    work: impl Fn(&[T]) -> Vec<V> + Send + Sync,
) -> Vec<V> {
    use rayon::prelude::*;
    // A small batch is shared too, as long as each part is worth a thread's waking.
    let size = items.len().div_ceil(rayon::current_num_threads()).clamp(size.min(FEWEST), size);
    items.par_chunks(size).flat_map_iter(work).collect()
}

/// Some hundred microseconds' work.
#[cfg(feature = "parallel")]
const FEWEST: usize = 16;

#[cfg(not(feature = "parallel"))]
pub(crate) fn every_chunk<T, V>(items: &[T], size: usize, work: impl Fn(&[T]) -> Vec<V>) -> Vec<V> {
    items.chunks(size).flat_map(work).collect()
}
