//! Where a webhook may be: a request must not reach what only this machine can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use tokio::net::lookup_host;

use super::Failure;

/// The addresses behind a URL, all of which may be called. They are looked up once, and these very
/// ones are called: a name that means something else a moment later does not matter.
pub(super) async fn of(url: &Url, private: bool) -> Result<Vec<SocketAddr>, Failure> {
    let host = url.host_str().ok_or_else(|| Failure::Final("the URL names no host".to_owned()))?;
    let port = url.port_or_known_default().unwrap_or(443);
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((name, port)).await;
    let found = found.map_err(|e| Failure::Passing(format!("{host} cannot be found: {e}")))?;
    let addresses: Vec<_> = found.collect();
    match addresses.iter().find(|address| !private && !is_public(address.ip())) {
        Some(address) => {
            let ip = address.ip();
            Err(Failure::Final(format!("{host} is at {ip}, which is not a public address")))
        }
        None if addresses.is_empty() => Err(Failure::Passing(format!("{host} is nowhere"))),
        None => Ok(addresses),
    }
}

/// Whether anybody on the Internet may be meant.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by providers
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (18..20).contains(&b)); // for measurements
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // What is given out to the public, and nothing that is reserved in it.
    let [first, second, ..] = address.segments();
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
}

/// The address of version 4 that stands in one of version 6: mapped, translated or tunnelled.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(joined(g, h)),
        (0x2002, ..) => Some(joined(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_internet_is_public() {
        let is_public = |text: &str| is_public(text.parse().unwrap());
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public), "{public}");
        }
        let others = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
        ];
        for other in others {
            assert!(!is_public(other), "{other}");
        }
    }

    #[tokio::test]
    async fn a_literal_address_is_judged_like_a_name() {
        for url in ["http://127.0.0.1:9/x", "http://[::1]:9/x", "http://2130706433/x"] {
            let url = Url::parse(url).unwrap();
            assert!(matches!(of(&url, false).await, Err(Failure::Final(_))), "{url}");
            assert_eq!(of(&url, true).await.unwrap().len(), 1, "{url}");
        }
    }
}
