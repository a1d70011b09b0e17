/// Makes the actions of a segment from their names, or says everything that is wrong with them.
struct ChainAssembly {
    /// What sends to other segments is no action of a library: it takes whatever comes.
    private static let send = "send"

    private let catalog: ActionCatalog
    private let uses: [ActionUse]
    private var problems: [FlowError] = []

    private init(_ uses: [ActionUse], _ catalog: ActionCatalog) {
        (self.uses, self.catalog) = (uses, catalog)
    }

    /// What the action `send` is told.
    private struct Targets: GraphItem {
        let to: [String]
    }

    /// Makes the actions of a segment.
    /// - Throws: ``FlowErrors``, or what an action throws when it is made.
    static func chain(_ uses: [ActionUse], _ catalog: ActionCatalog) throws -> any ErasedChain {
        var assembly = ChainAssembly(uses, catalog)
        return try assembly.chain()
    }

    /// Makes all actions, from the last to the first.
    private mutating func chain() throws -> any ErasedChain {
        let uses = self.uses
        let found = uses.enumerated().map { place, use in self.find(use, place) }
        self.checkTypes(found)
        let isSending = uses.last?.use == Self.send
        if uses.isEmpty || (isSending && uses.count == 1) {
            let remedy = "begin with one that a library has, which says what the segment takes"
            self.problems.append(FlowError(.unknownAction, "there is no action: \(remedy)"))
        }
        let known = found.compactMap(\.self)
        guard self.problems.isEmpty, let last = known.last else { throw FlowErrors(self.problems) }
        let targets: Targets? = isSending ? try uses.last?.arguments?.decode() : nil
        var chain = last.last(targets?.to ?? [])
        for (use, action) in zip(uses, known).reversed() {
            chain = try action.fuse(use.arguments ?? .object([:]), use.use, chain)
        }
        return chain
    }

    private mutating func find(_ use: ActionUse, _ place: Int) -> RegisteredAction? {
        let path = "actions[\(place)]"
        let arguments = use.arguments ?? .object([:])
        if use.use == Self.send {
            self.problems += ArgumentSchema(of: Targets.self).problems(of: arguments, at: "\(path).arguments")
            return nil
        }
        guard let action = self.catalog.find(use.use) else {
            let known = (self.catalog.names + [Self.send]).joined(separator: ", ")
            self.problems.append(FlowError(.unknownAction, "\(path): there is no '\(use.use)'; there are: \(known)"))
            return nil
        }
        self.problems += action.arguments.problems(of: arguments, at: "\(path).arguments")
        return action
    }

    private mutating func checkTypes(_ found: [RegisteredAction?]) {
        let uses = self.uses
        for (place, use) in uses.enumerated() {
            let next = place + 1 < uses.count ? uses[place + 1] : nil
            guard let output = use.use == Self.send ? Never.self : found[place]?.output else { continue }
            switch (output == Never.self, next) {
            case (true, let next?):
                self.tell("actions[\(place)]: '\(use.use)' puts nothing, so '\(next.use)' gets nothing: put it last")
            case (false, nil):
                self.tell("actions[\(place)]: what '\(use.use)' puts goes nowhere: add a 'send' after it")
            case (false, let next?):
                guard let input = found[place + 1]?.input, input != output else { continue }
                self.tell("actions[\(place)]: '\(use.use)' puts \(output), and '\(next.use)' takes \(input)")
            case (true, nil): continue
            }
        }
    }

    private mutating func tell(_ message: String) {
        self.problems.append(FlowError(.typeMismatch, message))
    }
}
