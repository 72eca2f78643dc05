//! Reads the compiled-in tables.
//!
//! They are ours and tested, so a fault in one is a fault in the build: it
//! panics at the first use, which the tests of this crate are.

/// The rows of a table whose columns are exactly `columns`.
pub(crate) fn rows<const N: usize>(
    text: &'static str,
    columns: [&str; N],
) -> impl Iterator<Item = [&'static str; N]> {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let header = cells(lines.next().expect("a table has a header"));
    assert_eq!(header, columns, "a table has other columns than its reader");
    lines.map(cells)
}

fn cells<const N: usize>(line: &'static str) -> [&'static str; N] {
    let mut cells = [""; N];
    let mut parts = line.split('\t');
    for cell in &mut cells {
        *cell = parts.next().expect("a row has a cell for every column");
    }
    assert!(
        parts.next().is_none(),
        "a row has more cells than the table has columns"
    );
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_and_the_header_are_no_rows() {
        let table = "# why\na\tb\n1\t2\n\n3\t\n";
        let read: Vec<_> = rows(table, ["a", "b"]).collect();
        assert_eq!(read, [["1", "2"], ["3", ""]]);
    }

    #[test]
    #[should_panic(expected = "other columns")]
    fn another_header_is_a_fault() {
        drop(rows("x\ty\n", ["a", "b"]));
    }

    #[test]
    #[should_panic(expected = "more cells")]
    fn a_row_too_long_is_a_fault() {
        rows("a\n1\t2\n", ["a"]).for_each(drop);
    }
}
