//! Bytes that the app hands over.

use std::ops::Deref;

use uniffi::{
    Lift, MetadataBuffer, RustBuffer, TypeId,
    deps::anyhow::{Result, ensure},
};
use zeroize::Zeroizing;

/// Bytes from the app, where they arrived. They are wiped when they are dropped, because a seed, a passphrase or an opening
/// may be in them; uniffi's own `Vec<u8>` would be a copy, and what it was made of would stay behind.
///
/// To Kotlin and Swift it is what `Vec<u8>` is: `ByteArray` and `Data`.
pub struct Bytes(Zeroizing<Vec<u8>>);

/// The length, which stands before the bytes.
const LENGTH: usize = 4;

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0[LENGTH..]
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        let mut buffer = Vec::with_capacity(LENGTH + bytes.len());
        buffer.extend_from_slice(&[0; LENGTH]);
        buffer.extend_from_slice(bytes);
        Self(Zeroizing::new(buffer))
    }
}

// SAFETY: `uniffi` asks for `unsafe` because what is read here has to be what the generated code writes. It writes what it
// writes for `Vec<u8>`, as `TypeId` below tells it to: the length as a big-endian `i32`, then the bytes.
unsafe impl<UT> Lift<UT> for Bytes {
    type FfiType = RustBuffer;

    fn try_lift(buffer: RustBuffer) -> Result<Self> {
        let buffer = Zeroizing::new(buffer.destroy_into_vec());
        let mut rest = buffer.as_slice();
        let length = length(&mut rest)?;
        ensure!(rest.len() == length, "the bytes are not as many as they are said to be");
        Ok(Self(buffer))
    }

    fn try_read(buffer: &mut &[u8]) -> Result<Self> {
        let length = length(buffer)?;
        let (bytes, rest) = buffer
            .split_at_checked(length)
            .ok_or_else(|| uniffi::deps::anyhow::anyhow!("the bytes are fewer than they are said to be"))?;
        *buffer = rest;
        Ok(bytes.into())
    }
}

impl<UT> TypeId<UT> for Bytes
where
    Vec<u8>: TypeId<UT>,
{
    const TYPE_ID_META: MetadataBuffer = <Vec<u8> as TypeId<UT>>::TYPE_ID_META;
}

fn length(buffer: &mut &[u8]) -> Result<usize> {
    Ok(usize::try_from(<i32 as uniffi::FfiConverter<crate::UniFfiTag>>::try_read(buffer)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UniFfiTag;

    fn lifted(buffer: &[u8]) -> Result<Bytes> {
        <Bytes as Lift<UniFfiTag>>::try_lift(RustBuffer::from_vec(buffer.to_vec()))
    }

    #[test]
    fn what_is_written_for_a_vec_is_read() {
        for bytes in [&[][..], &[7], &[1, 2, 3, 4, 5]] {
            let mut buffer = Vec::new();
            <Vec<u8> as uniffi::Lower<UniFfiTag>>::write(bytes.to_vec(), &mut buffer);
            assert_eq!(&*lifted(&buffer).expect("whole"), bytes);

            buffer.push(9);
            let mut rest = buffer.as_slice();
            let read = <Bytes as Lift<UniFfiTag>>::try_read(&mut rest).expect("whole");
            assert_eq!((&*read, rest), (bytes, &[9][..]));
        }
    }

    #[test]
    fn a_wrong_length_is_an_error() {
        let too_long = [0, 0, 0, 3, 1, 2];
        let negative = [0xff, 0xff, 0xff, 0xff, 1];
        for buffer in [&[][..], &[0, 0, 0], &too_long, &negative] {
            assert!(lifted(buffer).is_err(), "{buffer:?}");
            assert!(<Bytes as Lift<UniFfiTag>>::try_read(&mut { buffer }).is_err(), "{buffer:?}");
        }
        assert!(lifted(&[0, 0, 0, 1, 1, 2]).is_err());
    }
}
