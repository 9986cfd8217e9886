//! How many doses a person's Immunizations prove, and of how many. `issuer/docs/records.md` has the rules and reasons.
//!
//! Invariant: the number of doses is the size of a set of Immunizations, and any two in it are certainly different doses.
//! So it is never more than the person was given, however the others are understood.

use super::{
    rules::{Rule, Rules},
    when::When,
};
use crate::records::{
    Doses,
    import::{MOST_DOSES, Reason},
};

/// So many Immunizations of one person are compared.
pub(super) const MOST_SHOTS: usize = 256;

/// Which dose of its series an Immunization says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Number {
    Is(u32),
    /// Nothing is said.
    Unsaid,
    /// Something is said that is not understood: it may be any of them.
    Unclear,
}

/// A dose as one Immunization has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Shot {
    pub(super) when: Option<When>,
    pub(super) number: Number,
    /// How many doses it says its series has.
    pub(super) series: Option<u32>,
    /// Those with one number here have one id, in two sources.
    pub(super) twin: Option<u32>,
}

/// A person's doses, and whether the person may have more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) doses: Doses,
    pub(super) doubt: Option<&'static str>,
}

/// The facts about a person's course beside the Immunizations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// How many doses make it complete if no Immunization says it.
    pub(super) required: Option<u32>,
    /// Whether the source has a dose, and nobody knows whose it is.
    pub(super) may_lack_a_dose: bool,
}

/// Counts the completed doses of one person.
///
/// # Errors
/// If nobody says how many doses the course has, or there are too many Immunizations.
pub(super) fn count(shots: &[Shot], of: Course, rules: Rules) -> Result<Counted, Reason> {
    let required = of.required;
    if shots.is_empty() {
        return Ok(Counted { doses: Doses { given: 0, required: required.unwrap_or(1) }, doubt: None });
    }
    if shots.len() > MOST_SHOTS {
        return Err("the person has more than 256 Immunizations: correct that at its source".into());
    }
    let lone = of.is_in_doubt().then(|| shots.iter().copied().map(Shot::or_of_two).collect::<Vec<_>>());
    let is_lone_doubted = lone.as_ref().is_some_and(|lone| lone != shots);
    let shots = lone.as_deref().unwrap_or(shots);
    let known = if rules.hold(Rule::OneDoseOnce) { different(shots) } else { shots.iter().collect() };
    let given = u32::try_from(known.len()).unwrap_or(MOST_DOSES).min(MOST_DOSES);
    let required = course(shots, given, rules).or(required).ok_or(
        "no Immunization says how many doses the course has (seriesDoses): say it for all with `--required`",
    )?;
    let lone = "a dose says that it is the only one of its course; as a dose of this source belongs to nobody known, two \
                are required. If one dose is a course here, say `--required 1`";
    let doubt = is_lone_doubted.then_some(lone).or_else(|| doubt(shots, &known));
    Ok(Counted { doses: Doses { given, required }, doubt })
}

impl Course {
    /// Whether a series of one dose is not believed: the dose that is lost may be the same person's, and name a longer
    /// one. An operator who says that one dose is a course knows better.
    fn is_in_doubt(self) -> bool {
        self.may_lack_a_dose && self.required != Some(1)
    }
}

impl Shot {
    /// Whether both are one dose beyond doubt.
    fn is_surely(&self, other: &Self) -> bool {
        let same_day = self.when.zip(other.when).map(|(one, other)| one.is_surely(other));
        match (self.number, other.number) {
            (Number::Is(one), Number::Is(other)) => one == other && same_day != Some(false),
            (Number::Unclear, _) | (_, Number::Unclear) => false,
            _ => same_day == Some(true),
        }
    }

    fn is_twin(&self, other: &Self) -> bool {
        self.twin.is_some() && self.twin == other.twin
    }

    /// Whether both may be one dose.
    fn may_be(&self, other: &Self) -> bool {
        if self.is_twin(other) {
            return true;
        }
        match (self.number, other.number) {
            (Number::Unclear, _) | (_, Number::Unclear) => true,
            (Number::Is(one), Number::Is(two)) => one == two || self.contradicts(other),
            _ => self.may_be_one_injection(other),
        }
    }

    /// Whether one of two different numbers may be wrong. Nobody gets two doses on one day; and two sources that do not
    /// agree how long the series is may number one injection differently.
    fn contradicts(&self, other: &Self) -> bool {
        let is_one_schedule = self.series.is_some() && self.series == other.series;
        self.when
            .zip(other.when)
            .is_some_and(|(one, other)| one.is_surely(other) || !is_one_schedule && one.overlaps(other))
    }

    /// Whether both may be one injection, whatever their numbers say.
    fn may_be_one_injection(&self, other: &Self) -> bool {
        self.when.zip(other.when).is_none_or(|(one, other)| one.may_be(other))
    }

    /// Whether it was another injection, and an earlier one. A later dose of a shorter series is a booster, or another
    /// source says of the same series that it is shorter.
    fn is_surely_before(&self, other: &Self) -> bool {
        let is_before = self.when.zip(other.when).is_some_and(|(one, other)| one.is_before(other));
        is_before && !self.may_be_one_injection(other) && !self.is_twin(other)
    }

    /// As of a series of two if it says that its series has one.
    fn or_of_two(self) -> Self {
        Self { series: self.series.map(|series| series.max(2)), ..self }
    }

    /// How many doses its series has at least: a third dose of two has at least three.
    fn series(&self) -> Option<u32> {
        let number = if let Number::Is(number) = self.number { Some(number) } else { None };
        self.series.map(|series| series.max(number.unwrap_or(0)))
    }
}

/// Immunizations that are certainly different doses. Two orders are tried, and the larger set is taken.
fn different(shots: &[Shot]) -> Vec<&Shot> {
    let mut by_end: Vec<_> = shots.iter().collect();
    by_end.sort_by_key(|shot| (shot.when.is_none(), **shot));
    let mut by_number = by_end.clone();
    by_number.sort_by_key(|shot| (shot.number, shot.when.is_none(), shot.when));
    let [one, other] = [by_end, by_number].map(|order| {
        order.into_iter().fold(Vec::new(), |mut known: Vec<&Shot>, shot| {
            if !known.iter().any(|known| known.may_be(shot)) {
                known.push(shot);
            }
            known
        })
    });
    if other.len() > one.len() { other } else { one }
}

/// How many doses make the course complete, by what the given ones say. A series that is complete by itself stays so,
/// whatever began after it.
fn course(shots: &[Shot], given: u32, rules: Rules) -> Option<u32> {
    let longest = shots.iter().filter_map(Shot::series).max()?;
    if given >= longest {
        return Some(longest);
    }
    let is_complete = |length: &u32| {
        let of_it: Vec<_> = shots
            .iter()
            .filter(|shot| shot.series() == Some(*length))
            .filter(|shot| {
                !rules.hold(Rule::Required)
                    || shot.number != Number::Unclear
                        && shots
                            .iter()
                            .filter(|other| other.series() > Some(*length))
                            .all(|longer| shot.is_surely_before(longer))
            })
            .copied()
            .collect();
        different(&of_it).len() as u64 >= u64::from(*length)
    };
    (1..longest).rev().find(is_complete).or(Some(longest))
}

/// Why the count may be lower than what was given.
fn doubt(shots: &[Shot], known: &[&Shot]) -> Option<&'static str> {
    if shots.iter().any(|shot| !known.iter().any(|known| *known == shot || known.is_surely(shot))) {
        return Some(
            "the person may have more doses than are counted: one whose date or number is coarse or contradicts \
             another was taken for a dose that is known",
        );
    }
    let highest = shots
        .iter()
        .filter_map(|shot| if let Number::Is(number) = shot.number { Some(number) } else { None });
    (highest.max().unwrap_or(0) as usize > known.len()).then_some(
        "the person has a later dose of which the earlier ones are not in the files: only known doses count",
    )
}

#[cfg(test)]
mod tests;
