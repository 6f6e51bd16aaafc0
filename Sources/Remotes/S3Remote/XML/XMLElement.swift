package import Vocabulary

/// An element of the small XML documents that object stores answer with.
package struct XMLElement: Hashable, Sendable {
    /// The name, without a namespace's prefix.
    package var name: String
    /// The text directly in it, entities resolved.
    package var text = ""
    /// The elements in it, in their order.
    package var children: [XMLElement] = []

    /// An element with nothing in it.
    package init(_ name: String) { self.name = name }

    /// The first child of that name.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// All children of that name.
    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Reads a whole document: one element, after an XML declaration if there is one. Elements,
    /// attributes (which are dropped), text, the five entities and numbers of characters are known;
    /// everything else, such as document types and comments, is refused. At most 16 MiB and 32
    /// levels; nothing that is read makes it reserve more than it has read.
    package init(parsing bytes: [UInt8]) throws(DecodeError) {
        var parser = XMLParser(bytes)
        self = try parser.document()
    }
}
