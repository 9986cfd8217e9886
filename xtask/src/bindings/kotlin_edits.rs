//! What is edited in the generated Kotlin, and why: what a call costs, what an error looks like, what is safe to do
//! with a closed object, what Java sees, and what is nobody's business but the generated code's own.

use super::edits::Edit;

const fn edit(name: &'static str, times: usize, from: &'static str, to: &'static str) -> Edit {
    Edit { name, extension: "kt", times, from, to }
}

/// All of them, in the order in which they are made. The comment above each says why it is there.
#[rustfmt::skip]
pub(super) const EDITS: &[Edit] = &[
    // The hand-written layer is compiled in explicit API mode, whose warnings are errors there, and which the generator
    // does not write for. To Java, the functions of both are those of one class.
    edit("kotlin: header", 1,
        r#"@file:Suppress("NAME_SHADOWING")"#,
        r#"@file:Suppress("NAME_SHADOWING", "NO_EXPLICIT_VISIBILITY_IN_API_MODE_WARNING", "NO_EXPLICIT_RETURN_TYPE_IN_API_MODE_WARNING")
@file:JvmName("Kycvs")
@file:JvmMultifileClass"#),

    // ---- What a call costs ----
    // A status is a JNA structure, and to make one takes as long as several calls. Calls get the address alone, of
    // memory that is used again (`CallStatuses`); a structure is made where there is an error to read.
    edit("kotlin: a call takes the status by its address", 125,
        "uniffi_out_err: UniffiRustCallStatus",
        "uniffi_out_err: Pointer"),
    edit("kotlin: the status of a call is used again", 1,
        r"callback: (UniffiRustCallStatus) -> U): U {
    var status = UniffiRustCallStatus()
    val return_value = callback(status)
    uniffiCheckCallStatus(errorHandler, status)
    return return_value
}",
        r"callback: (Pointer) -> U): U {
    val status = CallStatuses.take()
    try {
        val return_value = callback(status)
        if (status.getByte(0) != UNIFFI_CALL_SUCCESS) {
            uniffiCheckCallStatus(errorHandler, CallStatuses.read(status))
        }
        return return_value
    } finally {
        CallStatuses.give(status)
    }
}"),
    edit("kotlin: and so it is where nothing can fail", 1,
        "private inline fun <U> uniffiRustCall(callback: (UniffiRustCallStatus) -> U): U {",
        "private inline fun <U> uniffiRustCall(callback: (Pointer) -> U): U {"),
    // JNA goes through the fields of a structure by reflection. These are three numbers, at the same places on every
    // platform.
    edit("kotlin: a buffer reads and writes itself", 1,
        r"   internal fun setValue(other: RustBuffer) {
        capacity = other.capacity
        len = other.len
        data = other.data
    }
",
        r"   internal fun setValue(other: RustBuffer) {
        capacity = other.capacity
        len = other.len
        data = other.data
    }

    override fun read() = readFrom(pointer)

    internal fun readFrom(memory: Pointer) {
        capacity = memory.getLong(0)
        len = memory.getLong(8)
        data = memory.getPointer(16)
    }

    override fun write() {
        val memory = pointer
        memory.setLong(0, capacity)
        memory.setLong(8, len)
        memory.setPointer(16, data)
    }
"),
    // JNA makes the structure that a call returns, by this constructor where there is one, and otherwise copies it
    // twice. The memory is not kept: it is on the native stack.
    edit("kotlin: a buffer is returned", 1,
        "    class ByValue: RustBuffer(), Structure.ByValue\n",
        r"    class ByValue(): RustBuffer(), Structure.ByValue {
        constructor(memory: Pointer): this() {
            setAutoRead(false)
            // JNA asks for an empty one with no address.
            if (Pointer.nativeValue(memory) != 0L) readFrom(memory)
        }
    }
"),
    // By name, the field would be looked up and written by reflection. It is written with the others when it is passed.
    edit("kotlin: a buffer's length", 1,
        r#"rbuf.writeField("len", bbuf.position().toLong())"#,
        "rbuf.len = bbuf.position().toLong()"),
    // A view of native memory costs a call of its own, and what is read through it is read slowly.
    edit("kotlin: what is returned is read at once", 1,
        "        val byteBuf = rbuf.asByteBuffer()!!\n        try {",
        "        val byteBuf = ByteBuffer.wrap(rbuf.data!!.getByteArray(0, rbuf.len.toInt()))\n        try {"),
    edit("kotlin: bytes are written at once", 1,
        r"    override fun write(value: ByteArray, buf: ByteBuffer) {
        buf.putInt(value.size)
        buf.put(value)
    }
",
        r"    override fun write(value: ByteArray, buf: ByteBuffer) {
        buf.putInt(value.size)
        buf.put(value)
    }
    override fun lower(value: ByteArray): RustBuffer.ByValue {
        val rbuf = RustBuffer.alloc(allocationSize(value))
        val data = rbuf.data!!
        val isLittleEndian = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
        data.setInt(0, if (isLittleEndian) Integer.reverseBytes(value.size) else value.size)
        data.write(4, value, 0, value.size)
        return rbuf
    }
"),

    // ---- Errors ----
    // The generated message is a dump of the fields, and `cause` is left to be null.
    edit("kotlin: the exception", 1,
        "sealed class KycvsException: kotlin.Exception() {\n",
        r"sealed class KycvsException: kotlin.Exception() {
    /**
     * What it is: all that follows here.
     */
    abstract val failure: Failure

    /**
     * The stable code, such as `wrong_nonce`: the same on every platform (SPEC.md, section 11).
     */
    val code: String get() = failure.code

    /**
     * The code's number.
     */
    val number: Int get() = failure.number

    /**
     * The code's family: `unreadable`, `untrusted`, `refused`, `set_up` or `issuing`.
     */
    val family: String get() = failure.family

    /**
     * A sentence that says what to do next. It never shows a key, an opening, a name or a number.
     */
    override val message: String get() = failure.message

    /**
     * What the app's own signer or replay guard threw, where that is why.
     */
    override val cause: Throwable? get() = failure.cause

    /**
     * What else is known of why, for a developer: that the signer gave too few bytes, or that the guard is full.
     */
    val reason: String? get() = failure.reason
"),
    edit("kotlin: the exception's families", 5,
        r#"        val `failure`: Failure
        ) : KycvsException() {
        override val message
            get() = "failure=${ `failure` }"
    }"#,
        r"        override val `failure`: Failure
        ) : KycvsException()"),
    // As generated it does not compile: every exception has a `cause`.
    edit("kotlin: what a callback threw", 1,
        r#"        val `cause`: Cause
        ) : CallbackException() {
        override val message
            get() = "cause=${ `cause` }"
    }"#,
        r"        override val `cause`: Cause
        ) : CallbackException()"),
    edit("kotlin: what is known of a callback", 1,
        r#"get() = "reason=${ `reason` }""#,
        "get() = `reason`"),
    // Whatever an app's signer or replay guard throws, errors too, comes back to the app as the cause.
    edit("kotlin: a callback throws", 1,
        r#"    } catch(e: kotlin.Exception) {
        if (e is E) {
            callStatus.code = UNIFFI_CALL_ERROR
            callStatus.error_buf = lowerError(e)
        } else {
            val err = try { e.stackTraceToString() } catch(_: Throwable) { "" }
            callStatus.code = UNIFFI_CALL_UNEXPECTED_ERROR
            callStatus.error_buf = FfiConverterString.lower(err)
        }
    }"#,
        r"    } catch(e: Throwable) {
        callStatus.error_buf = lowerError(CallbackException.Failed(e) as E)
        callStatus.code = UNIFFI_CALL_ERROR
    }"),
    // To ask how large a cause is must not keep it a second time, for good.
    edit("kotlin: a cause is kept once", 1,
        r"    override fun allocationSize(value: Cause): ULong {
        val builtinValue = Causes.keep(value)
        return FfiConverterULong.allocationSize(builtinValue)
    }",
        "    override fun allocationSize(value: Cause): ULong = 8UL"),
    // Otherwise a `MalformedInputException`, which is checked and says `Input length = 1`.
    edit("kotlin: a string that is no text", 1,
        r"        return Charsets.UTF_8.newEncoder().run {
            onMalformedInput(CodingErrorAction.REPORT)
            encode(CharBuffer.wrap(value))
        }",
        r"        return Charsets.UTF_8.newEncoder().run {
            onMalformedInput(CodingErrorAction.REPORT)
            try {
                encode(CharBuffer.wrap(value))
            } catch (e: java.nio.charset.CharacterCodingException) {
                throw notText(e)
            }
        }"),
    // What was scanned comes from anybody, so that it must be a `bad_text` whatever it is.
    edit("kotlin: a scanned string that is no text", 3,
        "FfiConverterString.lower(`text`)",
        "FfiConverterString.lower(wellFormed(`text`))"),
    // What is handed over before the string that is no text is never freed. Of a person, both strings come from anybody.
    edit("kotlin: a mobile number that is no text", 1,
        "FfiConverterString.lower(`name`),\n        FfiConverterOptionalString.lower(`mobile`)",
        r"FfiConverterString.lower(`name`.also { `mobile`?.let(FfiConverterString::toUtf8) }),
        FfiConverterOptionalString.lower(`mobile`)"),

    // ---- Closed objects ----
    // The receiver of a call is kept from being freed while the call is under way, and a closed one is noticed. The
    // generator does neither for an argument, which so may be freed memory.
    edit("kotlin: an argument is open", 15,
        "return value.uniffiCloneHandle()",
        "return value.callWithHandle { it }"),
    edit("kotlin: a closed object says so", 15,
        r#"IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")"#,
        r#"IllegalStateException("this ${this.javaClass.simpleName} has been closed: make a new one")"#),
    // What is equal has the same hash.
    edit("kotlin: the hash of a presentation", 1,
        "    override fun equals(other: Any?): Boolean {\n        if (other !is Presentation) return false\n",
        r"    override fun hashCode(): Int = toBytes().contentHashCode()
    override fun equals(other: Any?): Boolean {
        if (other !is Presentation) return false
"),
    edit("kotlin: the hash of a trusted key", 1,
        "    override fun equals(other: Any?): Boolean {\n        if (other !is TrustedKey) return false\n",
        r"    override fun hashCode(): Int = keyId().hashCode()
    override fun equals(other: Any?): Boolean {
        if (other !is TrustedKey) return false
"),
    edit("kotlin: the hash of a trust store", 1,
        "    override fun equals(other: Any?): Boolean {\n        if (other !is TrustStore) return false\n",
        r"    override fun hashCode(): Int = toBytes().contentHashCode()
    override fun equals(other: Any?): Boolean {
        if (other !is TrustStore) return false
"),

    // ---- What Java sees, and lambdas ----
    edit("kotlin: a signer as a lambda", 1, "public interface Signer {", "public fun interface Signer {"),
    edit("kotlin: a replay guard as a lambda", 1,
        "public interface ReplayGuard {",
        "public fun interface ReplayGuard {"),
    // So that Java lets an implementation throw what it likes.
    edit("kotlin: what a signer may throw", 1,
        "    fun `sign`(",
        "    @Throws(Exception::class)\n    fun `sign`("),
    edit("kotlin: what a replay guard may throw", 1,
        "    fun `firstUse`(",
        "    @Throws(Exception::class)\n    fun `firstUse`("),
    edit("kotlin: static to Java", 12,
        "    @Throws(KycvsException::class) fun `",
        "    @JvmStatic @Throws(KycvsException::class) fun `"),
    edit("kotlin: an issuer with a signer, to Java", 1,
        "    @JvmStatic @Throws(KycvsException::class) fun `withSigner`",
        "    @JvmStatic @JvmOverloads @Throws(KycvsException::class) fun `withSigner`"),
    edit("kotlin: a key of a file, to Java", 1,
        "    @JvmStatic @Throws(KycvsException::class) fun `ofImported`",
        "    @JvmStatic @JvmOverloads @Throws(KycvsException::class) fun `ofImported`"),
    // Without this, Java may not catch what these throw. (A `Verifier`'s throws nothing, and an `Answer`'s, with its
    // unsigned seconds, is not to be called from Java at all: the layer has another.)
    edit("kotlin: constructors to Java", 8,
        "    constructor(`",
        "    @JvmOverloads @Throws(KycvsException::class) constructor(`"),
    edit("kotlin: a verifier to Java", 1,
        "    @JvmOverloads @Throws(KycvsException::class) constructor(`trust`",
        "    @JvmOverloads constructor(`trust`"),
    edit("kotlin: an answer to Java", 1,
        "    @JvmOverloads @Throws(KycvsException::class) constructor(`status`",
        "    @Throws(KycvsException::class) constructor(`status`"),

    // ---- The generated code's own business ----
    edit("kotlin: converters are internal", 44, "public object FfiConverter", "internal object FfiConverter"),
    edit("kotlin: what converters are is internal", 2,
        "public interface FfiConverter",
        "internal interface FfiConverter"),
    edit("kotlin: so is what callbacks are", 1,
        "public abstract class FfiConverterCallbackInterface",
        "internal abstract class FfiConverterCallbackInterface"),
    edit("kotlin: buffers are internal", 1,
        "open class RustBuffer : Structure()",
        "internal open class RustBuffer : Structure()"),
    edit("kotlin: error handlers are internal", 1,
        "\ninterface UniffiRustCallStatusErrorHandler",
        "\ninternal interface UniffiRustCallStatusErrorHandler"),
    edit("kotlin: so is the one of no error", 1,
        "\nobject UniffiNullRustCallStatusErrorHandler",
        "\ninternal object UniffiNullRustCallStatusErrorHandler"),
    edit("kotlin: and those of the exceptions", 2,
        "    companion object ErrorHandler :",
        "    internal companion object ErrorHandler :"),
    edit("kotlin: the cleaner is internal", 1,
        "\ninterface UniffiCleaner {",
        "\ninternal interface UniffiCleaner {"),
    edit("kotlin: the cleanables are private", 15, "protected val cleanable", "private val cleanable"),
    edit("kotlin: handles are private", 15, "protected val handle: Long", "private val handle: Long"),
    edit("kotlin: they are cloned here alone", 15,
        "    fun uniffiCloneHandle(): Long",
        "    internal fun uniffiCloneHandle(): Long"),
    edit("kotlin: objects of handles are made here alone", 15,
        "    constructor(withHandle: UniffiWithHandle",
        "    internal constructor(withHandle: UniffiWithHandle"),
    // Java counts an internal constructor among those that `new Subject(null)` may mean.
    edit("kotlin: and those of none nowhere", 15,
        "    constructor(noHandle: NoHandle",
        "    private constructor(noHandle: NoHandle"),
    edit("kotlin: the mark of a handle is internal", 1,
        "\nobject UniffiWithHandle",
        "\ninternal object UniffiWithHandle"),
    edit("kotlin: and that of none", 1, "\nobject NoHandle", "\ninternal object NoHandle"),
    edit("kotlin: initialization is internal", 1,
        "public fun uniffiEnsureInitialized",
        "internal fun uniffiEnsureInitialized"),
    // `AutoCloseable` is the language's own, and its `use` does not swallow what closing throws.
    edit("kotlin: objects are closed and not destroyed", 15,
        "Disposable, AutoCloseable, ",
        "AutoCloseable, "),
    edit("kotlin: that is done by closing alone", 15,
        "    override fun destroy() {",
        "    private fun destroy() {"),
    edit("kotlin: what can be destroyed is internal", 1,
        "\ninterface Disposable {",
        "\ninternal interface Disposable {"),
    edit("kotlin: and so is how", 1,
        "\ninline fun <T : Disposable?, R> T.use(",
        "\ninternal inline fun <T : Disposable?, R> T.use("),
];
