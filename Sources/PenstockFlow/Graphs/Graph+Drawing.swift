extension Graph {
    /// The graph in the language of Graphviz.
    public var dot: String { GraphDrawing(self.plan).dot }

    /// The graph in the language of Mermaid, which many pages draw.
    public var mermaid: String { GraphDrawing(self.plan).mermaid }
}

/// A graph as text that others draw.
struct GraphDrawing {
    private let plan: GraphPlan

    init(_ plan: GraphPlan) {
        self.plan = plan
    }

    /// A node, or an end of the graph.
    private struct Shape {
        let id: String
        let label: String
        let kind: NodeKind?
    }

    /// A way from one to another.
    private struct Arrow {
        let from: String
        let to: String
        let label: String
    }

    private var shapes: [Shape] {
        var shapes = self.plan.nodes.enumerated().map { Shape(id: "n\($0)", label: $1.name, kind: $1.kind) }
        if self.plan.input != Never.self { shapes.insert(Shape(id: "input", label: "input", kind: nil), at: 0) }
        if !self.plan.outputs.isEmpty { shapes.append(Shape(id: "output", label: "output", kind: nil)) }
        return shapes
    }

    private var arrows: [Arrow] {
        var arrows: [Arrow] = []
        for (place, node) in self.plan.nodes.enumerated() {
            for (inlet, planned) in node.inlets.enumerated() {
                let side = node.kind == .join ? ["first", "second"][inlet] : ""
                arrows += planned.sources.map { self.arrow($0, to: "n\(place)", side) }
            }
        }
        return arrows + self.plan.outputs.map { self.arrow($0, to: "output", "") }
    }

    private func arrow(_ port: PortID, to target: String, _ side: String) -> Arrow {
        let source = port.node == GraphPlan.inlet ? "input" : "n\(port.node)"
        let label = [port.port == 1 ? "failures" : "", side].filter { !$0.isEmpty }.joined(separator: ", ")
        return Arrow(from: source, to: target, label: label)
    }

    var dot: String {
        let shapes = self.shapes.map { shape in
            let form =
                switch shape.kind {
                case .source: "cds"
                case .processor: "box"
                case .gather: "house"
                case .join: "diamond"
                case .sink: "invhouse"
                case nil: "plaintext"
                }
            return "  \(shape.id) [label=\(Self.quoted(shape.label)), shape=\(form)];"
        }
        let arrows = self.arrows.map { arrow in
            let label = arrow.label.isEmpty ? "" : " [label=\(Self.quoted(arrow.label))]"
            return "  \(arrow.from) -> \(arrow.to)\(label);"
        }
        let lines = ["digraph \(Self.quoted(self.plan.name)) {", "  rankdir=LR;"] + shapes + arrows + ["}"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.map { character in
            switch character {
            case "\"", "\\": "\\\(character)"
            case "\n": "\\n"
            default: "\(character)"
            }
        }
        return "\"\(escaped.joined())\""
    }

    var mermaid: String {
        let shapes = self.shapes.map { shape in
            let label = "\"\(Self.entities(shape.label))\""
            let form =
                switch shape.kind {
                case .source: ">\(label)]"
                case .processor: "[\(label)]"
                case .gather: "[/\(label)\\]"
                case .join: "{\(label)}"
                case .sink: "[\\\(label)/]"
                case nil: "([\(label)])"
                }
            return "    \(shape.id)\(form)"
        }
        let arrows = self.arrows.map { arrow in
            "    \(arrow.from) -->\(arrow.label.isEmpty ? "" : "|\(arrow.label)|") \(arrow.to)"
        }
        return (["flowchart LR"] + shapes + arrows).joined(separator: "\n") + "\n"
    }

    /// What is no letter or digit could be the language's own.
    private static func entities(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            let isPlain = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            return isPlain || " ._-/".unicodeScalars.contains(scalar) ? String(scalar) : "#\(scalar.value);"
        }
        .joined()
    }
}
