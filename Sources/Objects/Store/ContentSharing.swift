/// How a large file that does not compress shares its place on the disk with its copy in the store.
package enum ContentSharing: String, CaseIterable, Sendable {
    /// Its extents are shared where the file system does that; each is safe from the other.
    case reflink
    /// Nothing is shared.
    case copy
    /// The work tree's file is another name of the store's, read-only. Who writes to it all the same
    /// destroys the store's copy, which is found when that is read.
    case hardlink
}
