//! A small blocking client for HTTP, over `wasi:http`.
//!
//! A component reaches nothing unless the host grants it: a call to anywhere else comes back as
//! [`Error::Denied`]. Here is what most tasks need, a request with a body and its response. A task
//! that streams, or sends headers of its own, uses the crate `wasip2` directly. (This is a crate of
//! its own and no feature of `windlass-guest`, since cargo would switch the feature on for every
//! component of a workspace in which one component wants it.)
//!
//! ```no_run
//! use windlass_guest_http as http;
//!
//! let response = http::post("http://collector.example/events", "text/plain", b"started")?;
//! assert_eq!(response.status, 200);
//! # Ok::<(), http::Error>(())
//! ```

use std::fmt;

/// The largest body that is read from a response, in bytes. Memory in the sandbox is bounded, and
/// an error says more than a trap.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// As in 200 or 404.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The address cannot be read; it must be `http://` or `https://`, a host, and a path.
    Url(String),
    /// The host does not allow this component to reach the address.
    Denied(String),
    /// The connection could not be made or broke off.
    Failed(String),
    /// The body is larger than [`MAX_BODY_BYTES`].
    TooLarge,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "`{url}` is not an address such as http://host/path"),
            Self::Denied(url) => write!(
                f,
                "the host does not allow this component to reach {url}: add it to its allow-list"
            ),
            Self::Failed(reason) => write!(f, "the request failed: {reason}"),
            Self::TooLarge => write!(f, "the response is larger than {MAX_BODY_BYTES} bytes"),
        }
    }
}

impl std::error::Error for Error {}

/// Fetches what lies at an address.
pub fn get(url: &str) -> Result<Response, Error> {
    transport::send("GET", &Address::parse(url)?, None, url)
}

/// Sends a body to an address.
pub fn post(url: &str, content_type: &str, body: &[u8]) -> Result<Response, Error> {
    transport::send(
        "POST",
        &Address::parse(url)?,
        Some((content_type, body)),
        url,
    )
}

/// An address, cut into the parts that `wasi:http` wants.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    secure: bool,
    authority: &'a str,
    path_with_query: String,
}

impl<'a> Address<'a> {
    fn parse(url: &'a str) -> Result<Self, Error> {
        let refuse = || Error::Url(url.to_owned());
        let (secure, rest) = if let Some(rest) = url.strip_prefix("http://") {
            (false, rest)
        } else if let Some(rest) = url.strip_prefix("https://") {
            (true, rest)
        } else {
            return Err(refuse());
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() || authority.contains('@') || url.contains(char::is_whitespace) {
            return Err(refuse());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            secure,
            authority,
            path_with_query: [slash, path].concat(),
        })
    }
}

#[cfg(target_arch = "wasm32")]
mod transport {
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{
        ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
    };
    use wasip2::io::streams::StreamError;

    use super::{Address, Error, MAX_BODY_BYTES, Response};

    /// What `wasi:io` takes at once.
    const CHUNK_BYTES: usize = 4096;

    pub fn send(
        method: &str,
        address: &Address<'_>,
        body: Option<(&str, &[u8])>,
        url: &str,
    ) -> Result<Response, Error> {
        let request = request(method, address, body)?;
        let outgoing = request.body().map_err(|()| failed("there is no body"))?;
        let pending = outgoing_handler::handle(request, None).map_err(|code| explain(code, url))?;
        if let Some((_, bytes)) = body {
            let stream = outgoing
                .write()
                .map_err(|()| failed("there is no stream"))?;
            for chunk in bytes.chunks(CHUNK_BYTES) {
                stream
                    .blocking_write_and_flush(chunk)
                    .map_err(|error| failed(&broken(error)))?;
            }
        }
        OutgoingBody::finish(outgoing, None).map_err(|code| explain(code, url))?;
        pending.subscribe().block();
        let response = pending
            .get()
            .ok_or_else(|| failed("the response is not there"))?
            .map_err(|()| failed("the response was taken already"))?
            .map_err(|code| explain(code, url))?;
        read(&response)
    }

    fn request(
        method: &str,
        address: &Address<'_>,
        body: Option<(&str, &[u8])>,
    ) -> Result<OutgoingRequest, Error> {
        let headers = Fields::new();
        if let Some((content_type, bytes)) = body {
            let set = |name: &str, value: &str| {
                headers
                    .append(name, value.as_bytes())
                    .map_err(|_| failed("a header was refused"))
            };
            set("content-type", content_type)?;
            set("content-length", &bytes.len().to_string())?;
        }
        let request = OutgoingRequest::new(headers);
        let method = match method {
            "POST" => Method::Post,
            _ => Method::Get,
        };
        let scheme = if address.secure {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let refused = |()| Error::Url(format!("{}{}", address.authority, address.path_with_query));
        request.set_method(&method).map_err(refused)?;
        request.set_scheme(Some(&scheme)).map_err(refused)?;
        request
            .set_authority(Some(address.authority))
            .map_err(refused)?;
        request
            .set_path_with_query(Some(&address.path_with_query))
            .map_err(refused)?;
        Ok(request)
    }

    fn read(response: &IncomingResponse) -> Result<Response, Error> {
        let status = response.status();
        let body = response
            .consume()
            .map_err(|()| failed("there is no body"))?;
        let stream = body.stream().map_err(|()| failed("there is no stream"))?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(CHUNK_BYTES as u64) {
                Ok(chunk) if bytes.len() + chunk.len() > MAX_BODY_BYTES => {
                    return Err(Error::TooLarge);
                }
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(StreamError::Closed) => {
                    return Ok(Response {
                        status,
                        body: bytes,
                    });
                }
                Err(error) => return Err(failed(&broken(error))),
            }
        }
    }

    fn explain(code: ErrorCode, url: &str) -> Error {
        match code {
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
                Error::Denied(url.to_owned())
            }
            code => Error::Failed(format!("{code:?}")),
        }
    }

    fn broken(error: StreamError) -> String {
        match error {
            StreamError::LastOperationFailed(error) => error.to_debug_string(),
            StreamError::Closed => "the connection was closed".to_owned(),
        }
    }

    fn failed(reason: &str) -> Error {
        Error::Failed(reason.to_owned())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod transport {
    use super::{Address, Error, Response};

    /// Away from wasm there is no host that could grant the call.
    pub fn send(
        _method: &str,
        _address: &Address<'_>,
        _body: Option<(&str, &[u8])>,
        url: &str,
    ) -> Result<Response, Error> {
        Err(Error::Denied(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Error, get};

    #[test]
    fn an_address_is_cut_into_its_parts() {
        for (url, secure, authority, path_with_query) in [
            ("http://a", false, "a", "/"),
            ("https://a:8080/b/c?d=e#f", true, "a:8080", "/b/c?d=e"),
            ("http://a?b", false, "a", "/?b"),
            ("http://[::1]:80/", false, "[::1]:80", "/"),
        ] {
            let expected = Address {
                secure,
                authority,
                path_with_query: path_with_query.to_owned(),
            };
            assert_eq!(Address::parse(url), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "a",
            "ftp://a/",
            "http://",
            "http:///a",
            "http://u:p@a/",
            "http://a /",
        ] {
            assert_eq!(get(url), Err(Error::Url(url.to_owned())));
        }
    }
}
