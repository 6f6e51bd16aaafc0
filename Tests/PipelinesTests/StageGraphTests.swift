import Bytes
import Pipelines
import Testing
import Vocabulary

@Suite struct StageGraphTests {
    private func graph(_ text: String) throws -> StageGraph {
        try StageGraph(try StageFile(parsing: Array(text.utf8), parameters: nil))
    }

    @Test func `stages come behind what they need, else in the order of the file`() throws {
        let graph = try graph(
            """
            stages:
              z: {cmd: x, deps: [y.out], outs: [z.out]}
              y: {cmd: x, outs: [y.out]}
              b: {cmd: x, outs: [dir/b.out]}
              a: {cmd: x, deps: [dir], outs: [a.out]}
            """)
        #expect(graph.stages.map(\.name) == ["y", "z", "b", "a"])
        #expect(graph.upstream == [[], [0], [], [2]])
        #expect(graph.withUpstream(of: [3]) == [2, 3])
        #expect(graph.withDownstream(of: [0]) == [0, 1])
        #expect(graph.producer(of: try RepoPath("dir/b.out/c"))?.name == "b")
        #expect(graph.producer(of: try RepoPath("dir")) == nil)
    }

    @Test func `a cycle is printed as it runs`() throws {
        let error = #expect(throws: StoreError.self) {
            try graph(
                """
                stages:
                  free: {cmd: x, outs: [free]}
                  a: {cmd: x, deps: [c.out], outs: [a.out]}
                  b: {cmd: x, deps: [a.out, free], outs: [b.out]}
                  c: {cmd: x, deps: [b.out], outs: [c.out]}
                  d: {cmd: x, deps: [c.out], outs: [d.out]}
                """)
        }
        #expect(error?.message.contains("'a' -> 'b' -> 'c' -> 'a'") == true)
        #expect(error?.kind == .invalidPipeline)
    }

    @Test(arguments: [
        "stages: {a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o]}}",
        "stages: {a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o/p]}}",
        "stages: {a: {cmd: x, outs: [o/p/q]}, b: {cmd: x, metrics: [o]}}",
    ])
    func `two stages cannot write one output`(text: String) throws {
        let error = #expect(throws: StoreError.self) { try graph(text) }
        #expect(error?.kind == .invalidPipeline)
        #expect(error?.message.contains("'a'") == true)
        #expect(error?.message.contains("'b'") == true)
    }

    @Test func `a graph is drawn as lines, as Mermaid and as DOT`() throws {
        let graph = try graph(
            "stages: {a: {cmd: x, outs: [o]}, long: {cmd: x, deps: [o]}, c: {cmd: x, deps: [o]}}")
        #expect(StageGraphRendering.text(graph) == "a\nlong  <- a\nc     <- a\n")
        #expect(StageGraphRendering.mermaid(graph).hasSuffix("    s0 --> s1\n    s0 --> s2\n"))
        #expect(StageGraphRendering.dot(graph).contains("s0 -> s2;"))
    }

    @Test func `a stage that runs for each item is drawn otherwise`() throws {
        let graph = try graph(
            "stages: {a: {cmd: x, outs: [d]}, m: {map: {over: d, out: 'e/${item.path}'}, cmd: y}}")
        #expect(StageGraphRendering.text(graph) == "a\nm  for each of d  <- a\n")
        let mermaid = StageGraphRendering.mermaid(graph)
        #expect(mermaid.contains(#"s0["a"]"#) && mermaid.contains(#"s1[["m"]]"#))
        let dot = StageGraphRendering.dot(graph)
        #expect(dot.contains(#"s1 [shape=box, peripheries=2, label="m"];"#))
        #expect(dot.contains(#"s0 [shape=box, label="a"];"#))
        let svg = StageGraphSVG.svg(graph)
        #expect(svg.split(separator: "<rect x=").count == 4 && svg.contains("once for each of d"))
    }
}
