//! Calls to addresses that somebody else has chosen: only public ones are connected to.
//!
//! An entity's callback URL could name this machine, a neighbour in its network, or the cloud's metadata service. So a name
//! is resolved here, and the connection goes to the addresses that were found public: nobody resolves it a second time.
//! Redirects are not followed. A URL with an address in place of a name is checked before the call, since such a one is
//! not resolved.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::{Host, Url};

/// A [`client`](super::client) that connects to public addresses only.
///
/// # Errors
/// If the system's certificates cannot be read.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    client_with(timeout, Arc::new(of_system))
}

fn client_with(timeout: Duration, look_up: Arc<LookUp>) -> reqwest::Result<Client> {
    super::builder(timeout).dns_resolver(Arc::new(PublicOnly(look_up))).build()
}

/// Whether a URL's host may be called: a name, which is checked when it is resolved, or a public address.
pub(crate) fn may_be_called(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        None => false,
    }
}

/// Whether this error is that a name has no public address.
pub(super) fn is_not_public(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<NotPublic>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// How a name is resolved.
type LookUp = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

fn of_system(name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
    Box::pin(async move {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    })
}

/// Resolves a name to its public addresses.
struct PublicOnly(Arc<LookUp>);

#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let public: Vec<_> = found.await?.into_iter().filter(|&address| is_public(address)).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            // The client puts the port of the URL in place of 0.
            let addresses: Addrs = Box::new(public.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to a host of the public Internet (the registries of special-purpose addresses of IANA,
/// RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match behind_nat64(address) {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match a {
        // This network, private, loopback; from 224 on multicast, reserved, broadcast.
        0 | 10 | 127 | 224.. => true,
        // Shared by customers of a provider.
        100 => b & 0b1100_0000 == 64,
        169 => b == 254,
        172 => b & 0b1111_0000 == 16,
        // Protocol assignments, documentation, the way to 6to4, private.
        192 => (b, c) == (0, 0) || (b, c) == (0, 2) || (b, c) == (88, 99) || b == 168,
        // Measurements, documentation.
        198 => b & 0b1111_1110 == 18 || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !is_special && address != AZURE
}

/// The metadata service of one cloud has an address that looks public.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_global = a & 0xe000 == 0x2000;
    // Protocol assignments with Teredo, documentation, 6to4, documentation.
    let is_special =
        (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b & 0xf000 == 0);
    is_global && !is_special
}

/// The address of version 4 that a translator connects to (RFC 6052, the well-known prefix).
fn behind_nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else { return None };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::Receiver;

    #[test]
    fn addresses_that_are_not_public_are_told_in_every_form() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().expect(address)), "{address}");
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "192.169.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "203.0.112.1",
            "223.255.255.255",
            "168.63.129.17",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00::1",
            "3ffe::1",
        ] {
            assert!(is_public(address.parse().expect(address)), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_told_however_it_is_written() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://169.254.169.254/",
            "https://[fd00:ec2::254]/",
            "https://[64:ff9b::7f00:1]/",
            "https://１２７.0.0.1/",
        ] {
            assert!(!may_be_called(&url.parse().expect(url)), "{url}");
        }
        for url in
            ["https://1.1.1.1/", "https://[2606:4700::1111]/", "https://example.org/", "https://localhost./"]
        {
            assert!(may_be_called(&url.parse().expect(url)), "{url}");
        }
    }

    fn finds(addresses: &'static [&'static str]) -> Arc<LookUp> {
        let found: Vec<IpAddr> =
            addresses.iter().map(|address| address.parse().expect("an address")).collect();
        Arc::new(move |_| {
            let found = found.clone();
            Box::pin(async { Ok(found) })
        })
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_connected_to() {
        let receiver = Receiver::start(|_| 200).await;
        let port = receiver.url("/").port().expect("a port");
        for found in [&["127.0.0.1"][..], &["::ffff:127.0.0.1"], &["0.0.0.0", "127.0.0.1"], &[]] {
            let client = client_with(Duration::from_secs(5), finds(found)).expect("a client");
            let error = client.get(format!("http://shop.example:{port}/")).send().await.expect_err("refused");
            assert!(error.is_connect() && is_not_public(&error), "{found:?}: {error:?}");
        }
        // With the system's own resolver, too, and a dot at the end.
        for name in ["localhost", "localhost.", "LOCALHOST"] {
            let client = client(Duration::from_secs(5)).expect("a client");
            let error = client.get(format!("http://{name}:{port}/")).send().await.expect_err("refused");
            assert!(error.is_connect(), "{name}: {error:?}");
        }
        assert_eq!(receiver.calls().len(), 0);
        // The name would have been connected to.
        let local: SocketAddr = ([127, 0, 0, 1], port).into();
        let open = crate::outbound::builder(Duration::from_secs(5)).resolve("shop.example", local).build();
        open.expect("a client").get(format!("http://shop.example:{port}/")).send().await.expect("connected");
        assert_eq!(receiver.calls().len(), 1);
    }

    #[tokio::test]
    async fn of_a_name_with_several_addresses_the_public_ones_are_tried() {
        let resolver = PublicOnly(finds(&["10.0.0.1", "1.1.1.1", "169.254.169.254", "2606:4700::1111"]));
        let found = resolver.resolve("shop.example".parse().expect("a name")).await.expect("two");
        let found: Vec<_> = found.map(|address| address.ip().to_string()).collect();
        assert_eq!(found, ["1.1.1.1", "2606:4700::1111"]);
    }
}
