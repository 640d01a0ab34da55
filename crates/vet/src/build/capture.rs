//! Values whose places are wanted.

use crate::formula::Formula;
use crate::program::{NodeId, Program, StructTest};

/// Copies the nodes that the path of the captured value leads through and marks its field. Where the path passes
/// alternatives there is nothing to mark, and the checker looks the value up when it has accepted the document.
pub(super) fn mark_capture(program: &mut Program, capture: usize) {
    let path = program.captures[capture].clone();
    let Some((last, parents)) = path.split_last() else { return };
    let Some(mut parent) = copy_struct(program, program.root) else { return };
    program.root = parent.0;
    for name in parents {
        let Some(index) = program.structs[parent.1].names.find(name) else { return };
        let Some(child) = copy_struct(program, program.structs[parent.1].fields[index].node) else { return };
        program.structs[parent.1].fields[index].node = child.0;
        parent = child;
    }
    if let Some(index) = program.structs[parent.1].names.find(last) {
        let field = &mut program.structs[parent.1].fields[index];
        field.captures |= 1 << capture;
        field.noted = true;
    }
}

/// A copy of a node that has a single struct rule, and of that rule.
fn copy_struct(program: &mut Program, node: NodeId) -> Option<(NodeId, usize)> {
    let mut node = program.nodes[node as usize].clone();
    let Formula::Rule(StructTest::Struct(id)) = node.object else { return None };
    let mut structs = std::mem::take(&mut program.structs).into_vec();
    structs.push(structs[id as usize].clone());
    let copied = structs.len() - 1;
    program.structs = structs.into();
    node.object = Formula::Rule(StructTest::Struct(copied as u32));
    let mut nodes = std::mem::take(&mut program.nodes).into_vec();
    nodes.push(node);
    let id = nodes.len() - 1;
    program.nodes = nodes.into();
    Some((id as u32, copied))
}
