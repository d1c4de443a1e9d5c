//! Which addresses a name may lead to.
//!
//! A name is resolved here, once, and the connection goes to an address that was checked: a name
//! that answers differently the second time (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far into the host's own network an entry of an allow-list reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses: the entry names many hosts.
    Public,
    /// Also private networks: the entry names this very host.
    Private,
    /// Also this machine: the entry names `localhost`.
    Loopback,
    /// This address, whatever it is: the entry names it.
    Only(IpAddr),
}

impl Reach {
    /// Of two entries that allow a request the wider counts.
    pub fn width(&self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Private => 1,
            Self::Loopback => 2,
            Self::Only(_) => 3,
        }
    }

    /// Whether a connection to `address` may be made.
    pub fn includes(&self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(address) => address.to_canonical(),
            address => address,
        };
        match self {
            Self::Only(only) => *only == address,
            Self::Public => zone(address) == Zone::Public,
            Self::Private => matches!(zone(address), Zone::Public | Zone::Private),
            Self::Loopback => zone(address) == Zone::Loopback,
        }
    }
}

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Public,
    Private,
    Loopback,
    /// Nothing that a task has business with: link-local (where clouds keep their credentials),
    /// multicast, reserved, unspecified.
    Forbidden,
}

fn zone(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(address) => zone_v4(address),
        IpAddr::V6(address) => zone_v6(address),
    }
}

fn zone_v4(address: Ipv4Addr) -> Zone {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Zone::Loopback,
        // RFC 1918, and RFC 6598 (carrier-grade NAT).
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Zone::Private,
        // This network, link-local, protocol assignments, documentation, 6to4 relays, benchmarks,
        // multicast and all above.
        (0, ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (224.., ..) => Zone::Forbidden,
        _ => Zone::Public,
    }
}

fn zone_v6(address: Ipv6Addr) -> Zone {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        zone_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Zone::Loopback,
        // NAT64 and 6to4 lead to the IPv4 address that they hold.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, documentation.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => Zone::Forbidden,
        // Unique local.
        [0xfc00..=0xfdff, ..] => Zone::Private,
        // Global unicast; what is left is link-local, site-local, multicast, IPv4-compatible and
        // reserved.
        [0x2000..=0x3fff, ..] => Zone::Public,
        _ => Zone::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(reach: Reach, address: &str) -> bool {
        reach.includes(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_reached_by_every_entry() {
        for address in [
            "93.184.216.34",
            "2606:2800:220:1::1",
            "::ffff:93.184.216.34",
        ] {
            assert!(includes(Reach::Public, address), "{address}");
            assert!(includes(Reach::Private, address), "{address}");
        }
    }

    #[test]
    fn private_networks_are_reached_only_by_an_entry_for_that_host() {
        for address in [
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
        ] {
            assert!(!includes(Reach::Public, address), "{address}");
            assert!(includes(Reach::Private, address), "{address}");
        }
    }

    #[test]
    fn this_machine_is_reached_only_by_localhost() {
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(!includes(Reach::Public, address), "{address}");
            assert!(!includes(Reach::Private, address), "{address}");
            assert!(includes(Reach::Loopback, address), "{address}");
        }
        assert!(!includes(Reach::Loopback, "93.184.216.34"));
    }

    #[test]
    fn addresses_that_no_task_has_business_with_are_reached_only_by_name() {
        for address in [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "fec0::1",
            "2001:db8::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "::127.0.0.1",
        ] {
            for reach in [Reach::Public, Reach::Private, Reach::Loopback] {
                assert!(!includes(reach, address), "{address} by {reach:?}");
            }
        }
        let named = Reach::Only(IpAddr::from([169, 254, 169, 254]));
        assert!(includes(named, "169.254.169.254"));
        assert!(!includes(named, "169.254.169.253"));
    }
}
