//! Counting checks: what a step's output says that it ran.

use std::ops::AddAssign;

/// How many checks ran and how they ended, and what a reader should know beside the numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Said below the step's line: limits of what was checked, measurements.
    pub(crate) notes: Vec<String>,
    /// Parts of the step that could not run. Never counted as passed.
    pub(crate) not_run: Vec<String>,
}

impl Tally {
    /// `count` checks that passed.
    pub(crate) fn passed(count: u64) -> Self {
        Self { passed: count, ..Self::default() }
    }

    /// One check.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), ..Self::default() }
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The sum of all `test result:` lines that `cargo test` printed.
    pub(crate) fn of_cargo_test(output: &str) -> Self {
        let mut tally = Self::default();
        let mut ignored = 0;
        for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
            tally.passed += number_before(line, " passed");
            tally.failed += number_before(line, " failed");
            ignored += number_before(line, " ignored");
        }
        if ignored > 0 {
            tally.notes.push(format!("{ignored} tests are marked `#[ignore]`"));
        }
        tally.read_remarks(output);
        tally
    }

    /// The last line `N passed, N failed` that a script printed, or `None` where it printed none.
    pub(crate) fn of_closing_line(output: &str) -> Option<Self> {
        let (passed, failed) = output.lines().rev().find_map(closing_line)?;
        let mut tally = Self { passed, failed, ..Self::default() };
        tally.read_remarks(output);
        Some(tally)
    }

    /// Lines `note: ...` and `not run: ...` anywhere in the output.
    fn read_remarks(&mut self, output: &str) {
        for line in output.lines() {
            if let Some(note) = line.strip_prefix("note: ") {
                self.notes.push(note.to_owned());
            } else if let Some(reason) = line.strip_prefix("not run: ") {
                self.not_run.push(reason.to_owned());
            }
        }
        self.not_run.dedup();
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.notes.extend(other.notes);
        self.not_run.extend(other.not_run);
    }
}

fn closing_line(line: &str) -> Option<(u64, u64)> {
    let (passed, rest) = line.trim().split_once(" passed, ")?;
    Some((passed.parse().ok()?, rest.strip_suffix(" failed")?.parse().ok()?))
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some((before, _)) = line.split_once(word) else { return 0 };
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn all_results_of_cargo_test_are_added_up() {
        let output = "\
running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
not run: shared data is not there
test result: FAILED. 10 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";
        let tally = Tally::of_cargo_test(output);
        assert_eq!((tally.passed, tally.failed), (12, 4));
        assert_eq!(tally.notes, ["1 tests are marked `#[ignore]`"]);
        assert_eq!(tally.not_run, ["shared data is not there"]);
    }

    #[test]
    fn a_script_is_counted_by_its_last_closing_line() {
        let output = "1 passed, 0 failed\nnote: slow\n30 passed, 2 failed\n";
        let tally = Tally::of_closing_line(output).expect("the output has a closing line");
        assert_eq!((tally.passed, tally.failed), (30, 2));
        assert_eq!(tally.notes, ["slow"]);
    }

    #[test]
    fn a_script_without_a_closing_line_has_no_count() {
        assert_eq!(Tally::of_closing_line("all good\nsome passed, none failed\n"), None);
    }
}
