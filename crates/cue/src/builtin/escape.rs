//! Texts made safe to stand in others: in HTML and in JavaScript.

use crate::syntax::unicode::is_print;

/// Escapes the five characters that mean something in HTML.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            _ => out.push(char),
        }
    }
    out
}

/// Escapes what ends a JavaScript string or means something in the HTML around it.
pub(super) fn script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | '\'' | '"' => out.extend(['\\', char]),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            '\x20'..='\x7f' => out.push(char),
            _ if is_print(char) => out.push(char),
            _ => out.push_str(&format!("\\u{:04X}", u32::from(char))),
        }
    }
    out
}
