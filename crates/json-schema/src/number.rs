//! Keywords for numbers.

use referencing::Draft;
use serde_json::{Map, Value};
use vet::{Decimal, NumberRule, Rule};

use crate::lower::{Lowering, Place};

impl Lowering<'_> {
    /// What is said of numbers, if anything is.
    pub(crate) fn number(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Rule> {
        let mut rules = Vec::new();
        let legacy = place.draft == Draft::Draft4;
        for (keyword, exclusive, is_min) in
            [("minimum", "exclusiveMinimum", true), ("maximum", "exclusiveMaximum", false)]
        {
            // In draft 4 the second keyword says whether the bound itself is excluded; later it is a bound.
            let excluded = legacy && keywords.get(exclusive) == Some(&Value::Bool(true));
            rules.extend(decimal(keywords, keyword).map(|bound| self.bound(bound, is_min, !excluded)));
            if !legacy {
                rules.extend(decimal(keywords, exclusive).map(|bound| self.bound(bound, is_min, false)));
            }
        }
        if let Some(divisor) = decimal(keywords, "multipleOf") {
            let rule = self.builder.multiple_of(divisor);
            rules.push(rule.unwrap_or_else(|| self.island("the divisor of \"multipleOf\" is too long")));
        }
        (!rules.is_empty()).then(|| self.builder.all(rules))
    }

    fn bound(&mut self, bound: Decimal, is_min: bool, inclusive: bool) -> Rule {
        let bound = Some((bound, inclusive));
        let (min, max) = if is_min { (bound, None) } else { (None, bound) };
        self.builder.number(NumberRule { min, max, ..NumberRule::default() })
    }
}

fn decimal(keywords: &Map<String, Value>, keyword: &str) -> Option<Decimal> {
    match keywords.get(keyword)? {
        Value::Number(number) => Decimal::new(&number.to_string()).ok(),
        _ => None,
    }
}
