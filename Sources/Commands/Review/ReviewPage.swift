import Diffs
import Pipelines
import Vocabulary

/// A review, or a diff, as one page without scripts: nothing is loaded from elsewhere.
struct ReviewPage {
    let title: String
    /// Pieces of HTML, in order.
    private(set) var body: [String] = []

    init(title: String) { self.title = title }

    mutating func add(_ html: String) { body.append(html) }

    /// Parameters or metrics.
    mutating func add(_ name: String, _ changes: [ValueChange]) {
        guard !changes.isEmpty else { return }
        add("<section><h3>\(htmlText(name))</h3>\(ValueText.htmlText(changes))</section>")
    }

    /// The page of a whole review.
    init(_ report: ReviewReport, hidingValues: Bool) {
        self.init(title: "\(report.base) to \(report.head)")
        add("<p>\(htmlText(report.summary))</p>")
        for file in report.metrics.files { add("\(file.path)   metrics", file.changes) }
        add("parameters", report.parameters.changes)
        for section in report.tables.sections(hidingValues: hidingValues) {
            let table = section.rows.isEmpty ? "" : htmlTable(section.heading, section.rows)
            add(
                "<section><h3>\(htmlText(section.title))</h3><p>\(htmlText(section.sentence))</p>"
                    + "\(table)</section>")
        }
        let stale = report.staleStages.flatMap { stage in
            stage.reasons.map { [stage.stage, "\($0)"] }
        }
        if !stale.isEmpty {
            add(
                "<section><h3>stages that are stale</h3>\(htmlTable(["stage", "why"], stale))</section>"
            )
        }
        let affected = report.affected.map { ["\($0.path)", "\($0.from)"] }
        if !affected.isEmpty {
            add(
                "<section><h3>made from old data</h3>"
                    + "\(htmlTable(["made", "from the old version of"], affected))</section>")
        }
        for change in report.changes { add(change.html(hidingValues: hidingValues)) }
    }

    var text: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width">
        <title>\(htmlText("mlstore: " + title))</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2430; }
        h1 { font-size: 1.5rem; } h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; white-space: pre-wrap; }
        section { border-top: 1px solid #d9dee5; }
        table { border-collapse: collapse; margin: .6rem 0; display: block; overflow-x: auto; }
        th, td { border: 1px solid #d9dee5; padding: .2rem .6rem; text-align: left; vertical-align: top; }
        th { background: #f2f5f9; } td { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; min-width: 4rem; }
        svg { font-size: 12px; fill: #1c2430; } rect { fill: #3b78c2; }
        .pictures { display: flex; gap: 1rem; } figure { margin: 0; flex: 1; }
        img { max-width: 100%; max-height: 30rem; border: 1px solid #d9dee5; }
        </style></head><body>
        <h1>\(htmlText("mlstore: " + title))</h1>
        \(body.joined(separator: "\n"))
        </body></html>

        """
    }
}
