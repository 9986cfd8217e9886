//! Multiples of one point, kept so that a multiplication is a few additions.
//!
//! A reduced scalar is written with signed digits to the base `2^w`, each from `-2^(w-1)` to `2^(w-1) - 1`, and a table holds
//! `[j * 2^(wi)]P` for every place `i` and every `j` from 1 to `2^(w-1)`. The product is the sum of one entry for each place,
//! added or subtracted, without doublings (Brickell, Gordon, `McCurley` and Wilson, EUROCRYPT '92; signed digits as in
//! Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures", section 4).
//!
//! The addresses of the entries depend on the scalar. Verification may do that because all of its inputs are public. Invariant:
//! no secret scalar comes here.

use alloc::vec::Vec;
use core::hint::black_box;
use curve25519_dalek::{edwards::EdwardsPoint, scalar::Scalar};

/// The multiples of a point `P`, which is a multiple of the base point: only the scalar modulo `L` counts.
pub(crate) struct Table {
    /// Bits of a digit, `w`.
    window: usize,
    /// Place by place, `2^(w-1)` entries each. The last place has as many entries as its digit can be large.
    entries: Vec<Entry>,
}

/// 160 bytes. The alignment keeps an entry within three cache lines.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Entry(EdwardsPoint);

/// A scalar's digits, the lowest first.
pub(crate) struct Digits {
    digits: [i32; MAX_PLACES],
    places: usize,
}

impl Table {
    /// A table of `point` with digits of `window` bits, 8 or more.
    pub(crate) fn new(point: &EdwardsPoint, window: usize) -> Self {
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

    /// How many entries a table has. `L` is a little over `2^252`, so the last digit is at most the bits above the last
    /// place, plus a carry of 1.
    fn len(window: usize) -> usize {
        let last = places(window) - 1;
        let largest_digit = (1 << (SCALAR_BITS - 1 - window * last)) + 1;
        (last << (window - 1)) + largest_digit
    }

    /// The digits of `scalar` for this table.
    pub(crate) fn digits(&self, scalar: &Scalar) -> Digits {
        Digits::new(scalar, self.window)
    }

    /// Loads the entries for `digits` into the caches together. Without it, each addition waits for its own entry.
    pub(crate) fn touch(&self, digits: &Digits) {
        for place in 0..digits.places {
            self.touch_place(place, digits);
        }
    }

    /// `sum + [scalar]P`.
    pub(crate) fn add(&self, digits: &Digits, sum: &mut EdwardsPoint) {
        for place in 0..digits.places {
            self.add_place(place, digits, sum);
        }
    }

    /// The same for many sums. It goes place by place, because all sums then use the same part of the table, and touches
    /// the entries of [`TOUCHED`] sums at a time.
    pub(crate) fn add_to_all(&self, digits: &[Digits], sums: &mut [EdwardsPoint]) {
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
        // Three bytes after the scalar: the last digits are read from four bytes too.
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

/// How many entries are loaded at a time: as many as a processor can wait for at once. Without it, 1,024 tokens under 32 keys
/// took half as long again (`cargo xtask bench peers`).
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

    /// A table for each window that the crate uses.
    fn tables() -> &'static [Table; 2] {
        static TABLES: OnceBox<[Table; 2]> = OnceBox::new();
        TABLES.get_or_init(|| Box::new([8, 12].map(|window| Table::new(&B, window))))
    }

    /// Compares the three ways to use a table with the library's multiplication.
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
    fn product_is_right_at_the_edges_of_every_digit() {
        let mut power = Scalar::ONE;
        for _ in 0..=252 {
            for scalar in [power, power - Scalar::ONE, power + Scalar::ONE, -power, Scalar::ONE - power] {
                check(&scalar);
            }
            power += power;
        }
    }

    #[test]
    fn product_is_right_for_one_repeated_byte() {
        for byte in 0..=u8::MAX {
            let mut bytes = [byte; 32];
            bytes[31] &= 0x0f;
            check(&Scalar::from_canonical_bytes(bytes).expect("below 2^252"));
        }
    }

    #[test]
    fn tables_have_the_documented_sizes() {
        let [small, large] = tables().each_ref().map(|table| size_of_val(&*table.entries));
        assert_eq!((small, large), (637_600, 6_881_600));
    }

    proptest! {
        #[test]
        fn product_is_right_for_any_scalar(bytes: [u8; 32]) {
            check(&Scalar::from_bytes_mod_order(bytes));
        }
    }
}
