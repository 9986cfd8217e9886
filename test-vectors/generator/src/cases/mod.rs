//! The cases, a module for each theme. Each function returns its cases in the order of the file.

use super::model::{KeyCase, SubjectCase, TextCase, VerifyCase};

mod bounds;
mod clock;
mod encoding;
mod envelope;
mod items;
mod key_containers;
mod key_points;
mod key_structures;
mod mobiles;
mod names;
mod policy;
mod precedence;
mod scrypt_work;
mod secret_keys;
mod set_up;
mod shape;
mod shape_claims;
mod signature;
mod signed_bytes;
mod specification;
mod subjects;
mod texts;
mod truncated;
mod trust;
mod valid;

pub(super) fn valid() -> Vec<VerifyCase> {
    [
        valid::cases(),
        bounds::valid(),
        signature::valid(),
        trust::valid(),
        clock::valid(),
        policy::valid(),
        subjects::valid(),
    ]
    .concat_all()
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    [
        set_up::cases(),
        bounds::too_large(),
        truncated::cases(),
        items::cases(),
        encoding::cases(),
        envelope::cases(),
        precedence::cases(),
        shape::cases(),
        shape_claims::cases(),
        bounds::invalid(),
        signature::invalid(),
        signed_bytes::cases(),
        trust::invalid(),
        clock::invalid(),
        policy::invalid(),
        subjects::invalid(),
    ]
    .concat_all()
}

pub(super) fn subjects() -> Vec<SubjectCase> {
    [names::cases(), mobiles::cases()].concat_all()
}

pub(super) fn texts() -> Vec<TextCase> {
    texts::cases()
}

pub(super) fn keys() -> Vec<KeyCase> {
    [
        key_points::cases(),
        key_containers::cases(),
        secret_keys::cases(),
        scrypt_work::cases(),
        key_structures::cases(),
    ]
    .concat_all()
}

/// Joins lists whose items cannot be copied.
trait ConcatAll<T> {
    fn concat_all(self) -> Vec<T>;
}

impl<T, const N: usize> ConcatAll<T> for [Vec<T>; N] {
    fn concat_all(self) -> Vec<T> {
        self.into_iter().flatten().collect()
    }
}
