//! Which differences between a typed name and a name in the register the look-up forgives.
//!
//! Both names are in the core's normal form, so case, dots and spaces are equal already. Two more differences are forgiven,
//! because no two people on one number differ only by them: the place of initials, and how "Mohammed" is spelled. Every
//! other difference can be another person of the family. A difference that is not forgiven costs the person one correction;
//! one that is forgiven wrongly signs somebody else's status. `issuer/docs/names.md` shows operators the same examples.

use kycvs::Zeroizing;

/// Spellings of one given name that is abbreviated in most documents. A spelling belongs to one script: nothing is
/// transliterated.
const SPELLINGS: [&[&str]; 2] = [
    &[
        "mohammed", "md", "mohamad", "mohamed", "mohammad", "mohd", "muhamad", "muhamed", "muhammad",
        "muhammed",
    ],
    &["मोहम्मद", "मो", "मुहम्मद"],
];

/// A normalised name, as the look-up compares it. Wiped when it is dropped.
#[derive(PartialEq, Eq)]
pub(super) struct Comparable {
    /// Words of one letter, in their order.
    initials: Zeroizing<String>,
    /// All other words, in their order, with a space after each.
    words: Zeroizing<String>,
}

impl Comparable {
    /// `None` if the name has no word of two letters: initials name nobody.
    pub(super) fn new(normalised: &str) -> Option<Self> {
        // "md" becomes "mohammed" and a space. With room for that, growing leaves no copies behind.
        let room = || Zeroizing::new(String::with_capacity(normalised.len() * 5));
        let (mut initials, mut words) = (room(), room());
        for word in normalised.split(' ') {
            if is_initial(word) {
                initials.push_str(word);
            } else {
                words.push_str(spelling(word));
                words.push(' ');
            }
        }
        (!words.is_empty()).then_some(Self { initials, words })
    }
}

/// A name as the look-up compares it, as one text: two names of one number with the same are one person's.
pub(super) fn form(normalised: &str) -> String {
    Comparable::new(normalised)
        .map_or_else(|| normalised.to_owned(), |name| format!("{}/{}", *name.initials, *name.words))
}

/// A single letter. An initial that a script writes with several ("एस") keeps its place.
fn is_initial(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

fn spelling(word: &str) -> &str {
    let group = SPELLINGS.iter().find(|group| group.contains(&word));
    group.and_then(|group| group.first()).copied().unwrap_or(word)
}

/// Whether another name can have the same [form].
pub(super) fn has_others(normalised: &str) -> bool {
    let is_open = |word: &str| is_initial(word) || SPELLINGS.iter().any(|group| group.contains(&word));
    normalised.split(' ').any(is_open)
}

/// Those of `records` whose name is as good as the typed one.
pub(super) fn matches<'a, T>(
    typed: &str,
    records: impl IntoIterator<Item = (&'a str, T)>,
) -> impl Iterator<Item = T> {
    let typed = Comparable::new(typed);
    let is_match = move |name: &str| typed.is_some() && Comparable::new(name) == typed;
    records.into_iter().filter(move |(name, _)| is_match(name)).map(|(_, record)| record)
}

/// The only one of `records` whose name is as good as the typed one. `None` if there is none, or more than one: nobody can
/// tell then which of them is meant.
pub(super) fn only_match<'a, T>(typed: &str, records: impl IntoIterator<Item = (&'a str, T)>) -> Option<T> {
    let mut matches = matches(typed, records);
    let found = matches.next()?;
    matches.next().is_none().then_some(found)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kycvs::Subject;

    /// A row of the table in the document for operators.
    pub(in super::super) struct Example {
        /// The names in the register, on one number.
        pub(in super::super) register: Vec<&'static str>,
        pub(in super::super) typed: &'static str,
        /// Which of the register's names is found.
        pub(in super::super) found: Option<&'static str>,
    }

    pub(in super::super) fn examples() -> Vec<Example> {
        let document = include_str!("../../docs/names.md");
        let rows = document.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [register, typed, found, _why] = cells[..] else { panic!("four cells: {row}") };
            let found = Some(found).filter(|found| *found != "no record");
            Example { register: register.split(", ").collect(), typed, found }
        })
        .collect()
    }

    fn normalised(name: &str) -> String {
        Subject::new(name).expect("a name").name().to_owned()
    }

    fn match_each_other(one: &str, other: &str) -> bool {
        let [one, other] = [one, other].map(normalised);
        let [there, back] = [(&one, &other), (&other, &one)]
            .map(|(typed, record)| only_match(typed, [(record.as_str(), ())]).is_some());
        assert_eq!(there, back, "{one} {other}");
        there
    }

    #[test]
    fn matching_does_not_depend_on_which_of_two_names_was_typed() {
        let names: Vec<_> =
            examples().iter().flat_map(|example| [example.register[0], example.typed]).collect();
        for one in &names {
            for other in &names {
                match_each_other(one, other);
            }
        }
    }

    #[test]
    fn a_word_or_initial_that_is_missing_changed_or_added_is_not_forgiven() {
        for name in ["Asha R. Verma", "S. Ramesh", "Md. Arif Khan", "A.P.J. Abdul Kalam", "मीरा के वर्मा"]
        {
            let whole = normalised(name);
            let words: Vec<&str> = whole.split(' ').collect();
            for at in 0..words.len() {
                let mut without = words.clone();
                without.remove(at);
                assert!(!match_each_other(name, &without.join(" ")), "{without:?}");
                for another in ["z", "zoya"] {
                    let mut changed = words.clone();
                    changed[at] = another;
                    assert!(!match_each_other(name, &changed.join(" ")), "{changed:?}");
                    let mut more = words.clone();
                    more.insert(at, another);
                    assert!(!match_each_other(name, &more.join(" ")), "{more:?}");
                }
            }
        }
    }

    #[test]
    fn full_words_in_another_order_are_not_forgiven() {
        assert!(!match_each_other("Ramesh Suresh", "Suresh Ramesh"));
        assert!(match_each_other("K Ramesh Suresh", "Ramesh Suresh K"));
    }

    #[test]
    fn every_spelling_is_in_normal_form_and_stands_for_the_first_of_its_group() {
        for group in SPELLINGS {
            for word in group {
                assert_eq!(normalised(word), *word);
                assert!(match_each_other(word, group[0]));
                assert!(has_others(word) && has_others("a asha") && !has_others("asha verma"));
            }
        }
        assert!(!match_each_other("मो", "Md"), "nothing is transliterated");
    }
}
