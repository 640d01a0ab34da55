//! Regular expressions of JSON Schema (ECMA-262), as far as they have the same meaning here once classes of characters are
//! spelled out.
//!
//! Look-around, references back, flags and whatever else is written differently are left to the caller.

use regex_syntax::ast::{self, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, LiteralKind};
use vet::Pattern;

/// Memory for the tables of one pattern.
const BYTES_MAX: usize = 1 << 20;
/// White space and ends of lines as ECMA-262 has them.
const SPACE: &str = r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// Compiles an expression; `None` if it is not understood here, or its tables would be too large.
pub(crate) fn compile(source: &str) -> Option<Pattern> {
    let ast = ast::parse::Parser::new().parse(source).ok()?;
    let mut classes = Vec::new();
    if !is_plain(&ast, &mut classes) {
        return None;
    }
    let mut translated = source.to_owned();
    for (class, inside) in classes.into_iter().rev() {
        let members = match class.kind {
            ClassPerlKind::Digit => "0-9",
            ClassPerlKind::Word => "A-Za-z0-9_",
            ClassPerlKind::Space => SPACE,
        };
        let spelled = match (inside, class.negated) {
            (true, true) => return None,
            (true, false) => members.to_owned(),
            (false, true) => format!("[^{members}]"),
            (false, false) => format!("[{members}]"),
        };
        translated.replace_range(class.span.start.offset..class.span.end.offset, &spelled);
    }
    let hir = regex_syntax::parse(&translated).ok()?;
    Pattern::new(source, &hir, BYTES_MAX).ok()
}

/// Whether all parts mean the same in both languages; collects the classes to spell out, in order, each with whether it
/// stands in brackets.
fn is_plain<'a>(ast: &'a Ast, classes: &mut Vec<(&'a ClassPerl, bool)>) -> bool {
    match ast {
        Ast::Empty(_) | Ast::Dot(_) => true,
        Ast::Literal(literal) => is_plain_literal(literal),
        Ast::Assertion(assertion) => {
            matches!(assertion.kind, ast::AssertionKind::StartLine | ast::AssertionKind::EndLine)
        }
        Ast::ClassPerl(class) => {
            classes.push((class, false));
            true
        }
        Ast::ClassBracketed(bracketed) => match &bracketed.kind {
            ClassSet::Item(item) => is_plain_item(item, classes),
            ClassSet::BinaryOp(_) => false,
        },
        Ast::Repetition(repetition) => is_plain(&repetition.ast, classes),
        Ast::Group(group) => {
            let plain = match &group.kind {
                ast::GroupKind::CaptureIndex(_) => true,
                ast::GroupKind::NonCapturing(flags) => flags.items.is_empty(),
                ast::GroupKind::CaptureName { .. } => false,
            };
            plain && is_plain(&group.ast, classes)
        }
        Ast::Alternation(parts) => parts.asts.iter().all(|part| is_plain(part, classes)),
        Ast::Concat(parts) => parts.asts.iter().all(|part| is_plain(part, classes)),
        _ => false,
    }
}

fn is_plain_item<'a>(item: &'a ClassSetItem, classes: &mut Vec<(&'a ClassPerl, bool)>) -> bool {
    match item {
        ClassSetItem::Empty(_) => true,
        ClassSetItem::Literal(literal) => is_plain_literal(literal),
        ClassSetItem::Range(range) => is_plain_literal(&range.start) && is_plain_literal(&range.end),
        ClassSetItem::Perl(class) => {
            classes.push((class, true));
            true
        }
        ClassSetItem::Union(union) => union.items.iter().all(|item| is_plain_item(item, classes)),
        ClassSetItem::Ascii(_) | ClassSetItem::Unicode(_) | ClassSetItem::Bracketed(_) => false,
    }
}

fn is_plain_literal(literal: &ast::Literal) -> bool {
    match literal.kind {
        LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous => true,
        LiteralKind::Special(_) | LiteralKind::HexFixed(_) => true,
        LiteralKind::Octal | LiteralKind::HexBrace(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_ecma() {
        let matches = |source: &str, text: &str| compile(source).map(|pattern| pattern.matches(text.bytes()));
        assert_eq!(matches(r"^\d$", "1"), Some(true));
        assert_eq!(matches(r"^\d$", "\u{0967}"), Some(false));
        assert_eq!(matches(r"^[\w.-]+$", "a_9.-"), Some(true));
        assert_eq!(matches(r"^\W$", "\u{e9}"), Some(true));
        assert_eq!(matches(r"^\s$", "\u{feff}"), Some(true));
        assert_eq!(matches(r"^\S$", "\u{200b}"), Some(true));
        assert_eq!(matches(r"^(a|b){2,3}?$", "abb"), Some(true));
        assert_eq!(matches(r"^\/\-\$$", "/-$"), Some(true));
        assert_eq!(matches(r"^.$", "\n"), Some(false));
    }

    #[test]
    fn what_differs_is_left_to_the_caller() {
        for source in [r"(?=a)", r"\1", r"\bword", r"\p{L}", r"(?i)a", r"[a&&b]", r"[[a]]", r"\cA", r"[^\W]", "("] {
            assert!(compile(source).is_none(), "{source}");
        }
    }
}
