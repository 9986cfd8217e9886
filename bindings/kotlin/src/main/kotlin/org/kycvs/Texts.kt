package org.kycvs

import java.nio.charset.CharacterCodingException

/**
 * A text that was scanned or received, so that it can be handed over whatever it is. A string can hold half of a
 * surrogate pair, which stands for no character; a question mark takes its place, which is in neither text form.
 */
internal fun wellFormed(text: String): String =
    if (text.none(Char::isSurrogate)) text else String(text.toByteArray(Charsets.UTF_8), Charsets.UTF_8)

/** What is thrown where the app's own string is no text: a name, say. */
internal fun notText(why: CharacterCodingException): IllegalArgumentException =
    IllegalArgumentException("the string holds half of a surrogate pair, so it is no text: look at where it was cut or read", why)
