//! How many connections are held at once, and how many of them from one address: one host must not take all of them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Proxies;

/// The places of a listener.
pub(super) struct Places {
    free: Arc<Semaphore>,
    all: usize,
    most_per_address: u32,
    taken: Mutex<HashMap<IpAddr, u32>>,
}

impl Places {
    pub(super) fn new(all: u32, most_per_address: u32) -> Arc<Self> {
        let all = usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(all));
        Arc::new(Self { free, all, most_per_address, taken: Mutex::default() })
    }

    /// A place, once there is one.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Counts the place for its address; `None` if the address has as many as one may have. Proxies that were named may
    /// have all of them: behind each are many people.
    pub(super) fn give(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        peer: IpAddr,
        proxies: &Proxies,
    ) -> Option<Place> {
        if proxies.are_trusted(peer.to_canonical()) {
            return Some(Place { _permit: permit, of: None });
        }
        let network = network(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(network).or_default();
        if *count >= self.most_per_address {
            return None;
        }
        *count += 1;
        Some(Place { _permit: permit, of: Some((network, Arc::clone(self))) })
    }

    /// Whether less than a quarter is free.
    pub(super) fn are_scarce(&self) -> bool {
        self.free.available_permits() * 4 < self.all
    }
}

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    of: Option<(IpAddr, Arc<Places>)>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((network, places)) = &self.of else { return };
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(network);
            }
        }
    }
}

/// The addresses of one host: one of IPv4, or a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(places: &Arc<Places>, address: &str, proxies: &Proxies) -> Option<Place> {
        let permit = places.wait().await.expect("one is free");
        places.give(permit, address.parse().expect("an address"), proxies)
    }

    #[tokio::test]
    async fn address_with_all_its_places_gets_another_when_one_is_free_again() {
        let (places, nobody) = (Places::new(100, 2), Proxies::default());
        for (address, same) in
            [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::ffff:0:0:1"), ("::1", "::2")]
        {
            let first = take(&places, address, &nobody).await.expect("the first");
            let _second = take(&places, same, &nobody).await.expect("the second");
            assert!(take(&places, address, &nobody).await.is_none(), "{address}");
            drop(first);
            assert!(take(&places, same, &nobody).await.is_some(), "{address}");
        }
        assert!(take(&places, "192.0.2.2", &nobody).await.is_some());
        assert_eq!(places.free.available_permits(), 100, "all are free again");
        assert!(places.taken.lock().expect("unpoisoned").is_empty(), "nobody is remembered");
    }

    #[tokio::test]
    async fn proxy_that_was_named_has_no_bound_of_its_own() {
        let places = Places::new(4, 1);
        let proxies =
            Proxies { trusted: vec!["10.0.0.0/8".parse().expect("a network")], ..Proxies::default() };
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(take(&places, "::ffff:10.1.2.3", &proxies).await.expect("a place"));
        }
        assert!(places.are_scarce());
    }
}
