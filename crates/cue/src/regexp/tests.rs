//! What Go's syntax means, where it differs from Rust's, and the words of its errors.

use proptest::prelude::*;

use super::{CLASS_RANGES_MAX, NESTING_MAX, REPEAT_MAX, Regexp, RegexpError, quote_meta};

const BYTES_MAX: usize = 10 << 20;

fn regexp(pattern: &str) -> Regexp {
    Regexp::new(pattern, BYTES_MAX).unwrap()
}

fn error(pattern: &str) -> String {
    Regexp::new(pattern, BYTES_MAX).unwrap_err().to_string()
}

#[test]
fn classes_and_boundaries_are_ascii() {
    for (pattern, text, expected) in [
        (r"^\d$", "٣", false),
        (r"^\w$", "é", false),
        (r"^\W$", "é", true),
        (r"^\s$", "\u{b}", false),
        (r"^[[:space:]]$", "\u{b}", true),
        (r"^\s$", "\u{a0}", false),
        (r"é\b", "é", false),
        (r"a\b", "aé", true),
        (r"^[[:^alpha:]]$", "é", true),
        (r"^[[:word:]]$", "_", true),
        (r"(?i)^\w$", "\u{212a}", true),
        (r"(?i)^k$", "\u{212a}", true),
        (r"(?i)^[^k]$", "\u{212a}", false),
        (r"^\p{Lu}$", "É", true),
        (r"^\p{^Lu}$", "É", false),
        (r"^\P{Greek}$", "α", false),
        (r"^\pN$", "٣", true),
        (r"^\p{letter}\p{lowercase letter}$", "Éé", true),
        (r"^\p{Any}$", "\u{10ffff}", true),
        (r"\p{Cs}", "x", false),
    ] {
        assert_eq!(regexp(pattern).is_match(text), expected, "{pattern} on {text:?}");
    }
}

#[test]
fn what_rust_reads_otherwise_is_read_as_in_go() {
    for (pattern, text, expected) in [
        (r"^\Qa.b\E.$", "a.bx", true),
        (r"^\Qa.b", "a.b", true),
        (r"^\101\0$", "A\0", true),
        (r"^x{,2}$", "x{,2}", true),
        (r"^x{2$", "x{2", true),
        (r"^x{02}$", "x{02}", true),
        (r"^[a&&b]+$", "&ab", true),
        (r"^[+--]$", ",", true),
        (r"^[a~~b]+$", "~", true),
        (r"^[a[b]$", "[", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]$", "b", true),
        (r"^[a-]$", "-", true),
        (r"^[\d-z]$", "-", true),
        (r"^\<\>$", "<>", true),
        (r"^\_\-$", "_-", true),
        (r"^.$", "\n", false),
        (r"(?s)^.$", "\n", true),
        (r"^[^x]$", "\n", true),
        (r"a$", "a\n", false),
        (r"(?m)a$", "a\n", true),
        (r"\Aa\z", "a", true),
        (r"^a(?i)b(?-i)c$", "aBc", true),
        (r"^a(?i:b)c$", "aBC", false),
        (r"^\x{1F600}\x41$", "\u{1f600}A", true),
        (r"^[\x{d7ff}-\x{e000}]$", "\u{e000}", true),
        (r"\x{d800}", "x", false),
        (r"^(a|b|)*$", "abba", true),
        (r"a(?i)*", "", true),
        (r"(?<n>a)(?<n>b)", "ab", true),
        (r"(a){0}b", "b", true),
        ("", "", true),
    ] {
        assert_eq!(regexp(pattern).is_match(text), expected, "{pattern} on {text:?}");
    }
}

#[test]
fn errors_have_the_words_of_go() {
    for (pattern, expected) in [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a*?+?", "invalid nested repetition operator: `*?+?`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("(|+?)", "missing argument to repetition operator: `+?`"),
        ("(?i)*", "missing argument to repetition operator: `*`"),
        ("(a{500}){3}", "invalid repeat count: `{3}`"),
        ("x{2,1}", "invalid repeat count: `{2,1}`"),
        ("x{99999999999}", "invalid repeat count: `{99999999999}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<=a)", "invalid named capture: `(?<=a)`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("(?P<>a)", "invalid named capture: `(?P<>`"),
        ("(?z)", "invalid or unsupported Perl syntax: `(?z`"),
        ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
        ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
        (r"\1", r"invalid escape sequence: `\1`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\é", r"invalid escape sequence: `\é`"),
        (r"\xg1", r"invalid escape sequence: `\xg1`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"\", "trailing backslash at end of expression: ``"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[a", "missing closing ]: `[a`"),
        ("[]", "missing closing ]: `[]`"),
        ("[a-", "missing closing ]: `[a-`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\pN\pX", r"invalid character class range: `\pX`"),
        (r"\p{Grek}", r"invalid character class range: `\p{Grek}`"),
        (r"\p{Old_Italic}", r"invalid character class range: `\p{Old_Italic}`"),
        (r"\p{isL}", r"invalid character class range: `\p{isL}`"),
        (r"\p{L", r"invalid character class range: `\p{L`"),
        (r"\p", r"invalid character class range: `\p`"),
    ] {
        assert_eq!(error(pattern), format!("error parsing regexp: {expected}"), "{pattern}");
    }
}

#[test]
fn limits_hold_one_past_them() {
    regexp(&format!("a{{{REPEAT_MAX}}}"));
    assert_eq!(error("a{1001}"), "error parsing regexp: invalid repeat count: `{1001}`");
    let nested = |levels: u32| format!("{}a{}", "(".repeat(levels as usize), ")".repeat(levels as usize));
    regexp(&nested(NESTING_MAX - 1));
    assert!(error(&nested(NESTING_MAX)).starts_with("error parsing regexp: expression nests too deeply"));
    let ranges = r"\pL".repeat(CLASS_RANGES_MAX / 600);
    assert!(error(&ranges).starts_with("error parsing regexp: expression too large"));
    let large = Regexp::new("[a-z]{1000}", 1000).unwrap_err();
    assert_eq!(large, RegexpError::Size { bytes_max: 1000 });
    assert_eq!(large.to_string(), "regexp takes more than 1000 bytes when compiled");
}

#[test]
fn submatches_and_replacement() {
    let words = regexp(r"(?P<first>\w+) (?P<second>\w+)?");
    assert_eq!(words.names(), ["first", "second"]);
    let found = words.find("one two").unwrap();
    assert_eq!(found, vec![Some(0..7), Some(0..3), Some(4..7)]);
    assert_eq!(words.find("one  ").unwrap()[2], None);
    assert_eq!(
        words.replace_all("one two", "$second ${first}x $9$$ $ ${first", 1000).as_deref(),
        Some("two onex $ $ ${first")
    );
    assert_eq!(words.replace_all_literal("one two!", "$1", 1000).as_deref(), Some("$1!"));
    assert_eq!(regexp("a*").replace_all("baaac", "x", 1000).as_deref(), Some("xbxcx"));
    assert_eq!(regexp("a*").find_all("baaac", -1).len(), 3);
    assert_eq!(regexp("a").find_all("aaa", 2).len(), 2);
    assert_eq!(regexp("a").find_all("aaa", 0).len(), 0);
    assert_eq!(regexp("").replace_all("é", "-", 1000).as_deref(), Some("-é-"));
    assert_eq!(regexp("(?<n>a)|(?<n>b)").replace_all("ab", "[$n]", 1000).as_deref(), Some("[a][b]"));
}

#[test]
fn replacements_longer_than_allowed_are_not_made() {
    assert_eq!(regexp("a").replace_all("aaa", "bb", 6).as_deref(), Some("bbbbbb"));
    assert_eq!(regexp("a").replace_all("aaa", "bb", 5), None);
    assert_eq!(regexp("a").replace_all_literal("aaaz", "bb", 6), None);
}

#[test]
fn matching_is_leftmost_first() {
    assert_eq!(regexp("a|ab").find("ab").unwrap()[0], Some(0..1));
    assert_eq!(regexp("a+?").find("aaa").unwrap()[0], Some(0..1));
    assert_eq!(regexp("(?U)a+").find("aaa").unwrap()[0], Some(0..1));
    assert_eq!(regexp("(?U)a+?").find("aaa").unwrap()[0], Some(0..3));
}

#[test]
fn hostile_patterns_stay_linear() {
    let text = "a".repeat(10_000);
    assert!(!regexp("^(a*)*(a|aa)+$").is_match(&format!("{text}b")));
    assert!(regexp("(x+x+)+y|a").is_match(&text));
}

proptest! {
    #[test]
    fn no_pattern_panics(pattern in r"[-a-c0-2(){}\[\]^$.*+?|\\,:<>=!PQExpdwsbBiUL&~é]{0,24}", text in "[a-c0-2é]{0,8}") {
        if let Ok(regexp) = Regexp::new(&pattern, BYTES_MAX) {
            let _ = regexp.find_all(&text, -1);
        }
    }

    #[test]
    fn quoted_text_matches_itself(text in ".{0,20}") {
        prop_assert_eq!(regexp(&quote_meta(&text)).find(&text).unwrap()[0].clone(), Some(0..text.len()));
    }
}
