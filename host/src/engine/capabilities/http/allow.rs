//! Which hosts and ports a grant names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::address::Reach;
use super::is_tls;

/// One entry of an allow-list: `host`, `host:port` or `*.example.org`. Without a port it names the
/// usual ones, 80 for http and 443 for https.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Allowed {
    host: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Pattern {
    Address(IpAddr),
    Name(String),
    /// Every name that ends in a dot and this.
    Below(String),
}

/// A text that is no entry of an allow-list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no host: write `example.org`, `example.org:8080`, `*.example.org`, `10.0.0.1` or \
     `[::1]:8080`, without scheme and path"
)]
pub struct InvalidAllowed(pub String);

impl FromStr for Allowed {
    type Err = InvalidAllowed;

    fn from_str(text: &str) -> Result<Self, InvalidAllowed> {
        let invalid = || InvalidAllowed(text.to_owned());
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self {
                host: Pattern::Address(plain(address.into())),
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| invalid())?))
            }
            _ => (text, None),
        };
        if port == Some(0) {
            return Err(invalid());
        }
        let host = match host.strip_prefix("*.") {
            Some(name) => match Host::parse(name) {
                Some(Host::Name(name)) if name.contains('.') => Pattern::Below(name),
                _ => return Err(invalid()),
            },
            None => match Host::parse(host).ok_or_else(invalid)? {
                Host::Address(address) => Pattern::Address(address),
                Host::Name(name) => Pattern::Name(name),
            },
        };
        Ok(Self { host, port })
    }
}

impl TryFrom<String> for Allowed {
    type Error = InvalidAllowed;

    fn try_from(text: String) -> Result<Self, InvalidAllowed> {
        text.parse()
    }
}

impl From<Allowed> for String {
    fn from(allowed: Allowed) -> Self {
        allowed.to_string()
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Pattern::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            Pattern::Address(address) => write!(f, "{address}")?,
            Pattern::Name(name) => f.write_str(name)?,
            Pattern::Below(name) => write!(f, "*.{name}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// A host as a request or a grant names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address, an IPv4 one never in the clothes of IPv6.
    Address(IpAddr),
    /// A name in lower case, without the dot of the root.
    Name(String),
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Some(bare) = bare {
            let address = bare.parse::<Ipv6Addr>().ok()?;
            return Some(Self::Address(plain(address.into())));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let labels = text.split('.');
        let fine = labels
            .clone()
            .all(|label| !label.is_empty() && label.chars().all(allowed));
        (fine && text.len() <= 253).then(|| Self::Name(text.to_ascii_lowercase()))
    }
}

/// An IPv4 address that is written as an IPv6 one, as itself.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_canonical(),
        address => address,
    }
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The host.
    pub host: Host,
    /// The port, said or usual.
    pub port: u16,
    /// Whether it goes over TLS.
    pub tls: bool,
}

impl Destination {
    /// Where a request to `uri` goes, if that can be said.
    pub fn of(uri: &Uri) -> Option<Self> {
        let tls = is_tls(uri.scheme());
        let usual = if tls { 443 } else { 80 };
        // Credentials in an address are a way to disguise a host; nobody needs them here.
        if uri.authority()?.as_str().contains('@') {
            return None;
        }
        Some(Self {
            host: Host::parse(uri.host()?)?,
            port: uri.port_u16().unwrap_or(usual),
            tls,
        })
    }
}

/// Which addresses a request may be sent to, if any entry allows its destination.
pub fn allowed(entries: &[Allowed], destination: &Destination) -> Option<Reach> {
    let entries = entries.iter().filter(|entry| match entry.port {
        Some(port) => port == destination.port,
        None => destination.port == if destination.tls { 443 } else { 80 },
    });
    entries
        .filter_map(|entry| match (&entry.host, &destination.host) {
            (Pattern::Address(entry), Host::Address(address)) => {
                (entry == address).then_some(Reach::Only(*address))
            }
            (Pattern::Name(entry), Host::Name(name)) => {
                (entry == name).then(
                    || match name == "localhost" || name.ends_with(".localhost") {
                        true => Reach::Loopback,
                        false => Reach::Private,
                    },
                )
            }
            (Pattern::Below(entry), Host::Name(name)) => {
                let below = name.strip_suffix(entry.as_str());
                below
                    .is_some_and(|below| below.len() > 1 && below.ends_with('.'))
                    .then_some(Reach::Public)
            }
            _ => None,
        })
        .max_by_key(Reach::width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(entries: &[&str], uri: &str) -> Option<Reach> {
        let entries: Vec<Allowed> = entries.iter().map(|entry| entry.parse().unwrap()).collect();
        allowed(&entries, &Destination::of(&uri.parse().unwrap())?)
    }

    #[test]
    fn without_a_grant_nothing_is_allowed() {
        assert_eq!(reach(&[], "http://example.org/"), None);
        assert_eq!(reach(&["example.org"], "http://example.com/"), None);
    }

    #[test]
    fn an_entry_without_a_port_names_the_usual_ones() {
        let entries = &["example.org"];

        assert!(reach(entries, "http://example.org/a").is_some());
        assert!(reach(entries, "https://EXAMPLE.org./a").is_some());
        assert!(reach(entries, "http://example.org:443/").is_none());
        assert!(reach(entries, "http://example.org:8080/").is_none());
    }

    #[test]
    fn an_entry_with_a_port_names_that_one() {
        let entries = &["example.org:8080"];

        assert!(reach(entries, "http://example.org:8080/").is_some());
        assert!(reach(entries, "http://example.org/").is_none());
    }

    #[test]
    fn a_star_stands_for_names_below_and_never_for_private_addresses() {
        let entries = &["*.example.org"];

        assert_eq!(
            reach(entries, "https://a.b.example.org/"),
            Some(Reach::Public)
        );
        assert_eq!(reach(entries, "https://example.org/"), None);
        assert_eq!(reach(entries, "https://badexample.org/"), None);
    }

    #[test]
    fn an_address_is_allowed_only_where_it_is_named() {
        let loopback = IpAddr::from([127, 0, 0, 1]);

        let named = reach(&["127.0.0.1:8080"], "http://127.0.0.1:8080/");
        let disguised = reach(&["127.0.0.1:8080"], "http://[::ffff:127.0.0.1]:8080/");

        assert_eq!(named, Some(Reach::Only(loopback)));
        assert_eq!(disguised, Some(Reach::Only(loopback)));
        assert_eq!(reach(&["localhost:8080"], "http://127.0.0.1:8080/"), None);
    }

    #[test]
    fn localhost_leads_to_loopback_only_where_it_is_named() {
        assert_eq!(
            reach(&["localhost:8080"], "http://localhost:8080/"),
            Some(Reach::Loopback)
        );
        assert_eq!(
            reach(&["db.internal"], "http://db.internal/"),
            Some(Reach::Private)
        );
    }

    #[test]
    fn a_host_behind_credentials_is_refused() {
        let uri: Uri = "http://example.org@127.0.0.1/".parse().unwrap();

        assert_eq!(Destination::of(&uri), None);
    }

    #[test]
    fn entries_that_name_no_host_are_refused_with_the_way_out() {
        for text in [
            "",
            "*",
            "*.org",
            "http://a.org",
            "a.org/x",
            "a.org:0",
            "a.org:x",
            "a..b",
        ] {
            let error = text.parse::<Allowed>().unwrap_err();
            assert!(error.to_string().contains("example.org:8080"), "{text}");
        }
    }

    #[test]
    fn entries_read_back_as_they_are_written() {
        for text in [
            "a.org",
            "a.org:81",
            "*.a.org:81",
            "10.0.0.1:80",
            "[::1]:80",
            "[::1]",
        ] {
            assert_eq!(text.parse::<Allowed>().unwrap().to_string(), text);
        }
    }
}
