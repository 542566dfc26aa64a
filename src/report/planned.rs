//! What `plan` prints for people: its tables, or its shards with what each has to copy, and what to do next.

use crate::model::counts::{counted, size};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::shown;
use crate::plan::{naming, shards};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// One line a table, then how names will look and what comes next.
#[must_use]
pub fn tables(plan: &Plan) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for planned in &plan.tables {
        table.add_row([
            right(planned.index.to_string()),
            Cell::new(shown::one_line(&planned.source.to_string())),
            right(format!("~{}", counted(planned.rows, "row"))),
            right(format!("~{}", size(planned.bytes))),
        ]);
    }
    let next = "Next: `shardferry run` copies all of it; `shardferry plan --shards N` splits it for N pods.";
    ended(plan, &table, next)
}

/// One line a shard with the range it stands for, then how names will look and what comes next.
#[must_use]
pub fn shards(plan: &Plan, count: u32) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let ranges = shards::ranges(&plan.tables, count);
    for (number, range) in (1_u32..).zip(&ranges) {
        let Some((first, last)) = range else {
            table.add_row([Cell::new(format!("shard {number}/{count}:")), Cell::new("(empty)")]);
            continue;
        };
        let of_shard: Vec<&PlannedTable> =
            plan.tables.iter().filter(|table| (first..=last).contains(&&table.index)).collect();
        table.add_row([
            Cell::new(format!("shard {number}/{count}:")),
            Cell::new(format!("--range {first}-{last}")),
            right(counted(of_shard.len() as u64, "table")),
            right(format!("~{}", counted(of_shard.iter().map(|table| table.rows).sum(), "row"))),
            right(format!("~{}", size(of_shard.iter().map(|table| table.bytes).sum()))),
        ]);
    }
    let next = format!(
        "Next, in a pod for each shard: `shardferry run --shard 1/{count}` … `shardferry run --shard {count}/{count}`\n\
         (in an Indexed Job `shardferry run --shard-count {count}`); the pod that ends last does the finish step."
    );
    ended(plan, &table, &next)
}

fn ended(plan: &Plan, table: &Table, next: &str) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    let names = naming::example(plan).map(|names| format!("{names}\n")).unwrap_or_default();
    format!("{}\n\n{names}{next}", lines.join("\n").trim_end())
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::shards::tests::plan_of;

    #[test]
    fn a_plan_is_listed_with_what_comes_next() {
        let mut plan = plan_of(&[12_500_000_000, 900_000, 0]);
        plan.tables[0].rows = 41_000_000;
        insta::assert_snapshot!("plan-tables", tables(&plan));
    }

    #[test]
    fn shards_have_their_tables_rows_and_bytes() {
        let mut plan = plan_of(&[12_500_000_000, 900_000, 0]);
        plan.tables[0].rows = 41_000_000;
        plan.tables[1].rows = 12_345;
        insta::assert_snapshot!("plan-shards", shards(&plan, 2));
        assert!(shards(&plan, 4).contains("shard 4/4:  (empty)"), "{}", shards(&plan, 4));
    }
}
