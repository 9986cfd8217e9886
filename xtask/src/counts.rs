//! What the test runners of other languages print at their end, as a [`Tally`].
//!
//! A test that was skipped is no test that passed: it is listed as not run. Each function returns `None` where the
//! runner did not come to its end.

use crate::tally::Tally;

/// `pytest`: `3 failed, 120 passed, 1 skipped, 2 warnings, 1 error in 4.33s`.
pub(crate) fn of_pytest(output: &str) -> Option<Tally> {
    output.lines().rev().find_map(|line| {
        let (counts, time) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
        time.split(' ').next()?.strip_suffix('s')?.parse::<f64>().ok()?;
        let mut tally = Tally::default();
        let mut skipped = 0;
        for part in counts.split(", ") {
            let (number, what) = part.split_once(' ')?;
            let number: u64 = number.parse().ok()?;
            match what {
                "passed" => tally.passed += number,
                // A test that was expected to fail and did not is as wrong as the other way round.
                "failed" | "error" | "errors" | "xpassed" => tally.failed += number,
                "skipped" | "xfailed" => skipped += number,
                _ => {}
            }
        }
        Some(with_skipped(tally, skipped))
    })
}

/// Maven's Surefire and Failsafe: `[INFO] Tests run: 41, Failures: 0, Errors: 0, Skipped: 0`, after lines for each
/// class which go on behind that.
pub(crate) fn of_surefire(output: &str) -> Option<Tally> {
    let mut sum: Option<(Tally, u64)> = None;
    for line in output.lines() {
        let Some((_, counts)) = line.split_once("Tests run: ") else { continue };
        let words = ["", "Failures: ", "Errors: ", "Skipped: "];
        let numbers: Vec<u64> = counts
            .split(", ")
            .zip(words)
            .filter_map(|(part, word)| part.trim().strip_prefix(word)?.parse().ok())
            .collect();
        if let ([run, failures, errors, skipped], 4) = (&numbers[..], counts.split(", ").count()) {
            let (tally, all_skipped) = sum.get_or_insert_default();
            tally.failed += failures + errors;
            tally.passed += run.saturating_sub(failures + errors + skipped);
            *all_skipped += skipped;
        }
    }
    sum.map(|(tally, skipped)| with_skipped(tally, skipped))
}

/// `swift test` with `XCTest`: a line for each test, and at the end for each suite, the outermost last,
/// `Executed 3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.001 (0.001) seconds`.
///
/// A test can have many failures, so that the tests are counted by their own lines, and the last line has to agree.
pub(crate) fn of_xctest(output: &str) -> Option<Tally> {
    let ended = |how: &str| {
        let ending = format!("' {how} (");
        output.lines().filter(|line| line.starts_with("Test Case '") && line.contains(&ending)).count() as u64
    };
    let (passed, failed, skipped) = (ended("passed"), ended("failed"), ended("skipped"));
    let executed: u64 = output.lines().rev().find_map(|line| {
        let (number, rest) = line.trim().strip_prefix("Executed ")?.split_once(' ')?;
        rest.starts_with("test").then(|| number.parse().ok())?
    })?;
    if executed != passed + failed + skipped {
        return None;
    }
    Some(with_skipped(Tally { passed, failed, ..Tally::default() }, skipped))
}

/// `node --test` with the reporter `tap`: lines `# pass 12`, `# fail 0`, `# cancelled 0`, `# skipped 0` and `# todo 0` at the
/// end, after `# tests 12`.
pub(crate) fn of_node_test(output: &str) -> Option<Tally> {
    let last = |what: &str| -> Option<u64> {
        output.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what)?.trim().parse().ok())
    };
    let (tests, passed) = (last("tests ")?, last("pass ")?);
    let (failed, skipped) = (last("fail ")? + last("cancelled ")?, last("skipped ")? + last("todo ")?);
    if tests != passed + failed + skipped {
        return None;
    }
    Some(with_skipped(Tally { passed, failed, ..Tally::default() }, skipped))
}

fn with_skipped(mut tally: Tally, skipped: u64) -> Tally {
    if skipped > 0 {
        tally.not_run.push(format!("{skipped} tests were skipped"));
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::{of_node_test, of_pytest, of_surefire, of_xctest};
    use crate::tally::Tally;

    fn numbers(tally: Option<Tally>) -> Option<(u64, u64, usize)> {
        tally.map(|tally| (tally.passed, tally.failed, tally.not_run.len()))
    }

    #[test]
    fn pytest_is_counted_by_its_last_line() {
        let counted = |text| numbers(of_pytest(text));
        assert_eq!(counted("....\n==== 2047 passed in 61.20s (0:01:01) ====\n"), Some((2047, 0, 0)));
        assert_eq!(
            counted("=== 3 failed, 120 passed, 1 skipped, 2 deselected, 1 warning, 2 errors in 4.33s ==="),
            Some((120, 5, 1))
        );
        assert_eq!(counted("120 passed in 4.33s"), Some((120, 0, 0)));
        assert_eq!(counted("== 1 passed, 1 xfailed, 1 xpassed in 0.10s =="), Some((1, 1, 1)));
        assert_eq!(counted("== no tests ran in 0.01s =="), None);
        assert_eq!(counted("INTERNALERROR> found 3 passed in a file"), None);
    }

    #[test]
    fn surefire_is_counted_once_and_not_class_by_class() {
        let text = "\
[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in org.kycvs.A
[ERROR] Tests run: 4, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.1 s <<< FAILURE! - in org.kycvs.B
[INFO] Results:
[ERROR] Tests run: 9, Failures: 1, Errors: 1, Skipped: 1
[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0
";
        assert_eq!(numbers(of_surefire(text)), Some((8, 2, 1)));
        assert_eq!(numbers(of_surefire("[INFO] BUILD SUCCESS")), None);
    }

    #[test]
    fn xctest_is_counted_by_its_tests() {
        let text = "\
Test Case 'T.testA' started at 2026-11-24 10:43:07.699
Test Case 'T.testA' passed (0.001 seconds)
Test Case 'T.testB' failed (0.0 seconds)
Test Case 'T.testSkip' skipped (0.0 seconds)
\t Executed 3 tests, with 1 test skipped and 7 failures (0 unexpected) in 0.001 (0.001) seconds
Test Suite 'All tests' failed at 2026-11-24 10:43:07.700
\t Executed 3 tests, with 1 test skipped and 7 failures (0 unexpected) in 0.001 (0.001) seconds
";
        assert_eq!(numbers(of_xctest(text)), Some((1, 1, 1)));
        let one = "Test Case '-[T.T testA]' passed (0.0 seconds).\n Executed 1 test, with 0 failures (0 unexpected)";
        assert_eq!(numbers(of_xctest(one)), Some((1, 0, 0)));
    }

    #[test]
    fn node_is_counted_by_its_last_lines() {
        let text = "ok 1 - # pass 7\n# tests 6\n# suites 0\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n";
        assert_eq!(numbers(of_node_test(text)), Some((2, 2, 1)));
        assert_eq!(numbers(of_node_test(&text.replace("tests 6", "tests 7"))), None);
        assert_eq!(numbers(of_node_test("ok 1 - broke off")), None);
    }

    #[test]
    fn an_xctest_that_crashed_has_no_count() {
        let crashed =
            "Test Case 'T.testA' passed (0.0 seconds)\nTest Case 'T.testB' started at 1\nFatal error";
        assert_eq!(of_xctest(crashed), None);
        let lost =
            "Test Case 'T.testA' passed (0.0 seconds)\n Executed 2 tests, with 0 failures (0 unexpected)";
        assert_eq!(of_xctest(lost), None);
    }
}
