//! Which host a call is for.
//!
//! A page of somebody else whose name was made to point here would otherwise be of this service's origin to a browser,
//! and a proxy could be made to take one host's answers for another's.

use axum::{
    extract::Request,
    http::{header, uri::Authority},
};
use url::Url;

use crate::{
    outbound::{is_loopback, is_loopback_name},
    problem::{Problem, ProblemCode, Result},
};

/// The host of the public address.
#[derive(Clone)]
pub(super) struct PublicHost {
    name: String,
    is_loopback: bool,
}

impl PublicHost {
    pub(super) fn of(public_url: &Url) -> Self {
        let name = public_url.host_str().unwrap_or_default().to_owned();
        Self { name, is_loopback: is_loopback(public_url) }
    }

    /// That the call names one host, and that it is this one. The port is not compared: a proxy may listen on another.
    /// What tells whether the service lives is asked for by addresses of the inner network.
    pub(super) fn check(&self, request: &Request) -> Result<()> {
        let named = named(request).ok_or_else(|| {
            bad("A request names its host once: send one header `Host` with the public name.")
        })?;
        let path = request.uri().path();
        if self.is(&named) || matches!(path, "/healthz" | "/readyz" | "/metrics") {
            Ok(())
        } else {
            Err(bad("This host name is not the service's: use its public address."))
        }
    }

    fn is(&self, named: &str) -> bool {
        let named = named.strip_suffix('.').unwrap_or(named);
        // This machine has several names.
        self.name.eq_ignore_ascii_case(named)
            || self.is_loopback && is_loopback_name(&named.to_ascii_lowercase())
    }
}

fn bad(detail: &str) -> Problem {
    Problem::new(ProblemCode::BadRequest, detail)
}

/// The host that a call names: in its address (HTTP/2, or as proxies are asked), in its `Host`, or alike in both.
fn named(request: &Request) -> Option<String> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let line = match (lines.next(), lines.next()) {
        (_, Some(_)) => return None,
        (Some(line), None) => Some(line.to_str().ok()?.parse::<Authority>().ok()?),
        (None, None) => None,
    };
    match (request.uri().authority(), &line) {
        (Some(address), Some(line)) if !address.host().eq_ignore_ascii_case(line.host()) => None,
        (Some(one), _) | (None, Some(one)) if !one.as_str().contains('@') && !one.host().is_empty() => {
            Some(one.host().to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn taken(public: &str, path: &str, hosts: &[&str]) -> bool {
        let mut request = Request::get(path);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let request = request.body(Body::empty()).expect("a request");
        PublicHost::of(&public.parse().expect("a URL")).check(&request).is_ok()
    }

    #[test]
    fn a_call_names_the_public_host_once() {
        let public = "https://vaccination.example";
        for hosts in
            [&["vaccination.example"][..], &["Vaccination.Example:443"], &["vaccination.example.:8443"]]
        {
            assert!(taken(public, "/pass", hosts), "{hosts:?}");
        }
        for hosts in [
            &[][..],
            &[""],
            &["vaccination.example", "vaccination.example"],
            &["vaccination.example", "evil.example"],
            &["evil.example"],
            &["127.0.0.1"],
            &["localhost"],
            &["vaccination.example.evil.example"],
            &["evil.example@vaccination.example"],
            &["vaccination.example evil.example"],
            &["vaccination.example,evil.example"],
        ] {
            assert!(!taken(public, "/pass", hosts), "{hosts:?}");
        }
    }

    #[test]
    fn a_host_in_the_address_counts_and_must_be_the_one_of_the_header() {
        let public = "https://vaccination.example";
        assert!(taken(public, "https://vaccination.example/pass", &[]));
        assert!(taken(public, "https://vaccination.example/pass", &["vaccination.example"]));
        assert!(!taken(public, "https://evil.example/pass", &[]));
        assert!(!taken(public, "https://vaccination.example/pass", &["evil.example"]));
        assert!(!taken(public, "https://evil.example/pass", &["vaccination.example"]));
    }

    #[test]
    fn on_this_machine_every_name_of_it_is_taken_and_no_other() {
        for public in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            for host in ["127.0.0.1:9", "localhost", "LOCALHOST:8080", "[::1]:8080", "shop.localhost"] {
                assert!(taken(public, "/", &[host]), "{public} {host}");
            }
            for host in ["evil.example", "10.0.0.1", "localhost.evil.example"] {
                assert!(!taken(public, "/", &[host]), "{public} {host}");
            }
        }
    }

    #[test]
    fn whether_it_lives_can_be_asked_by_any_name_and_by_one() {
        let public = "https://vaccination.example";
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert!(taken(public, path, &["10.0.0.7:8080"]), "{path}");
            assert!(!taken(public, path, &[]), "{path}");
        }
    }
}
