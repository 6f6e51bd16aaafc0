import Platform
package import Vocabulary

extension BucketServer {
    /// Whether servers that are large and slow to start belong to this run of the tests:
    /// `MLSTORE_LONG_TESTS` is `1`, as `install.sh test --long` sets it.
    package static let isLongRun = Environment.variable("MLSTORE_LONG_TESTS") == "1"

    /// Ceph's gateway with a monitor and one storage daemon that keeps everything in memory: what many
    /// run in place of AWS. It is a quarter of a minute until it answers.
    package static func ceph(in folder: DiskPath) throws -> BucketServer {
        try writeAtomically(
            Array(cephScript.utf8), to: folder / "ceph.sh", on: LocalDisk(), durable: false)
        let ports = try PeerProcess.freePorts(3)
        return try start(
            "exec sh ceph.sh '\(folder)' \(ports[0]) \(ports[1]) \(ports[2])", in: folder,
            port: ports[0], path: "/", status: 200, afterwards: folder / "ready", seconds: 300)
    }

    private static let cephScript = #"""
        set -eu
        D=$1 S3=$2 V2=$3 V1=$4
        FS=$(cat /proc/sys/kernel/random/uuid) OSD=$(cat /proc/sys/kernel/random/uuid)
        mkdir -p "$D/mon" "$D/osd" "$D/rgw" "$D/logs"
        cat >"$D/ceph.conf" <<C
        [global]
        fsid=$FS
        mon_host=[v2:127.0.0.1:$V2,v1:127.0.0.1:$V1]
        mon_initial_members=a
        public_network=127.0.0.0/8
        public_addr=127.0.0.1
        auth_cluster_required=cephx
        auth_service_required=cephx
        auth_client_required=cephx
        auth_allow_insecure_global_id_reclaim=false
        run_dir=$D
        admin_socket=$D/\$name.asok
        pid_file=$D/\$name.pid
        log_file=$D/logs/\$name.log
        keyring=$D/keyring
        osd_pool_default_size=1
        osd_pool_default_min_size=1
        osd_pool_default_pg_num=4
        osd_pool_default_pg_autoscale_mode=off
        osd_crush_chooseleaf_type=0
        mon_allow_pool_size_one=true
        mon_max_pg_per_osd=2000
        mon_data_avail_crit=1
        mon_data_avail_warn=2
        [mon.a]
        mon_data=$D/mon
        [osd]
        osd_data=$D/osd
        keyring=$D/osd/keyring
        osd_objectstore=memstore
        memstore_device_bytes=2147483648
        osd_memory_target=939524096
        osd_class_load_list=*
        osd_class_default_list=*
        [client.rgw.a]
        keyring=$D/keyring
        rgw_data=$D/rgw
        rgw_frontends=beast endpoint=127.0.0.1:$S3
        C
        export CEPH_CONF="$D/ceph.conf"
        ceph-authtool --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *'
        ceph-authtool "$D/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
        ceph-authtool "$D/keyring" --gen-key -n client.rgw.a --cap mon 'allow rwx' --cap osd 'allow rwx'
        monmaptool --create --addv a "[v2:127.0.0.1:$V2,v1:127.0.0.1:$V1]" --fsid "$FS" "$D/monmap"
        ceph-mon -i a --mkfs --monmap "$D/monmap" --keyring "$D/keyring"
        ceph-mon -f -i a &
        KEY=$(ceph-authtool --gen-print-key)
        echo "{\"cephx_secret\":\"$KEY\"}" | ceph osd new "$OSD" -i -
        ceph-authtool "$D/osd/keyring" --create-keyring --name osd.0 --add-key "$KEY"
        ceph-osd -i 0 --mkfs --osd-uuid "$OSD" --no-mon-config
        ceph-osd -f -i 0 &
        radosgw -f -n client.rgw.a &
        radosgw-admin user create --uid=ci --display-name=ci --access-key=MLSTORETEST --secret-key=SECRETSECRET
        touch "$D/ready"
        wait
        """#
}
