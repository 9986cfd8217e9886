//! Each row of "Which doses are one" and "How many doses are needed" in `issuer/docs/records.md`.

use super::*;

fn shot(number: Number, when: &str, series: u32) -> Shot {
    Shot {
        when: (!when.is_empty()).then(|| When::parse(when).unwrap_or_else(|| panic!("{when}"))),
        number,
        series: (series > 0).then_some(series),
        twin: None,
    }
}

fn of(required: Option<u32>) -> Course {
    Course { required, may_lack_a_dose: false }
}

fn is(number: u32, when: &str, series: u32) -> Shot {
    shot(Number::Is(number), when, series)
}

/// Given, required, and whether the report says that it may be more; the same in any order.
#[track_caller]
fn counts(shots: &[Shot], given: u32, required: u32, is_doubted: bool) {
    let mut shots = shots.to_vec();
    for _ in 0..2 {
        let Counted { doses, doubt } =
            count(&shots, of(Some(2)), Rules::default()).expect("it can be counted");
        assert_eq!(
            (doses.given, doses.required, doubt.is_some()),
            (given, required, is_doubted),
            "{shots:?}"
        );
        shots.reverse();
    }
}

const FIRST: &str = "2021-03-01";
const SECOND: &str = "2021-06-01";

#[test]
fn doses_with_one_number_are_one() {
    counts(&[is(1, FIRST, 2), is(1, FIRST, 2)], 1, 2, false);
    counts(&[is(1, FIRST, 2), is(1, "", 2)], 1, 2, false);
    counts(&[is(1, FIRST, 2), is(1, SECOND, 2)], 1, 2, true);
    counts(&[is(1, FIRST, 2), is(2, SECOND, 2)], 2, 2, false);
    counts(&[is(1, "", 2), is(2, "", 2)], 2, 2, false);
}

#[test]
fn doses_with_different_numbers_are_one_in_doubt_if_they_may_be_of_one_day() {
    counts(&[is(1, FIRST, 2), is(2, FIRST, 2)], 1, 2, true);
    counts(&[is(1, "2021", 2), is(2, "2021", 2)], 2, 2, false);
    counts(&[is(1, FIRST, 2), is(2, "2021-03", 2)], 2, 2, false);
    counts(&[is(1, FIRST, 1), is(2, "2021-03", 3)], 1, 3, true);
    counts(&[is(1, FIRST, 0), is(2, "2021-03", 0)], 1, 2, true);
    counts(&[is(1, "2021-03", 0), is(2, "2021-04", 0)], 2, 2, false);
}

#[test]
fn doses_without_a_number_are_told_apart_by_their_day() {
    let unsaid = |when| shot(Number::Unsaid, when, 0);
    counts(&[unsaid(FIRST), unsaid(FIRST)], 1, 2, false);
    counts(&[unsaid(FIRST), unsaid("2021-03-02")], 1, 2, true);
    counts(&[unsaid(FIRST), unsaid("2021-03")], 1, 2, true);
    counts(&[unsaid(FIRST), unsaid(SECOND)], 2, 2, false);
    counts(&[unsaid(FIRST), unsaid("2021"), unsaid(SECOND)], 2, 2, true);
    counts(&[is(1, FIRST, 2), unsaid(FIRST)], 1, 2, false);
    counts(&[is(1, FIRST, 2), unsaid(SECOND)], 2, 2, false);
    counts(&[is(1, "", 2), unsaid(SECOND)], 1, 2, true);
}

#[test]
fn dose_that_may_be_any_adds_nothing_to_one_that_is_known() {
    let unclear = |when| shot(Number::Unclear, when, 0);
    counts(&[unclear("")], 1, 2, false);
    counts(&[unclear(""), unclear(SECOND)], 1, 2, true);
    counts(&[is(1, FIRST, 2), unclear("2022-01-01")], 1, 2, true);
    counts(&[unclear("2020-01-01"), is(1, FIRST, 2), is(2, SECOND, 2)], 2, 2, true);
}

#[test]
fn later_dose_alone_counts_as_one_and_is_reported() {
    counts(&[is(2, SECOND, 2)], 1, 2, true);
    counts(&[is(3, SECOND, 3), is(2, FIRST, 3)], 2, 3, true);
    counts(&[is(2, SECOND, 1)], 1, 2, true);
}

#[test]
fn complete_series_stays_complete_whatever_began_after_it() {
    let booster = "2022-01-01";
    counts(&[is(1, FIRST, 1), is(1, SECOND, 2)], 1, 1, true);
    counts(&[is(1, FIRST, 2), is(2, SECOND, 2), is(3, booster, 3)], 3, 3, false);
    counts(&[is(1, FIRST, 2), is(2, SECOND, 2), is(3, booster, 4)], 3, 2, false);
    counts(&[is(1, FIRST, 2), is(2, SECOND, 2), is(3, booster, 2)], 3, 3, false);
    counts(&[is(1, FIRST, 1), is(2, SECOND, 1)], 2, 2, false);
    counts(&[is(1, FIRST, 1), is(2, SECOND, 3)], 2, 1, false);
}

#[test]
fn shorter_series_of_the_same_injection_is_not_believed() {
    counts(&[is(1, FIRST, 2), is(1, FIRST, 1)], 1, 2, false);
    counts(&[is(1, FIRST, 2), is(1, "", 1)], 1, 2, false);
    counts(&[is(1, FIRST, 3), is(2, SECOND, 3), is(2, SECOND, 2)], 2, 3, false);
    counts(&[is(1, FIRST, 2), shot(Number::Unsaid, "2021-03", 1)], 1, 2, true);
}

#[test]
fn length_that_nobody_says_is_an_error_and_too_many_immunizations_too() {
    let unsaid = [shot(Number::Is(1), FIRST, 0)];
    assert!(count(&unsaid, of(None), Rules::default()).is_err());
    assert_eq!(count(&unsaid, of(Some(3)), Rules::default()).expect("counted").doses.required, 3);
    assert_eq!(
        count(&[], of(None), Rules::default()).expect("counted").doses,
        Doses { given: 0, required: 1 }
    );
    assert!(count(&vec![is(1, FIRST, 2); MOST_SHOTS + 1], of(None), Rules::default()).is_err());
}

#[test]
fn series_of_one_is_not_believed_beside_a_lost_dose_unless_the_operator_says_so() {
    let counted = |shots: &[Shot], required, may_lack_a_dose| {
        let counted = count(shots, Course { required, may_lack_a_dose }, Rules::default()).expect("counted");
        (counted.doses.given, counted.doses.required, counted.doubt.is_some())
    };
    let one = [is(1, FIRST, 1)];
    assert_eq!(counted(&one, None, false), (1, 1, false));
    assert_eq!(counted(&one, None, true), (1, 2, true));
    assert_eq!(counted(&one, Some(2), true), (1, 2, true));
    assert_eq!(counted(&one, Some(1), true), (1, 1, false));
    assert_eq!(counted(&[is(1, FIRST, 2), is(2, SECOND, 2)], None, true), (2, 2, false));
}
