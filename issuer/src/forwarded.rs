//! The client's address, from the socket or from the header of a proxy that was named.
//!
//! Anyone can write such a header, and a proxy adds to what it got. So it is read from the right: each address was
//! written by the one to the right of it, and is believed as long as that one is a proxy that was named.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Once,
};

use axum::http::{HeaderMap, HeaderValue};

use crate::config::{ForwardedHeader, Proxies};

/// The address of the client, as far as it can be trusted.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    static WARNED: Once = Once::new();
    client_or_warn(peer, headers, proxies, &WARNED)
}

/// The same. Warns once if the header comes from somebody who is no named proxy: most likely it is a proxy that was
/// forgotten in the settings, behind which all people count as one address.
fn client_or_warn(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies, warned: &Once) -> IpAddr {
    let trusted = |address: IpAddr| proxies.are_trusted(address);
    let name = match proxies.header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    let mut address = peer.to_canonical();
    if !trusted(address) {
        if headers.contains_key(name) {
            warned.call_once(|| {
                tracing::warn!(
                    header = name,
                    "a client's address was sent by a host that proxies.trusted does not name, and is ignored: if the \
                     host is your proxy, name it, since all people behind it count as one address"
                );
            });
        }
        return address;
    }
    let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    for element in lines.iter().rev().flat_map(|line| from_the_right(line.as_bytes())) {
        let written = match proxies.header {
            ForwardedHeader::XForwardedFor => node(element),
            ForwardedHeader::Forwarded => forwarded_for(element),
        };
        // What cannot be read ends it: whoever wrote what is to the left of it is not known.
        let Some(written) = written else { return address };
        address = written.to_canonical();
        if !trusted(address) {
            return address;
        }
    }
    address
}

/// The elements of a list, the last first. Commas in quotes do not part them; whether one is in quotes is counted from
/// the right, too, where the text is the proxy's own.
fn from_the_right(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let mut in_quotes = false;
        let comma = line.iter().rposition(|&byte| {
            in_quotes ^= byte == b'"';
            byte == b',' && !in_quotes
        });
        let (before, element) = match comma {
            Some(at) => (Some(&line[..at]), &line[at + 1..]),
            None => (None, line),
        };
        rest = before;
        Some(element.trim_ascii())
    })
}

/// The address in the `for` of an element of `Forwarded` (RFC 7239, section 4).
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    // No address has a semicolon, so that one in quotes can only end up in something that is no address.
    let pair = element.split(|&byte| byte == b';').find_map(|pair| {
        let (name, value) = pair.trim_ascii().split_first_chunk::<4>()?;
        name.eq_ignore_ascii_case(b"for=").then_some(value)
    })?;
    match pair.strip_prefix(b"\"") {
        Some(quoted) => node(quoted.strip_suffix(b"\"")?),
        None => node(pair),
    }
}

/// An address, with or without a port, IPv6 with or without brackets.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn found(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().expect("a header"));
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec();
        client(peer.parse().expect("an address"), &headers, &Proxies { trusted, header }).to_string()
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        let found = |peer, lines: &[&str]| found(ForwardedHeader::XForwardedFor, peer, lines);
        for (peer, lines, wanted) in [
            // From someone else than a proxy, the header is not looked at.
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("::ffff:203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            (PROXY, &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client wrote is to the left of what the proxy wrote.
            (PROXY, &["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            (PROXY, &["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
            (PROXY, &["198.51.100.1, 10.2.3.4,10.0.0.2"], "198.51.100.1"),
            (PROXY, &["192.0.2.66, 198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            (PROXY, &["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
            (PROXY, &["198.51.100.1:4711"], "198.51.100.1"),
            (PROXY, &["2001:db8::7"], "2001:db8::7"),
            (PROXY, &["[2001:db8::7]"], "2001:db8::7"),
            (PROXY, &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            (PROXY, &["::ffff:198.51.100.1"], "198.51.100.1"),
            // What is no address ends it.
            (PROXY, &["192.0.2.66, unknown"], PROXY),
            (PROXY, &["192.0.2.66, unknown, 10.0.0.7"], "10.0.0.7"),
            (PROXY, &["192.0.2.66,"], PROXY),
            (PROXY, &[""], PROXY),
            (PROXY, &["[198.51.100.1]"], PROXY),
            (PROXY, &[], PROXY),
        ] {
            assert_eq!(found(peer, lines), wanted, "{peer} {lines:?}");
        }
    }

    /// The lines of the log about calls from this peer.
    fn warnings(peer: &str, header: &str, calls: usize) -> String {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let file = log.reopen().expect("it opens");
        let subscriber =
            tracing_subscriber::fmt().with_writer(std::sync::Mutex::new(file)).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut headers = HeaderMap::new();
            headers.append(
                HeaderName::try_from(header).expect("a name"),
                "198.51.100.1".parse().expect("a header"),
            );
            let proxies = Proxies {
                trusted: vec!["10.0.0.0/8".parse().expect("a network")],
                header: ForwardedHeader::XForwardedFor,
            };
            let warned = Once::new();
            for _ in 0..calls {
                client_or_warn(peer.parse().expect("an address"), &headers, &proxies, &warned);
            }
        });
        std::fs::read_to_string(log.path()).expect("text")
    }

    #[test]
    fn a_header_from_somebody_who_is_no_named_proxy_is_warned_about_once_and_without_addresses() {
        let log = warnings("203.0.113.9", "x-forwarded-for", 3);
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains("WARN") && log.contains("proxies.trusted"), "{log}");
        assert!(!log.contains("203.0.113") && !log.contains("198.51.100"), "{log}");
        assert_eq!(warnings(PROXY, "x-forwarded-for", 3), "");
        assert_eq!(warnings("203.0.113.9", "accept", 3), "");
    }

    #[test]
    fn forwarded_is_read_from_the_right_with_its_quotes() {
        let found = |lines: &[&str]| found(ForwardedHeader::Forwarded, PROXY, lines);
        for (lines, wanted) in [
            (&["for=198.51.100.1"][..], "198.51.100.1"),
            (&["For=198.51.100.1;proto=https;by=10.0.0.1"], "198.51.100.1"),
            (&["proto=https; for=\"198.51.100.1:80\""], "198.51.100.1"),
            (&["for=\"[2001:db8::7]:4711\""], "2001:db8::7"),
            (&["for=192.0.2.66, for=198.51.100.1"], "198.51.100.1"),
            (&["for=192.0.2.66", "for=198.51.100.1, for=10.0.0.2"], "198.51.100.1"),
            (&["for=192.0.2.66;host=\"a,b\", for=\"198.51.100.1\";host=\"a,b\""], "198.51.100.1"),
            // A client's quote that is never closed swallows nothing of what the proxy adds.
            (&["for=\"192.0.2.66, for=\"[2001:db8::7]:1\""], "2001:db8::7"),
            (&["for=\"192.0.2.66, for=198.51.100.1"], "198.51.100.1"),
            (&["for=192.0.2.66, for=unknown"], PROXY),
            (&["for=192.0.2.66, for=_hidden"], PROXY),
            (&["for=192.0.2.66, proto=https"], PROXY),
            (&["for=192.0.2.66, for=\"198.51.100.1"], PROXY),
        ] {
            assert_eq!(found(lines), wanted, "{lines:?}");
        }
    }
}
