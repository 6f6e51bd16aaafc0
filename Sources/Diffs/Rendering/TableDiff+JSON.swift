package import Bytes
import Tables
import Vocabulary

extension TableDiff {
    /// The document of `mlstore diff --json` for one table: see docs/reference/json.md.
    package func json(hidingValues: Bool = false) -> JSONValue {
        func column(_ column: ColumnSummary) -> JSONValue {
            ["name": .string(column.name), "type": .string(column.typeText)]
        }
        func examples(_ rows: [RowExample]) -> JSONValue {
            .array(hidingValues ? [] : rows.map(\.json))
        }
        var members: [String: JSONValue] = [
            "rows": ["old": JSONValue(old.rowCount), "new": JSONValue(new.rowCount)],
            "schema": [
                "added": .array(schema.added.map(column)),
                "removed": .array(schema.removed.map(column)),
                "retyped": .array(
                    schema.retyped.map {
                        [
                            "name": .string($0.new.name), "old": .string($0.old.typeText),
                            "new": .string($0.new.typeText),
                        ]
                    }),
                "reordered": .bool(schema.isReordered),
            ],
            "matching": matchingJSON,
            "added": JSONValue(addedCount),
            "removed": JSONValue(removedCount),
            "changed": JSONValue(changedCount),
            "changedColumns": .array(
                changedColumns.map { ["name": .string($0.name), "rows": JSONValue($0.count)] }),
            "examples": [
                "added": examples(addedExamples), "removed": examples(removedExamples),
                "changed": examples(changedExamples),
            ],
        ]
        members["comparedColumns"] = comparedColumns.map { .array($0.map { .string($0) }) }
        if !tolerances.isEmpty {
            members["tolerances"] = .array(
                tolerances.map {
                    [
                        "column": .string($0.name), "absolute": .number($0.tolerance.absolute),
                        "relative": .number($0.tolerance.relative),
                    ]
                })
        }
        return .object(members)
    }

    private var matchingJSON: JSONValue {
        switch matching {
        case .key(let key, let isInferred):
            ["key": .array(key.map { .string($0) }), "inferred": .bool(isInferred)]
        case .multiset(let reason): ["key": nil, "reason": .string(reason)]
        }
    }
}

extension RowExample {
    var json: JSONValue {
        [
            "row": .array(
                name.map { ["column": .string($0.column), "value": .string($0.value)] }),
            "cells": .array(
                cells.map {
                    ["column": .string($0.column), "old": .string($0.old), "new": .string($0.new)]
                }),
        ]
    }
}
