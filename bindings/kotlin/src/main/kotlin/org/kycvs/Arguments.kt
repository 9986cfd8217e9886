package org.kycvs

/*
 * What is looked at before the first argument of a call is handed over. Rust frees what it is handed when the call is
 * made; when an argument after it throws, no call is made, and nobody would free it.
 */

/** @throws IllegalArgumentException where it is no text */
internal fun checkText(text: String?) {
    if (text != null && text.any(Char::isSurrogate)) FfiConverterString.toUtf8(text)
}

/** @throws IllegalStateException where it is one of this package's own, and closed */
internal fun checkOpen(guard: ReplayGuard?) {
    if (guard is ReplayGuardImpl) guard.callWithHandle {}
}

/** @throws IllegalStateException where it is one of this package's own, and closed */
internal fun checkOpen(signer: Signer) {
    if (signer is SignerImpl) signer.callWithHandle {}
}
