//! Package `text/tabwriter`: text in columns that are as wide as they need to be.
//!
//! A cell is a text that ends with a tab. A column is a block of cells below each other in lines that follow each other;
//! the text behind the last tab of a line belongs to no column.

use super::{
    args::{ANY, Outcome, fail, function, kind_of},
    check_text_length,
};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "text/tabwriter",
    constants: &[],
    functions: &[function("Write", &[ANY], Kind::STRING, |_, args| write(&args[0]))],
};

/// Spaces between columns.
const PADDING: usize = 1;

fn write(data: &Datum) -> Outcome {
    let text = match data {
        Datum::List(lines) => {
            let lines = lines.iter().map(|line| Ok(text_of(line)? + "\n"));
            lines.collect::<Result<String, Failure>>()?
        }
        Datum::String(_) | Datum::Bytes(_) => text_of(data)?,
        other => return fail(format!("tabwriter.Write: unsupported type {}", kind_of(other))),
    };
    align(&text).map(Into::into)
}

fn text_of(datum: &Datum) -> Result<String, Failure> {
    match datum {
        Datum::String(text) => Ok(text.to_string()),
        Datum::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        other => fail(format!("cannot use value {other} (type {}) as (string|bytes)", kind_of(other))),
    }
}

/// Lays a text out. A form feed ends all columns, a vertical tab ends a cell like a tab.
fn align(text: &str) -> Result<String, Failure> {
    let mut out = String::new();
    let mut pages = text.split('\u{c}').peekable();
    while let Some(page) = pages.next() {
        let lines: Vec<Vec<&str>> = page.split('\n').map(|line| line.split(['\t', '\u{b}']).collect()).collect();
        let mut widths: Vec<Vec<usize>> = lines.iter().map(|cells| vec![0; cells.len()]).collect();
        measure(&lines, &mut widths);
        let length = widths.iter().flatten().sum::<usize>();
        check_text_length(length.saturating_add(page.len())).or_else(fail::<()>)?;
        for (index, (cells, widths)) in lines.iter().zip(&widths).enumerate() {
            if index > 0 {
                out.push('\n');
            }
            for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
                out.push_str(cell);
                if at + 1 < cells.len() {
                    out.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
                }
            }
        }
        if pages.peek().is_some() {
            out.push('\n');
        }
    }
    Ok(out)
}

/// Gives all cells of a column the width of the widest; a column without text has none.
fn measure(lines: &[Vec<&str>], widths: &mut [Vec<usize>]) {
    let columns = lines.iter().map(|cells| cells.len() - 1).max().unwrap_or(0);
    for column in 0..columns {
        let mut start = 0;
        while start < lines.len() {
            let in_column = |cells: &&Vec<&str>| cells.len() > column + 1;
            let count = lines[start..].iter().take_while(in_column).count();
            let block = start..start + count;
            let widest = lines[block.clone()].iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
            for widths in &mut widths[block] {
                widths[column] = widest + PADDING;
            }
            start += count.max(1);
        }
    }
}
