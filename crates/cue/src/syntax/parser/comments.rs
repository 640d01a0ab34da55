//! Which node a comment belongs to.
//!
//! A comment belongs to the node that is being parsed when the parser walks over it; its slot is how many tokens and
//! children of that node came before. In a list (declarations, elements, arguments) it belongs to the element before
//! it, or to the next one where there is none. A group that ends on the line above a token leads that token: the next
//! node that opens takes it as its doc comment.

use super::Parser;
use crate::syntax::ast::{CommentGroup, Comments, Expr};
use crate::syntax::token::Kind;

/// A group, and whether it ends the line of the token before it.
pub(super) struct Group {
    group: CommentGroup,
    line: bool,
}

/// A node or list that is being parsed.
#[derive(Default)]
struct Frame {
    slot: u8,
    groups: Vec<Group>,
    /// How many lists share this frame; 0 for a node.
    lists: u32,
    children: usize,
    last_slot: u8,
    /// Groups for children that were closed already.
    late: Vec<(usize, Vec<Group>)>,
    /// The number of children when each list was opened.
    bases: Vec<usize>,
}

/// The stack of open nodes and lists.
pub(super) struct CommentTracker {
    stack: Vec<Frame>,
    lead: Option<Group>,
}

impl Default for CommentTracker {
    fn default() -> Self {
        Self { stack: vec![Frame::default()], lead: None }
    }
}

impl CommentTracker {
    fn top(&mut self) -> &mut Frame {
        self.stack.last_mut().expect("the frame of the file is never closed")
    }

    /// A leading comment that no node took belongs to the node that is open.
    pub(super) fn release_lead(&mut self) {
        if let Some(group) = self.lead.take() {
            self.add(group);
        }
    }

    /// A token has been consumed.
    pub(super) fn advance(&mut self) {
        let top = self.top();
        top.slot = top.slot.saturating_add(1);
    }

    fn add(&mut self, mut group: Group) {
        let top = self.top();
        group.group.slot = top.slot;
        top.groups.push(group);
    }

    pub(super) fn take_groups(&mut self) -> Vec<Group> {
        std::mem::take(&mut self.top().groups)
    }

    /// Sets how many slots of the node are taken.
    pub(super) fn set_slot(&mut self, slot: u8) {
        self.top().slot = slot;
    }

    pub(super) fn open_node(&mut self) {
        let top = self.top();
        let mut frame = Frame::default();
        if top.lists > 0 && !top.groups.is_empty() {
            let groups = std::mem::take(&mut top.groups);
            if top.children > 0 {
                let slot = top.last_slot.max(1);
                top.late.push((top.children - 1, at_slot(groups, slot)));
            } else {
                frame.groups = at_slot(groups, 0);
            }
        }
        frame.groups.extend(self.lead.take());
        self.stack.push(frame);
    }

    /// Ends a node; the groups that belong to it.
    pub(super) fn close_node(&mut self) -> Vec<Group> {
        let frame = self.stack.pop().unwrap_or_default();
        let parent = self.top();
        parent.children += 1;
        parent.last_slot = frame.slot;
        parent.slot = parent.slot.saturating_add(1);
        frame.groups
    }

    /// Ends a node that the tree has no place for; its groups go to the node around it.
    pub(super) fn dissolve_node(&mut self) {
        let groups = self.close_node();
        let top = self.top();
        let slot = top.slot;
        top.groups.extend(at_slot(groups, slot));
    }

    pub(super) fn open_list(&mut self) {
        if self.top().lists == 0 {
            self.stack.push(Frame::default());
        }
        let top = self.top();
        top.lists += 1;
        top.bases.push(top.children);
    }

    /// Ends a list; groups that belong to its elements, by index.
    pub(super) fn close_list(&mut self) -> Vec<(usize, Vec<Group>)> {
        let top = self.top();
        let base = top.bases.pop().unwrap_or_default();
        if top.children > 0 && !top.groups.is_empty() {
            let groups = std::mem::take(&mut top.groups);
            top.late.push((top.children - 1, at_slot(groups, top.last_slot.max(1))));
        }
        let (mine, others) = std::mem::take(&mut top.late).into_iter().partition(|(child, _)| *child >= base);
        top.late = others;
        top.lists -= 1;
        if top.lists == 0 {
            let frame = self.stack.pop().unwrap_or_default();
            let parent = self.top();
            parent.groups.extend(frame.groups);
            parent.slot = parent.slot.saturating_add(1);
        }
        let mine: Vec<(usize, Vec<Group>)> = mine;
        mine.into_iter().map(|(child, groups)| (child - base, groups)).collect()
    }

    /// Groups that no child of the list has taken yet and that belong to its last one.
    pub(super) fn take_list_groups(&mut self) -> Vec<Group> {
        let top = self.top();
        if top.lists == 0 || top.children == 0 {
            return Vec::new();
        }
        let slot = top.last_slot.max(1);
        at_slot(std::mem::take(&mut top.groups), slot)
    }

    /// Groups for the last child of the list around the node that was just opened.
    pub(super) fn take_late(&mut self) -> Vec<Group> {
        let below = self.stack.len().saturating_sub(2);
        match self.stack.get_mut(below) {
            Some(frame) if frame.lists > 0 => {
                std::mem::take(&mut frame.late).into_iter().flat_map(|(_, groups)| groups).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn at_slot(mut groups: Vec<Group>, slot: u8) -> Vec<Group> {
    for group in &mut groups {
        group.group.slot = slot;
    }
    groups
}

/// Groups as the tree keeps them.
pub(super) fn fold(groups: Vec<Group>) -> Comments {
    let mut comments = Comments::default();
    extend(&mut comments, groups);
    comments
}

pub(super) fn extend(comments: &mut Comments, groups: Vec<Group>) {
    for Group { group, line } in groups {
        if group.slot == 0 {
            comments.before.push(group);
        } else if line && comments.line.is_none() {
            comments.line = Some(group);
        } else {
            comments.after.push(group);
        }
    }
}

/// Keeps groups with an expression.
pub(super) fn attach(mut expr: Expr, groups: Vec<Group>) -> Expr {
    if groups.is_empty() {
        return expr;
    }
    if let Expr::Commented(_, comments) = &mut expr {
        extend(comments, groups);
        return expr;
    }
    Expr::Commented(Box::new(expr), fold(groups))
}

impl Parser<'_> {
    /// Ends a node and gives its comments.
    pub(super) fn close_comments(&mut self) -> Comments {
        fold(self.comments.close_node())
    }

    /// Ends the node that an expression is.
    pub(super) fn close_expr(&mut self, expr: Expr) -> Expr {
        attach(expr, self.comments.close_node())
    }

    /// Walks over comments, given the offset of the token before them.
    pub(super) fn collect_comments(&mut self, before: Option<usize>) {
        if self.token.kind != Kind::Comment {
            return;
        }
        let mut comment = None;
        if before.is_some_and(|before| self.line(before) == self.line(self.token.start)) {
            let (mut group, end) = self.comment_group(0);
            group.line = self.line(self.token.start) != end;
            comment = Some(group);
        }
        let mut end = None;
        while self.token.kind == Kind::Comment {
            if let Some(comment) = comment.take() {
                self.comments.add(comment);
            }
            let (group, group_end) = self.comment_group(1);
            comment = Some(group);
            end = Some(group_end);
        }
        let Some(mut comment) = comment else { return };
        let leads = end.is_some_and(|end| end + 1 == self.line(self.token.start));
        if leads && self.token.kind != Kind::Eof {
            comment.group.doc = true;
            self.comments.lead = Some(comment);
        } else {
            self.comments.add(comment);
        }
    }

    /// Comments on lines that are at most `gap` apart, and the line of the last.
    fn comment_group(&mut self, gap: u32) -> (Group, u32) {
        let pos = self.pos();
        let mut end = self.line(self.token.start);
        let mut lines = Vec::new();
        while self.token.kind == Kind::Comment && self.line(self.token.start) <= end + gap {
            end = self.line(self.token.start);
            lines.push(self.literal().replace('\r', ""));
            self.advance();
        }
        (Group { group: CommentGroup { pos, doc: false, slot: 0, lines }, line: false }, end)
    }
}
