//! What a proof found: figures, and claims that hold or do not.

use std::fmt::Display;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

/// The result of one proof.
pub(crate) struct Report {
    proof: &'static str,
    database: String,
    figures: Vec<(String, String)>,
    table: Vec<Vec<String>>,
    claims: Vec<Claim>,
    notes: Vec<String>,
}

struct Claim {
    text: String,
    holds: bool,
    detail: String,
}

impl Report {
    pub(crate) fn new(proof: &'static str, database: &str) -> Self {
        Self {
            proof,
            database: database.to_owned(),
            figures: Vec::new(),
            table: Vec::new(),
            claims: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Something measured or counted.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: impl Display) {
        self.figures.push((name.into(), value.to_string()));
    }

    /// A row of the table; the first one is its head.
    pub(crate) fn row(&mut self, cells: &[&str]) {
        self.table.push(cells.iter().map(|&cell| cell.to_owned()).collect());
    }

    /// What `cargo xtask test` shows beside its count.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Something promised, and whether it was kept. The detail says what was seen.
    pub(crate) fn claim(&mut self, holds: bool, text: impl Into<String>, detail: impl Display) {
        self.claims.push(Claim { text: text.into(), holds, detail: detail.to_string() });
    }

    /// A claim that holds where nothing is found against it.
    pub(crate) fn none_of(&mut self, text: impl Into<String>, against: &[String]) {
        let detail = match against {
            [] => String::new(),
            [first, ..] => format!("{} found, the first: {first}", against.len()),
        };
        self.claim(against.is_empty(), text, detail);
    }

    /// Prints it; exit status 1 where a claim does not hold.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        if as_json {
            println!("{}", self.json());
        } else {
            self.text();
        }
        ExitCode::from(u8::from(self.claims.iter().any(|claim| !claim.holds)))
    }

    fn json(&self) -> Value {
        let figures: Map<String, Value> =
            self.figures.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let claims: Vec<Value> = self
            .claims
            .iter()
            .map(|claim| json!({ "claim": claim.text, "holds": claim.holds, "detail": claim.detail }))
            .collect();
        json!({
            "proof": self.proof,
            "database": self.database,
            "figures": figures,
            "table": self.table,
            "claims": claims,
        })
    }

    fn text(&self) {
        println!("{} ({})\n", self.proof, self.database);
        let width = self.figures.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.figures {
            println!("  {name:width$}  {value}");
        }
        if !self.table.is_empty() {
            println!();
        }
        for line in aligned(&self.table) {
            println!("  {line}");
        }
        println!();
        for claim in &self.claims {
            let word = if claim.holds { "ok    " } else { "FAILED" };
            let detail = if claim.detail.is_empty() { String::new() } else { format!(": {}", claim.detail) };
            println!("  {word}  {}{detail}", claim.text);
        }
        if !self.notes.is_empty() {
            println!();
        }
        for note in &self.notes {
            println!("note: {}: {note}", self.database);
        }
        let failed = self.claims.iter().filter(|claim| !claim.holds).count();
        println!("\n{} passed, {failed} failed", self.claims.len() - failed);
    }
}

/// The first column to the left, numbers to the right.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            table.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_claim_that_does_not_hold_is_in_the_json() {
        let mut report = Report::new("test", "sqlite");
        report.claim(true, "a", "");
        report.none_of("b", &["x".to_owned(), "y".to_owned()]);
        let json = report.json();
        assert_eq!(json["claims"][0]["holds"], true);
        assert_eq!(json["claims"][1]["holds"], false);
        assert_eq!(json["claims"][1]["detail"], "2 found, the first: x");
    }

    #[test]
    fn columns_are_aligned() {
        let table = vec![vec!["a".to_owned(), "ms".to_owned()], vec!["long".to_owned(), "10.5".to_owned()]];
        assert_eq!(aligned(&table), ["a       ms", "long  10.5"]);
    }
}
