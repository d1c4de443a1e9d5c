//! From a name to a connection: resolve, drop the addresses that are out of reach, connect to one
//! of the others, and speak TLS with the name that was asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

use super::address::Reach;
use super::allow::{Destination, Host};

/// A connection, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// TLS with the certificate authorities that browsers trust.
pub fn tls() -> TlsConnector {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Connects to an address of `destination` that `reach` includes.
pub async fn connect(
    tls: &TlsConnector,
    destination: &Destination,
    reach: Reach,
) -> Result<Box<dyn Stream>, Error> {
    let addresses = resolve(destination, reach).await?;
    let mut failed = Error::DestinationNotFound;
    for address in addresses {
        // The address itself, not the name: what was checked is what is connected to.
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(Error::Connect)?;
                return secured(tls, destination, stream).await;
            }
            Err(error) => failed = Error::Connect(error),
        }
    }
    Err(failed)
}

async fn resolve(destination: &Destination, reach: Reach) -> Result<Vec<SocketAddr>, Error> {
    let found: Vec<SocketAddr> = match &destination.host {
        Host::Address(address) => vec![SocketAddr::new(*address, destination.port)],
        Host::Name(name) => {
            let found = lookup_host((name.as_str(), destination.port)).await;
            found
                .map_err(|_| Error::DnsError {
                    rcode: None,
                    info_code: None,
                })?
                .collect()
        }
    };
    if found.is_empty() {
        return Err(Error::DestinationNotFound);
    }
    let reached = found.into_iter().filter(|found| reach.includes(found.ip()));
    let reached: Vec<SocketAddr> = reached.collect();
    match reached.is_empty() {
        true => Err(Error::DestinationIpProhibited),
        false => Ok(reached),
    }
}

async fn secured(
    tls: &TlsConnector,
    destination: &Destination,
    stream: TcpStream,
) -> Result<Box<dyn Stream>, Error> {
    if !destination.tls {
        return Ok(Box::new(stream));
    }
    let name = match &destination.host {
        Host::Address(IpAddr::V4(address)) => ServerName::from(*address),
        Host::Address(IpAddr::V6(address)) => ServerName::from(*address),
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
        }
    };
    let stream = tls.connect(name, stream).await.map_err(Error::Tls)?;
    Ok(Box::new(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(uri: &str) -> Destination {
        Destination::of(&uri.parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_address_out_of_reach_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());

        let refused = connect(&tls(), &destination(&uri), Reach::Public).await;
        let reached = connect(&tls(), &destination(&uri), Reach::Loopback).await;

        assert!(matches!(refused, Err(Error::DestinationIpProhibited)));
        assert!(reached.is_ok());
    }

    #[tokio::test]
    async fn a_number_that_resolves_to_this_machine_is_out_of_reach() {
        let refused = connect(&tls(), &destination("http://2130706433/"), Reach::Private).await;

        let out_of_reach = matches!(
            refused,
            Err(Error::DestinationIpProhibited | Error::DnsError { .. })
        );
        assert!(out_of_reach);
    }
}
