private import CPlatform
package import Vocabulary

extension Environment {
    /// What the network file system is called that `path` is on, for people; nil on a local disk, and
    /// where it cannot be told.
    package static func networkFileSystem(of path: DiskPath) -> String? {
        let type = unsafe mlp_file_system_type(path.bytes, path.bytes.count)
        return type < 0 ? nil : networkFileSystem(type: type)
    }

    /// The same by the file system's magic number, as `statfs(2)` of Linux lists them.
    static func networkFileSystem(type: Int64) -> String? {
        switch type {
        case 1: "network file system"
        case 0x6969: "NFS"
        case 0x517b, 0xff53_4d42, 0xfe53_4d42: "SMB"
        case 0x6573_5546: "FUSE"
        case 0x0102_1997: "9P"
        case 0x5346_414f, 0x6b41_4653: "AFS"
        case 0x00c3_6400: "Ceph"
        case 0x0bd0_0bd0: "Lustre"
        case 0x4750_4653: "GPFS"
        default: nil
        }
    }
}
