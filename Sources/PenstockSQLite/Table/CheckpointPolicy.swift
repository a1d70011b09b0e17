/// When the writer copies its log into the database: in the first idle moment after the log has become long, and at
/// once when it has become very long.
struct CheckpointPolicy {
    /// Frames of the log from which an idle moment is used.
    let idleFrames: Int
    /// Frames from which it is done whoever waits.
    var urgentFrames: Int { 4 * self.idleFrames }
    /// The most bytes that the log keeps on disk when it begins anew, with a little room for the frames' headers.
    var bytes: Int { self.urgentFrames * 4200 }

    /// The length of the log, and how much of it was dealt with.
    private var frames = 0
    private var done = 0

    init(idleFrames: Int) {
        self.idleFrames = idleFrames
    }

    private var pending: Int { self.frames - self.done }

    var isDue: Bool { self.pending > self.idleFrames }
    var isUrgent: Bool { self.pending > self.urgentFrames }

    /// The log has so many frames now.
    ///
    /// When that is fewer than before, it has begun anew.
    mutating func committed(frames: Int) {
        if frames < self.frames { self.done = 0 }
        self.frames = frames
    }

    /// A checkpoint was made.
    ///
    /// When a reader was in its way, it is not tried again before as much has come in anew.
    mutating func tried() {
        self.done = self.frames
    }
}
