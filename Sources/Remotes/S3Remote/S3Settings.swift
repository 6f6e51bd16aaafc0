import Bytes
import Vocabulary

/// What is set for an S3 remote: where the bucket is, and how objects are kept.
package struct S3Settings: Hashable, Sendable {
    /// How a bucket is addressed.
    package enum Addressing: String, Hashable, Sendable {
        /// As a host of its own on AWS, as a path elsewhere.
        case auto
        /// `https://host/bucket/key`.
        case path
        /// `https://bucket.host/key`.
        case virtual
    }

    /// The bucket.
    package var bucket: String
    /// What all keys begin with, without a `/` at the end; empty: nothing.
    package var prefix: String
    /// The server, for all but AWS.
    package var endpoint: String?
    /// The region.
    package var region: String?
    /// The profile of `~/.aws`.
    package var profile: String?
    /// How the bucket is addressed.
    package var addressing = Addressing.auto
    /// Whether requests carry no signature.
    package var isAnonymous = false
    /// Whether who asks pays.
    package var requesterPays = false
    /// `AES256` or `aws:kms`: how the server encrypts; nil: as the bucket says.
    package var encryption: String?
    /// The key for `aws:kms`; nil: the account's.
    package var encryptionKey: String?
    /// The storage class of packs; nil: the bucket's.
    package var storageClass: String?
    /// A file of certificate authorities to trust in place of the system's.
    package var authorities: String?
    /// Whether the server replaces on condition; without, one writer at a time is guarded by a lock
    /// object.
    package var swapsOnCondition = true

    /// The settings of a bucket.
    package init(bucket: String, prefix: String = "") {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// Reads `s3://bucket/prefix` and the settings of its remote.
    package init(_ url: RemoteURL, _ settings: RemoteSettings) throws {
        let name = url.host?.name ?? ""
        guard S3Settings.isBucketName(name), url.host?.port == nil else {
            throw StoreError(
                .malformed, "cannot use '\(url)' as the URL of a remote: it names no bucket",
                subject: url.description,
                advice: "write s3://bucket/prefix; another server than AWS is set with "
                    + "'remote.NAME.endpoint'")
        }
        self.init(
            bucket: name,
            prefix: String(decoding: url.path.bytes.drop { $0 == 0x2f }, as: UTF8.self))
        endpoint = settings.text("endpoint")
        region = settings.text("region")
        profile = settings.text("profile")
        isAnonymous = settings.isTrue("anonymous")
        requesterPays = settings.isTrue("requesterPays")
        encryptionKey = settings.text("encryptionKey")
        encryption = settings.text("encryption") ?? encryptionKey.map { _ in "aws:kms" }
        storageClass = settings.text("storageClass")
        authorities = settings.text("authorities")
        swapsOnCondition = settings.text("writers") != "one"
        if let text = settings.text("addressing") {
            guard let known = Addressing(rawValue: text) else {
                throw StoreError.badSetting("addressing", text, "auto, path or virtual")
            }
            addressing = known
        }
        if let text = endpoint, HTTPURL(text) == nil {
            throw StoreError.badSetting("endpoint", text, "http://host:port or https://host")
        }
        if let text = encryption, text != "AES256", text != "aws:kms", text != "aws:kms:dsse" {
            throw StoreError.badSetting("encryption", text, "AES256 or aws:kms")
        }
    }

    /// Letters, digits, `.`, `-`, `_`: what AWS allows and allowed.
    private static func isBucketName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }
}

extension StoreError {
    static func badSetting(_ key: String, _ value: String, _ choices: String) -> StoreError {
        StoreError(
            .badUsage,
            "cannot use '\(printable(Array(value.utf8)))' as 'remote.NAME.\(key)'", subject: key,
            advice: "write \(choices)", safety: "nothing was changed")
    }
}
