//! Which tests failed, and why, in the words of their runners: at the end of a log of a thousand tests stands another.

/// The lines of a log that say so, as many as `most`.
pub(crate) fn shown_in(log: &str, most: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut left = 0;
    for line in log.lines() {
        if let Some(about) = Report::begun_by(line) {
            left = about.lines();
        } else if Report::is_over_at(line) {
            left = 0;
        }
        if left > 0 {
            left -= 1;
            found.push(line);
        }
        if found.len() == most {
            break;
        }
    }
    found
}

/// What a runner prints of a test that failed.
enum Report {
    /// `---- the_test stdout ----`, and below it what the test printed.
    Cargo,
    /// `not ok 7 - the test`, and below it the error and where it was thrown.
    Tap,
    /// `FAILED test_one.py::test - why` of pytest, `FAILED  a claim` of this project's own, `[ERROR]` of Maven,
    /// `File.swift:7: error: why` of `XCTest`.
    OneLine,
}

impl Report {
    fn begun_by(line: &str) -> Option<Self> {
        let one_line = ["FAILED ", "ERROR ", "[ERROR] "].iter().any(|word| line.starts_with(word));
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            Some(Self::Cargo)
        } else if line.trim_start().starts_with("not ok ") {
            Some(Self::Tap)
        } else if one_line || line.contains(": error: ") {
            Some(Self::OneLine)
        } else {
            None
        }
    }

    fn is_over_at(line: &str) -> bool {
        ["stack backtrace:", "failures:", "..."].contains(&line.trim())
    }

    const fn lines(&self) -> usize {
        match self {
            Self::Cargo | Self::Tap => 12,
            Self::OneLine => 1,
        }
    }
}

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
ok       nothing is lost
FAILED   nothing is counted twice
[ERROR] VerifierTest.bad:7 expected: <1> but was: <2>
/src/Tests/VerifierTests.swift:7: error: -[Tests.VerifierTests testBad] : XCTAssertEqual failed
error[E0308]: mismatched types
";
        assert_eq!(shown_in(log, 80).len(), 4);
        assert!(shown_in("12 passed in 0.3s\n", 80).is_empty());
    }
}
