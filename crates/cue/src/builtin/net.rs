//! Package `net`.

use num_bigint::{BigInt, Sign};
use num_traits::Signed;

use super::{
    args::{ANY, INT, Outcome, STRING, big, fail, function, kind_of, list_of, struct_of, text},
    ip::{Address, Prefix},
    url::{self, Part},
};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

/// A function that asks something of an address, in any of the forms that [`address`] reads.
macro_rules! question {
    ($name:literal, $asked:expr) => {
        function($name, &[ANY], Kind::BOOL, |_, args| Ok($asked(&address(&args[0])?).into()))
    };
}
pub(super) static PACKAGE: Package = Package {
    path: "net",
    constants: &[("IPv4len", "4"), ("IPv6len", "16")],
    functions: &[
        function("SplitHostPort", &[STRING], Kind::LIST, |_, args| split_host_port(text(args, 0)?)),
        function("JoinHostPort", &[ANY, ANY], Kind::STRING, |_, args| join_host_port(&args[0], &args[1])),
        function("FQDN", &[STRING], Kind::BOOL, |_, args| Ok(is_domain_name(text(args, 0)?).into())),
        function("ParseIP", &[STRING], Kind::LIST, |_, args| match Address::parse(text(args, 0)?) {
            Ok(address) => Ok(byte_list(&address.bytes())),
            Err(_) => fail(format!("invalid IP address {}", args[0])),
        }),
        question!("IPv4", |address: &Address| address.ip.is_ipv4()),
        question!("IPv6", |address: &Address| address.ip.is_ipv6()),
        question!("IP", |_: &Address| true),
        question!("LoopbackIP", Address::is_loopback),
        question!("MulticastIP", Address::is_multicast),
        question!("InterfaceLocalMulticastIP", Address::is_interface_local_multicast),
        question!("LinkLocalMulticastIP", Address::is_link_local_multicast),
        question!("LinkLocalUnicastIP", Address::is_link_local_unicast),
        question!("GlobalUnicastIP", Address::is_global_unicast),
        question!("UnspecifiedIP", Address::is_unspecified),
        function("IPCIDR", &[ANY], Kind::BOOL, |_, args| prefix(&args[0]).map(|_| true.into())),
        function("ToIP4", &[ANY], Kind::LIST, |_, args| {
            let address = address(&args[0])?;
            if address.ip.is_ipv4() {
                return Ok(byte_list(&address.bytes()));
            }
            fail(format!("cannot convert \"{address}\" to IPv4"))
        }),
        function("ToIP16", &[ANY], Kind::LIST, |_, args| {
            let octets = match address(&args[0])?.ip {
                std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                std::net::IpAddr::V6(ip) => ip.octets(),
            };
            Ok(byte_list(&octets))
        }),
        function("IPString", &[ANY], Kind::STRING, |_, args| Ok(address(&args[0])?.to_string().into())),
        function("AddIP", &[ANY, INT], Kind::STRING, |_, args| add_ip(&args[0], &big(args, 1)?)),
        function("AddIPCIDR", &[ANY, INT], Kind::STRING, |_, args| {
            let prefix = prefix(&args[0])?;
            let offset = big(args, 1)? << (prefix.address_bits() - prefix.bits);
            let address = shift(&prefix.address, &offset)?;
            Ok(Prefix { address, bits: prefix.bits }.to_string().into())
        }),
        function("ParseCIDR", &[STRING], Kind::STRUCT, |_, args| parse_cidr(text(args, 0)?)),
        function("InCIDR", &[ANY, ANY], Kind::BOOL, |_, args| {
            let address = address(&args[0])?;
            Ok(prefix(&args[1])?.contains(&address).into())
        }),
        function("CompareIP", &[ANY, ANY], Kind::INT, |_, args| {
            let (left, right) = (address(&args[0])?, address(&args[1])?);
            let key = |address: &Address| (address.bytes().len(), address.bytes(), address.zone.clone());
            Ok((key(&left).cmp(&key(&right)) as i64).into())
        }),
        function("PathEscape", &[STRING], Kind::STRING, |_, args| {
            Ok(url::escape(text(args, 0)?, Part::PathSegment).into())
        }),
        function("PathUnescape", &[STRING], Kind::STRING, |_, args| unescape(text(args, 0)?, Part::PathSegment)),
        function("QueryEscape", &[STRING], Kind::STRING, |_, args| {
            Ok(url::escape(text(args, 0)?, Part::QueryComponent).into())
        }),
        function("QueryUnescape", &[STRING], Kind::STRING, |_, args| unescape(text(args, 0)?, Part::QueryComponent)),
        function("URL", &[STRING], Kind::BOOL, |_, args| {
            url::check(text(args, 0)?).map(|_| true.into()).map_err(Failure::new)
        }),
        function("AbsURL", &[STRING], Kind::BOOL, |_, args| match url::check(text(args, 0)?) {
            Ok(true) => Ok(true.into()),
            Ok(false) => fail("URL is not absolute"),
            Err(error) => fail(error),
        }),
    ],
};

/// Reads an address from a string, bytes, or a list of byte values.
fn address(datum: &Datum) -> Result<Address, Failure> {
    match datum {
        Datum::String(text) => Address::parse(text).map_err(Failure::new),
        Datum::Bytes(bytes) => Address::parse(&String::from_utf8_lossy(bytes)).map_err(Failure::new),
        Datum::List(elements) => {
            let bytes: Vec<u8> = elements.iter().map(byte).collect::<Result<_, _>>()?;
            let address = Address::from_bytes(&bytes);
            address.ok_or_else(|| Failure::new(format!("invalid IP length {}", bytes.len())))
        }
        other => fail(format!("invalid type {} for IP address", kind_of(other))),
    }
}

fn byte(datum: &Datum) -> Result<u8, Failure> {
    let Datum::Number(number) = datum else {
        return fail(format!("cannot use value {datum} (type {}) as int", kind_of(datum)));
    };
    let value = number.value.to_i64().and_then(|value| u8::try_from(value).ok());
    value.ok_or_else(|| Failure::new(format!("invalid IP byte value {number}")))
}

fn prefix(datum: &Datum) -> Result<Prefix, Failure> {
    match datum {
        Datum::String(text) => Prefix::parse(text).map_err(Failure::new),
        Datum::Bytes(bytes) => Prefix::parse(&String::from_utf8_lossy(bytes)).map_err(Failure::new),
        other => fail(format!("invalid type {} for IP CIDR", kind_of(other))),
    }
}

fn byte_list(bytes: &[u8]) -> Datum {
    list_of(bytes.iter().map(|byte| i64::from(*byte)))
}

fn add_ip(datum: &Datum, offset: &BigInt) -> Outcome {
    match prefix(datum) {
        Ok(prefix) => {
            let address = shift(&prefix.address, offset)?;
            Ok(Prefix { address, bits: prefix.bits }.to_string().into())
        }
        Err(_) => Ok(shift(&address(datum)?, offset)?.to_string().into()),
    }
}

fn shift(address: &Address, offset: &BigInt) -> Result<Address, Failure> {
    let bytes = address.bytes();
    let sum = BigInt::from_bytes_be(Sign::Plus, &bytes) + offset;
    if sum.is_negative() {
        return fail("IP address arithmetic resulted in out-of-range address (underflow)");
    }
    let digits = sum.magnitude().to_bytes_be();
    if digits.len() > bytes.len() {
        return fail("IP address arithmetic resulted in out-of-range address (overflow)");
    }
    let mut padded = vec![0; bytes.len() - digits.len()];
    padded.extend(digits);
    Ok(Address::from_bytes(&padded).expect("as long as the address it came from"))
}

fn parse_cidr(text: &str) -> Outcome {
    let prefix = Prefix::parse(text).map_err(Failure::new)?;
    let (mask, network) = (prefix.mask(), prefix.network());
    let show = |bytes: &[u8]| {
        Datum::from(Address::from_bytes(bytes).expect("as long as the address it came from").to_string())
    };
    let mut parts = struct_of([
        ("prefix_mask", show(&mask)),
        ("prefix_len", i64::from(prefix.bits).into()),
        ("prefix_addr", show(&network)),
    ]);
    if let (4, Datum::Struct(fields)) = (mask.len(), &mut parts) {
        let broadcast: Vec<u8> = network.iter().zip(&mask).map(|(byte, mask)| byte | !mask).collect();
        fields.push(("broadcast_addr".into(), show(&broadcast)));
    }
    Ok(parts)
}

fn unescape(text: &str, part: Part) -> Outcome {
    let bytes = url::unescape(text, part).map_err(Failure::new)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

fn split_host_port(text: &str) -> Outcome {
    let address = if text.is_empty() { String::new() } else { format!("address {text}: ") };
    let wrong = |what: &str| fail(format!("{address}{what}"));
    let Some(colon) = text.rfind(':') else { return wrong("missing port in address") };
    // Where brackets would be out of place.
    let (host, open_from, close_from) = if text.starts_with('[') {
        let Some(end) = text.find(']') else { return wrong("missing ']' in address") };
        match end + 1 {
            after if after == colon => (&text[1..end], 1, after),
            after if text[after..].starts_with(':') => return wrong("too many colons in address"),
            _ => return wrong("missing port in address"),
        }
    } else if text[..colon].contains(':') {
        return wrong("too many colons in address");
    } else {
        (&text[..colon], 0, 0)
    };
    if text[open_from..].contains('[') {
        return wrong("unexpected '[' in address");
    }
    if text[close_from..].contains(']') {
        return wrong("unexpected ']' in address");
    }
    Ok(list_of([host, &text[colon + 1..]]))
}

fn join_host_port(host: &Datum, port: &Datum) -> Outcome {
    let host = match host {
        Datum::List(_) => match address(host) {
            Ok(address) => address.to_string(),
            Err(_) => return fail(format!("invalid host {host}")),
        },
        other => plain_text(other, "string")?,
    };
    let port = match port {
        Datum::Number(number) if number.is_int() => number.to_string(),
        other => plain_text(other, "int")?,
    };
    Ok(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }.into())
}

fn plain_text(datum: &Datum, wanted: &str) -> Result<String, Failure> {
    match datum {
        Datum::String(text) => Ok(text.to_string()),
        Datum::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        other => fail(format!("cannot use value {other} (type {}) as {wanted}", kind_of(other))),
    }
}

/// Whether a text is a domain name in ASCII form (RFC 1123 labels; IDNA where they begin with `xn--`).
fn is_domain_name(text: &str) -> bool {
    const LABEL_BYTES_MAX: usize = 63;
    const NAME_BYTES_MAX: usize = 253;
    // The reference lets any number of dots through at the end.
    let name = text.trim_end_matches('.');
    let label_valid = |label: &str| {
        let bytes = label.as_bytes();
        let plain = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let hyphen_at = |at: usize| bytes.get(at) == Some(&b'-');
        let inner = !label.starts_with('-') && !label.ends_with('-');
        let encoded = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
        let coded = if encoded { is_encoded_label(label) } else { !(hyphen_at(2) && hyphen_at(3)) };
        (1..=LABEL_BYTES_MAX).contains(&label.len()) && plain && inner && coded
    };
    name.is_ascii() && name.len() <= NAME_BYTES_MAX && name.split('.').all(label_valid)
}

/// Whether a label that begins with `xn--` stands for one in another script.
fn is_encoded_label(label: &str) -> bool {
    let (unicode, valid) = idna::domain_to_unicode(label);
    valid.is_ok() && !unicode.is_ascii()
}
