import Bytes
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite struct S3SignatureTests {
    /// The key, bucket and time of the examples in AWS's documentation of S3.
    private static let example = SignatureV4(
        credentials: AWSCredentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
        region: "us-east-1", service: "s3", moment: moment("2013-05-24T00:00:00Z"))

    private static func moment(_ text: String) -> Timestamp {
        Timestamp(text) ?? Timestamp(milliseconds: 0)
    }

    private func signed(
        _ signer: SignatureV4, _ request: HTTPRequest, payload: [UInt8] = []
    ) -> String {
        var request = request
        signer.sign(&request, payload: sha256(payload).hex)
        return String(request.secrets["authorization"]?.suffix(64) ?? "")
    }

    private func url(_ path: String, _ query: [(name: String, value: String)] = []) -> HTTPURL {
        HTTPURL(
            isSecure: true, host: "examplebucket.s3.amazonaws.com", path: path,
            query: SignatureV4.query(query))
    }

    @Test func `the published examples of S3 have their signatures`() {
        let signer = S3SignatureTests.example
        let range = HTTPRequest(.get, url("/test.txt"), headers: ["Range": "bytes=0-9"])
        #expect(
            signed(signer, range)
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        let put = HTTPRequest(
            .put, url("/test%24file.text"),
            headers: [
                "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            ])
        #expect(
            signed(signer, put, payload: Array("Welcome to Amazon S3.".utf8))
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(
            signed(signer, HTTPRequest(.get, url("/", [("lifecycle", "")])))
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            signed(signer, HTTPRequest(.get, url("/", [("prefix", "J"), ("max-keys", "2")])))
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func `the published vectors of the signature have theirs`() {
        let signer = SignatureV4(
            credentials: AWSCredentials(
                accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service",
            moment: S3SignatureTests.moment("2015-08-30T12:36:00Z"))
        func at(_ query: String = "") -> HTTPURL {
            HTTPURL(isSecure: true, host: "example.amazonaws.com", query: query)
        }
        #expect(
            signed(signer, HTTPRequest(.get, at()))
                == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        #expect(
            signed(signer, HTTPRequest(.post, at()))
                == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
        let form = HTTPRequest(
            .post, at(), headers: ["Content-Type": "application/x-www-form-urlencoded"])
        #expect(
            signed(signer, form, payload: Array("Param1=value1".utf8))
                == "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a")
        let blanks = HTTPRequest(
            .get, at(), headers: ["My-Header1": " value1", "My-Header2": " \"a   b   c\""])
        #expect(
            signed(signer, blanks)
                == "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736")
    }

    /// Requests as the remote makes them, and odd ones: method, key, query, headers, token.
    private static let requests: [(String, String, [(String, String)], [String: String], String?)] =
        [
            ("GET", "a/b.pack", [], [:], nil),
            ("GET", "a/b.pack", [], ["range": "bytes=0-9"], "to/ken+with=signs=="),
            ("PUT", "packs/0a/x y+z&é~*'().pack", [], ["if-none-match": "*"], nil),
            ("PUT", "root", [], ["if-match": "\"5d41402abc4b2a76b9719d911017c592\""], nil),
            ("PUT", "root", [], ["x-amz-server-side-encryption": "aws:kms"], nil),
            ("PUT", "a//b/../c/", [("partNumber", "10"), ("uploadId", "a/b+c=~.-_%20")], [:], nil),
            ("POST", "k", [("uploads", "")], ["x-amz-meta-mlstore-upload": "00ff"], "t"),
            (
                "GET", "", [("prefix", "a b/é"), ("list-type", "2"), ("encoding-type", "url")], [:],
                nil
            ),
            ("GET", "", [("b", "2"), ("a", "1"), ("B", "3"), ("a", "0")], [:], nil),
            ("DELETE", "x%2Fy", [], ["x-amz-request-payer": "requester"], nil),
            ("HEAD", "h", [], ["x-long": "  one   two  "], nil),
        ]

    @Test func `botocore signs every request in the same way`() throws {
        let lines = S3SignatureTests.requests.map { method, key, query, headers, token in
            let pairs = query.map { JSONValue.array([.string($0.0), .string($0.1)]) }
            return JSONValue.object([
                "method": .string(method), "key": .string(key), "query": .array(pairs),
                "headers": .object(headers.mapValues { .string($0) }),
                "token": token.map { .string($0) } ?? .null,
            ])
        }
        try withTemporaryFolder { folder in
            let input = JSONValue.array(lines).canonical
            try writeAtomically(input, to: folder / "in.json", on: LocalDisk(), durable: false)
            try writeAtomically(
                Array(S3SignatureTests.botocore.utf8), to: folder / "sign.py", on: LocalDisk(),
                durable: false)
            let result = try BuiltProgram.shell(
                "'\(PeerProcess.programs)/python' sign.py", in: folder)
            try #require(result.status == 0, "\(result.errors)")
            let theirs = result.output.split(separator: "\n").map(String.init)
            #expect(theirs.count == S3SignatureTests.requests.count)
            for (item, expected) in zip(S3SignatureTests.requests, theirs) {
                #expect(try authorization(item) == expected, "\(item)")
            }
        }
    }

    private func authorization(
        _ item: (String, String, [(String, String)], [String: String], String?)
    ) throws -> String {
        let (method, key, query, headers, token) = item
        let path = "/bucket" + (key.isEmpty ? "" : "/")
        var request = HTTPRequest(
            try #require(HTTPRequest.Method(rawValue: method)),
            HTTPURL(
                isSecure: false, host: "127.0.0.1", port: 18333,
                path: path + PercentEncoding.encode(key.utf8, keeping: "/"),
                query: SignatureV4.query(query.map { (name: $0.0, value: $0.1) })))
        for (name, value) in headers { request.headers.add(name, value) }
        var signer = S3SignatureTests.example
        signer.credentials.sessionToken = token
        signer.sign(&request, payload: sha256([]).hex)
        return request.secrets["authorization"] ?? ""
    }

    /// Signs the same requests by botocore's own code for S3, at the same moment.
    private static let botocore = """
        import datetime, hashlib, json, urllib.parse
        import botocore.auth, botocore.awsrequest, botocore.credentials

        class Fixed(datetime.datetime):
            @classmethod
            def utcnow(cls): return cls(2013, 5, 24)
            @classmethod
            def now(cls, tz=None): return cls(2013, 5, 24, tzinfo=tz)

        botocore.auth.get_current_datetime = lambda *rest, **named: Fixed(2013, 5, 24)
        botocore.auth.datetime = type("Module", (), {"datetime": Fixed, "timezone": datetime.timezone})
        empty = hashlib.sha256(b"").hexdigest()
        for item in json.load(open("in.json")):
            keys = botocore.credentials.Credentials(
                "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", item["token"])
            url = "http://127.0.0.1:18333/bucket"
            if item["key"]: url += "/" + urllib.parse.quote(item["key"], safe="/~")
            query = "&".join(
                urllib.parse.quote(name, safe="-_.~") + "=" + urllib.parse.quote(value, safe="-_.~")
                for name, value in item["query"])
            if query: url += "?" + query
            request = botocore.awsrequest.AWSRequest(item["method"], url, headers=item["headers"], data=b"")
            request.context["payload_signing_enabled"] = True
            signer = botocore.auth.S3SigV4Auth(keys, "s3", "us-east-1")
            signer.add_auth(request)
            print(request.headers["Authorization"])

        """
}
