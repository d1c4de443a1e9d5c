//! Outgoing HTTP, to where it was granted and nowhere else.
//!
//! - `allow`: which hosts and ports a grant names
//! - `address`: which addresses a name may lead to
//! - `connect`: from a name to a connection
//! - `body`: a response's body, bounded in size and in time
//!
//! Redirects are the guest's affair: each is a request of its own, and is checked as one.

pub mod address;
pub mod allow;
mod body;
mod connect;

use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderName, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpHooks,
};

use self::allow::{Destination, allowed};
use self::body::Bounded;
use super::Grants;
use crate::engine::Options;
use crate::engine::fence::Fence;

type Finished = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(Response<WasiBody>, Finished), Error>> + Send>;

/// What all sandboxes of a host share.
pub struct Network {
    tls: tokio_rustls::TlsConnector,
    connections: Arc<Semaphore>,
    connections_of_one: usize,
    timeout_max: Duration,
    body_max_bytes: u64,
}

impl Network {
    pub fn new(options: &Options) -> Self {
        Self {
            tls: connect::tls(),
            connections: Arc::new(Semaphore::new(options.http_host_connections_max)),
            connections_of_one: options.http_connections_max,
            timeout_max: options.http_timeout_max(),
            body_max_bytes: options.http_body_max_bytes,
        }
    }

    /// What a guest asked for, but never longer than allowed; without a wish the longest.
    fn timeout(&self, wish: Option<Duration>) -> Duration {
        let longest = self.timeout_max;
        wish.unwrap_or(longest)
            .clamp(Duration::from_millis(1).min(longest), longest)
    }
}

/// The requests of one sandbox.
pub struct Outgoing {
    network: Arc<Network>,
    grants: Arc<Grants>,
    fence: Arc<Fence>,
    /// Made by the first request: most sandboxes send none.
    connections: Option<Arc<Semaphore>>,
}

impl Outgoing {
    pub fn new(network: &Arc<Network>, grants: &Arc<Grants>, fence: &Arc<Fence>) -> Self {
        Self {
            network: network.clone(),
            grants: grants.clone(),
            fence: fence.clone(),
            connections: None,
        }
    }

    /// A place among this sandbox's connections.
    fn own_place(&mut self) -> Result<OwnedSemaphorePermit, Error> {
        let places = self
            .connections
            .get_or_insert_with(|| Arc::new(Semaphore::new(self.network.connections_of_one)));
        let place = places.clone().try_acquire_owned();
        place.map_err(|_| Error::ConnectionLimitReached)
    }
}

impl WasiHttpHooks for Outgoing {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Finished,
    ) -> Sent {
        if !self.fence.is_whole() {
            return refused(Error::ConnectionTerminated);
        }
        // A tunnel would lead past everything that is checked here.
        if request.method() == Method::CONNECT {
            return refused(Error::HttpRequestMethodInvalid);
        }
        let Some(destination) = Destination::of(request.uri()) else {
            return refused(Error::HttpRequestUriInvalid);
        };
        let Some(reach) = allowed(&self.grants.http, &destination) else {
            return refused(Error::HttpRequestDenied);
        };
        let own_place = match self.own_place() {
            Ok(place) => place,
            Err(error) => return refused(error),
        };
        let (network, fence) = (self.network.clone(), self.fence.clone());
        Box::new(async move {
            let options = options.unwrap_or_default();
            let connecting = async {
                let places = network.connections.clone();
                let place = places.acquire_owned().await;
                let place = place.map_err(|_| Error::ConnectionLimitReached)?;
                let stream = connect::connect(&network.tls, &destination, reach).await?;
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                Ok::<_, Error>((sender, connection, place))
            };
            let (mut sender, connection, place) =
                timeout(network.timeout(options.connect_timeout), connecting)
                    .await
                    .map_err(|_| Error::ConnectionTimeout)??;
            // Ends with the sandbox, which holds this handle, or when nobody may execute any more.
            let connection = AbortOnDropHandle::new(tokio::spawn(async move {
                let _places = (own_place, place);
                tokio::select! {
                    ended = connection => ended.map_err(Error::from),
                    () = fence.broken() => Err(Error::ConnectionTerminated),
                }
            }));
            let response = timeout(
                network.timeout(options.first_byte_timeout),
                sender.send_request(in_origin_form(request)?),
            );
            let response = response
                .await
                .map_err(|_| Error::HttpResponseTimeout)?
                .map_err(Error::from)?;
            let between = network.timeout(options.between_bytes_timeout);
            let limit = network.body_max_bytes;
            let response = response.map(|body| Bounded::new(body, limit, between).boxed_unsync());
            let finished: Finished = Box::new(async move { connection.await.unwrap_or(Ok(())) });
            Ok((response, finished))
        })
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        if error.is_timeout() {
            ErrorCode::HttpResponseTimeout
        } else if error.is_incomplete_message() || error.is_closed() {
            ErrorCode::HttpResponseIncomplete
        } else {
            ErrorCode::HttpProtocolError
        }
    }

    fn p2_error_from_connect(&mut self, error: &std::io::Error) -> ErrorCode {
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            std::io::ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
            _ => ErrorCode::DestinationUnavailable,
        }
    }

    fn p2_error_from_tls(&mut self, error: &std::io::Error) -> ErrorCode {
        let inner = error.get_ref().and_then(|error| error.downcast_ref());
        match inner {
            Some(rustls::Error::InvalidCertificate(_)) => ErrorCode::TlsCertificateError,
            _ => ErrorCode::TlsProtocolError,
        }
    }
}

fn refused(error: Error) -> Sent {
    Box::new(std::future::ready(Err(error)))
}

/// The request as it is sent to the server itself: with its path alone, which only a request to a
/// proxy has more than.
fn in_origin_form(mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| http::uri::PathAndQuery::from_static("/"));
    *request.uri_mut() = path
        .as_str()
        .parse()
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}

/// Whether a request goes over TLS. What is not said is https, as in WASI.
fn is_tls(scheme: Option<&Scheme>) -> bool {
    scheme != Some(&Scheme::HTTP)
}
