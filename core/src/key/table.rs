//! Multiples of one point, kept so that a multiplication is a few additions.
//!
//! A reduced scalar is written with signed digits to the base `2^w`, each from `-2^(w-1)` to `2^(w-1) - 1`, and a table holds
//! `[j * 2^(wi)]P` for every place `i` and every `j` from 1 to `2^(w-1)`. The product is then the sum of one entry a place, added
//! or taken away, with no doubling in between (Brickell, Gordon, `McCurley` and Wilson, EUROCRYPT '92; with signed
//! digits as in Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures", section 4).
//!
//! What is looked up depends on the scalar. That is right for signatures that are checked, where everything is public;
//! nothing secret may come here.

use alloc::vec::Vec;
use core::hint::black_box;
use curve25519_dalek::{edwards::EdwardsPoint, scalar::Scalar};

/// `P` is a multiple of the base point, so that only the scalar modulo `L` counts.
pub(super) struct Table {
    /// Bits of a digit, `w`.
    window: usize,
    /// Place by place, `2^(w-1)` each; the last place has as many as its digit can be large.
    entries: Vec<Entry>,
}

/// 160 bytes, so aligned that three lines of a cache hold it and never four.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Entry(EdwardsPoint);

/// A scalar's digits, the lowest first.
pub(super) struct Digits {
    digits: [i32; MAX_PLACES],
    places: usize,
}

impl Table {
    /// A table of `point` with digits of `window` bits, 8 or more.
    pub(super) fn new(point: &EdwardsPoint, window: usize) -> Self {
        let mut entries = Vec::with_capacity(Self::len(window));
        let mut unit = *point;
        while entries.len() < Self::len(window) {
            let in_place = (Self::len(window) - entries.len()).min(1 << (window - 1));
            let mut multiple = unit;
            entries.push(Entry(multiple));
            for _ in 1..in_place {
                multiple += unit;
                entries.push(Entry(multiple));
            }
            unit = multiple + multiple;
        }
        Self { window, entries }
    }

    /// How many entries there are. `L` is a little over `2^252`, so that the last digit is at most its bits above the
    /// last place, and 1 that is carried.
    fn len(window: usize) -> usize {
        let last = places(window) - 1;
        let largest_digit = (1 << (SCALAR_BITS - 1 - window * last)) + 1;
        (last << (window - 1)) + largest_digit
    }

    /// The digits of `scalar` for this table.
    pub(super) fn digits(&self, scalar: &Scalar) -> Digits {
        Digits::new(scalar, self.window)
    }

    /// Brings the entries for `digits` nearer, all at once, where the additions would wait for one after the other.
    pub(super) fn touch(&self, digits: &Digits) {
        for place in 0..digits.places {
            self.touch_place(place, digits);
        }
    }

    /// `sum + [scalar]P`.
    pub(super) fn add(&self, digits: &Digits, sum: &mut EdwardsPoint) {
        for place in 0..digits.places {
            self.add_place(place, digits, sum);
        }
    }

    /// The same for many sums: place by place, so that what a place looks up is near, and for a few at a time nearer still.
    pub(super) fn add_to_all(&self, digits: &[Digits], sums: &mut [EdwardsPoint]) {
        for place in 0..places(self.window) {
            for (digits, sums) in digits.chunks(TOUCHED).zip(sums.chunks_mut(TOUCHED)) {
                for digits in digits {
                    self.touch_place(place, digits);
                }
                for (digits, sum) in digits.iter().zip(sums) {
                    self.add_place(place, digits, sum);
                }
            }
        }
    }

    fn touch_place(&self, place: usize, digits: &Digits) {
        if let Some(entry) = self.entry(place, digits.digits[place]) {
            black_box(*entry);
        }
    }

    fn add_place(&self, place: usize, digits: &Digits, sum: &mut EdwardsPoint) {
        let digit = digits.digits[place];
        if let Some(entry) = self.entry(place, digit) {
            if digit > 0 {
                *sum += &entry.0;
            } else {
                *sum -= &entry.0;
            }
        }
    }

    fn entry(&self, place: usize, digit: i32) -> Option<&Entry> {
        let nth = (digit.unsigned_abs() as usize).checked_sub(1)?;
        Some(&self.entries[(place << (self.window - 1)) + nth])
    }
}

impl Digits {
    fn new(scalar: &Scalar, window: usize) -> Self {
        // Three bytes behind the scalar, so that every digit lies in four bytes that are there.
        let mut bytes = [0; 35];
        bytes[..32].copy_from_slice(scalar.as_bytes());
        let mut digits = [0; MAX_PLACES];
        let places = places(window);
        let mut carry = 0;
        for (place, digit) in digits[..places].iter_mut().enumerate() {
            let bit = place * window;
            let (four, _) = bytes[bit / 8..].as_chunks::<4>();
            let above = u32::from_le_bytes(four[0]) >> (bit % 8);
            let unsigned = (above & ((1 << window) - 1)).cast_signed() + carry;
            carry = (unsigned + (1 << (window - 1))) >> window;
            *digit = unsigned - (carry << window);
        }
        Self { digits, places }
    }
}

const fn places(window: usize) -> usize {
    SCALAR_BITS.div_ceil(window)
}

/// How many entries are brought nearer at a time: as many as a processor can wait for at once. Without, 1,024 tokens under 32
/// keys took half as long again.
const TOUCHED: usize = 8;

/// A reduced scalar is below `L`, which has 253 bits.
const SCALAR_BITS: usize = 253;

/// Of digits of eight bits.
const MAX_PLACES: usize = places(8);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{boxed::Box, vec};
    use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT as B, traits::Identity};
    use once_cell::race::OnceBox;
    use proptest::prelude::*;

    /// One for each window that is used.
    fn tables() -> &'static [Table; 2] {
        static TABLES: OnceBox<[Table; 2]> = OnceBox::new();
        TABLES.get_or_init(|| Box::new([8, 12].map(|window| Table::new(&B, window))))
    }

    /// Through all three ways into the table, against the library's own multiplication.
    fn check(scalar: &Scalar) {
        for table in tables() {
            let expected = B * scalar;
            let digits = table.digits(scalar);
            table.touch(&digits);
            let mut sum = EdwardsPoint::identity();
            table.add(&digits, &mut sum);
            assert_eq!(sum, expected, "{scalar:?}, window {}", table.window);
            let mut sums = vec![EdwardsPoint::identity(), B];
            table.add_to_all(&[table.digits(scalar), digits], &mut sums);
            assert_eq!(sums, [expected, expected + B], "{scalar:?}, window {}", table.window);
        }
    }

    #[test]
    fn the_edges_of_every_digit() {
        let mut power = Scalar::ONE;
        for _ in 0..=252 {
            for scalar in [power, power - Scalar::ONE, power + Scalar::ONE, -power, Scalar::ONE - power] {
                check(&scalar);
            }
            power += power;
        }
    }

    #[test]
    fn scalars_of_one_byte_repeated() {
        for byte in 0..=u8::MAX {
            let mut bytes = [byte; 32];
            bytes[31] &= 0x0f;
            check(&Scalar::from_canonical_bytes(bytes).expect("below 2^252"));
        }
    }

    #[test]
    fn sizes_are_as_documented() {
        let [small, large] = tables().each_ref().map(|table| size_of_val(&*table.entries));
        assert_eq!((small, large), (637_600, 6_881_600));
    }

    proptest! {
        #[test]
        fn any_scalar(bytes: [u8; 32]) {
            check(&Scalar::from_bytes_mod_order(bytes));
        }
    }
}
