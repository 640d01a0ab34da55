//! A graph of what comes before what, and its nodes in a row.
//!
//! Nodes that come before each other in a circle form one component. Of all components that nothing is left to come
//! before, the one with the lowest rank is next; in a component the ranks decide.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Handle of a node.
pub(crate) type Node = u32;

/// Nodes with their ranks, and edges from what comes first to what comes later.
#[derive(Debug)]
pub(crate) struct Graph {
    /// None for a joint.
    ranks: Vec<Option<u32>>,
    edges: Vec<Vec<Node>>,
}

impl Graph {
    /// A node for each rank below a number; its handle is its rank.
    pub(crate) fn with_ranks(count: u32) -> Self {
        Self { ranks: (0..count).map(Some).collect(), edges: vec![Vec::new(); count as usize] }
    }

    /// What comes after all of some nodes and before whatever follows it, but is nothing itself: it spares edges from
    /// each to each.
    pub(crate) fn join(&mut self, nodes: &[Node]) -> Node {
        let joint = self.ranks.len() as Node;
        self.ranks.push(None);
        self.edges.push(Vec::new());
        for node in nodes {
            self.precede(*node, joint);
        }
        joint
    }

    /// Lets one node come before another.
    pub(crate) fn precede(&mut self, first: Node, then: Node) {
        let edges = &mut self.edges[first as usize];
        // The same edge is mostly added twice in a row, if at all; a further one does no harm.
        if edges.last() != Some(&then) {
            edges.push(then);
        }
    }

    /// The ranks in order.
    pub(crate) fn sort(&self) -> Vec<u32> {
        let components = self.components();
        let mut waiting_for = vec![0; components.members.len()];
        for (node, edges) in self.edges.iter().enumerate() {
            let others = edges.iter().filter(|then| components.of[**then as usize] != components.of[node]);
            others.for_each(|then| waiting_for[components.of[*then as usize]] += 1);
        }
        let key = |component: usize| {
            let ranks = components.members[component].iter().filter_map(|node| self.ranks[*node as usize]);
            // A joint alone has no rank and is passed at once.
            Reverse((ranks.min(), component))
        };
        let free = (0..waiting_for.len()).filter(|component| waiting_for[*component] == 0);
        let mut ready: BinaryHeap<_> = free.map(key).collect();
        let mut sorted = Vec::with_capacity(self.ranks.len());
        while let Some(Reverse((_, component))) = ready.pop() {
            let members = &components.members[component];
            let first = sorted.len();
            sorted.extend(members.iter().filter_map(|node| self.ranks[*node as usize]));
            sorted[first..].sort_unstable();
            for then in members.iter().flat_map(|node| &self.edges[*node as usize]) {
                let next = components.of[*then as usize];
                if next == component {
                    continue;
                }
                waiting_for[next] -= 1;
                if waiting_for[next] == 0 {
                    ready.push(key(next));
                }
            }
        }
        sorted
    }

    /// The strongly connected components, by Tarjan's algorithm with a stack of its own.
    fn components(&self) -> Components {
        let count = self.ranks.len();
        let mut search = Search { index: vec![UNSEEN; count], low: vec![0; count], ..Search::default() };
        let mut found = Components { of: vec![usize::MAX; count], members: Vec::new() };
        let mut calls: Vec<(Node, usize)> = Vec::new();
        for root in 0..count as Node {
            if search.index[root as usize] == UNSEEN {
                search.enter(root);
                calls.push((root, 0));
            }
            while let Some((node, edge)) = calls.last_mut() {
                let at = *node as usize;
                let Some(then) = self.edges[at].get(*edge).copied() else {
                    search.leave(*node, &mut found);
                    calls.pop();
                    if let Some((before, _)) = calls.last() {
                        let before = *before as usize;
                        search.low[before] = search.low[before].min(search.low[at]);
                    }
                    continue;
                };
                *edge += 1;
                if search.index[then as usize] == UNSEEN {
                    search.enter(then);
                    calls.push((then, 0));
                } else if found.of[then as usize] == usize::MAX {
                    search.low[at] = search.low[at].min(search.index[then as usize]);
                }
            }
        }
        found
    }
}

const UNSEEN: usize = usize::MAX;

struct Components {
    of: Vec<usize>,
    members: Vec<Vec<Node>>,
}

/// How far the search for components is.
#[derive(Default)]
struct Search {
    index: Vec<usize>,
    low: Vec<usize>,
    stack: Vec<Node>,
    seen: usize,
}

impl Search {
    fn enter(&mut self, node: Node) {
        self.index[node as usize] = self.seen;
        self.low[node as usize] = self.seen;
        self.seen += 1;
        self.stack.push(node);
    }

    /// Closes the component that a node is the first of, if it is.
    fn leave(&mut self, node: Node, found: &mut Components) {
        if self.low[node as usize] != self.index[node as usize] {
            return;
        }
        let start =
            self.stack.iter().rposition(|other| *other == node).expect("a node is on the stack until it closes");
        let members = self.stack.split_off(start);
        for member in &members {
            found.of[*member as usize] = found.members.len();
        }
        found.members.push(members);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(nodes: u32, edges: &[(Node, Node)]) -> Vec<u32> {
        let mut graph = Graph::with_ranks(nodes);
        for (first, then) in edges {
            graph.precede(*first, *then);
        }
        graph.sort()
    }

    #[test]
    fn ranks_decide_where_edges_do_not() {
        assert_eq!(sorted(4, &[]), [0, 1, 2, 3]);
        assert_eq!(sorted(4, &[(3, 0), (2, 1)]), [2, 1, 3, 0]);
        assert_eq!(sorted(4, &[(3, 1), (3, 1), (1, 0), (3, 0)]), [2, 3, 1, 0]);
    }

    #[test]
    fn a_circle_is_sorted_by_rank_and_stays_together() {
        assert_eq!(sorted(5, &[(4, 2), (2, 3), (3, 4), (3, 0)]), [1, 2, 3, 4, 0]);
        assert_eq!(sorted(2, &[(1, 1), (1, 0)]), [1, 0]);
    }

    #[test]
    fn what_follows_a_joint_comes_after_all_before_it() {
        let mut graph = Graph::with_ranks(5);
        let joint = graph.join(&[4, 2]);
        graph.precede(joint, 0);
        graph.precede(joint, 3);
        assert_eq!(graph.sort(), [1, 2, 4, 0, 3]);
    }
}
