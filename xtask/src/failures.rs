//! Which tests failed, and why, in the words of their runners: at the end of a log of a thousand tests stands another.

/// The lines of a log that say so, as many as `most`.
pub(crate) fn shown_in(log: &str, most: usize) -> Vec<&str> {
    let mut left = 0;
    let says_so = |line: &&str| {
        left = match lines_of_report(line) {
            Some(count) => count,
            None if ENDS.contains(&line.trim()) => 0,
            None => left.saturating_sub(1),
        };
        left > 0
    };
    log.lines().filter(says_so).take(most).collect()
}

/// Where a runner begins to tell of a test that failed: how many lines that can take.
fn lines_of_report(line: &str) -> Option<usize> {
    // Cargo: `---- the_test stdout ----`, and what the test printed.
    let of_cargo = line.starts_with("---- ") && line.ends_with(" stdout ----");
    // TAP: `not ok 7 - the test`, and the error.
    let of_tap = line.trim_start().starts_with("not ok ");
    // All in one line. pytest: `FAILED test_one.py::test - why`; this project's own: `FAILED  a claim`;
    // Maven: `[ERROR] why`; XCTest: `File.swift:7: error: why`.
    let alone = ["FAILED ", "ERROR ", "[ERROR] "].iter().any(|word| line.trim_start().starts_with(word))
        || line.contains(": error: ");
    if of_cargo || of_tap { Some(12) } else { alone.then_some(1) }
}

/// What stands behind such a report.
const ENDS: [&str; 3] = ["stack backtrace:", "failures:", "..."];

#[cfg(test)]
mod tests {
    use super::shown_in;

    #[test]
    fn a_test_of_cargo_with_what_it_printed() {
        let log = "\
test tests::good ... ok
test tests::bad ... FAILED

failures:

---- tests::bad stdout ----

thread 'tests::bad' (1) panicked at src/lib.rs:7:9:
assertion failed: false
stack backtrace:
   0: __rustc::rust_begin_unwind

failures:
    tests::bad

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/spec.rs
test bounds ... ok
";
        let shown = shown_in(log, 80);
        assert_eq!(shown[0], "---- tests::bad stdout ----");
        assert_eq!(
            shown[2..],
            ["thread 'tests::bad' (1) panicked at src/lib.rs:7:9:", "assertion failed: false"]
        );
        assert_eq!(shown_in(log, 3), shown[..3]);
    }

    #[test]
    fn tests_of_other_runners() {
        let tap =
            "ok 1 - good\n    not ok 2 - bad\n      ---\n      error: 'no'\n      ...\n    ok 3 - good\n";
        assert_eq!(shown_in(tap, 80), ["    not ok 2 - bad", "      ---", "      error: 'no'"]);
        let log = "\
FAILED tests/test_a.py::test_b - AssertionError
  ok      nothing is lost
  FAILED  nothing is counted twice
[ERROR] VerifierTest.bad:7 expected: <1> but was: <2>
/src/Tests/VerifierTests.swift:7: error: -[Tests.VerifierTests testBad] : XCTAssertEqual failed
error[E0308]: mismatched types
";
        assert_eq!(shown_in(log, 80).len(), 4);
        assert!(shown_in("12 passed in 0.3s\n", 80).is_empty());
    }
}
