/// What all segments of one run have in common.
struct SegmentSettings: Sendable {
    /// The paths of the libraries that each loads in phase a1.
    let libraries: [String]
    let catalog: ActionCatalog
    let onFailure: FailurePolicy
    /// How long segments are waited for that were told to end.
    let grace: Duration
    let trace: ControlTrace
    let interruption = Interruption()
}

/// What the other segments of a pipeline do when one has failed; the pipeline has failed either way.
public enum FailurePolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// They are ended at their next items.
    case interrupt
    /// They go on to their ends, but for those that get items from it, which are aborted since not all will come.
    ///
    /// What would be sent to a segment that has ended before its time is dropped.
    case finish
}
