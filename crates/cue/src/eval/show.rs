//! Values and expressions as CUE text on one line, as errors print them.

use super::{
    bounds::{implied_by_bounds, op_text},
    engine::Engine,
    function::builtin_name,
    vertex::{Base, Check, CheckRule, Show, Term, VertexId},
};
use crate::{
    ir::{Atom, Builtin, Decl, Element, Expr, ExprId, Part, compile::names::RANGES, label::Label},
    kind::Kind,
    syntax::{
        ast::Constraint,
        literal::{Lines, quote_bytes, quoted},
    },
};

/// How many vertices one text may show.
const SHOWN_MAX: usize = 10_000;

impl Engine {
    /// Prints a value without parts.
    pub(crate) fn show_atom(&self, atom: &Atom) -> String {
        match atom {
            Atom::Null => "null".to_owned(),
            Atom::Bool(value) => value.to_string(),
            Atom::Number(number) => number.value.to_string(),
            Atom::String(text) => quoted(text),
            Atom::Bytes(bytes) => quote_bytes(bytes, Lines::One),
        }
    }

    /// Prints what an error shows of a conjunct.
    pub(crate) fn show(&self, show: &Show) -> String {
        match show {
            Show::Expr(expr) => self.show_value(*expr),
            Show::Kind(kind) => kind.to_string(),
            Show::Vertex(vertex) => self.show_vertex(*vertex),
            Show::Datum(datum) => self.store.data[*datum].to_string(),
        }
    }

    /// Prints an expression that is the value of a conjunct, where a function that is only named is shown as a call.
    fn show_value(&self, expr: ExprId) -> String {
        let (function, args) = match self.expr(expr) {
            Expr::Call { function, args } => (*function, &args[..]),
            _ => (expr, &[][..]),
        };
        let Expr::Builtin(builtin @ Builtin::Package(..)) = self.expr(function) else { return self.show_expr(expr) };
        let args: Vec<_> = args.iter().map(|arg| self.show_expr(*arg)).collect();
        format!("{}({})", shown_function(builtin), args.join(", "))
    }

    pub(crate) fn show_label(&self, label: Label) -> String {
        self.store.labels.part(label).to_string()
    }

    /// Prints an expression.
    pub(crate) fn show_expr(&self, expr: ExprId) -> String {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.show_expr_inner(expr))
    }

    fn show_expr_inner(&self, expr: ExprId) -> String {
        match self.expr(expr) {
            Expr::Atom(atom) => self.show_atom(atom),
            Expr::Top => "_".to_owned(),
            Expr::Bottom => "_|_".to_owned(),
            Expr::Type(kind) => kind.to_string(),
            // The reference has a constant for each of these types but this one.
            Expr::Range("rune", _) => "int & >=0 & <=1114111".to_owned(),
            Expr::Range(name, _) => (*name).to_owned(),
            Expr::Struct(lit) => {
                let decls: Vec<_> = lit.decls.iter().map(|decl| self.show_decl(decl)).collect();
                format!("{{{}}}", decls.join(","))
            }
            Expr::List(lit) => {
                let mut parts: Vec<_> = lit.elements.iter().map(|element| self.show_element(element)).collect();
                if let Some(rest) = &lit.rest {
                    parts.push(format!("...{}", rest.map(|rest| self.show_expr(rest)).unwrap_or_default()));
                }
                format!("[{}]", parts.join(","))
            }
            Expr::Field { label, .. } => self.show_label(*label),
            Expr::MatchedLabel { name, .. }
            | Expr::MatchedField { name, .. }
            | Expr::NamedField { name, .. }
            | Expr::Let { name, .. }
            | Expr::Import { name, .. } => name.to_string(),
            Expr::Itself { name, .. } => name.to_string(),
            Expr::Builtin(builtin) => shown_function(builtin),
            Expr::Selector { base, label, .. } => format!("{}.{}", self.show_expr(*base), self.show_label(*label)),
            Expr::Index { base, index } => format!("{}[{}]", self.show_expr(*base), self.show_expr(*index)),
            Expr::Slice { base, low, high } => {
                let bound = |bound: &Option<ExprId>| bound.map(|bound| self.show_expr(bound)).unwrap_or_default();
                format!("{}[{}:{}]", self.show_expr(*base), bound(low), bound(high))
            }
            Expr::Open(operand) => format!("{}...", self.show_expr(*operand)),
            Expr::Unary { op, operand } => format!("{}{}", op.text(), self.show_expr(*operand)),
            Expr::Bound { op, operand } => {
                format!("{}{}", op_text(*op), self.show_expr(*operand))
            }
            Expr::And { left, right } => format!("({} & {})", self.show_expr(*left), self.show_expr(*right)),
            Expr::Or(disjuncts) => {
                let show = |expr, default| format!("{}{}", if default { "*" } else { "" }, self.show_expr(expr));
                let parts: Vec<_> = disjuncts.iter().map(|disjunct| show(disjunct.expr, disjunct.default)).collect();
                format!("({})", parts.join("|"))
            }
            Expr::Binary { op, left, right } | Expr::ShortCircuit { op, left, right } => {
                let op = op.text();
                format!("({} {op} {})", self.show_expr(*left), self.show_expr(*right))
            }
            Expr::Interpolation { parts, bytes } => self.show_interpolation(parts, *bytes),
            Expr::Call { function, args } => {
                let args: Vec<_> = args.iter().map(|arg| self.show_expr(*arg)).collect();
                format!("{}({})", self.show_expr(*function), args.join(", "))
            }
        }
    }

    fn show_interpolation(&self, parts: &[Part], bytes: bool) -> String {
        let quote = if bytes { '\'' } else { '"' };
        let mut out = String::from(quote);
        for part in parts {
            match part {
                Part::Text(text) => {
                    let quoted = quoted(&String::from_utf8_lossy(text));
                    out.push_str(&quoted[1..quoted.len() - 1]);
                }
                Part::Expr(expr) => out.push_str(&format!("\\({})", self.show_expr(*expr))),
            }
        }
        out.push(quote);
        out
    }

    fn show_decl(&self, decl: &Decl) -> String {
        match decl {
            Decl::Field(field) => {
                let value = self.show_expr(field.value);
                format!("{}{}:{value}", self.show_label(field.label), mark(field.constraint))
            }
            Decl::Dynamic { name, constraint, value, .. } => {
                format!("{}{}:{}", self.show_expr(*name), mark(*constraint), self.show_expr(*value))
            }
            Decl::Pattern { pattern, value, .. } => {
                format!("[{}]:{}", self.show_expr(*pattern), self.show_expr(*value))
            }
            Decl::Embed(expr) => self.show_expr(*expr),
            Decl::Comprehension(comprehension) => self.show_comprehension(comprehension),
            Decl::Ellipsis => "...".to_owned(),
        }
    }

    fn show_element(&self, element: &Element) -> String {
        match element {
            Element::Value(value) => self.show_expr(*value),
            Element::Comprehension(comprehension) => self.show_comprehension(comprehension),
        }
    }

    fn show_comprehension(&self, comprehension: &crate::ir::Comprehension) -> String {
        use crate::ir::Clause;
        let mut out = String::new();
        for clause in &comprehension.clauses {
            out.push_str(&match clause {
                Clause::For { key, value, source, .. } => {
                    let key = key.map_or_else(|| "_".to_owned(), |key| self.show_label(key));
                    format!("for {key}, {} in {} ", self.show_label(*value), self.show_expr(*source))
                }
                Clause::If { condition } => format!("if {} ", self.show_expr(*condition)),
                Clause::Let { label, value } => {
                    format!("let {} = {} ", self.show_label(*label), self.show_expr(*value))
                }
                Clause::Try { binding, .. } => match binding {
                    Some((label, value)) => format!("try {} = {} ", self.show_label(*label), self.show_expr(*value)),
                    None => "try ".to_owned(),
                },
            });
        }
        out + &self.show_expr(comprehension.value)
    }

    /// Prints a value.
    pub(crate) fn show_vertex(&self, vertex: VertexId) -> String {
        let mut budget = SHOWN_MAX;
        self.show_within(vertex, &mut budget)
    }

    /// Prints a value with all that it may become: optional and required fields are evaluated for it.
    pub(crate) fn show_evaluated(&mut self, vertex: VertexId) -> String {
        self.evaluate_shown(vertex, &mut SHOWN_MAX.clone());
        self.show_vertex(vertex)
    }

    /// Evaluates what will be shown.
    fn evaluate_shown(&mut self, vertex: VertexId, budget: &mut usize) {
        self.process(vertex);
        let vertex = self.follow(vertex);
        if *budget == 0 || self.shown_reference(vertex).is_some() {
            return;
        }
        *budget -= 1;
        let mut below: Vec<VertexId> = self.v(vertex).arcs.iter().map(|(_, child)| *child).collect();
        if let Base::Disjunction(leaves) = &self.v(vertex).base {
            below.extend(leaves.iter().map(|(leaf, _)| *leaf));
        }
        stacker::maybe_grow(128 << 10, 2 << 20, || below.into_iter().for_each(|id| self.evaluate_shown(id, budget)));
    }

    fn show_within(&self, vertex: VertexId, budget: &mut usize) -> String {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.show_within_inner(vertex, budget))
    }

    fn show_within_inner(&self, vertex: VertexId, budget: &mut usize) -> String {
        let vertex = self.follow(vertex);
        if *budget == 0 {
            return "…".to_owned();
        }
        *budget -= 1;
        let v = self.v(vertex);
        match &v.base {
            Base::Bottom(_) if v.arcs.is_empty() => "_|_".to_owned(),
            Base::Atom(atom) => self.show_atom(atom),
            Base::Disjunction(leaves) => {
                let defaults = leaves.iter().filter(|(_, default)| *default);
                let others = leaves.iter().filter(|(_, default)| !*default);
                let mark = |default: bool| if default { "*" } else { "" };
                let mut show = |(leaf, default): &(VertexId, bool)| {
                    format!("{}{}", mark(*default), self.show_within(*leaf, budget))
                };
                let parts: Vec<_> = defaults.chain(others).map(&mut show).collect();
                parts.join(" | ")
            }
            Base::List => {
                let elements = self.elements(vertex);
                let parts: Vec<_> = elements.into_iter().map(|element| self.show_child(element, budget)).collect();
                format!("[{}]", parts.join(","))
            }
            Base::Partial | Base::Unknown if v.arcs.is_empty() || !v.work.kind.contains(Kind::STRUCT) => {
                self.show_constraints(vertex)
            }
            _ => {
                let show = |(label, child): &(Label, VertexId)| {
                    let constraint = mark(self.v(*child).constraint);
                    format!("{}{constraint}:{}", self.show_label(*label), self.show_child(*child, budget))
                };
                let parts: Vec<_> = v.arcs.iter().map(show).collect();
                format!("{{{}}}", parts.join(","))
            }
        }
    }

    /// A struct that is nothing but a reference is shown as that.
    fn show_child(&self, vertex: VertexId, budget: &mut usize) -> String {
        let reference = self.shown_reference(self.follow(vertex));
        reference.unwrap_or_else(|| self.show_within(vertex, budget))
    }

    fn shown_reference(&self, vertex: VertexId) -> Option<String> {
        let v = self.v(vertex);
        let [conjunct] = v.conjuncts.as_slice() else { return None };
        let Term::Expr(expr) = conjunct.term else { return None };
        let [(target, _)] = v.work.seen_references.as_slice() else { return None };
        if !self.is_reference(expr) || !matches!(v.base, Base::Struct) {
            return None;
        }
        let path: Vec<_> = self.path(*target).into_iter().map(|label| self.show_label(label)).collect();
        Some(format!("~({})", path.join(".")))
    }

    /// Prints types and checks.
    fn show_constraints(&self, vertex: VertexId) -> String {
        let work = &self.v(vertex).work;
        let mut checks: Vec<_> = work.checks.iter().collect();
        checks.sort_by_key(|check| (check.rank(), check.origin.pos));
        let mut parts: Vec<String> = checks.iter().map(|check| self.show_check(check)).collect();
        let implied = implied_by_bounds(&work.checks);
        let by_function = work.checks.iter().any(|check| matches!(check.rule, CheckRule::Function(_)));
        if parts.is_empty() || (implied != work.kind && !by_function) {
            parts.push(work.kind.to_string());
        }
        with_range_names(parts).join(" & ")
    }

    fn show_check(&self, check: &Check) -> String {
        match &check.rule {
            CheckRule::Bound(..) | CheckRule::Compare(..) => self.show(&check.origin.show),
            CheckRule::Function(validator) => self.show_value(validator.expr),
        }
    }
}

/// A function with the whole path of its package.
fn shown_function(builtin: &Builtin) -> String {
    let name = builtin_name(builtin);
    match name.rsplit_once('.') {
        Some((path, name)) if path.contains('/') => format!("{}.{name}", quoted(path)),
        _ => name,
    }
}

/// A range that has a name is shown by it.
fn with_range_names(parts: Vec<String>) -> Vec<String> {
    let named = RANGES.iter().filter(|(name, ..)| *name != "rune").find(|(_, low, high, kind)| {
        let bounds = [format!(">={low}"), format!("<={high}")];
        let bounds = bounds.into_iter().filter(|bound| bound.len() > 2);
        bounds.chain(kind.map(|kind| kind.to_string())).eq(parts.iter().cloned())
    });
    named.map_or(parts, |(name, ..)| vec![(*name).to_owned()])
}

fn mark(constraint: Constraint) -> &'static str {
    match constraint {
        Constraint::None => "",
        Constraint::Optional => "?",
        Constraint::Required => "!",
    }
}
