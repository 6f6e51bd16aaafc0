internal import CPlatform

extension FileStatus {
    init(_ status: mlp_status) {
        self.init(
            kind: FileKind(rawValue: status.kind) ?? .unknown, size: Int(status.size),
            modified: status.modified, changed: status.changed, inode: status.inode,
            device: status.device, permissions: UInt16(truncatingIfNeeded: status.permissions),
            links: Int(status.links))
    }
}
