//! Who may call: a token, and no browser that another site's page sent here.
//!
//! A host on loopback needs no token, but a web page that the same person has open can make the
//! browser send requests to it. So a request that names another origin is refused, and without a
//! token also one whose `Host` is a name, since a name can be pointed at loopback by anybody.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

use super::{Answer, Code, Problem};

/// What a request needs to be let in.
#[derive(Clone)]
pub struct Gate {
    token: Option<Arc<[u8; 32]>>,
}

impl Gate {
    /// Lets in who sends this token; whoever reaches the address, if there is none.
    pub fn new(token: Option<&str>) -> Self {
        let token = token.map(|token| Arc::new(digest(token.as_bytes())));
        Self { token }
    }

    fn check(&self, headers: &HeaderMap, host: Option<&str>) -> Answer<()> {
        self.same_origin(headers, host)?;
        let Some(expected) = &self.token else {
            return Ok(());
        };
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Err(
                Problem::new(Code::Unauthorized, "the request carries no token").hint(
                    "send `Authorization: Bearer <token>`; the command line reads WINDLASS_TOKEN",
                ),
            );
        };
        let token = given.as_bytes();
        let scheme = token.get(..7).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return Err(
                Problem::new(Code::Unauthorized, "the request's token is no bearer token")
                    .hint("send `Authorization: Bearer <token>`"),
            );
        }
        match equal(&digest(token[7..].trim_ascii()), expected) {
            true => Ok(()),
            false => Err(
                Problem::new(Code::Unauthorized, "the token is not this host's")
                    .hint("send the token with which the host was started"),
            ),
        }
    }

    fn same_origin(&self, headers: &HeaderMap, host: Option<&str>) -> Answer<()> {
        let refuse =
            |detail: String, hint: &str| Err(Problem::new(Code::ForeignOrigin, detail).hint(hint));
        if let Some(origin) = headers.get(header::ORIGIN) {
            let origin = origin.to_str().unwrap_or("?");
            let from = origin.split_once("://").map(|(_, authority)| authority);
            if from.is_none() || from != host {
                return refuse(
                    format!("a page of {origin} made the browser send this request"),
                    "call the host from a program, or from its own pages",
                );
            }
        }
        match (&self.token, host) {
            (None, Some(name)) if !is_local(name) => refuse(
                format!("the request was sent to the name {name:?}"),
                "without a token, use an IP address or localhost; start the host with --token to use names",
            ),
            _ => Ok(()),
        }
    }
}

/// Whether a name cannot have been pointed here by somebody else: an address, or `localhost`.
fn is_local(authority: &str) -> bool {
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

/// Tokens are compared by digest, so that neither length nor first difference shows in the time.
fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let different = a.iter().zip(b).fold(0, |bits, (a, b)| bits | (a ^ b));
    std::hint::black_box(different) == 0
}

/// Lets through what the gate lets in.
pub async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(|authority| authority.as_str())
        });
    match gate.check(headers, host) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_the_token_opens_a_host_that_has_one() {
        let gate = Gate::new(Some("secret"));
        let with = |value| headers(&[(header::AUTHORIZATION, value)]);

        assert!(gate.check(&with("Bearer secret"), None).is_ok());
        assert!(gate.check(&with("bearer secret"), None).is_ok());
        for wrong in [
            "Bearer secre",
            "Bearer secret2",
            "Bearer ",
            "secret",
            "Basic secret",
        ] {
            let problem = gate.check(&with(wrong), None).unwrap_err();
            assert_eq!(problem.code().as_str(), "unauthorized", "{wrong}");
        }
        assert!(gate.check(&HeaderMap::new(), None).is_err());
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let gate = Gate::new(None);
        let from = |value| headers(&[(header::ORIGIN, value)]);
        let host = Some("127.0.0.1:7070");

        assert!(gate.check(&from("http://127.0.0.1:7070"), host).is_ok());
        for origin in ["https://example.org", "null", "http://127.0.0.1:8080"] {
            let problem = gate.check(&from(origin), host).unwrap_err();
            assert_eq!(problem.code().as_str(), "foreign-origin", "{origin}");
        }
    }

    #[test]
    fn without_a_token_a_name_that_anybody_can_point_here_is_refused() {
        let open = Gate::new(None);

        for host in ["localhost:7070", "127.0.0.1", "[::1]:7070", "10.0.0.5:80"] {
            assert!(open.check(&HeaderMap::new(), Some(host)).is_ok(), "{host}");
        }
        assert!(
            open.check(&HeaderMap::new(), Some("evil.example:7070"))
                .is_err()
        );
    }
}
