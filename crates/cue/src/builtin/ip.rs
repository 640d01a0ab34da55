//! IP addresses and prefixes, read with the rules and error texts of Go's `net/netip`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::syntax::literal::quoted as quote;

/// An address; only those of IPv6 can have a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    pub(super) zone: String,
}

/// An address and how many of its leading bits name the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) address: Address,
    pub(super) bits: u32,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parsed = match text.find(['.', ':', '%']).map(|at| text.as_bytes()[at]) {
            Some(b'.') => parse_ipv4(text).map(|ip| Self { ip: ip.into(), zone: String::new() }),
            Some(b':') => parse_ipv6(text),
            Some(_) => Err(Fault("missing IPv6 address", "")),
            None => Err(Fault("unable to parse IP", "")),
        };
        parsed.map_err(|Fault(message, at)| match at {
            "" => format!("ParseAddr({}): {message}", quote(text)),
            at => format!("ParseAddr({}): {message} (at {})", quote(text), quote(at)),
        })
    }

    /// An address of 4 or 16 bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ip = match bytes.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
            16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
            _ => return None,
        };
        Some(Self { ip, zone: String::new() })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        }
    }

    /// The address with an IPv4 address inside an IPv6 one taken out, as the questions below want it.
    fn unmapped(&self) -> IpAddr {
        self.ip.to_canonical()
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.unmapped().is_loopback()
    }

    pub(super) fn is_multicast(&self) -> bool {
        self.unmapped().is_multicast()
    }

    pub(super) fn is_interface_local_multicast(&self) -> bool {
        matches!(self.unmapped(), IpAddr::V6(ip) if ip.segments()[0] & 0xff0f == 0xff01)
    }

    pub(super) fn is_link_local_multicast(&self) -> bool {
        match self.unmapped() {
            IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
            IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
        }
    }

    pub(super) fn is_link_local_unicast(&self) -> bool {
        match self.unmapped() {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        }
    }

    pub(super) fn is_global_unicast(&self) -> bool {
        let broadcast = matches!(self.unmapped(), IpAddr::V4(ip) if ip.is_broadcast());
        let unspecified = self.unmapped().is_unspecified();
        !(broadcast || unspecified || self.is_loopback() || self.is_multicast() || self.is_link_local_unicast())
    }

    pub(super) fn is_unspecified(&self) -> bool {
        self.ip.is_unspecified() && self.zone.is_empty()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.ip)?;
        if self.zone.is_empty() { Ok(()) } else { write!(out, "%{}", self.zone) }
    }
}

impl Prefix {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("netip.ParsePrefix({}): {what}", quote(text));
        let (address, bits_text) = text.rsplit_once('/').ok_or_else(|| wrong("no '/'"))?;
        let address = Address::parse(address).map_err(|error| wrong(&error))?;
        if !address.zone.is_empty() {
            return Err(wrong("IPv6 zones cannot be present in a prefix"));
        }
        let digits = !bits_text.is_empty() && bits_text.bytes().all(|byte| byte.is_ascii_digit());
        let bits =
            bits_text.parse::<u32>().ok().filter(|_| digits && (bits_text.len() == 1 || !bits_text.starts_with('0')));
        let bits = bits.ok_or_else(|| wrong(&format!("bad bits after slash: {}", quote(bits_text))))?;
        let prefix = Self { address, bits };
        if bits > prefix.address_bits() { Err(wrong("prefix length out of range")) } else { Ok(prefix) }
    }

    /// How many bits the whole address has.
    pub(super) fn address_bits(&self) -> u32 {
        self.address.bytes().len() as u32 * 8
    }

    /// The bytes of the mask that keeps the network's bits.
    pub(super) fn mask(&self) -> Vec<u8> {
        let ones = |index: u32| self.bits.saturating_sub(index * 8).min(8);
        (0..self.address_bits() / 8).map(|index| (0xff00_u16 >> ones(index)) as u8).collect()
    }

    /// The network's first address.
    pub(super) fn network(&self) -> Vec<u8> {
        self.address.bytes().iter().zip(self.mask()).map(|(byte, mask)| byte & mask).collect()
    }

    /// Whether an address lies in the network; addresses of the other family do not, nor do those with a zone.
    pub(super) fn contains(&self, address: &Address) -> bool {
        let bytes = address.bytes();
        let same_family = bytes.len() as u32 * 8 == self.address_bits() && address.zone.is_empty();
        same_family && bytes.iter().zip(self.mask()).map(|(byte, mask)| byte & mask).eq(self.network())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

/// What is wrong with an address, and from where on.
struct Fault<'a>(&'static str, &'a str);

fn parse_ipv4(text: &str) -> Result<Ipv4Addr, Fault<'_>> {
    let mut octets = [0; 4];
    let (mut index, mut value, mut digits) = (0, 0_u32, 0);
    for (at, char) in text.char_indices() {
        match char {
            '0'..='9' if digits == 1 && value == 0 => {
                return Err(Fault("IPv4 field has octet with leading zero", ""));
            }
            '0'..='9' => {
                value = value * 10 + (u32::from(char) - u32::from('0'));
                digits += 1;
                if value > 255 {
                    return Err(Fault("IPv4 field has value >255", ""));
                }
            }
            '.' if digits == 0 || at + 1 == text.len() => {
                return Err(Fault("IPv4 field must have at least one digit", &text[at..]));
            }
            '.' if index == 3 => return Err(Fault("IPv4 address too long", "")),
            '.' => {
                octets[index] = value as u8;
                (index, value, digits) = (index + 1, 0, 0);
            }
            _ => return Err(Fault("unexpected character", &text[at..])),
        }
    }
    if index < 3 {
        return Err(Fault("IPv4 address too short", ""));
    }
    octets[3] = value as u8;
    Ok(octets.into())
}

fn parse_ipv6(text: &str) -> Result<Address, Fault<'_>> {
    let (mut rest, zone) = match text.split_once('%') {
        Some((_, "")) => return Err(Fault("zone must be a non-empty string", "")),
        Some((rest, zone)) => (rest, zone),
        None => (text, ""),
    };
    let mut bytes = Vec::with_capacity(16);
    let mut ellipsis = None;
    if let Some(after) = rest.strip_prefix("::") {
        (ellipsis, rest) = (Some(0), after);
    }
    while bytes.len() < 16 && !(rest.is_empty() && ellipsis == Some(bytes.len())) {
        let (value, length) = hex_field(rest)?;
        if rest[length..].starts_with('.') {
            embedded_ipv4(rest, ellipsis.is_some(), &mut bytes)?;
            rest = "";
            break;
        }
        bytes.extend(value.to_be_bytes());
        rest = &rest[length..];
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else { return Err(Fault("unexpected character, want colon", rest)) };
        if after.is_empty() {
            return Err(Fault("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(Fault("multiple :: in address", rest));
            }
            (ellipsis, rest) = (Some(bytes.len()), after);
        }
    }
    if !rest.is_empty() {
        return Err(Fault("trailing garbage after address", rest));
    }
    match ellipsis {
        None if bytes.len() < 16 => return Err(Fault("address string too short", "")),
        Some(_) if bytes.len() == 16 => return Err(Fault("the :: must expand to at least one field of zeros", "")),
        Some(at) => {
            let zeros = vec![0; 16 - bytes.len()];
            bytes.splice(at..at, zeros);
        }
        None => {}
    }
    let octets = <[u8; 16]>::try_from(bytes).map_err(|_| Fault("address string too long", ""))?;
    Ok(Address { ip: Ipv6Addr::from(octets).into(), zone: zone.into() })
}

/// Up to four hexadecimal digits.
fn hex_field(text: &str) -> Result<(u16, usize), Fault<'_>> {
    let length = text.find(|char: char| !char.is_ascii_hexdigit()).unwrap_or(text.len());
    match length {
        0 => Err(Fault("each colon-separated field must have at least one digit", text)),
        1..=4 => Ok((u16::from_str_radix(&text[..length], 16).unwrap_or(0), length)),
        _ => Err(Fault("each group must have 4 or less digits", text)),
    }
}

fn embedded_ipv4<'a>(text: &'a str, ellipsis: bool, bytes: &mut Vec<u8>) -> Result<(), Fault<'a>> {
    if !ellipsis && bytes.len() != 12 {
        return Err(Fault("embedded IPv4 address must replace the final 2 fields of the address", text));
    }
    if bytes.len() + 4 > 16 {
        return Err(Fault("too many hex fields to fit an embedded IPv4 at the end of the address", text));
    }
    bytes.extend(parse_ipv4(text)?.octets());
    Ok(())
}
