//! The rules of issue and documentation (`issuer/docs/records.md`), which a test can switch off one at a time to show
//! that it would find out.

/// A rule, by its number in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A1: one dose counts once.
    OneDoseOnce,
    /// A2: only what was given counts.
    OnlyGiven,
    /// A3: the newest version decides.
    NewestVersion,
    /// A4: what is not understood changes nothing.
    NothingHalf,
    /// A5: references are local to their Bundle.
    LocalReferences,
    /// A6: the required number comes from completed doses.
    Required,
    /// A7: people who cannot be told apart are refused.
    Patients,
}

/// Which rules hold: all of them, outside of tests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    #[cfg(test)]
    pub(super) off: Option<Rule>,
}

impl Rules {
    /// Whether a rule holds.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "as in tests")]
    pub(super) fn hold(self, _: Rule) -> bool {
        true
    }

    /// Whether a rule holds.
    #[cfg(test)]
    pub(super) fn hold(self, rule: Rule) -> bool {
        self.off != Some(rule)
    }
}
