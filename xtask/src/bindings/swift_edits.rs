//! What is edited in the generated Swift, and why: one list for each reason.
//!
//! An edit applies where the one before it has left the text. Where uniffi writes something new, the edit that no longer
//! finds its text says so; where the foreign surface has grown, it is a count that has to be put right.

use super::edits::Edit;

/// All of them, in the order in which they are made.
pub(super) const EDITS: &[&[Edit]] = &[
    HELPERS,
    TYPED_ERRORS,
    CLOSED_CLASSES,
    CLOSED_VALUES,
    NO_MOCK_PROTOCOLS,
    INITIALIZERS,
    PROPERTIES,
    STATIC_PROPERTIES,
    LABELS,
    WORDS,
    TIMES,
    HEADER,
];

/// One edit of `Kycvs.swift`.
const fn edit(name: &'static str, times: usize, from: &'static str, to: &'static str) -> Edit {
    Edit { name, extension: "swift", times, from, to }
}

/// Crossing the boundary: without needless copies, and with what the app threw as the cause of what follows.
const HELPERS: &[Edit] = &[
    // `Data` over foreign memory costs an allocation, and each `copyBytes` of it a dozen calls.
    edit(
        "a reader over Rust's own memory",
        1,
        "fileprivate extension Data {
    init(rustBuffer: RustBuffer) {
        self.init(
            bytesNoCopy: rustBuffer.data!,
            count: Int(rustBuffer.len),
            deallocator: .none
        )
    }
}
",
        "/// Reads what Rust wrote, in the memory where it wrote it. It is good as long as the buffer is.
struct RustReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    fileprivate init(_ buffer: RustBuffer) {
        bytes = UnsafeRawBufferPointer(start: buffer.data, count: Int(buffer.len))
    }

    fileprivate var hasRemaining: Bool { offset < bytes.count }

    fileprivate mutating func next(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else {
            throw UniffiInternalError.bufferOverflow
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset ..< offset + count])
    }
}
",
    ),
    edit(
        "no reader over `Data`",
        1,
        "fileprivate func createReader(data: Data) -> (data: Data, offset: Data.Index) {
    (data: data, offset: 0)
}

",
        "",
    ),
    edit(
        "integers from Rust's own memory",
        1,
        "    let range = reader.offset..<reader.offset + MemoryLayout<T>.size
    guard reader.data.count >= range.upperBound else {
        throw UniffiInternalError.bufferOverflow
    }
    if T.self == UInt8.self {
        let value = reader.data[reader.offset]
        reader.offset += 1
        return value as! T
    }
    var value: T = 0
    let _ = withUnsafeMutableBytes(of: &value, { reader.data.copyBytes(to: $0, from: range)})
    reader.offset = range.upperBound
    return value.bigEndian
",
        "    T(bigEndian: try reader.next(MemoryLayout<T>.size).loadUnaligned(as: T.self))
",
    ),
    edit(
        "bytes from Rust's own memory",
        1,
        "count: Int) throws -> Array<UInt8> {
    let range = reader.offset..<(reader.offset+count)
    guard reader.data.count >= range.upperBound else {
        throw UniffiInternalError.bufferOverflow
    }
    var value = [UInt8](repeating: 0, count: count)
    value.withUnsafeMutableBufferPointer({ buffer in
        reader.data.copyBytes(to: buffer, from: range)
    })
    reader.offset = range.upperBound
    return value
}
",
        "count: Int) throws -> UnsafeRawBufferPointer {
    try reader.next(count)
}
",
    ),
    edit(
        "whether all is read",
        1,
        "    return reader.offset < reader.data.count
",
        "    return reader.hasRemaining
",
    ),
    edit("every converter reads so", 56, "(data: Data, offset: Data.Index)", "RustReader"),
    // Bytes are the argument of each verification: into Rust's buffer at once, not by way of two arrays.
    edit(
        "bytes go straight into a buffer of Rust's",
        1,
        "fileprivate struct FfiConverterData: FfiConverterRustBuffer {
    typealias SwiftType = Data
",
        "fileprivate struct FfiConverterData: FfiConverterRustBuffer {
    typealias SwiftType = Data

    static func lower(_ value: Data) -> RustBuffer {
        let prefix = MemoryLayout<Int32>.size
        let size = UInt64(value.count + prefix)
        var buffer = try! rustCall { ffi_kycvs_ffi_rustbuffer_alloc(size, $0) }
        let bytes = UnsafeMutableRawBufferPointer(start: buffer.data, count: prefix + value.count)
        bytes.storeBytes(of: Int32(value.count).bigEndian, as: Int32.self)
        value.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: bytes[prefix...]))
        buffer.len = size
        return buffer
    }
",
    ),
    // `utf8CString` is a copy.
    edit(
        "a string's own bytes go to Rust",
        1,
        "        return value.utf8CString.withUnsafeBufferPointer { ptr in
            // The swift string gives us int8_t, we want uint8_t.
            ptr.withMemoryRebound(to: UInt8.self) { ptr in
                // The swift string gives us a trailing null byte, we don't want it.
                let buf = UnsafeBufferPointer(rebasing: ptr.prefix(upTo: ptr.count - 1))
                return RustBuffer.from(buf)
            }
        }
",
        "        var value = value
        return value.withUTF8 { RustBuffer.from($0) }
",
    ),
    // Any error at all, so that an app need not know of `CallbackError`. A description of it would be lost half-way.
    edit(
        "what the app throws is the cause",
        1,
        "        callStatus.pointee.errorBuf = lowerError(error)
    } catch {
        callStatus.pointee.code = CALL_UNEXPECTED_ERROR
        callStatus.pointee.errorBuf = FfiConverterString.lower(String(describing: error))
    }
",
        "        callStatus.pointee.errorBuf = lowerError(error)
    } catch {
        callStatus.pointee.code = CALL_ERROR
        callStatus.pointee.errorBuf = FfiConverterTypeCallbackError_lower(.Failed(cause: Cause(error)))
    }
",
    ),
    edit("`Cause` is a type of the layer", 1, "public typealias Cause = Cause\n", ""),
];

/// `throws(KycvsError)` for every function that can fail. What else can go wrong - the two halves do not belong together,
/// Rust panicked - is a bug of the library, and ends the program as it does in functions that cannot fail.
const TYPED_ERRORS: &[Edit] = &[
    edit(
        "a call to Rust throws what Rust threw",
        1,
        "private func rustCallWithError<T, E: Swift.Error>(
    _ errorHandler: @escaping (RustBuffer) throws -> E,
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T) throws -> T {
    try makeRustCall(callback, errorHandler: errorHandler)
}
",
        "private func rustCallWithError<T, E: Swift.Error>(
    _ errorHandler: (RustBuffer) throws(KycvsError) -> E,
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T) throws(E) -> T {
    uniffiEnsureKycvsFfiInitialized()
    var callStatus = RustCallStatus.init()
    let returnedVal = callback(&callStatus)
    if callStatus.code == CALL_ERROR {
        throw try! errorHandler(callStatus.errorBuf)
    }
    let neverThrow: ((RustBuffer) throws -> Never)? = nil
    try! uniffiCheckCallStatus(callStatus: callStatus, errorHandler: neverThrow)
    return returnedVal
}
",
    ),
    edit(
        "what Rust gives can be read",
        1,
        "    public static func lift(_ buf: RustBuffer) throws -> SwiftType {
        var reader = createReader(data: Data(rustBuffer: buf))
        let value = try read(from: &reader)
        if hasRemaining(reader) {
            throw UniffiInternalError.incompleteData
        }
        buf.deallocate()
        return value
    }
",
        "    public static func lift(_ buf: RustBuffer) throws(KycvsError) -> SwiftType {
        defer { buf.deallocate() }
        var reader = RustReader(buf)
        let value = try! read(from: &reader)
        if hasRemaining(reader) {
            fatalError(\"Rust gave more than was to be read\")
        }
        return value
    }
",
    ),
    edit(
        "strings can be read",
        1,
        "lift(_ value: RustBuffer) throws ->",
        "lift(_ value: RustBuffer) throws(KycvsError) ->",
    ),
    edit(
        "records can be read",
        9,
        "_lift(_ buf: RustBuffer) throws ->",
        "_lift(_ buf: RustBuffer) throws(KycvsError) ->",
    ),
    edit(
        "objects can be taken",
        36,
        "lift(_ handle: UInt64) throws ->",
        "lift(_ handle: UInt64) throws(KycvsError) ->",
    ),
    edit(
        "an app's own object is still there",
        2,
        "return try handleMap.remove",
        "return try! handleMap.remove",
    ),
    edit("of a guard", 1, "now: Timestamp)throws  -> Bool", "now: Timestamp) throws -> Bool"),
    edit("of a signer", 1, "message: Data)throws  -> Data", "message: Data) throws -> Data"),
    edit("every other function that can fail", 39, ")throws  ", ") throws(KycvsError) "),
];

/// An object is what Rust made. A subclass, or one without a handle, could be put together that crashes when it is used.
const CLOSED_CLASSES: &[Edit] = &[
    edit(
        "no empty handles",
        18,
        "    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

",
        "",
    ),
    edit(
        "no object without a handle",
        18,
        "    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

",
        "",
    ),
    edit(
        "no object without a handle to let go",
        18,
        "        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

",
        "",
    ),
    edit(
        "handles are not public",
        18,
        "    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
",
        "    init(unsafeFromHandle handle: UInt64) {
",
    ),
    edit("nor cloned", 18, "public func uniffiCloneHandle()", "func uniffiCloneHandle()"),
    edit("converters are not public", 29, "public struct FfiConverterType", "struct FfiConverterType"),
    edit("nor their functions", 58, "public func FfiConverterType", "func FfiConverterType"),
    edit("nor the start", 1, "public func uniffiEnsure", "func uniffiEnsure"),
    // With one constant field and no subclass the compiler itself sees that they are `Sendable`.
    edit("`Sendable` is checked", 16, "Protocol, @unchecked Sendable", "Protocol, Sendable"),
    edit("`Sendable` is checked, of guards", 1, "ReplayGuardImpl: ReplayGuard, @unchecked Sendable", "ReplayGuardImpl: ReplayGuard, Sendable"),
    edit("a signer of Rust's is never handed out", 1, "open class SignerImpl: Signer, @unchecked Sendable", "final class SignerImpl: Signer, Sendable"),
    edit("no subclasses", 17, "open class ", "public final class "),
    edit("no overriding", 67, "\nopen func ", "\npublic func "),
    // The one guard that Rust makes: a class that is made like any other.
    edit("the guard in memory has its name", 3, "ReplayGuardImpl", "MemoryReplayGuard"),
    edit(
        "the guard in memory is told apart from its protocol",
        1,
        " * `memoryReplayGuard` makes one that keeps them in this process. What an implementation throws arrives as the cause
 * of `replay_guard_failed`, and the answer is not accepted.
 */
public final class",
        " * This one keeps them in the memory of this process; it can be part of a guard of the app's own.
 */
public final class",
    ),
    edit("the guard in memory is a class", 1, "`memoryReplayGuard` makes one that keeps them in this process.", "``MemoryReplayGuard`` keeps them in this process."),
    edit("it is made by its initializer", 1, "public func memoryReplayGuard(", "func memoryReplayGuard("),
    // The layer shows them as `verifyMany`, which takes bytes or text.
    edit("many texts", 2, "public func verifyManyTexts", "func verifyManyTexts"),
    // The layer shows them as what a status and a verdict have.
    edit("the number of a status", 1, "public func statusNumber(", "func statusNumber("),
    edit("what a status meets", 1, "public func statusMeets(", "func statusMeets("),
];

/// That there is a verdict means that every check has passed: one that an app could put together would mean nothing. The
/// same of what a token says, and of what an error tells.
const CLOSED_VALUES: &[Edit] = {
    macro_rules! closed {
        ($($record:literal $first:literal;)*) => {
            &[$(edit(
                concat!($record, " is made by the core alone"),
                1,
                concat!(
                    "    // Default memberwise initializers are never public by default, so we\n",
                    "    // declare one manually.\n",
                    "    public init(\n        /**\n         * ", $first, "\n",
                ),
                concat!("    init(\n        /**\n         * ", $first, "\n"),
            )),*]
        };
    }
    closed!(
        "Claims" "Whether the person is said to be vaccinated, and how far.";
        "Failure" "The stable code, such as `wrong_nonce`: the same on every platform (SPEC.md, section 11).";
        "Verdict" "Whether the person is vaccinated, and how far.";
    )
};

/// The generator writes a protocol beside each class, for fakes. Nobody needs one, and each would stand in the
/// documentation twice.
const NO_MOCK_PROTOCOLS: &[Edit] = {
    macro_rules! hidden {
        ($($class:literal)*) => {
            &[$(edit(
                concat!("no protocol beside ", $class),
                1,
                concat!("public protocol ", $class, "Protocol"),
                concat!("protocol ", $class, "Protocol"),
            )),*]
        };
    }
    hidden!(
        "Answer" "Expectation" "ImportedKey" "ImportedKeys" "Issuer" "PendingAnswer" "PendingVerdict" "Policy" "Preparation"
        "Presentation" "SigningKey" "Subject" "TrustStore" "TrustedKey" "Verifier" "VerifyingKey"
    )
};

/// What makes an object is an initializer: `TrustStore(bytes: file)`, not `TrustStore.fromBytes(bytes: file)`.
const INITIALIZERS: &[Edit] = {
    macro_rules! initializers {
        ($($class:literal $function:literal $arguments:literal => $new:literal;)*) => {
            &[$(edit(
                concat!($class, "(", $new, ")"),
                1,
                concat!(
                    "public static func ", $function, "(", $arguments, ") throws(KycvsError) -> ", $class, "  {\n",
                    "    return try  FfiConverterType", $class,
                    "_lift(try rustCallWithError(FfiConverterTypeKycvsError_lift) {\n",
                ),
                concat!(
                    "public convenience init(", $new, ") throws(KycvsError) {\n",
                    "    self.init(unsafeFromHandle: try rustCallWithError(FfiConverterTypeKycvsError_lift) {\n",
                ),
            )),*]
        };
    }
    initializers!(
        "ImportedKeys" "read" "file: Data" => "file: Data";
        "Issuer" "withSigner" "name: String, key: VerifyingKey, signer: Signer, algorithm: Algorithm? = nil"
            => "name: String, key: VerifyingKey, signer: Signer, algorithm: Algorithm? = nil";
        "Issuer" "signedElsewhere" "name: String, key: VerifyingKey, algorithm: Algorithm? = nil"
            => "name: String, signedElsewhereBy key: VerifyingKey, algorithm: Algorithm? = nil";
        "Presentation" "fromBytes" "bytes: Data" => "bytes: Data";
        "Presentation" "fromText" "text: String" => "text: String";
        "SigningKey" "fromEncryptedPem" "pem: String, passphrase: Data" => "encryptedPEM pem: String, passphrase: Data";
        "SigningKey" "fromPem" "pem: String" => "pem: String";
        "SigningKey" "fromSeed" "seed: Data" => "seed: Data";
        "TrustStore" "fromBytes" "bytes: Data" => "bytes: Data";
        "TrustedKey" "ofImported" "issuer: String, imported: ImportedKey, algorithm: Algorithm? = nil"
            => "issuer: String, imported: ImportedKey, algorithm: Algorithm? = nil";
        "VerifyingKey" "fromBytes" "bytes: Data" => "bytes: Data";
        "VerifyingKey" "fromPem" "pem: String" => "pem: String";
    )
};

/// What an object is, is a property: `key.keyID`, not `key.keyId()`. The first number is how many classes have it.
const PROPERTIES: &[Edit] = {
    macro_rules! properties {
        ($($times:literal $function:literal $type:literal;)*) => {
            &[$(
                edit(
                    concat!("property ", $function),
                    $times,
                    concat!("public func ", $function, "() -> ", $type, "  {"),
                    concat!("public var ", $function, ": ", $type, " {"),
                ),
                edit(
                    concat!("property ", $function, " of the protocol"),
                    $times,
                    concat!("func ", $function, "()  -> ", $type, "\n"),
                    concat!("var ", $function, ": ", $type, " { get }\n"),
                ),
            )*]
        };
    }
    properties!(
        1 "algorithm" "Algorithm";
        1 "algorithm" "Algorithm?";
        1 "hasOpening" "Bool";
        1 "isWithdrawn" "Bool";
        2 "issuer" "String";
        1 "keepUntilSeconds" "UInt64"; 1 "message" "Data";
        1 "nowSeconds" "UInt64"; 1 "tokenId" "String";
        2 "key" "VerifyingKey";
        2 "keyId" "String";
        1 "keys" "[ImportedKey]";
        1 "keys" "[TrustedKey]";
        1 "mobile" "String?";
        2 "name" "String";
        1 "notAfterSeconds" "UInt64?";
        1 "notBeforeSeconds" "UInt64?";
        1 "skipped" "UInt32";
        1 "unverifiedClaims" "Claims";
        1 "unverifiedKeyId" "String";
        3 "verifyingKey" "VerifyingKey";
    )
};

/// So is what it can be without an argument: `verifier.withPreparation(.large)`.
const STATIC_PROPERTIES: &[Edit] = {
    macro_rules! properties {
        ($($name:literal $type:literal;)*) => {
            &[$(edit(
                concat!("static property ", $name),
                1,
                concat!("public static func ", $name, "() -> ", $type, "  {"),
                concat!("public static var ", $name, ": ", $type, " {"),
            )),*]
        };
    }
    properties!(
        "large" "Preparation";
        "never" "Preparation";
    )
};

/// No label where the function's name says what its first argument is. Each stands in a class and in its protocol.
const LABELS: &[Edit] = {
    macro_rules! unlabelled {
        ($($function:literal $argument:literal;)*) => {
            &[$(edit(
                concat!("no label in ", $function),
                2,
                concat!("func ", $function, "(", $argument, ": "),
                concat!("func ", $function, "(_ ", $argument, ": "),
            )),*]
        };
    }
    unlabelled!(
        "beginIssue" "answer"; "beginIssueAtSeconds" "answer";
        "beginVerify" "presentation"; "beginVerifyAtSeconds" "presentation";
        "beginVerifyText" "text"; "beginVerifyTextAtSeconds" "text";
        "issue" "answer"; "issueAtSeconds" "answer";
        "sign" "message";
        "verify" "presentation"; "verifyAtSeconds" "presentation";
        "verifyMany" "presentations"; "verifyManyAtSeconds" "presentations";
        "verifyManyTexts" "texts"; "verifyManyTextsAtSeconds" "texts";
        "verifyText" "text"; "verifyTextAtSeconds" "text";
        "withClockSkewSeconds" "clockSkew"; "withIssuedAfterSeconds" "time";
        "withKey" "key";
        "withMaxKeys" "maxKeys";
        "withMaxLifetimeSeconds" "maxLifetime";
        "withPreparation" "preparation"; "withTrust" "trust";
    )
};

/// Spelling, after the Swift API Design Guidelines: cases in lower camel case, abbreviations in one case.
const WORDS: &[Edit] = &[
    edit(
        "the signer is called so",
        1,
        "uniffiObj.sign(\n                     message: try",
        "uniffiObj.sign(\n                     try",
    ),
    edit("case unreadable", 3, "Unreadable(", "unreadable("),
    edit("case untrusted", 3, "Untrusted(", "untrusted("),
    edit("case refused", 3, "Refused(", "refused("),
    edit("case setUp", 3, "SetUp(", "setUp("),
    edit("case issuing", 3, "Issuing(", "issuing("),
    edit("case failed", 4, "Failed(", "failed("),
    edit("case unexpected", 3, "Unexpected(", "unexpected("),
    edit("edDSA", 3, "edDsa", "edDSA"),
    edit("tokenID", 22, "tokenId", "tokenID"),
    edit("keyID", 10, "keyId", "keyID"),
    edit("unverifiedKeyID", 2, "KeyId", "KeyID"),
    edit("PEM", 4, "toPem(", "toPEM("),
    edit("encrypted PEM", 2, "toEncryptedPem(", "toEncryptedPEM("),
    edit("base64url", 2, "toBase64url(", "toBase64URL("),
    edit("the initializer that it fails as", 1, "* `fromBytes`.", "* `init(bytes:)`."),
    edit("times are dates", 2, "keepUntil: Timestamp, now: Timestamp", "keepUntil: Date, now: Date"),
    edit("and have no other name", 1, "public typealias Timestamp", "typealias Timestamp"),
    edit("nil, not null, first", 1, "Null (nil) says", "`nil` says"),
    edit("nil, not null", 6, "null (nil)", "`nil`"),
    edit(
        "who made the file",
        1,
        "// This file was autogenerated by some hot garbage in the `uniffi` crate.
// Trust me, you don't want to mess with it!
",
        "// Made by `cargo xtask bindings`, from what the library in Rust exports. What is changed here by hand is lost.
",
    ),
];

/// A `Date` can be what no time of the format is, and Rust is not to learn of another one in its place.
const TIMES: &[Edit] = &[
    edit(
        "a guard that is asked with no time says so",
        1,
        "keepUntil: Date, now: Date) throws -> Bool  {\n",
        "keepUntil: Date, now: Date) throws -> Bool  {\n    try mustBeTimes(keepUntil, now)\n",
    ),
    edit(
        "what the guard in memory throws",
        1,
        "is given as its last.
     */
public func firstUse",
        "is given as its last.
     *
     * - Throws: ``InvalidTime``, and ``CallbackError`` where it is full or `tokenID` is something else. Nothing is
     *   remembered then.
     */
public func firstUse",
    ),
];

/// The same of the C header.
const HEADER: &[Edit] = &[Edit {
    name: "who made the header",
    extension: "h",
    times: 1,
    from: "// This file was autogenerated by some hot garbage in the `uniffi` crate.
// Trust me, you don't want to mess with it!
",
    to: "// Made by `cargo xtask bindings`, from what the library in Rust exports. What is changed here by hand is lost.
",
}];
