//! The `order` and `identity` workloads: their programs, built by hand, and their events.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use std::path::PathBuf;
use std::sync::Arc;

use vet::{Builder, Decimal, ListRule, NumberForm, NumberRule, Pattern, Program, Rule, StructRule};

/// The lines of a file of workload data.
pub fn lines(name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../benches/data").join(name);
    let text = std::fs::read_to_string(&path).expect("the workload's files lie in benches/data");
    text.lines().map(String::from).collect()
}

/// The text of a file of workload data.
pub fn text(name: &str) -> String {
    lines(name).join("\n")
}

pub fn pattern(expression: &str) -> Arc<Pattern> {
    let hir = regex_syntax::parse(expression).expect("the expression is written correctly");
    Arc::new(Pattern::new(expression, &hir, 1 << 20).expect("the expression is small"))
}

fn matching(b: &mut Builder, expression: &str) -> Rule {
    b.pattern(pattern(expression))
}

fn range(b: &mut Builder, form: NumberForm, min: &str, inclusive: bool, max: &str) -> Rule {
    let bound = |text: &str| Decimal::new(text).expect("a decimal");
    b.number(NumberRule { form, min: Some((bound(min), inclusive)), max: Some((bound(max), true)) })
}

/// `#Order` of `order.cue`; captures the order's id if asked to.
pub fn order(capture: bool) -> Program {
    let b = &mut Builder::new();
    let never = b.never();
    let uuid = matching(b, "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$");
    let timestamp = matching(b, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$");
    let order_id = matching(b, "^ORD-[0-9]{4}-[0-9]{8}$");
    let version = range(b, NumberForm::Integer, "1", true, "1000");
    let money = range(b, NumberForm::Any, "0", true, "1000000");
    let status = b.one_of(["created", "paid", "packed", "shipped", "cancelled"]);
    let channel = b.one_of(["web", "app", "store", "phone"]);
    let currency = b.one_of(["EUR", "USD", "GBP", "PLN", "SEK", "CHF", "JPY", "CZK"]);
    let customer = StructRule::new(never)
        .required("id", matching(b, "^CUS-[0-9A-F]{8}$"))
        .required("name", b.runes(1, Some(80)))
        .required("email", matching(b, r"^[a-z0-9._-]{1,64}@[a-z0-9.-]{1,128}\.[a-z]{2,12}$"))
        .optional("phone", matching(b, r"^\+[0-9]{7,15}$"))
        .required("tier", b.one_of(["basic", "silver", "gold"]));
    let customer = b.structure(customer);
    let address = StructRule::new(never)
        .required("street", b.runes(1, Some(100)))
        .required("city", b.runes(1, Some(60)))
        .required("zip", matching(b, "^[0-9A-Z][0-9A-Z -]{2,9}$"))
        .required("country", matching(b, "^[A-Z]{2}$"));
    let address = b.structure(address);
    let item = StructRule::new(never)
        .required("sku", matching(b, "^[A-Z]{3}-[0-9]{4}-[A-Z0-9]{2}$"))
        .required("title", b.runes(1, Some(120)))
        .required("qty", range(b, NumberForm::Integer, "1", true, "99"))
        .required("unitPrice", range(b, NumberForm::Any, "0", false, "50000"))
        .optional("discount", range(b, NumberForm::Any, "0", true, "1"));
    let item = b.structure(item);
    let items = b.list(ListRule { length_min: 1, length_max: Some(50), ..ListRule::of(item) });
    let payment = StructRule::new(never)
        .required("method", b.one_of(["card", "paypal", "transfer", "invoice"]))
        .required("captured", b.boolean())
        .optional("last4", matching(b, "^[0-9]{4}$"));
    let payment = b.structure(payment);
    let totals = StructRule::new(never).required("net", money).required("tax", money).required("gross", money);
    let totals = b.structure(totals);
    let (null, coupon) = (b.null(), matching(b, "^[A-Z0-9]{4,12}$"));
    let order = StructRule::new(never)
        .required("eventId", uuid)
        .required("orderId", order_id)
        .required("version", version)
        .required("status", status)
        .required("channel", channel)
        .required("placedAt", timestamp)
        .optional("updatedAt", timestamp)
        .required("currency", currency)
        .required("customer", customer)
        .required("shipTo", address)
        .optional("billTo", address)
        .required("items", items)
        .required("payment", payment)
        .required("totals", totals)
        .required("gift", b.boolean())
        .optional("couponCode", b.any_of([null, coupon]))
        .optional("note", b.runes(0, Some(200)))
        .optional("traceId", matching(b, "^[0-9a-f]{32}$"));
    let order = b.structure(order);
    if capture {
        b.capture(["orderId"]);
    }
    std::mem::take(b).finish(order).expect("the rules make a program")
}

/// `#Identity` of `identity.cue`.
pub fn identity() -> Program {
    let b = &mut Builder::new();
    let never = b.never();
    let name = matching(b, "[A-Z].*");
    let below = Decimal::new("130").expect("a decimal");
    let age = b.number(NumberRule { max: Some((below, false)), ..NumberRule::default() });
    let identity = StructRule::new(never).required("first", name).required("Last", name).optional("Age", age);
    let identity = b.structure(identity);
    std::mem::take(b).finish(identity).expect("the rules make a program")
}
