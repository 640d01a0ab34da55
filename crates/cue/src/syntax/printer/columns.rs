//! Elastic columns: cells of neighbouring lines are padded to the same width.
//!
//! A line is a row of cells; the last one is never padded. A column is a run of lines that all have a cell there. It is
//! as wide as its widest cell and one blank, or not there at all if all its cells are empty. Empty cells at the start
//! of a line that come from tabs are indentation and print as tabs.

use super::{STACK_RED_ZONE, STACK_SEGMENT};

/// How many blanks a tab stands for.
const TAB_WIDTH: usize = 8;

/// A piece of a line.
#[derive(Default)]
struct Cell {
    text: String,
    width: usize,
    /// Ended by a tab.
    is_indent: bool,
}

/// Text that is being laid out. Lines are complete when they are written out.
#[derive(Default)]
pub(super) struct Columns {
    out: String,
    /// Lines that may still share columns.
    lines: Vec<Vec<Cell>>,
    cells: Vec<Cell>,
    cell: Cell,
}

impl Columns {
    /// Adds text to the cell; it may hold anything, also line ends.
    pub(super) fn text(&mut self, text: &str) {
        self.cell.text.push_str(text);
        self.cell.width += text.chars().count();
    }

    /// Ends the cell.
    pub(super) fn end_cell(&mut self, is_indent: bool) {
        let mut cell = std::mem::take(&mut self.cell);
        cell.is_indent = is_indent;
        self.cells.push(cell);
    }

    /// Ends the line.
    pub(super) fn end_line(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
        self.lines.push(std::mem::take(&mut self.cells));
    }

    /// Ends all columns: lines from here on are aligned among themselves.
    pub(super) fn end_columns(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        write_block(&lines, &mut Vec::new(), &mut self.out);
    }

    /// All text, also that of a last line without an end.
    pub(super) fn finish(mut self) -> String {
        let is_empty = self.cells.is_empty() && self.cell.text.is_empty();
        if !is_empty {
            self.end_line();
        }
        self.end_columns();
        if !is_empty {
            self.out.pop();
        }
        self.out
    }
}

/// Writes lines whose first columns have the given widths: looks for runs of lines with one more column.
fn write_block(lines: &[Vec<Cell>], widths: &mut Vec<usize>, out: &mut String) {
    let column = widths.len();
    let has_column = |line: &Vec<Cell>| column + 1 < line.len();
    let mut rest = lines;
    while !rest.is_empty() {
        let plain = rest.iter().position(has_column).unwrap_or(rest.len());
        let (without, more) = rest.split_at(plain);
        without.iter().for_each(|line| write_line(line, widths, out));
        let run = more.iter().position(|line| !has_column(line)).unwrap_or(more.len());
        let (with, after) = more.split_at(run);
        if !with.is_empty() {
            widths.push(column_width(with, column));
            stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || write_block(with, widths, out));
            widths.pop();
        }
        rest = after;
    }
}

fn column_width(lines: &[Vec<Cell>], column: usize) -> usize {
    let cells = || lines.iter().map(|line| &line[column]);
    let empty = cells().all(|cell| cell.width == 0 && !cell.is_indent);
    if empty { 0 } else { cells().map(|cell| cell.width + 1).max().unwrap_or_default() }
}

fn write_line(line: &[Cell], widths: &[usize], out: &mut String) {
    let mut leading = true;
    for (index, cell) in line.iter().enumerate() {
        let is_empty = cell.text.is_empty();
        leading &= is_empty;
        out.push_str(&cell.text);
        let Some(width) = widths.get(index) else { continue };
        if leading {
            (0..width.div_ceil(TAB_WIDTH)).for_each(|_| out.push('\t'));
        } else {
            (cell.width..*width).for_each(|_| out.push(' '));
        }
    }
    out.push('\n');
}
