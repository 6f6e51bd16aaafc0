import Platform
package import Remotes
package import Vocabulary

extension BucketServer {
    /// The keys of `openstack`: account and user are one word there.
    package static let openstackKeys = AWSCredentials(
        accessKey: "test:tester", secretKey: "SECRETSECRET")

    /// OpenStack's object store with its S3 door, which refuses conditional writes (501).
    package static func openstack(in folder: DiskPath) throws -> BucketServer {
        try writeAtomically(
            Array(openstackScript.utf8), to: folder / "openstack.sh", on: LocalDisk(),
            durable: false)
        let ports = try PeerProcess.freePorts(5)
        let list = ports.map { "\($0)" }.joined(separator: " ")
        return try start(
            "exec sh openstack.sh '\(folder)' \(list)", in: folder, port: ports[0],
            path: "/healthcheck", status: 200, keys: openstackKeys, seconds: 300)
    }

    private static let openstackScript = #"""
        set -eu
        D=$1 PROXY=$2 ACCOUNT=$3 CONTAINER=$4 OBJECT=$5 CACHE=$6
        mkdir -p "$D/etc" "$D/node/d1" "$D/run"
        printf '[swift-hash]\nswift_hash_path_suffix = tests\n' >"$D/etc/swift.conf"
        cd "$D/etc"
        ring() {
          swift-ring-builder "$1.builder" create 1 1 0
          swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/d1" 1
          swift-ring-builder "$1.builder" rebalance
        }
        ring account "$ACCOUNT"; ring container "$CONTAINER"; ring object "$OBJECT"
        server() {
          cat >"$1.conf" <<C
        [DEFAULT]
        bind_ip = 127.0.0.1
        bind_port = $2
        user = $(id -un)
        swift_dir = $D/etc
        devices = $D/node
        mount_check = false
        workers = 0
        log_address = $D/run/none
        [pipeline:main]
        pipeline = $1-server
        [app:$1-server]
        use = egg:swift#$1
        C
        }
        server account "$ACCOUNT"; server container "$CONTAINER"; server object "$OBJECT"
        cat >proxy.conf <<C
        [DEFAULT]
        bind_ip = 127.0.0.1
        bind_port = $PROXY
        user = $(id -un)
        swift_dir = $D/etc
        workers = 0
        log_address = $D/run/none
        [pipeline:main]
        pipeline = catch_errors gatekeeper healthcheck cache s3api tempauth bulk slo dlo versioned_writes symlink proxy-server
        [app:proxy-server]
        use = egg:swift#proxy
        account_autocreate = true
        allow_account_management = true
        [filter:catch_errors]
        use = egg:swift#catch_errors
        [filter:gatekeeper]
        use = egg:swift#gatekeeper
        [filter:healthcheck]
        use = egg:swift#healthcheck
        [filter:cache]
        use = egg:swift#memcache
        memcache_servers = 127.0.0.1:$CACHE
        [filter:s3api]
        use = egg:swift#s3api
        s3_acl = false
        location = us-east-1
        [filter:tempauth]
        use = egg:swift#tempauth
        user_test_tester = SECRETSECRET .admin
        [filter:bulk]
        use = egg:swift#bulk
        [filter:slo]
        use = egg:swift#slo
        [filter:dlo]
        use = egg:swift#dlo
        [filter:versioned_writes]
        use = egg:swift#versioned_writes
        allow_object_versioning = true
        [filter:symlink]
        use = egg:swift#symlink
        C
        # Each of its servers makes a session of its own, and ends in no hurry.
        trap 'kill -KILL $children 2>/dev/null; exit 0' TERM
        memcached -u "$(id -un)" -l 127.0.0.1 -p "$CACHE" -U 0 &
        children=$!
        for kind in account container object; do
          swift-$kind-server "$D/etc/$kind.conf" &
          children="$children $!"
        done
        # The proxy remembers for a minute who did not answer.
        for port in "$ACCOUNT" "$CONTAINER" "$OBJECT"; do
          until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do
            sleep 0.2
          done
        done
        swift-proxy-server "$D/etc/proxy.conf" &
        children="$children $!"
        wait
        """#
}
