//! Persons who answer: as many as are wanted, each with a name and a number of her own.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// A person, and what the register says of her.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// E.164.
    pub(crate) mobile: String,
    /// Doses given of two; `None` where she is not on record.
    pub(crate) doses: Option<u8>,
}

impl Person {
    /// Number `index`. Of four, one has no dose, one has one, one has two, and one is not on record.
    pub(crate) fn new(index: usize) -> Self {
        let doses = match index % 4 {
            3 => None,
            doses => u8::try_from(doses).ok(),
        };
        Self {
            name: format!("{} {}", GIVEN[index % GIVEN.len()], family(index)),
            mobile: format!("+919{index:09}"),
            doses,
        }
    }

    /// What an answer has to say.
    pub(crate) fn status(&self) -> u8 {
        self.doses.unwrap_or(0)
    }
}

/// The persons up to `count` who are on record, as `kycvs records import` reads them.
pub(crate) fn csv(people: impl IntoIterator<Item = Person>) -> String {
    let mut text = "mobile,name,doses,required\n".to_owned();
    for person in people {
        if let Some(doses) = person.doses {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{},{},{doses},2", person.mobile, person.name);
        }
    }
    text
}

/// An address of its own for each `index`, out of 10.0.0.0/8.
pub(crate) fn address(index: usize) -> IpAddr {
    let [_, b, c, d] = u32::try_from(index % (1 << 24)).unwrap_or(0).to_be_bytes();
    Ipv4Addr::new(10, b, c, d).into()
}

/// A word that no other number has.
fn family(index: usize) -> String {
    let mut word = String::new();
    let mut rest = index + SYLLABLES.len();
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word[..1].to_uppercase() + &word[1..]
}

const GIVEN: [&str; 7] = ["Asha", "Ravi", "Meera", "Farid", "Lakshmi", "Joseph", "Gurpreet"];
const SYLLABLES: [&str; 10] = ["ka", "ni", "so", "mu", "te", "ra", "vi", "lo", "du", "pe"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_is_twice() {
        let people: Vec<Person> = (0..5_000).map(Person::new).collect();
        assert_eq!(people.iter().map(|person| &person.name).collect::<HashSet<_>>().len(), 5_000);
        assert_eq!(people.iter().map(|person| &person.mobile).collect::<HashSet<_>>().len(), 5_000);
        assert_eq!(csv(people).lines().count(), 1 + 3_750);
    }

    #[test]
    fn the_core_takes_every_name_and_number() {
        for index in [0, 1, 9, 10, 123, 9_999, 1_234_567] {
            let person = Person::new(index);
            let subject = kycvs::Subject::new(&person.name).expect("a name");
            let subject = subject.with_mobile(&person.mobile).expect("a number");
            assert_eq!(subject.mobile(), Some(&*person.mobile));
        }
    }
}
