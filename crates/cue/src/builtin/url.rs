//! URLs, read and escaped with the rules and error texts of Go's `net/url`.

use super::{datetime::quote, ip::Address};
use crate::syntax::literal::quoted;

/// Which part of a URL a text stands in: what must be escaped depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// One segment of a path.
    PathSegment,
    /// A whole path.
    Path,
    /// A key or value of a query.
    QueryComponent,
    /// User name and password.
    User,
    /// A host.
    Host,
    /// The zone of an IPv6 address.
    Zone,
    /// What follows `#`.
    Fragment,
}

/// Escapes a text so that it can stand in a part of a URL.
pub(super) fn escape(text: &str, part: Part) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' if part == Part::QueryComponent => out.push('+'),
            _ if must_escape(byte, part) => out.push_str(&format!("%{byte:02X}")),
            _ => out.push(byte.into()),
        }
    }
    out
}

/// The bytes that an escaped text stands for.
///
/// # Errors
/// Which escape or character is wrong.
pub(super) fn unescape(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                out.push(escaped_byte(&bytes[at..], part)?);
                at += 2;
            }
            b'+' if part == Part::QueryComponent => out.push(b' '),
            byte if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && must_escape(byte, part) => {
                return Err(format!("invalid character {} in host name", quoted(&char::from(byte).to_string())));
            }
            byte => out.push(byte),
        }
        at += 1;
    }
    Ok(out)
}

fn escaped_byte(text: &[u8], part: Part) -> Result<u8, String> {
    let escape = String::from_utf8_lossy(&text[..text.len().min(3)]).into_owned();
    let invalid = || format!("invalid URL escape {}", quoted(&escape));
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (Some(high), Some(low)) = (digit(1), digit(2)) else { return Err(invalid()) };
    let byte = (high * 16 + low) as u8;
    let allowed = match part {
        _ if byte == b'%' => true,
        // Hosts may escape only what is not ASCII.
        Part::Host => high >= 8,
        Part::Zone => byte == b' ' || !must_escape(byte, Part::Host),
        _ => true,
    };
    if allowed { Ok(byte) } else { Err(invalid()) }
}

fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    let plain: &[u8] = match part {
        Part::PathSegment => b"$&+:=@",
        Part::Path => b"$&+,/:;=@",
        Part::QueryComponent => b"",
        Part::User => b"$&+,;=",
        Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"",
        Part::Fragment => b"$&+,/:;=?@!()*",
    };
    !plain.contains(&byte)
}

/// Checks a URL, absolute or relative, and tells whether it is absolute.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(url: &str) -> Result<bool, String> {
    let (main, fragment) = url.split_once('#').unwrap_or((url, ""));
    let wrap = |text: &str, error: String| format!("parse {}: {error}", quote_go(text));
    let absolute = check_main(main).map_err(|error| wrap(main, error))?;
    unescape(fragment, Part::Fragment).map_err(|error| wrap(url, error))?;
    Ok(absolute)
}

/// As Go quotes: like the language here, but control characters in hexadecimal.
fn quote_go(text: &str) -> String {
    if text.is_ascii() && !text.contains(['\n', '\t', '\r', '\x7f']) { quote(text) } else { quoted(text) }
}

fn check_main(url: &str) -> Result<bool, String> {
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".into());
    }
    if url == "*" {
        return Ok(false);
    }
    let (scheme, rest) = split_scheme(url)?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Ok(true);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let mut path = rest;
    if let Some(after) = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///")) {
        let end = after.find('/').unwrap_or(after.len());
        check_authority(&scheme.to_ascii_lowercase(), &after[..end])?;
        path = &after[end..];
    }
    unescape(path, Part::Path)?;
    Ok(!scheme.is_empty())
}

/// The scheme and what follows its colon; no scheme if the text does not begin with one.
fn split_scheme(url: &str) -> Result<(&str, &str), String> {
    let in_scheme = |char: char| char.is_ascii_alphanumeric() || "+-.".contains(char);
    match url.find(|char| !in_scheme(char)) {
        Some(0) if url.starts_with(':') => Err("missing protocol scheme".into()),
        Some(end) if url[end..].starts_with(':') && url.starts_with(|char: char| char.is_ascii_alphabetic()) => {
            Ok((&url[..end], &url[end + 1..]))
        }
        _ => Ok(("", url)),
    }
}

fn check_authority(scheme: &str, authority: &str) -> Result<(), String> {
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    check_host(scheme, host)?;
    let Some(user) = user else { return Ok(()) };
    if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)) {
        return Err("net/url: invalid userinfo".into());
    }
    unescape(user, Part::User).map(|_| ())
}

fn check_host(scheme: &str, host: &str) -> Result<(), String> {
    match host.rfind('[') {
        Some(0) => return check_literal(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    let strict = matches!(scheme, "http" | "https");
    if let Some(at) = if strict { host.find(':') } else { host.rfind(':') } {
        check_port(&host[at..])?;
    }
    unescape(host, Part::Host).map(|_| ())
}

/// `[::1]:80`: an IPv6 address in brackets.
fn check_literal(host: &str) -> Result<(), String> {
    let end = host.rfind(']').ok_or("missing ']' in host")?;
    check_port(&host[end + 1..])?;
    let name = &host[1..end];
    let (address, zone) = name.find("%25").map_or((name, ""), |at| name.split_at(at));
    let mut plain = unescape(address, Part::Host)?;
    plain.extend(unescape(zone, Part::Zone)?);
    let plain = String::from_utf8_lossy(&plain).into_owned();
    match Address::parse(&plain).map_err(|error| format!("invalid host: {error}"))?.ip {
        std::net::IpAddr::V4(_) => Err("invalid IP-literal".into()),
        std::net::IpAddr::V6(_) => Ok(()),
    }
}

/// Nothing, or a colon and digits.
fn check_port(port: &str) -> Result<(), String> {
    let valid = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if valid { Ok(()) } else { Err(format!("invalid port {} after host", quoted(port))) }
}
