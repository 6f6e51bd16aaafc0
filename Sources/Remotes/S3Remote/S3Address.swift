import Bytes
import Vocabulary

/// Where requests about a bucket go.
struct S3Address: Sendable {
    private let bucket: String
    /// The server of all regions; nil: AWS.
    private let endpoint: HTTPURL?
    private let isVirtual: Bool

    init(_ settings: S3Settings, endpoint: HTTPURL?) {
        bucket = settings.bucket
        self.endpoint = endpoint
        // A certificate of *.host is not for names with a dot.
        let isName = bucket == bucket.lowercased() && !bucket.contains(".") && !bucket.contains("_")
        isVirtual =
            switch settings.addressing {
            case .path: false
            case .virtual: true
            case .auto: endpoint == nil && isName
            }
    }

    /// Whether it is AWS's own.
    var isAWS: Bool { endpoint == nil }

    /// The server, for messages; nil: AWS.
    var server: String? { endpoint?.authority }

    /// The URL of an object, or of the bucket.
    func url(key: String?, query: [(name: String, value: String)], region: String) -> HTTPURL {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let base = endpoint ?? HTTPURL(isSecure: true, host: "s3.\(region).\(suffix)")
        let root = base.path.hasSuffix("/") ? String(base.path.dropLast()) : base.path
        let object = key.map { "/" + PercentEncoding.encode($0.utf8, keeping: "/") } ?? ""
        let path = root + (isVirtual ? object : "/" + PercentEncoding.encode(bucket.utf8) + object)
        return HTTPURL(
            isSecure: base.isSecure, host: isVirtual ? "\(bucket).\(base.host)" : base.host,
            port: base.port, path: path.isEmpty ? "/" : path, query: SignatureV4.query(query))
    }
}
